"""The watchdog finds instances that nothing will ever move. A turn looks at its own end; this, at what came since."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.db import write_transaction
from app.engine.core import Core
from app.engine.models import Child, HumanTask, Incident, Instance, Subscription, Timer
from app.engine.running.locking import lock_instance
from app.engine.verbs.incidents import record_stuck

_INSTANCE = Instance.__table__


class Watchdog(Core):
    def watch(self, limit: int = 200) -> int:
        """Raise an incident `stuck` for each running instance without an open task, a waiting timer of its diagram, a
        subscription, a child or an incident; how many were new. Whoever has one already is not told of again.
        """
        with self.sessions() as session:
            ids = session.scalars(_silent().limit(limit)).all()
        return sum([self._report(instance_id) for instance_id in ids])

    def _report(self, instance_id: str) -> int:
        """Looked at again under the lock: it may have moved meanwhile."""
        with self.sessions() as session, write_transaction(session):
            lock_instance(session, instance_id)
            if session.scalar(_silent().where(_INSTANCE.c.id == instance_id)) is None:
                return 0
            record_stuck(session, instance_id, self.clock.now())
            return 1


def _silent() -> sa.Select[Any]:
    """Ids of running instances in which nothing waits, the longest running first."""

    def none(model: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        waits = sa.select(model.id).where(model.instance_id == _INSTANCE.c.id, *conditions)
        return ~waits.correlate(_INSTANCE).exists()

    children = sa.select(Child.id).where(Child.parent_id == _INSTANCE.c.id, Child.waits, Child.told_at.is_(None))
    return (
        sa.select(_INSTANCE.c.id)
        .where(
            _INSTANCE.c.status == "running",
            none(HumanTask, HumanTask.status == "open"),
            none(Timer, Timer.state == "waiting", Timer.kind == "event"),
            none(Subscription, Subscription.state == "waiting"),
            none(Incident, Incident.resolved_at.is_(None)),
            ~children.correlate(_INSTANCE).exists(),
        )
        .order_by(_INSTANCE.c.started_at, _INSTANCE.c.id)
    )
