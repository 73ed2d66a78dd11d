"""What the first release left goes on: its tasks can be done, its timers fire, its instances come to their end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import migrate
from app.audit import Actor
from app.clock import FixedClock
from app.config import Settings
from app.engine import Engine, Incident, Instance, Outbox, Timer
from app.engine.models import HumanTask
from app.upkeep.verification import findings
from tests.first_release import LEFT_AT


@pytest.fixture
def city(new_in_old_city: Callable[[], Settings], open_city: Callable[[Settings], Flask]) -> Flask:
    return open_city(new_in_old_city())


def engine_of(app: Flask) -> Engine:
    engine: Engine = app.extensions["duban.engine"]
    return engine


def all_of(app: Flask, select: Any) -> list[Any]:
    with engine_of(app).sessions() as session:
        return list(session.scalars(select))


def instances(app: Flask, key: str, status: str) -> list[str]:
    found = sa.select(Instance.id).where(Instance.definition_key == key, Instance.status == status)
    return all_of(app, found.order_by(Instance.id))


def open_tasks(app: Flask, *instance_ids: str) -> list[HumanTask]:
    select = sa.select(HumanTask).where(HumanTask.status == "open", HumanTask.instance_id.in_(instance_ids))
    return all_of(app, select.order_by(HumanTask.id))


def who_may(app: Flask, task: HumanTask) -> Actor:
    if task.assignee_id:
        return Actor(task.assignee_id, task.assignee_name, task.org_id)
    with engine_of(app).sessions() as session:
        person = engine_of(app).directory.candidates(session, task.role, task.org_id)[0]
    return Actor(person.id, person.name, task.org_id)


def test_the_archive_holds_an_instance_in_every_state(city: Flask) -> None:
    states = set(all_of(city, sa.select(Instance.status)))
    assert states == {"running", "suspended", "ended", "cancelled", "quarantined"}
    assert set(all_of(city, sa.select(Outbox.state))) == {"waiting", "sent", "failed"}
    assert all_of(city, sa.select(Incident.id).where(Incident.resolved_at.is_(None), Incident.kind == "expression"))
    assert all_of(city, sa.select(HumanTask.id).where(HumanTask.draft.is_not(None)))
    assert all_of(city, sa.select(Timer.id).where(Timer.kind == "event", Timer.state == "waiting"))


def test_the_upgraded_schema_is_what_the_models_describe(city: Flask) -> None:
    migrate.check(city)


def test_every_open_step_of_a_running_instance_can_be_taken_up(city: Flask) -> None:
    """Opening a task's turn restores the sealed state, which no later serializer may refuse."""
    running = instances(city, "hazard_rectification", "running") + instances(city, "referral", "running")
    with engine_of(city).sessions() as session:
        for instance_id in running:
            assert engine_of(city).data(session, instance_id), instance_id
            assert engine_of(city).progress(session, instance_id).status == "running"


def test_a_referral_is_done_and_ends(city: Flask) -> None:
    task = open_tasks(city, *instances(city, "referral", "running"))[0]
    answers = {"measure": "slip", "opinion": "已下发督办单，责令三日内说明情况。"}
    done = engine_of(city).complete(task.id, answers, by=who_may(city, task))
    assert done.ended
    assert task.instance_id in instances(city, "referral", "ended")


def test_the_diagrams_timers_fire_at_their_instants_and_the_instance_comes_to_its_end(
    city: Flask, clock: FixedClock
) -> None:
    engine, waiting = engine_of(city), instances(city, "long_waits", "running")
    ready = sa.select(Timer.instance_id).where(
        Timer.instance_id.in_(waiting), Timer.node_id == "too_late", Timer.state == "waiting"
    )
    with_inner = set(all_of(city, ready))
    assert 0 < len(with_inner) < len(waiting)  # in one of them the inner step is done
    engine.advance_to(LEFT_AT + dt.timedelta(days=8), clock.set)
    after = [task for task in open_tasks(city, *waiting) if task.node_id == "after_wait"]
    assert len(after) == len(waiting)  # P10D, three days of which the first release saw
    turns = sa.select(Timer).where(Timer.node_id == "every_day", Timer.state == "waiting")
    assert not [row for row in all_of(city, turns) if row.instance_id in waiting]  # three turns, and no fourth
    incident = all_of(city, sa.select(Incident.instance_id).where(Incident.kind == "expression"))[0]
    whole = next(one for one in waiting if one != incident and one in with_inner)
    for task in open_tasks(city, whole):
        engine.complete(task.id, {}, by=who_may(city, task))
    assert whole in instances(city, "long_waits", "ended")


def test_an_incident_is_corrected_and_goes_on(city: Flask) -> None:
    incident = all_of(city, sa.select(Incident).where(Incident.kind == "expression", Incident.resolved_at.is_(None)))[0]
    by = who_may(city, open_tasks(city, incident.instance_id)[0])
    assert engine_of(city).retry(incident.id, by=by) is False
    engine_of(city).amend(incident.instance_id, {"divisor": 4}, "除数有误", by=by)
    assert engine_of(city).retry(incident.id, by=by) is True


def test_a_suspended_instance_is_resumed(city: Flask) -> None:
    instance_id = instances(city, "long_waits", "suspended")[0]
    task = open_tasks(city, instance_id)[0]
    engine_of(city).resume(instance_id, by=who_may(city, task))
    assert instance_id in instances(city, "long_waits", "running")


def test_what_waited_in_the_outbox_is_sent_once(city: Flask, clock: FixedClock) -> None:
    waiting = all_of(city, sa.select(Outbox.key).where(Outbox.state == "waiting"))
    clock.set(LEFT_AT + dt.timedelta(minutes=10))
    with city.app_context():
        engine_of(city).deliver_all()
        sent = all_of(city, sa.select(Outbox.key).where(Outbox.state == "sent", Outbox.key.in_(waiting)))
        assert sorted(sent) == sorted(waiting)
        assert engine_of(city).deliver_outbox() == 0


def test_after_the_upgrade_and_days_of_work_everything_agrees(city: Flask, clock: FixedClock) -> None:
    """But for the instance whose state the first release found damaged already, and quarantined."""
    quarantined = instances(city, "long_waits", "quarantined")
    assert [(found.kind, found.id, found.known) for found in findings(city)] == [
        ("state.damaged", quarantined[0], True)
    ]
    with city.app_context():
        engine_of(city).advance_to(LEFT_AT + dt.timedelta(days=30), clock.set)
    assert [(found.kind, found.id) for found in findings(city)] == [("state.damaged", quarantined[0])]
