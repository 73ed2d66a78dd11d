"""The diagram's own timers are due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import Timer
from app.engine.running.checkout import Turn, load_turn
from app.prepared import Prepared

_TIMER = Timer.__table__
_DUE = Prepared(
    sa.select(_TIMER.c.id, _TIMER.c.fence, _TIMER.c.spiff_task_id, _TIMER.c.node_id, _TIMER.c.due_at)
    .where(
        _TIMER.c.instance_id == sa.bindparam("instance_id"),
        _TIMER.c.kind == "event",
        _TIMER.c.state == "waiting",
        _TIMER.c.due_at <= sa.bindparam("until"),
    )
    .order_by(_TIMER.c.due_at)
)
_FREE = Prepared(
    sa.update(_TIMER)
    .where(_TIMER.c.id == sa.bindparam("timer_id"))
    .values(lease_until=None, attempts=0, next_attempt_at=None)
)


class LostLease(errors.Conflict):
    """Another worker took over, or the timer moved: whoever holds the old fencing token must not commit."""


@dataclass
class Fire:
    """The diagram's own timers of one instance that are due. `claimed` are their rows, with fencing tokens."""

    actor: Actor
    instance_id: str
    until: dt.datetime
    claimed: Mapping[str, int]

    def open(self, engine: Core, session: Session) -> Turn:
        return load_turn(engine, session, self.instance_id, self.actor)

    def begin(self, turn: Turn) -> None:
        turn.firing = True
        turn.workflow.fire(self.until)

    def commit(self, turn: Turn) -> None:
        """A stalled worker whose lease was taken over holds an old fencing token: it must not commit."""
        rows = _DUE.all(turn.session, {"instance_id": turn.id, "until": self.until})
        if {row.id: row.fence for row in rows if row.id in self.claimed} != dict(self.claimed):
            raise LostLease(status="lease")
        for row in rows:
            if not turn.workflow.is_cancelled(row.spiff_task_id):
                turn.happened("timer.fired", node_id=row.node_id, data={"due_at": row.due_at.isoformat()})

    def finish(self, turn: Turn) -> None:
        """Rows that still wait here are cycles with turns left; projections moved them on. All leases end."""
        for timer_id in self.claimed:
            _FREE.run(turn.session, {"timer_id": timer_id})
