"""A form that the server drew is carried out once: double click, back button, a second try after a lost answer."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.engine import History, HumanTask, Instance
from tests.inbox.processes import KEY, package

SignIn = Callable[[str], FlaskClient]


def key_in(page: str) -> str:
    found = re.search(r'name="_once" value="([^"]+)"', page)
    assert found
    return found[1]


def completions(session: Session, task_id: str) -> int:
    session.rollback()
    select = sa.select(sa.func.count()).where(History.task_id == task_id, History.event == "task.completed")
    return session.scalar(select) or 0


def ask_for_a_seal(app: Flask, actor: Callable[[str], Actor]) -> str:
    engine = app.extensions["duban.engine"]
    engine.deploy(package(), by=SYSTEM)
    task: str = engine.start(KEY, {"summary": "借用公章", "pages": 2}, by=actor("sun")).tasks[0]
    return task


def test_a_double_click_makes_one_transition_and_leads_to_the_same_place(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    task, zhao = ask_for_a_seal(app, actor), sign_in("zhao")
    sent = {"_once": key_in(zhao.get(f"/tasks/{task}").text), "result": "pass", "opinion": "同意"}
    first = zhao.post(f"/tasks/{task}/completion", data=sent)
    second = zhao.post(f"/tasks/{task}/completion", data=sent)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert completions(session, task) == 1
    assert session.get_one(HumanTask, task).status == "done"


def test_the_same_form_with_something_else_in_it_is_judged_anew(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    task, zhao = ask_for_a_seal(app, actor), sign_in("zhao")
    sent = {"_once": key_in(zhao.get(f"/tasks/{task}").text), "result": "pass", "opinion": "同意"}
    assert zhao.post(f"/tasks/{task}/completion", data=sent).status_code == 303
    page = zhao.post(f"/tasks/{task}/completion", data=sent | {"opinion": "改了主意"})
    assert page.status_code == 409
    assert "改了主意" in page.text
    assert completions(session, task) == 1


def test_what_was_refused_can_be_corrected_and_sent_from_the_same_page(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    task, zhao = ask_for_a_seal(app, actor), sign_in("zhao")
    key = key_in(zhao.get(f"/tasks/{task}").text)
    page = zhao.post(f"/tasks/{task}/completion", data={"_once": key, "result": "pass", "opinion": ""})
    assert page.status_code == 422
    assert key_in(page.text) == key
    sent = {"_once": key, "result": "pass", "opinion": "补上了"}
    assert zhao.post(f"/tasks/{task}/completion", data=sent).status_code == 303
    assert completions(session, task) == 1


def test_starting_a_process_twice_from_one_form_starts_it_once(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    ask_for_a_seal(app, actor)
    sun = sign_in("sun")
    sent = {"_once": key_in(sun.get(f"/start/{KEY}").text), "summary": "只发起一次", "pages": "1"}
    first, second = (sun.post(f"/start/{KEY}", data=sent) for _time in range(2))
    assert first.location == second.location
    started = sa.select(sa.func.count()).where(Instance.definition_key == KEY, Instance.title == "只发起一次")
    assert session.scalar(started) == 1


def test_somebody_elses_key_opens_nothing(
    app: Flask, sign_in: SignIn, actor: Callable[[str], Actor], session: Session
) -> None:
    task, zhao = ask_for_a_seal(app, actor), sign_in("zhao")
    sent = {"_once": key_in(zhao.get(f"/tasks/{task}").text), "result": "pass", "opinion": "同意"}
    zhao.post(f"/tasks/{task}/completion", data=sent)
    assert sign_in("liu").post(f"/tasks/{task}/completion", data=sent).status_code == 409
    assert sign_in("deng").post(f"/tasks/{task}/completion", data=sent).status_code == 404
