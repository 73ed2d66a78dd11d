"""Changing one's own password, also where a temporary one forces it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy.orm import Session

from app import create_app
from app.accounts.security.passwords import problems, temporary_password
from app.db import write_transaction
from tests.accounts.people import last_acts, signed_in, user
from tests.accounts.test_sign_in import enter
from tests.cast import member
from tests.conftest import PASSWORD, _settings

SignIn = Callable[[str], FlaskClient]
NEW = "绿豆汤-with-Ice-7"


def change(browser: FlaskClient, old: str = PASSWORD, new: str = NEW, again: str | None = None):  # type: ignore[no-untyped-def]
    data = {"password": old, "new_password": new, "new_password_confirm": new if again is None else again}
    return browser.post("/account/password", data=data)


def test_the_new_password_opens_and_the_old_one_no_longer_does(sign_in: SignIn, anonymous: FlaskClient) -> None:
    assert change(sign_in("liu")).status_code == 302
    assert enter(anonymous, "liu").status_code == 401
    assert enter(anonymous, "liu", NEW).status_code == 302


def test_other_devices_are_signed_out_and_this_one_is_not(sign_in: SignIn, session: Session) -> None:
    here, there = sign_in("deng"), sign_in("deng")
    assert signed_in(there)
    assert change(here).status_code == 302
    assert signed_in(here) and not signed_in(there)
    assert ("邓超", "users.password_changed", member("deng").id) in last_acts(session, 1)


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong-password", NEW, None, "密码"),
        (PASSWORD, "short", None, "密码至少 10 个字符"),
        (PASSWORD, "administrator1", None, "密码太常见"),
        (PASSWORD, "sun-的-long-secret", None, "密码不得包含用户名或姓名"),
        (PASSWORD, NEW, "another-one-7", ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    sign_in: SignIn, anonymous: FlaskClient, old: str, new: str, again: str | None, said: str
) -> None:
    answer = change(sign_in("sun"), old, new, again)
    assert answer.status_code == 422
    assert said in answer.text and 'aria-invalid="true"' in answer.text
    assert new not in answer.text
    assert enter(anonymous, "sun").status_code == 302


def test_nobody_changes_a_password_without_signing_in(anonymous: FlaskClient) -> None:
    assert change(anonymous).status_code == 302  # to sign-in
    assert enter(anonymous, "zhao").status_code == 302


def test_a_temporary_password_opens_nothing_but_its_change(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("wu")
    with write_transaction(session):
        user(session, "wu").must_change_password = True
    refused = browser.get("/notifications")
    assert refused.status_code == 303 and refused.headers["Location"].endswith("/account/password")
    api = browser.get("/api/v1/users/me")
    assert api.status_code == 403 and api.json and api.json["code"] == "password_change_required"
    assert "现在用的是临时密码" in browser.get("/account/password").text
    assert change(browser).status_code == 302
    assert browser.get("/notifications").status_code == 200
    assert not user(session, "wu").must_change_password


def test_every_temporary_password_is_acceptable_and_none_repeats(app: object) -> None:
    made = {temporary_password() for _ in range(200)}
    assert len(made) == 200
    assert not any(problems(password) for password in made)


@pytest.mark.parametrize(
    "password",
    ["1234567890", "qwertyuiop", "aaaaaaaaaaaa", "P@ssw0rd2026", "Admin@123456", "abcabcabcabc", "0987654321"],
)
def test_passwords_that_everybody_tries_first_are_refused(app: object, password: str) -> None:
    assert problems(password)


@pytest.mark.parametrize("password", ["correct horse battery", "海边的第三棵椰子树倒了", "mK9-rt-Zu2-pp", NEW])
def test_ordinary_good_passwords_are_accepted(app: object, password: str) -> None:
    assert problems(password, "zhao", "赵明远") == []


def test_a_password_is_kept_so_that_each_guess_costs_memory_and_time(tmp_path: Path) -> None:
    """At least what OWASP asks of Argon2id. (The tests' own applications are cheaper.)"""
    with create_app(_settings(tmp_path)).app_context():
        kept = hash_password(NEW)
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$", kept)
    assert found, kept
    assert int(found[1]) >= 19 * 1024 and int(found[2]) >= 2
