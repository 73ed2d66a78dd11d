"""The whole way: a step of a shipped process, the outbox, the message, the bell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import worker
from app.accounts import AccountsDirectory
from app.clock import FixedClock
from app.db import write_transaction
from app.notifications import Notification
from tests.cast import PEOPLE, START, member
from tests.hazards.walk import Walk, people_the_register

NAMES = {member(key).id: name for key, name, _org, _roles in PEOPLE}


@pytest.fixture(scope="module")
def city(app: Flask, clock: FixedClock) -> Walk:
    clock.set(START)
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    return Walk(app, clock)


def told(city: Walk, task_id: str, event: str) -> set[str]:
    city.engine.deliver_outbox()
    with city.sessions() as session:
        mine = sa.select(Notification.user_id).where(Notification.task_id == task_id, Notification.event == event)
        return {NAMES[user_id] for user_id in session.scalars(mine)}


def unread(city: Walk, task_id: str) -> set[str]:
    with city.sessions() as session:
        mine = sa.select(Notification.event).where(Notification.task_id == task_id, Notification.read_at.is_(None))
        return set(session.scalars(mine))


def test_a_new_task_rings_with_everybody_who_may_take_it_and_not_with_who_made_it(
    city: Walk, sign_in: Callable[[str], FlaskClient]
) -> None:
    task = city.task(city.register("sun"))
    reached = told(city, task.id, "task.created")
    with city.sessions() as session:
        may = {person.name for person in AccountsDirectory().candidates(session, task.role, task.org_id)}
    assert reached == may - {"孙强"} and reached
    key = next(key for key, name, _org, _roles in PEOPLE if name in reached)
    assert task.title in sign_in(key).get("/notifications").text


def test_an_urge_a_copy_and_a_reassignment_reach_whom_they_name(city: Walk) -> None:
    task = city.task(city.register("sun"))
    city.engine.claim(task.id, by=city.actor("zhao"))
    city.engine.copy(task.id, [member("wang").id], by=city.actor("zhao"))
    assert told(city, task.id, "task.copied") == {"王建国"}
    city.engine.urge(task.id, "请今天办", by=city.actor("wang"))
    assert told(city, task.id, "task.urged") == {"赵明远"}
    city.engine.reassign(task.id, member("gao").id, reason="出差", by=city.actor("zhao"))
    assert told(city, task.id, "task.reassigned") == {"高原"}


def test_what_asked_for_a_task_rings_no_more_when_it_is_done(city: Walk) -> None:
    """For everybody who was asked; what somebody should know stays until it is read."""
    hazard = city.register("sun")
    task = city.task(hazard)
    city.engine.copy(task.id, [member("wang").id], by=city.actor("sun"))
    assert told(city, task.id, "task.created") and told(city, task.id, "task.copied")
    worker.lapse(city.app)
    assert unread(city, task.id) >= {"task.created", "task.copied"}
    city.grade(hazard)
    worker.lapse(city.app)
    assert unread(city, task.id) == {"task.copied"}


def test_time_itself_reminds_and_then_says_overdue(city: Walk, clock: FixedClock) -> None:
    task = city.task(city.register("sun"))
    assert task.due_at is not None
    city.engine.advance_to(task.due_at + (task.due_at - task.created_at), clock.set)
    assert told(city, task.id, "task.overdue") == told(city, task.id, "task.created")
