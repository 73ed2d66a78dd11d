"""What the engine could not do, written where an operator sees it. Each in a transaction of its own."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import SYSTEM
from app.db import new_id, write_transaction
from app.engine.core import Core
from app.engine.models import Incident, Instance
from app.engine.running import history
from app.engine.running.checkout import Happened, Overrun, Turn, message_of
from app.engine.running.locking import lock_instance
from app.engine.running.projections.incidents import BACKOFF
from app.engine.running.serializing import DamagedState

log = logging.getLogger("duban.engine")
_INCIDENT, _INSTANCE = Incident.__table__, Instance.__table__


def record_fault(engine: Core, session: Session, turn: Turn | None, fault: Exception) -> None:
    """A turn that was given up: nothing of it was stored. One open incident per instance and kind is enough."""
    if turn is None or not turn.instance["rev"]:
        log.error("a new instance could not be started: %s", fault)
        return
    kind = "budget" if isinstance(fault, Overrun) else "step"
    with write_transaction(session):
        lock_instance(session, turn.id)
        _raise(session, turn.id, getattr(fault, "node_id", None), kind, message_of(fault), engine.clock.now())


def quarantine(engine: Core, session: Session, damage: DamagedState) -> None:
    """Stop an instance whose stored state is not what was written; the others go on."""
    if damage.instance_id is None:
        return
    session.rollback()
    with write_transaction(session):
        lock_instance(session, damage.instance_id)
        session.execute(sa.update(_INSTANCE).where(_INSTANCE.c.id == damage.instance_id).values(status="quarantined"))
        _raise(session, damage.instance_id, None, "state", str(damage), engine.clock.now())
    log.error("instance %s quarantined: %s", damage.instance_id, damage)


def record_timer_fault(
    session: Session, instance_id: str, now: dt.datetime, fault: BaseException, timer_ids: Sequence[str]
) -> None:
    """Inside the transaction that pushes the timers out, which holds the instance."""
    _raise(session, instance_id, None, "timer", f"{message_of(fault)} (timers {', '.join(timer_ids)})", now)


def record_stuck(session: Session, instance_id: str, now: dt.datetime) -> None:
    """Inside the transaction of the watchdog that found it."""
    _raise(session, instance_id, None, "stuck", "no open task, timer or message is left, yet it has not ended", now)


def retry_later(session: Session, incident_id: str, now: dt.datetime, fault: BaseException) -> None:
    """A retry of which nothing could be stored: the next pause, or nothing more by itself."""
    select = sa.select(_INCIDENT.c.instance_id, _INCIDENT.c.node_id, _INCIDENT.c.attempts).where(
        _INCIDENT.c.id == incident_id, _INCIDENT.c.resolved_at.is_(None)
    )
    if (found := session.execute(select).first()) is None:
        return
    lock_instance(session, found.instance_id)
    if (row := session.execute(select).first()) is None:
        return
    attempts, message = row.attempts + 1, message_of(fault)
    wait = BACKOFF[attempts] if attempts < len(BACKOFF) else None
    session.execute(
        sa.update(_INCIDENT)
        .where(_INCIDENT.c.id == incident_id)
        .values(attempts=attempts, message=message, next_attempt_at=now + dt.timedelta(seconds=wait) if wait else None)
    )
    line = Happened("incident.retried", SYSTEM, row.node_id, None, {"attempts": attempts, "message": message})
    history.append(session, row.instance_id, now, [line])


def _raise(session: Session, instance_id: str, node_id: str | None, kind: str, message: str, now: dt.datetime) -> None:
    same = sa.and_(_INCIDENT.c.instance_id == instance_id, _INCIDENT.c.kind == kind, _INCIDENT.c.resolved_at.is_(None))
    known = session.scalar(sa.select(_INCIDENT.c.id).where(same))
    if known is not None:
        session.execute(
            sa.update(_INCIDENT)
            .where(_INCIDENT.c.id == known)
            .values(attempts=_INCIDENT.c.attempts + 1, message=message)
        )
        return
    session.execute(
        sa.insert(_INCIDENT).values(
            id=new_id(),
            instance_id=instance_id,
            spiff_task_id=None,
            node_id=node_id,
            kind=kind,
            message=message,
            created_at=now,
            attempts=0,
        )
    )
    line = Happened("incident.raised", SYSTEM, node_id, None, {"kind": kind, "message": message})
    history.append(session, instance_id, now, [line])
