"""The outbox and the scheduler: what failed is sent again or given up, with a reason in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import AuditRecord
from app.clock import FixedClock
from app.db import write_transaction
from app.engine import Engine, Outbox, WorkerBeat
from tests.console.conftest import Begin

SignIn = Callable[[str], FlaskClient]
JOBS, API = "/console/jobs", "/api/v1/outbox"


@pytest.fixture
def failed(engine: Engine, begin: Begin, clock: FixedClock, session: Session) -> str:
    """The id of a delivery whose handler failed as often as it is tried."""
    begin("程丽借用法人章")
    engine.deliver_all()
    kind = "tests.down"

    def down(*_anything: object, **_more: object) -> None:
        raise ConnectionError("程丽's letter box is full")

    engine.handlers.setdefault(kind, down)
    row = Outbox(
        key=f"{kind}:{session.query(Outbox).filter_by(kind=kind).count()}",
        kind=kind,
        payload={"to": "程丽"},
        state="waiting",
        created_at=clock.now(),
        next_attempt_at=clock.now(),
    )
    with write_transaction(session):
        session.add(row)
    began = clock.now()
    for _ in range(20):
        engine.deliver_outbox()
        clock.set(clock.now() + dt.timedelta(hours=7))
    clock.set(began)
    session.expire_all()
    assert session.get_one(Outbox, row.id).state == "failed"
    return row.id


def state(session: Session, delivery: str) -> tuple[str, int]:
    session.rollback()
    session.expire_all()
    row = session.get_one(Outbox, delivery)
    return row.state, row.attempts


def test_the_operator_sees_that_and_why_but_not_what(sign_in: SignIn, failed: str) -> None:
    page = sign_in("root").get(JOBS).text
    assert "tests.down" in page
    assert "ConnectionError" in page
    assert "程丽" not in page
    (row,) = [row for row in sign_in("root").get(f"{API}?per_page=200").json if row["id"] == failed]
    assert (row["state"], row["fault"]) == ("failed", "ConnectionError")
    assert "程丽" not in sign_in("root").get(API).text


def test_a_failed_one_is_sent_again(sign_in: SignIn, failed: str, engine: Engine, session: Session) -> None:
    root, path = sign_in("root"), f"/console/outbox/{failed}/retry"
    assert root.post(path, data={"reason": " "}).status_code == 422
    assert state(session, failed)[0] == "failed"
    engine.handlers["tests.down"] = lambda *_anything, **_more: None
    assert root.post(path, data={"reason": "邮箱已清理"}).status_code == 303
    assert state(session, failed) == ("waiting", 0)
    assert root.post(path, data={"reason": "邮箱已清理"}).status_code == 409
    engine.deliver_all()
    assert state(session, failed)[0] == "sent"
    del engine.handlers["tests.down"]
    kept = session.query(AuditRecord).filter_by(action="outbox.retried", object_id=failed).one()
    assert (kept.actor_name, kept.detail["reason"]) == ("系统管理员", "邮箱已清理")


def test_a_failed_one_is_given_up(sign_in: SignIn, failed: str, session: Session) -> None:
    root, path = sign_in("root"), f"{API}/{failed}/discard"
    assert root.post(path, json={}).status_code == 422
    assert root.post(path, json={"reason": "收件人已离职"}).status_code == 204
    assert state(session, failed)[0] == "discarded"
    assert root.post(path, json={"reason": "收件人已离职"}).status_code == 409
    assert root.post(f"{API}/{failed}/retry", json={"reason": "再试"}).status_code == 409
    assert session.query(AuditRecord).filter_by(action="outbox.discarded", object_id=failed).count() == 1
    assert failed in [row["id"] for row in root.get(f"{API}?state=discarded").json]


def test_outsiders_are_refused(sign_in: SignIn, failed: str, session: Session) -> None:
    for who in ("wang", "zhao", "lin", "shen", "cha"):
        assert sign_in(who).get(JOBS).status_code == 403
        assert sign_in(who).get(API).status_code == 403
        assert sign_in(who).get("/api/v1/scheduler").status_code == 403
        assert sign_in(who).post(f"/console/outbox/{failed}/retry", data={"reason": "x"}).status_code == 403
        assert sign_in(who).post(f"{API}/{failed}/discard", json={"reason": "x"}).status_code == 403
        assert sign_in(who).post("/console/hold/release").status_code == 403
    assert state(session, failed)[0] == "failed"


def test_a_late_timer_and_a_backlog_are_seen(sign_in: SignIn, begin: Begin, clock: FixedClock) -> None:
    instance = begin()
    root, began = sign_in("root"), clock.now()
    assert root.get("/api/v1/scheduler").json["late_timers"] == 0
    clock.set(dt.datetime.fromisoformat("2026-04-14T09:00+08:00"))  # the review was due on the 13th
    health = root.get("/api/v1/scheduler").json
    assert health["late_timers"] >= 1
    assert health["late_since"] == "2026-04-13T17:30:00+08:00"
    assert health["oldest"] is not None
    late = root.get(f"/api/v1/timers?state=late&instance_id={instance}").json
    assert [timer["kind"] for timer in late] == ["overdue"]
    assert instance in root.get("/console/timers?state=late").text
    assert root.post(f"/api/v1/instances/{instance}/suspension", json={"reason": "核对"}).status_code == 204
    assert root.get(f"/api/v1/timers?state=late&instance_id={instance}").json == []  # it waits on purpose
    clock.set(began)


def test_workers_are_told_apart_by_their_heartbeat(sign_in: SignIn, session: Session) -> None:
    real = dt.datetime.now(dt.UTC)
    beats = {"alive:1": (real, None), "gone:2": (real - dt.timedelta(minutes=5), None), "stopped:3": (real, real)}
    with write_transaction(session):
        for name, (beat, stopped) in beats.items():
            session.add(WorkerBeat(name=name, started_at=real, beat_at=beat, stopped_at=stopped))
    page = sign_in("root").get(JOBS).text
    for word in ("alive:1", "在运行", "gone:2", "没有心跳", "stopped:3", "已停止"):
        assert word in page


def test_a_hold_is_named_and_released(sign_in: SignIn, engine: Engine, session: Session) -> None:
    from app.audit import SYSTEM

    with write_transaction(session):
        engine.hold(session, "从备份恢复", by=SYSTEM)
    root = sign_in("root")
    assert "从备份恢复" in root.get(JOBS).text
    assert root.post("/console/hold/release").status_code == 303
    assert "从备份恢复" not in root.get(JOBS).text
    assert root.post("/console/hold/release").status_code == 303
    assert "没有暂停，不需要放行" in root.get(JOBS).text
