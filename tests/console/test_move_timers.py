"""Timers in the console: what waits, and moving one by hand with a reason; a deadline itself only moves by extension."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import SYSTEM
from app.clock import SHANGHAI
from app.engine import Engine, History, Timer
from tests.console.conftest import Begin
from tests.inbox.processes import package

SignIn = Callable[[str], FlaskClient]
TIMERS, API = "/console/timers", "/api/v1/timers"
SOON = dt.datetime(2026, 4, 10, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture
def reminder(engine: Engine, begin: Begin, session: Session) -> Timer:
    """The reminder of a step that is due on 13 April at 17:30."""
    engine.deploy(package("with_reminder", remind="-P1D"), by=SYSTEM)
    instance = begin("程丽借用法人章", "with_reminder")
    session.rollback()
    return session.query(Timer).filter_by(instance_id=instance, kind="remind").one()


def moved(session: Session, timer: Timer) -> Timer:
    session.rollback()
    session.expire_all()
    return session.get_one(Timer, timer.id)


def test_it_is_listed_with_its_step_and_process(sign_in: SignIn, reminder: Timer) -> None:
    root = sign_in("root")
    for query, found in (
        ("process=with_reminder", True), ("process=seal_request", False), ("kind=remind", True), ("kind=event", False),
        ("before=2026-04-12", True), ("before=2026-04-09", False), ("state=fired", False), ("state=nonsense", True),
    ):  # fmt: skip
        page = root.get(f"{TIMERS}?{query}").text
        assert (reminder.instance_id in page) is found, query
        assert "程丽" not in page
    assert "程丽" in sign_in("wang").get(f"{TIMERS}?process=with_reminder").text


def test_the_operator_moves_it_with_a_reason(sign_in: SignIn, reminder: Timer, session: Session) -> None:
    root, original = sign_in("root"), reminder.due_at
    answer = root.post(f"{TIMERS}/{reminder.id}", data={"due_at": "2026-04-10T09:00", "reason": "配合停机检修"})
    assert answer.status_code == 303
    after = moved(session, reminder)
    assert (after.due_at, after.original_due_at) == (SOON.astimezone(dt.UTC), original)
    line = session.query(History).filter_by(instance_id=reminder.instance_id, event="timer.rescheduled").one()
    assert (line.actor_name, line.data["reason"]) == ("系统管理员", "配合停机检修")
    for who in ("root", "wang"):
        page = sign_in(who).get(f"/console/instances/{reminder.instance_id}").text
        assert "系统管理员" in page
        assert "配合停机检修" in page  # by whom, when and why
        assert "<s " in page  # and when it was due before


def test_a_program_moves_it_too(sign_in: SignIn, reminder: Timer, session: Session) -> None:
    root, path = sign_in("root"), f"{API}/{reminder.id}"
    assert root.patch(path, json={"due_at": SOON.isoformat()}).status_code == 422
    assert root.patch(path, json={"due_at": "soon", "reason": "x"}).status_code == 422
    assert root.patch(path, json={"due_at": "2026-04-01T09:00:00+08:00", "reason": "x"}).status_code == 422
    answer = root.patch(path, json={"due_at": SOON.isoformat(), "reason": "配合停机检修"})
    assert (answer.status_code, answer.json["due_at"]) == (200, "2026-04-10T09:00:00+08:00")
    assert answer.json["original_due_at"] != answer.json["due_at"]


def test_what_is_missing_is_said_and_what_was_typed_stays(sign_in: SignIn, reminder: Timer, session: Session) -> None:
    root, original = sign_in("root"), reminder.due_at
    refused = root.post(f"{TIMERS}/{reminder.id}", data={"due_at": "2026-04-10T09:00", "reason": ""})
    assert refused.status_code == 422
    assert "请写明原因" in refused.text
    assert 'value="2026-04-10T09:00"' in refused.text
    assert root.post(f"{TIMERS}/{reminder.id}", data={"due_at": "", "reason": "x"}).status_code == 422
    assert moved(session, reminder).due_at == original


def test_one_that_has_fired_is_not_moved_any_more(
    sign_in: SignIn, reminder: Timer, engine: Engine, session: Session
) -> None:
    wang = sign_in("wang")
    instance = reminder.instance_id
    assert wang.post(f"/api/v1/instances/{instance}/cancellation", json={"reason": "重复"}).status_code == 204
    answer = wang.patch(f"{API}/{reminder.id}", json={"due_at": SOON.isoformat(), "reason": "再提醒"})
    assert answer.status_code == 409
    assert wang.post(f"{TIMERS}/{reminder.id}", data={"due_at": "2026-04-10T09:00", "reason": "x"}).status_code == 409


def test_the_overdue_mark_is_the_deadline_and_stays(sign_in: SignIn, reminder: Timer, session: Session) -> None:
    overdue = session.query(Timer).filter_by(instance_id=reminder.instance_id, kind="overdue").one()
    answer = sign_in("root").patch(f"{API}/{overdue.id}", json={"due_at": SOON.isoformat(), "reason": "x"})
    assert (answer.status_code, answer.json["status"]) == (409, 409)
    page = sign_in("root").get(f"/console/instances/{reminder.instance_id}").text
    assert f'id="due-{reminder.id}"' in page
    assert f'id="due-{overdue.id}"' not in page


def test_outsiders_are_refused(sign_in: SignIn, reminder: Timer, session: Session) -> None:
    body = {"due_at": SOON.isoformat(), "reason": "x"}
    assert sign_in("sun").patch(f"{API}/{reminder.id}", json=body).status_code == 403  # their matter, not their act
    for who in ("deng", "he", "shen", "cha"):
        assert sign_in(who).patch(f"{API}/{reminder.id}", json=body).status_code == 404
        assert sign_in(who).post(f"{TIMERS}/{reminder.id}", data=body).status_code == 403
    assert moved(session, reminder).due_at == reminder.original_due_at
