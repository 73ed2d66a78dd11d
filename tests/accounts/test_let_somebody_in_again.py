"""Temporary passwords and unlocking, by those who may."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts.models import FailedSignIn, User
from app.db import write_transaction
from tests.accounts.people import last_acts, signed_in, user
from tests.accounts.test_sign_in import enter
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def _no_failures_yet(session: Session) -> None:
    with write_transaction(session):
        session.execute(sa.delete(FailedSignIn))
        session.execute(sa.update(User).values(locked_until=None))


def issue(browser: FlaskClient, key: str):  # type: ignore[no-untyped-def]
    return browser.post(f"/admin/users/{member(key).id}/password")


def lock(browser: FlaskClient, key: str) -> None:
    for _ in range(5):
        enter(browser, key, "wrong-password")


def test_a_temporary_password_is_shown_once_and_ends_what_was_open(
    sign_in: SignIn, anonymous: FlaskClient, session: Session
) -> None:
    old = sign_in("he")
    answer = issue(sign_in("shen"), "he")
    assert answer.status_code == 201
    found = re.search(r'id="f-secret" value="([^"]+)"', answer.text)
    assert found
    assert found[1] not in sign_in("shen").get(f"/admin/users/{member('he').id}").text
    assert not signed_in(old)
    assert last_acts(session)[0] == ("安全管理员", "users.password_issued", member("he").id)
    assert enter(anonymous, "he", found[1]).status_code == 302
    assert anonymous.get("/account").headers["Location"].endswith("/account/password")


@pytest.mark.parametrize(
    ("by", "of", "status"),
    [
        ("root", "zhao", 403),  # makes the accounts, so may not also sign in with them
        ("root", "shen", 201),  # or security administrators would look after themselves
        ("shen", "shen", 403),
        ("gao", "zhao", 201),
        ("gao", "deng", 404),
        ("zhao", "liu", 403),
        ("ma", "sun", 201),
    ],
)
def test_who_may_issue_a_password_to_whom(sign_in: SignIn, session: Session, by: str, of: str, status: int) -> None:
    assert issue(sign_in(by), of).status_code == status
    with write_transaction(session):
        restored = user(session, of)
        restored.must_change_password, restored.fs_uniquifier = False, member(of).fs_uniquifier


def test_an_administrator_unlocks_and_the_person_signs_in_at_once(
    sign_in: SignIn, anonymous: FlaskClient, session: Session
) -> None:
    lock(anonymous, "deng")
    assert enter(anonymous, "deng").status_code == 429
    root = sign_in("root")
    assert "登录失败次数过多" in root.get(f"/admin/users/{member('deng').id}").text
    assert root.post(f"/admin/users/{member('deng').id}/unlocking").status_code == 303
    assert last_acts(session)[0] == ("系统管理员", "users.unlocked", member("deng").id)
    assert enter(anonymous, "deng").status_code == 302


def test_what_is_not_locked_cannot_be_unlocked(sign_in: SignIn) -> None:
    again = sign_in("root").post(f"/admin/users/{member('liu').id}/unlocking")
    assert again.status_code == 409 and "没有被锁定" in again.text


def test_outsiders_unlock_nobody(sign_in: SignIn, anonymous: FlaskClient) -> None:
    lock(anonymous, "deng")
    assert sign_in("zhao").post(f"/admin/users/{member('deng').id}/unlocking").status_code == 403
    assert sign_in("gao").post(f"/admin/users/{member('deng').id}/unlocking").status_code == 404
    assert enter(anonymous, "deng").status_code == 429
