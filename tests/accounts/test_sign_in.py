"""Signing in by user name and password."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts.models import FailedSignIn, User
from app.audit import AuditRecord
from app.db import write_transaction
from app.web import WebSession
from tests.cast import member
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _no_failures_yet(session: Session) -> None:
    with write_transaction(session):
        session.execute(sa.delete(FailedSignIn))
        session.execute(sa.update(User).values(locked_until=None))


def enter(browser: FlaskClient, username: str, password: str = PASSWORD, **more: Any) -> TestResponse:
    return browser.post("/login", data={"username": username, "password": password}, **more)


def _untold(page: str, typed: str) -> str:
    """The page without what was typed and without its tokens and the keys of its forms."""
    return re.sub(r'(content|value)="[\w.-]{60,}"|name="_once" value="[^"]*"', "", page.replace(typed, ""))


def test_the_right_password_opens_the_account_page(anonymous: FlaskClient) -> None:
    assert enter(anonymous, "zhao").status_code == 302
    assert "赵明远" in anonymous.get("/account").text


def test_the_user_name_may_be_typed_in_any_case(anonymous: FlaskClient) -> None:
    assert enter(anonymous, " ZHAO ").status_code == 302


def test_a_wrong_password_and_an_unknown_name_are_told_alike(anonymous: FlaskClient) -> None:
    wrong, unknown = enter(anonymous, "zhao", "wrong-password"), enter(anonymous, "nobody", "wrong-password")
    assert wrong.status_code == unknown.status_code == 401
    assert _untold(wrong.text, "zhao") == _untold(unknown.text, "nobody")
    assert "用户名或密码不对" in wrong.text and 'role="alert"' in wrong.text


def test_a_failed_attempt_keeps_the_user_name_and_not_the_password(anonymous: FlaskClient) -> None:
    page = enter(anonymous, "zhao", "wrong-password").text
    assert 'value="zhao"' in page
    assert "wrong-password" not in page


def test_empty_fields_are_named(anonymous: FlaskClient) -> None:
    answer = enter(anonymous, "", "")
    assert answer.status_code == 422
    assert "填写用户名" in answer.text and "未填写密码" in answer.text


def test_sign_in_takes_a_new_session_key(anonymous: FlaskClient) -> None:
    anonymous.get("/login")
    before = anonymous.get_cookie("duban")
    enter(anonymous, "zhao")
    after = anonymous.get_cookie("duban")
    assert after and (before is None or before.value != after.value)


def test_five_failures_lock_the_account_and_say_until_when(anonymous: FlaskClient) -> None:
    for _ in range(4):
        assert enter(anonymous, "zhao", "wrong-password").status_code == 401
    locked = enter(anonymous, "zhao", "wrong-password")
    assert locked.status_code == 429 and "已锁定到" in locked.text
    assert enter(anonymous, "zhao").status_code == 429
    assert enter(anonymous, "wang").status_code == 302  # others at the same address are not locked out


def test_an_unknown_name_is_locked_like_a_known_one(anonymous: FlaskClient) -> None:
    answers = [enter(anonymous, "nobody", "wrong-password").status_code for _ in range(5)]
    assert answers == [401] * 4 + [429]


def test_one_address_trying_five_accounts_is_locked(app: Flask) -> None:
    attacker = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    browser = app.test_client()
    for name in ("zhao", "wang", "lin", "gao"):
        assert enter(browser, name, "wrong-password", **attacker).status_code == 401
    assert enter(browser, "liu", "wrong-password", **attacker).status_code == 429
    assert enter(browser, "deng", **attacker).status_code == 429
    assert enter(app.test_client(), "deng").status_code == 302  # from elsewhere


def test_the_lock_ends_after_a_quarter_of_an_hour(anonymous: FlaskClient, session: Session) -> None:
    for _ in range(5):
        enter(anonymous, "zhao", "wrong-password")
    past = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=16)
    with write_transaction(session):
        session.execute(sa.update(FailedSignIn).values(at=past))
    assert enter(anonymous, "zhao").status_code == 302


def test_sign_in_forgets_earlier_failures(anonymous: FlaskClient, session: Session) -> None:
    for _ in range(4):
        enter(anonymous, "zhao", "wrong-password")
    enter(anonymous, "zhao")
    assert session.scalar(sa.select(sa.func.count()).select_from(FailedSignIn)) == 0


def test_an_inactive_person_is_refused_like_an_unknown_one(anonymous: FlaskClient, session: Session) -> None:
    with write_transaction(session):
        session.get_one(User, member("deng").id).active = False
    assert enter(anonymous, "deng").status_code == 401
    with write_transaction(session):
        session.get_one(User, member("deng").id).active = True


def test_sign_in_failure_and_sign_out_are_audited(anonymous: FlaskClient, session: Session) -> None:
    enter(anonymous, "liu", "wrong-password")
    enter(anonymous, "liu")
    anonymous.post("/logout")
    actions = session.scalars(sa.select(AuditRecord.action).order_by(AuditRecord.seq.desc()).limit(3)).all()
    assert actions == ["users.signed_out", "users.signed_in", "users.sign_in_failed"]


def test_signing_out_ends_the_session_for_good(anonymous: FlaskClient, session: Session) -> None:
    enter(anonymous, "sun")
    old = anonymous.get_cookie("duban")
    assert old is not None
    anonymous.post("/logout")
    anonymous.set_cookie("duban", old.value)
    assert anonymous.get("/account").status_code == 302
    owners = session.scalars(sa.select(WebSession.user_key)).all()
    assert member("sun").fs_uniquifier not in owners


def test_a_page_behind_sign_in_leads_there_and_back(anonymous: FlaskClient) -> None:
    refused = anonymous.get("/account?tab=tokens")
    assert refused.status_code == 302 and "/login?next=" in refused.headers["Location"]
    answer = anonymous.post("/login?next=/account", data={"username": "zhao", "password": PASSWORD})
    assert answer.headers["Location"].endswith("/account")


def test_sign_in_leads_to_no_foreign_site(anonymous: FlaskClient) -> None:
    answer = anonymous.post("/login", data={"username": "zhao", "password": PASSWORD, "next": "https://example.org/"})
    assert "example.org" not in answer.headers.get("Location", "")


def test_an_expired_session_tells_htmx_to_go_to_sign_in(anonymous: FlaskClient) -> None:
    answer = anonymous.get("/account", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 200 and answer.headers["HX-Redirect"] == "/login"
