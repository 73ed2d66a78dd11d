"""Making, editing and closing accounts: the system administrator, and heads for their own organisation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import User
from tests.accounts.people import audit_length, last_acts, signed_in, user
from tests.cast import member, org_id

SignIn = Callable[[str], FlaskClient]


def new(name: str = "new.person", org: str = "emergency", **more: str) -> dict[str, str]:
    return {"username": name, "name": "新来的", "org_id": org_id(org), **more}


def of(session: Session, username: str) -> User | None:
    session.expire_all()
    return session.scalar(sa.select(User).where(User.username == username))


def test_an_account_is_made_without_password_and_roles(sign_in: SignIn, session: Session) -> None:
    answer = sign_in("root").post("/admin/users", data=new())
    assert answer.status_code == 303
    made = of(session, "new.person")
    assert made is not None and made.password is None and made.grants == []
    assert last_acts(session) == [("系统管理员", "users.created", made.id)]
    page = sign_in("root").get(answer.headers["Location"]).text
    assert "新来的" in page and "未发密码" in page


def test_a_user_name_is_given_once_whatever_its_case(sign_in: SignIn, session: Session) -> None:
    root = sign_in("root")
    assert root.post("/admin/users", data=new("twice")).status_code == 303
    again = root.post("/admin/users", data=new("TWICE"))
    assert again.status_code == 422 and "用户名已被使用" in again.text and 'value="TWICE"' in again.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("username", "1bad", "以字母开头"),
        ("name", "", "必填"),
        ("org_id", "nowhere", "没有这个单位"),
        ("email", "no-address", "邮箱格式不对"),
        ("phone", "call me", "电话号码只含"),
        ("role", "admin", "没有这个字段"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_entered_is_kept(
    sign_in: SignIn, session: Session, field: str, value: str, said: str
) -> None:
    before = audit_length(session)
    answer = sign_in("root").post("/admin/users", data=new("kept.name") | {field: value})
    assert answer.status_code == 422
    assert said in answer.text and 'role="alert"' in answer.text
    assert "新来的" in answer.text or field == "name"
    session.rollback()
    assert audit_length(session) == before


def test_a_head_makes_accounts_for_the_own_organisation_only(sign_in: SignIn, session: Session) -> None:
    gao = sign_in("gao")
    assert gao.post("/admin/users", data=new("of.gao")).status_code == 303
    assert gao.post("/admin/users", data=new("of.others", org="housing")).status_code == 403
    assert of(session, "of.others") is None


@pytest.mark.parametrize("key", ["zhao", "lin", "wang", "cha", "qin"])
def test_nobody_else_opens_the_administration_of_users(sign_in: SignIn, key: str) -> None:
    browser = sign_in(key)
    assert browser.get("/admin/users").status_code == 403
    assert browser.post("/admin/users", data=new("by.outsider")).status_code == 403
    assert 'href="/admin/users"' not in browser.get("/account").text


def test_a_head_sees_only_the_own_people_and_others_are_not_found(sign_in: SignIn) -> None:
    gao = sign_in("gao")
    listed = gao.get("/admin/users").text
    assert "赵明远" in listed and "邓超" not in listed
    assert gao.get(f"/admin/users/{member('zhao').id}").status_code == 200
    assert gao.get(f"/admin/users/{member('deng').id}").status_code == 404
    assert gao.post(f"/admin/users/{member('deng').id}", data={"name": "x"}).status_code == 404


def test_the_list_is_narrowed_by_text_role_and_status(sign_in: SignIn) -> None:
    root = sign_in("root")
    by_name = root.get("/admin/users?q=马会").text
    assert "马会" in by_name and "赵明远" not in by_name
    assert "刘洋" in root.get("/admin/users?role=officer").text
    assert "没有符合条件的用户" in root.get("/admin/users?status=locked").text
    assert "没有符合条件的用户" in root.get("/admin/users?q=%25").text  # a wildcard is a character like any other
    fragment = root.get("/admin/users?q=马会", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "<html" not in fragment.text and "马会" in fragment.text


def test_an_account_is_edited_and_the_change_recorded(sign_in: SignIn, session: Session) -> None:
    data = {
        "name": "何军",
        "org_id": org_id("longwan"),
        "title": "主任",
        "phone": "0535-123456",
        "email": "he@example.org",
    }
    assert sign_in("root").post(f"/admin/users/{member('he').id}", data=data).status_code == 303
    assert user(session, "he").title == "主任"
    assert last_acts(session)[0][1:] == ("users.edited", member("he").id)
    length = audit_length(session)
    assert sign_in("root").post(f"/admin/users/{member('he').id}", data=data).status_code == 303
    session.rollback()
    assert audit_length(session) == length  # nothing changed, nothing recorded


def test_the_security_administrator_looks_but_does_not_edit(sign_in: SignIn, session: Session) -> None:
    shen = sign_in("shen")
    assert shen.get(f"/admin/users/{member('ma').id}").status_code == 200
    data = {"name": "别的名字", "org_id": org_id("xingang")}
    assert shen.post(f"/admin/users/{member('ma').id}", data=data).status_code == 403
    assert user(session, "ma").name == "马会"


def test_a_closed_account_is_out_at_once_and_can_be_opened_again(sign_in: SignIn, session: Session) -> None:
    chen, root = sign_in("chen"), sign_in("root")
    assert signed_in(chen)
    where = f"/admin/users/{member('chen').id}"
    assert root.post(where + "/deactivation").status_code == 303
    assert not signed_in(chen)
    again = root.post(where + "/deactivation")
    assert again.status_code == 409 and "该账户已停用" in again.text
    assert root.post(where + "/activation").status_code == 303
    assert user(session, "chen").active
    assert root.post(where + "/activation").status_code == 409


def test_nobody_closes_the_own_account_or_the_last_administrator(sign_in: SignIn, session: Session) -> None:
    root = sign_in("root")
    own = root.post(f"/admin/users/{member('root').id}/deactivation")
    assert own.status_code == 409 and "不能停用自己的账户" in own.text
    last = root.post(f"/admin/users/{member('shen').id}/deactivation")
    assert last.status_code == 409 and "最后一名" in last.text
    assert user(session, "shen").active


def test_a_head_cannot_close_somebody_elses_account(sign_in: SignIn, session: Session) -> None:
    assert sign_in("gao").post(f"/admin/users/{member('deng').id}/deactivation").status_code == 404
    assert user(session, "deng").active
