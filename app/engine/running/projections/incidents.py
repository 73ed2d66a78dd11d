"""Incidents: what a token waits for until somebody retries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.db import new_id
from app.engine.models import HumanTask, Incident, Subscription, Timer
from app.engine.running.checkout import Failure, Turn
from app.engine.running.children.rows import waits_for_children

_TASK = HumanTask.__table__
_TIMER = Timer.__table__
_INCIDENT = Incident.__table__
_SUBSCRIPTION = Subscription.__table__


BACKOFF = (60, 300, 1800, 7200, 21600)  # seconds until a failed service task is tried again by itself


def project_incidents(turn: Turn, ended: bool) -> None:
    failed = set()
    for failure in turn.failures:
        failed.add(failure.spiff_task_id)
        again = turn.retrying.get(failure.spiff_task_id or "")
        if again:
            _count_attempt(turn, again, failure)
        elif turn.stuck.get(failure.spiff_task_id or "") is None:
            raise_incident(turn, failure)
    for spiff_id, incident_id in turn.retrying.items():
        if spiff_id not in failed:
            _resolve(turn, incident_id)
    for incident in turn.reported:
        if incident["id"] not in turn.retrying.values() and (ended or _is_over(turn, incident)):
            _resolve(turn, incident["id"])
    if not ended and not turn.failures and _nothing_will_happen(turn):
        raise_incident(
            turn, Failure(None, None, "stuck", "no open task, timer or message is left, yet it has not ended")
        )


def _is_over(turn: Turn, incident: Mapping[str, Any]) -> bool:
    """Whether what an incident tells of is past: its token or task has gone, or a stuck instance moves again."""
    if incident["kind"] == "stuck":
        return bool(turn.path)
    return incident["spiff_task_id"] is not None and not turn.workflow.lives(incident["spiff_task_id"])


def raise_incident(turn: Turn, failure: Failure) -> None:
    wait = BACKOFF[0] if failure.kind == "service" else None
    turn.session.execute(
        sa.insert(_INCIDENT).values(
            id=new_id(),
            instance_id=turn.id,
            spiff_task_id=failure.spiff_task_id,
            node_id=failure.node_id,
            kind=failure.kind,
            message=failure.message,
            created_at=turn.now,
            attempts=0,
            next_attempt_at=turn.now + dt.timedelta(seconds=wait) if wait else None,
        )
    )
    turn.happened("incident.raised", node_id=failure.node_id, data={"kind": failure.kind, "message": failure.message})


def _count_attempt(turn: Turn, incident_id: str, failure: Failure) -> None:
    attempts = (turn.session.scalar(sa.select(_INCIDENT.c.attempts).where(_INCIDENT.c.id == incident_id)) or 0) + 1
    wait = BACKOFF[attempts] if failure.kind == "service" and attempts < len(BACKOFF) else None
    turn.session.execute(
        sa.update(_INCIDENT)
        .where(_INCIDENT.c.id == incident_id)
        .values(
            attempts=attempts,
            message=failure.message,
            spiff_task_id=failure.spiff_task_id,
            next_attempt_at=turn.now + dt.timedelta(seconds=wait) if wait else None,
        )
    )
    turn.happened("incident.retried", node_id=failure.node_id, data={"attempts": attempts, "message": failure.message})


def _resolve(turn: Turn, incident_id: str) -> None:
    turn.session.execute(
        sa.update(_INCIDENT)
        .where(_INCIDENT.c.id == incident_id, _INCIDENT.c.resolved_at.is_(None))
        .values(resolved_at=turn.now, resolved_by_id=turn.actor.id, next_attempt_at=None)
    )
    turn.happened("incident.resolved", data={"incident": incident_id})


def _nothing_will_happen(turn: Turn) -> bool:
    """The watchdog of guard 2: nothing is open that a person, the clock or a message could move."""
    if turn.created or any(turn.stuck):
        return False
    waits = sa.union_all(
        sa.select(_TASK.c.id).where(_TASK.c.instance_id == turn.id, _TASK.c.status == "open"),
        sa.select(_TIMER.c.id).where(
            _TIMER.c.instance_id == turn.id, _TIMER.c.state == "waiting", _TIMER.c.kind == "event"
        ),
        sa.select(_SUBSCRIPTION.c.id).where(_SUBSCRIPTION.c.instance_id == turn.id, _SUBSCRIPTION.c.state == "waiting"),
        sa.select(_INCIDENT.c.id).where(_INCIDENT.c.instance_id == turn.id, _INCIDENT.c.resolved_at.is_(None)),
    )
    if turn.session.execute(waits.limit(1)).first() is not None:
        return False
    return not turn.loaded.detaches or not waits_for_children(turn.session, turn.id)
