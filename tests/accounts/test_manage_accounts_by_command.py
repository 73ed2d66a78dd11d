"""`duban users …`: the first administrator, tokens for programs, and the way back in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import Organisation, User
from app.accounts.commands import users
from app.db import Base
from tests.accounts.people import last_acts, user
from tests.accounts.test_sign_in import enter
from tests.cast import member

GOOD = "海带-Kelp-forest-9"


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    def command(*words: str, given: str = "") -> Result:
        return CliRunner().invoke(users, list(words), input=given, obj=lambda: app)

    return command


def test_the_first_administrator_of_an_empty_database(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.clock import SystemClock
    from tests.conftest import _build

    empty = _build(tmp_path, SystemClock())  # type: ignore[arg-type]
    sessions = empty.extensions["duban.sessions"]
    Base.metadata.create_all(sessions.kw["bind"])
    words = ["add", "boss", "--name", "首任", "--password", GOOD]
    made = CliRunner().invoke(users, words, obj=lambda: empty)
    assert made.exit_code == 0, made.output
    with sessions() as session:
        boss = session.scalar(sa.select(User).where(User.username == "boss"))
        assert boss is not None and boss.has("admin") and not boss.must_change_password
        assert session.scalar(sa.select(Organisation.kind)) == "awc_office"
    assert enter(empty.test_client(), "boss", GOOD).status_code == 302
    again = CliRunner().invoke(users, words, obj=lambda: empty)
    assert again.exit_code == 1 and "用户名已被使用" in again.output
    sessions.kw["bind"].dispose()


def test_a_weak_password_is_refused_and_nobody_is_made(run: Callable[..., Result], session: Session) -> None:
    refused = run("add", "weak", "--name", "弱", "--org", "awb", "--password", "1234567890")
    assert refused.exit_code == 1 and "密码" in refused.output
    assert session.scalar(sa.select(User.id).where(User.username == "weak")) is None


def test_an_unknown_organisation_is_refused(run: Callable[..., Result]) -> None:
    refused = run("add", "x.y", "--name", "某", "--org", "没有这个局", "--password", GOOD)
    assert refused.exit_code == 1 and "no such organisation" in refused.output


def test_roles_that_exclude_each_other_are_refused_whole(run: Callable[..., Result], session: Session) -> None:
    words = ("add", "both", "--name", "两", "--org", "awb", "--password", GOOD, "--role", "admin", "--role", "leader")
    assert run(*words).exit_code == 1
    assert session.scalar(sa.select(User.id).where(User.username == "both")) is None


def token_of(result: Result) -> str:
    return result.stdout.strip().splitlines()[-1]


def bearer(browser: FlaskClient, secret: str) -> Any:
    return browser.get("/api/v1/users/me", headers={"Authorization": f"Bearer {secret}"})


def test_a_token_of_a_person(run: Callable[..., Result], anonymous: FlaskClient, session: Session) -> None:
    made = run("token", "zhao")
    assert made.exit_code == 0
    assert bearer(anonymous, token_of(made)).json["username"] == "zhao"
    assert last_acts(session)[0] == ("系统", "users.token_issued", member("zhao").id)


@pytest.mark.parametrize(
    ("words", "username"),
    [
        (("--role", "officer"), "liu"),
        (("--role", "town_staff", "--org", "龙湾镇"), "he"),
        (("--role", "leader"), "lin"),
    ],
)
def test_a_token_of_whoever_holds_a_role(
    run: Callable[..., Result], anonymous: FlaskClient, words: tuple[str, ...], username: str
) -> None:
    assert bearer(anonymous, token_of(run("token", *words))).json["username"] == username


def test_a_role_that_nobody_holds_there_gives_no_token(run: Callable[..., Result]) -> None:
    refused = run("token", "--role", "officer", "--org", "housing")
    assert refused.exit_code == 1 and "nobody holds" in refused.output
    assert run("token").exit_code == 2
    assert run("token", "nobody.here").exit_code == 1


def test_unlocking_and_a_way_back_in(run: Callable[..., Result], anonymous: FlaskClient, session: Session) -> None:
    for _ in range(5):
        enter(anonymous, "root", "wrong-password")
    assert enter(anonymous, "root").status_code == 429
    assert run("unlock", "root").exit_code == 0
    assert run("unlock", "root").exit_code == 1
    temporary = token_of(run("reset-password", "root"))
    assert enter(anonymous, "root", temporary).status_code == 302
    assert user(session, "root").must_change_password


def test_the_list_names_everybody_with_roles(run: Callable[..., Result]) -> None:
    listed = run("list").output
    assert "zhao\t赵明远\t应急局\tdept_staff" in listed
