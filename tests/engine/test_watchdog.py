"""The watchdog: an open instance that nothing will ever move becomes an incident, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.db import write_transaction
from app.engine import Engine, History, HumanTask, Incident, Timer
from tests.inbox.conftest import engine, request_seal

__all__ = ["engine", "request_seal"]


def lose_the_task(session: Session, task_id: str) -> str:
    """What no verb does: the row of an open task is closed by hand. The instance it belonged to."""
    with write_transaction(session):
        task = session.get_one(HumanTask, task_id)
        task.status = "cancelled"
        session.query(Timer).filter_by(task_id=task_id).update({"state": "cancelled"})
        return task.instance_id


def incidents(session: Session, instance_id: str) -> list[tuple[str, int]]:
    session.rollback()
    session.expire_all()
    return [(one.kind, one.attempts) for one in session.query(Incident).filter_by(instance_id=instance_id)]


@pytest.fixture
def lost(engine: Engine, request_seal: Callable[..., str], session: Session) -> str:
    return lose_the_task(session, request_seal())


def test_what_nothing_will_move_is_told_once(engine: Engine, lost: str, session: Session) -> None:
    assert engine.watch() == 1
    assert engine.watch() == 0
    assert incidents(session, lost) == [("stuck", 0)]
    last = session.query(History).filter_by(instance_id=lost).order_by(History.seq.desc()).first()
    assert last is not None
    assert (last.event, last.data["kind"]) == ("incident.raised", "stuck")
    assert engine.verify(session, lost) is None


def test_what_waits_for_a_person_is_left_alone(
    engine: Engine, request_seal: Callable[..., str], session: Session
) -> None:
    instance = session.get_one(HumanTask, request_seal()).instance_id
    engine.watch()
    assert incidents(session, instance) == []


def test_what_is_suspended_waits_on_purpose(engine: Engine, lost: str, session: Session) -> None:
    engine.suspend(lost, "核对", by=SYSTEM)
    engine.watch()
    assert incidents(session, lost) == []
    engine.resume(lost, by=SYSTEM)
    assert engine.watch() == 1


def test_a_retry_looks_again_and_finds_the_lost_task(
    engine: Engine, lost: str, session: Session, actor: Callable[[str], Actor]
) -> None:
    """The token still stands at the step: the retry gives it its row again."""
    engine.watch()
    session.rollback()
    incident = session.query(Incident).filter_by(instance_id=lost).one()
    assert engine.retry(incident.id, by=actor("root"))
    session.rollback()
    (task,) = session.query(HumanTask).filter_by(instance_id=lost, status="open")
    assert task.node_id == "review"
