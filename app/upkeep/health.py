"""Whether the installation works: database, schema, workers, and what should have happened by now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.orm import Session

from app.engine import Hold, Instance, Outbox, Timer, WorkerBeat
from app.migrate import configuration

SILENT = dt.timedelta(seconds=60)  # without a beat a worker counts as dead
LATE = dt.timedelta(minutes=5)  # what is due for longer shows that nobody works on it
_BEAT, _TIMER, _OUTBOX, _INSTANCE = WorkerBeat.__table__, Timer.__table__, Outbox.__table__, Instance.__table__


@dataclass
class Health:
    """`ok`; `held` when somebody holds timers and outbox back; `failed` with why. `figures` for those who may see."""

    status: str = "ok"
    problems: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def fail(self, problem: str) -> None:
        self.status = "failed"
        self.problems.append(problem)


@dataclass(frozen=True)
class Workers:
    """Workers that have said something lately; `silent`: those that died without saying that they stop."""

    live: int
    silent: int
    age: float | None  # seconds since the youngest beat of those that have not stopped
    busy: float  # seconds of the batch that runs longest


def examine(app: Flask, *, web_only: bool = False) -> Health:
    """All of it, or (for load balancers) only what this web process needs itself."""
    health = Health()
    engine = app.extensions["duban.engine"]
    try:
        with app.extensions["duban.sessions"]() as session:
            if not at_head(app, session):
                health.fail("the schema is not at its newest revision")
            elif not web_only:
                _work(health, session, engine.clock.now(), app.extensions["duban.settings"].worker_hang_seconds)
    except sa.exc.SQLAlchemyError as lost:
        health.fail(f"no database: {type(lost).__name__}")
    return health


def at_head(app: Flask, session: Session) -> bool:
    """Whether migrations have nothing to do. A database made without them (in tests) has no revision at all."""
    if "duban.head" not in app.extensions:
        app.extensions["duban.head"] = ScriptDirectory.from_config(configuration(app)).get_current_head()
    connection = session.connection()
    if not connection.dialect.has_table(connection, "alembic_version"):
        return connection.dialect.has_table(connection, "worker_beat")
    found = session.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    return found == [app.extensions["duban.head"]]


def _work(health: Health, session: Session, now: dt.datetime, hang_seconds: int) -> None:
    crew, lag = workers(session), lags(session, now)
    held = session.get(Hold, 1) is not None
    health.figures = {
        "workers": crew.live,
        "beat_age_seconds": crew.age,
        "timers_due": lag["timers"][0],
        "timer_lag_seconds": lag["timers"][1],
        "outbox_waiting": lag["outbox"][0],
        "outbox_lag_seconds": lag["outbox"][1],
        "held": held,
    }
    if crew.busy > hang_seconds:
        health.fail(f"a worker's batch has been running for {crew.busy:.0f} s")
    if not crew.live:
        if crew.silent:
            health.fail(f"no worker has been heard of for {crew.age:.0f} s")
        elif not held and max(lag["timers"][1], lag["outbox"][1]) > LATE.total_seconds():
            health.fail("timers or messages are overdue and no worker runs")
    if held and health.status == "ok":
        health.status = "held"


def workers(session: Session, *, host: str | None = None) -> Workers:
    """Of the whole installation, or of one host."""
    now = dt.datetime.now(dt.UTC)
    select = sa.select(_BEAT.c.beat_at, _BEAT.c.busy_since).where(
        _BEAT.c.stopped_at.is_(None), _BEAT.c.beat_at > now - dt.timedelta(days=1)
    )
    if host is not None:
        select = select.where(_BEAT.c.name.startswith(f"{host}:", autoescape=True))
    rows = session.execute(select).all()
    live = [row for row in rows if now - row.beat_at <= SILENT]
    return Workers(
        live=len(live),
        silent=len(rows) - len(live),
        age=min(((now - row.beat_at).total_seconds() for row in rows), default=None),
        busy=max(((now - row.busy_since).total_seconds() for row in live if row.busy_since), default=0.0),
    )


def lags(session: Session, now: dt.datetime) -> dict[str, tuple[int, float]]:
    """(how many are due, seconds that the oldest has been due) of timers of running instances, and of the outbox."""
    timers = (
        sa.select(sa.func.count(), sa.func.min(_TIMER.c.due_at))
        .join(_INSTANCE, _INSTANCE.c.id == _TIMER.c.instance_id)
        .where(_TIMER.c.state == "waiting", _TIMER.c.due_at <= now, _INSTANCE.c.status == "running")
    )
    outbox = sa.select(sa.func.count(), sa.func.min(_OUTBOX.c.next_attempt_at)).where(
        _OUTBOX.c.state == "waiting", _OUTBOX.c.next_attempt_at <= now
    )
    found = {}
    for name, select in (("timers", timers), ("outbox", outbox)):
        count, oldest = session.execute(select).one()
        found[name] = (count, (now - oldest).total_seconds() if oldest else 0.0)
    return found
