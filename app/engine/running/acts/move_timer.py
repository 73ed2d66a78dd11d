"""A waiting timer is moved by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import Timer
from app.engine.running.checkout import Stale, Turn, load_turn
from app.engine.running.workflow import due_at, move_timer
from app.i18n import lazy_

_TIMER = Timer.__table__


@dataclass
class MoveTimer:
    """A timer of the diagram fires at another instant: it is rewritten in the state, where alone it counts."""

    actor: Actor
    timer_id: str
    due_at: dt.datetime
    reason: str
    row: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        self.row = waiting_timer(session, self.timer_id)
        return load_turn(engine, session, self.row["instance_id"], self.actor)

    def begin(self, turn: Turn) -> None:
        turn.restructured = True
        task = turn.workflow.task(self.row["spiff_task_id"])
        if task is None or due_at(task) is None:
            raise Stale()
        move_timer(task, self.due_at)

    def commit(self, turn: Turn) -> None:
        mark_moved(turn.session, waiting_timer(turn.session, self.timer_id), self.actor, turn.now, self.reason)
        turn.happened("timer.rescheduled", node_id=self.row["node_id"], data=moved(self.row, self.due_at, self.reason))

    def finish(self, turn: Turn) -> None:
        """The projection wrote the instant, with a new fencing token."""


def waiting_timer(session: Session, timer_id: str) -> dict[str, Any]:
    """The row of a timer that can be moved. NotFound; Conflict tells its state."""
    row = session.execute(sa.select(_TIMER).where(_TIMER.c.id == timer_id)).mappings().first()
    if row is None:
        raise errors.NotFound()
    if row["state"] != "waiting":
        raise errors.Conflict(
            {
                "paused": lazy_("计时已中止，恢复后才能改期"),
                "fired": lazy_("这个定时器已经触发"),
                "failed": lazy_("这个定时器多次失败，请先处理异常"),
            }.get(row["state"], lazy_("这个定时器已经取消")),
            status=row["state"],
        )
    return dict(row)


def mark_moved(
    session: Session, row: Mapping[str, Any], actor: Actor, now: dt.datetime, reason: str, **values: Any
) -> None:
    """Who moved it, when and why; from now on the old row's holders are late."""
    changed = session.execute(
        sa.update(_TIMER)
        .where(_TIMER.c.id == row["id"], _TIMER.c.state == "waiting", _TIMER.c.fence == row["fence"])
        .values(
            moved_by_id=actor.id,
            moved_by_name=actor.name,
            moved_at=now,
            move_reason=reason,
            fence=row["fence"] + 1,
            attempts=0,
            lease_until=None,
            next_attempt_at=None,
            **values,
        )
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise errors.Conflict()


def moved(row: Mapping[str, Any], at: dt.datetime, reason: str) -> dict[str, Any]:
    """The line of history."""
    return {
        "timer_id": row["id"],
        "kind": row["kind"],
        "from": row["due_at"].isoformat(),
        "to": at.isoformat(),
        "reason": reason,
    }
