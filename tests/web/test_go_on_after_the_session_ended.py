"""A session that ends while a form is filled in: what was typed waits for the same person to sign in again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import Actor
from app.db import write_transaction
from app.engine import HumanTask
from app.web import WebSession
from tests.conftest import PASSWORD
from tests.web.test_send_a_form_twice import ask_for_a_seal, key_in

SignIn = Callable[[str], FlaskClient]
SENT = {"result": "pass", "opinion": "写到一半时登录过期"}


@pytest.fixture(autouse=True)
def pages_ask_for_their_token(app: Flask) -> Iterator[None]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield
    app.config["WTF_CSRF_ENABLED"] = False


def log_in(browser: FlaskClient, name: str, next_url: str) -> str:
    page = browser.get(next_url).text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    after = next_url.split("next=")[1].replace("%2F", "/") if "next=" in next_url else ""
    sent = {"username": name, "password": PASSWORD, "csrf_token": token, "next": after}
    answer = browser.post("/login", data=sent)
    assert answer.status_code == 302
    return str(answer.location)


def expired(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> tuple[FlaskClient, str, str]:
    """A browser whose session has ended, the task it has open, and where it was sent on submitting."""
    task, zhao = ask_for_a_seal(app, actor), sign_in("zhao")
    page = zhao.get(f"/tasks/{task}").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    with write_transaction(session):
        session.execute(sa.delete(WebSession))
    answer = zhao.post(f"/tasks/{task}/completion", data=SENT | {"_once": key_in(page), "csrf_token": token})
    assert answer.status_code == 302
    assert "/login" in answer.location
    return zhao, task, str(answer.location)


def test_signed_in_again_one_goes_on_with_what_was_typed(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    browser, task, login = expired(app, sign_in, actor, session)
    assert "刚才填写的内容已保留" in browser.get(login).text
    assert log_in(browser, "zhao", login).endswith("/unsent")
    page = browser.get("/unsent").text
    assert f'href="/tasks/{task}"' in page
    assert SENT["opinion"] in page
    assert f'action="/tasks/{task}/completion"' in page
    form = page.split(f'action="/tasks/{task}/completion"')[1]
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    again = SENT | {"csrf_token": token, "_once": key_in(form)}
    assert browser.post(f"/tasks/{task}/completion", data=again).status_code == 303
    session.rollback()
    assert session.get_one(HumanTask, task).status == "done"
    assert browser.get("/unsent").status_code == 303  # nothing is left


def test_it_reads_as_the_form_does_and_names_no_field_of_the_program(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    browser, _task, login = expired(app, sign_in, actor, session)
    log_in(browser, "zhao", login)
    shown = browser.get("/unsent").text.split("<main")[1].split("<form")[0]
    assert "<dt>结论</dt>" in shown
    assert "同意" in shown
    assert "opinion" not in shown
    assert "pass" not in shown


def test_somebody_else_who_signs_in_there_does_not_see_it(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    browser, _task, login = expired(app, sign_in, actor, session)
    log_in(browser, "liu", login)
    answer = browser.get("/unsent")
    assert answer.status_code == 303
    assert SENT["opinion"] not in answer.text


def test_what_another_site_sends_is_not_kept(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    task, zhao = ask_for_a_seal(app, actor), sign_in("zhao")
    key = key_in(zhao.get(f"/tasks/{task}").text)
    stranger = app.test_client()
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert stranger.post(f"/tasks/{task}/completion", data=SENT | {"_once": key}, headers=headers).status_code == 400


@pytest.mark.parametrize("key", ["made.up", "made up", "a" * 36 + ".b", ""])
def test_what_bears_no_key_of_ours_is_not_kept(app: Flask, session: Session, key: str) -> None:
    """Else strangers could fill the database."""
    text = f"陌生人写的 {key}"
    app.test_client().post("/tasks/1/completion", data={"_once": key, "opinion": text})
    assert not [row for row in session.query(WebSession) if text in str(row.data)]
    session.rollback()
