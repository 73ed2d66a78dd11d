"""Personal tokens: made on the account page, shown once, revoked, and what they open."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts.models import ApiToken, Grant, User
from app.db import write_transaction
from tests.accounts.people import last_acts
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def make(browser: FlaskClient, name: str = "报表程序", days: str = "90") -> str:
    answer = browser.post("/account/tokens", data={"name": name, "days": days})
    assert answer.status_code == 201
    found = re.search(r"duban_[\w-]{43}", answer.text)
    assert found
    return found[0]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def stored(session: Session, key: str) -> list[ApiToken]:
    session.expire_all()
    return list(session.scalars(sa.select(ApiToken).where(ApiToken.user_id == member(key).id)))


def test_a_program_acts_with_the_rights_of_the_person(sign_in: SignIn, anonymous: FlaskClient) -> None:
    secret = make(sign_in("zhao"))
    me = anonymous.get("/api/v1/users/me", headers=bearer(secret))
    assert me.status_code == 200 and me.json and me.json["username"] == "zhao"


def test_the_secret_is_shown_once_and_stored_nowhere(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("sun")
    secret = make(browser)
    assert secret not in browser.get("/account").text
    assert "报表程序" in browser.get("/account").text
    assert all(secret not in str(vars(token)) for token in stored(session, "sun"))
    assert last_acts(session)[0] == ("孙强", "users.token_issued", member("sun").id)


def test_what_is_wrong_with_the_form_is_said(sign_in: SignIn, session: Session) -> None:
    answer = sign_in("ma").post("/account/tokens", data={"name": "", "days": "12"})
    assert answer.status_code == 422
    assert "必填" in answer.text and "不在可选范围内" in answer.text
    assert stored(session, "ma") == []


def test_a_revoked_token_opens_nothing_and_is_revoked_once(
    sign_in: SignIn, anonymous: FlaskClient, session: Session
) -> None:
    browser = sign_in("deng")
    secret = make(browser)
    token_id = stored(session, "deng")[0].id
    assert browser.post(f"/account/tokens/{token_id}/revocation").status_code == 303
    assert browser.post(f"/account/tokens/{token_id}/revocation").status_code == 404
    refused = anonymous.get("/api/v1/users/me", headers=bearer(secret))
    assert refused.status_code == 401 and refused.json and refused.json["code"] == "unauthenticated"


def test_somebody_elses_token_is_not_found(sign_in: SignIn, anonymous: FlaskClient, session: Session) -> None:
    secret = make(sign_in("he"))
    token_id = stored(session, "he")[0].id
    assert sign_in("zhao").post(f"/account/tokens/{token_id}/revocation").status_code == 404
    assert anonymous.get("/api/v1/users/me", headers=bearer(secret)).status_code == 200


def test_a_token_past_its_days_opens_nothing(sign_in: SignIn, anonymous: FlaskClient, session: Session) -> None:
    secret = make(sign_in("wu"), days="7")
    with write_transaction(session):
        stored(session, "wu")[0].expires_at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    assert anonymous.get("/api/v1/users/me", headers=bearer(secret)).status_code == 401


def test_the_token_of_a_closed_account_opens_nothing(sign_in: SignIn, anonymous: FlaskClient, session: Session) -> None:
    secret = make(sign_in("qin"))
    with write_transaction(session):
        session.get_one(User, member("qin").id).active = False
    assert anonymous.get("/api/v1/users/me", headers=bearer(secret)).status_code == 401
    with write_transaction(session):
        session.get_one(User, member("qin").id).active = True


def test_what_changes_about_the_person_counts_from_the_next_request_on(
    sign_in: SignIn, anonymous: FlaskClient, session: Session
) -> None:
    """The same token on the same connection: closed, renamed, given another role, told to change the password."""
    secret, deng = make(sign_in("deng")), member("deng").id

    def ask(path: str = "/api/v1/users/me") -> TestResponse:
        return anonymous.get(path, headers=bearer(secret))

    def change(**columns: object) -> None:
        with write_transaction(session):
            session.execute(sa.update(User).where(User.id == deng).values(**columns))

    assert ask().status_code == 200 and ask("/campaigns/new").status_code == 403
    change(active=False)
    assert ask().status_code == 401
    change(active=True, name="邓超改")
    assert ask().json["name"] == "邓超改"  # type: ignore[index]
    with write_transaction(session):
        session.add(Grant(user_id=deng, role="coordinator", org_id=member("deng").org_id))
    assert ask("/campaigns/new").status_code == 200
    with write_transaction(session):
        session.execute(sa.delete(Grant).where(Grant.user_id == deng, Grant.role == "coordinator"))
    assert ask("/campaigns/new").status_code == 403
    change(must_change_password=True, name=member("deng").name)
    told = ask()
    assert told.status_code == 403 and told.json and told.json["code"] == "password_change_required"
    change(must_change_password=False)
    with write_transaction(session):
        session.execute(sa.update(ApiToken).where(ApiToken.user_id == deng).values(revoked_at=dt.datetime.now(dt.UTC)))
    assert ask().status_code == 401


def test_a_program_is_answered_in_the_language_of_its_account_and_may_change_it(
    sign_in: SignIn, anonymous: FlaskClient, session: Session
) -> None:
    secret = make(sign_in("he"))

    def refused() -> str:
        answer = anonymous.get("/api/v1/tasks/no-such-task", headers=bearer(secret))
        assert answer.json is not None
        return str(answer.json["detail"])

    chinese = refused()
    anonymous.post("/preferences", data={"locale": "en"}, headers=bearer(secret))
    anonymous.delete_cookie("lang")
    assert refused() != chinese and refused().isascii()
    assert session.scalar(sa.select(User.locale).where(User.id == member("he").id)) == "en"
    anonymous.post("/preferences", data={"locale": "zh_Hans_CN"}, headers=bearer(secret))
    anonymous.delete_cookie("lang")
    assert refused() == chinese


def test_the_line_of_a_programs_request_names_whose_token_it_was(
    sign_in: SignIn, anonymous: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    secret = make(sign_in("zhao"))
    with caplog.at_level(logging.INFO):
        anonymous.get("/api/v1/tasks", headers=bearer(secret))
    lines = [vars(record) for record in caplog.records if record.name == "duban.web"]
    assert [line["user_id"] for line in lines] == [member("zhao").id]
    assert not any(member("zhao").name in str(line) for line in lines)


def test_a_token_cannot_reach_account_pages_and_so_not_make_another(sign_in: SignIn, anonymous: FlaskClient) -> None:
    secret = make(sign_in("zhao"))
    for path in ("/account", "/account/password", "/admin/users"):
        assert anonymous.get(path, headers=bearer(secret)).status_code == 403
    refused = anonymous.post("/account/tokens", data={"name": "x", "days": "7"}, headers=bearer(secret))
    assert refused.status_code == 403


def test_beside_a_session_the_token_decides_who_calls(sign_in: SignIn) -> None:
    secret = make(sign_in("ma"))
    me = sign_in("zhao").get("/api/v1/users/me", headers=bearer(secret))
    assert me.json and me.json["username"] == "ma"


def test_a_wrong_token_does_not_fall_back_to_the_session(sign_in: SignIn) -> None:
    assert sign_in("zhao").get("/api/v1/users/me", headers=bearer("duban_wrong")).status_code == 401
