"""What people change about themselves."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.accounts.people import audit_length, last_acts, user
from tests.cast import member

SignIn = Callable[[str], FlaskClient]
PROFILE = {"title": "科员", "phone": "138 0000 0000", "email": "zhao@example.org"}


def test_the_profile_is_saved_and_recorded(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("zhao")
    assert browser.post("/account/profile", data=PROFILE).status_code == 303
    assert "已保存" in browser.get("/account").text
    assert user(session, "zhao").title == "科员"
    assert last_acts(session)[0] == ("赵明远", "users.edited", member("zhao").id)


def test_saving_the_same_again_records_nothing(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("sun")
    assert browser.post("/account/profile", data=PROFILE | {"email": ""}).status_code == 303
    length = audit_length(session)
    session.rollback()
    assert browser.post("/account/profile", data=PROFILE | {"email": ""}).status_code == 303
    assert audit_length(session) == length


def test_name_role_and_organisation_are_not_the_persons_to_change(sign_in: SignIn, session: Session) -> None:
    for field in ("name", "org_id", "username", "active"):
        answer = sign_in("deng").post("/account/profile", data=PROFILE | {"email": "", field: "x"})
        assert answer.status_code == 422 and "没有这个字段" in answer.text
    assert user(session, "deng").title == ""


def test_two_people_have_two_addresses(sign_in: SignIn) -> None:
    assert sign_in("ma").post("/account/profile", data=PROFILE | {"email": "shared@example.org"}).status_code == 303
    taken = sign_in("he").post("/account/profile", data=PROFILE | {"email": "shared@example.org"})
    assert taken.status_code == 422 and "邮箱已被使用" in taken.text and "shared@example.org" in taken.text


def test_a_stranger_has_no_profile(anonymous: FlaskClient) -> None:
    refused = anonymous.post("/account/profile", data=PROFILE)
    assert refused.status_code == 302 and "/login" in refused.headers["Location"]
