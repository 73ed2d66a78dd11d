"""Try again where a token waits with an incident."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import Incident
from app.engine.running import step_timers
from app.engine.running.checkout import Turn, load_turn
from app.engine.running.projections.tasks import redo
from app.i18n import lazy_

_INCIDENT = Incident.__table__


@dataclass
class Retry:
    """Try again where a token waits with an incident."""

    actor: Actor
    incident_id: str
    row: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        row = session.execute(sa.select(_INCIDENT).where(_INCIDENT.c.id == self.incident_id)).mappings().first()
        if row is None:
            raise errors.NotFound()
        if row["resolved_at"] is not None:
            raise errors.Conflict(lazy_("这个异常已经处理"), status="resolved")
        turn = load_turn(engine, session, row["instance_id"], self.actor)
        spiff_id = row["spiff_task_id"] or ""
        turn.stuck.pop(spiff_id, None)
        turn.retrying[spiff_id] = self.incident_id
        self.row = dict(row)
        return turn

    def begin(self, turn: Turn) -> None:
        turn.workflow.retime()

    def commit(self, turn: Turn) -> None:
        """A token runs again by itself; a task without an address or a deadline is given one, a timer its turn."""
        if self.row["kind"] in ("address", "timer") and self.row["spiff_task_id"]:
            redo(turn, self.row)
        elif self.row["kind"] == "timer":
            step_timers.revive(turn.session, turn.id)

    def finish(self, turn: Turn) -> None:
        """Projections resolved the incident, or counted one more attempt."""
