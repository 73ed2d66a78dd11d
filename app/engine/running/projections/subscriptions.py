"""Messages and signals that tokens wait for: a row for each, and the early message that waits for it already."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import is_postgresql, new_id
from app.engine.models import Message, Outbox, Subscription
from app.engine.running.checkout import Turn
from app.engine.running.events import CORRELATION, Signal, waiting

_SUBSCRIPTION, _MESSAGE, _OUTBOX = Subscription.__table__, Message.__table__, Outbox.__table__
_LOCK = 7203  # see app.db: the number of this advisory lock


def project_subscriptions(turn: Turn) -> None:
    """One row for each wait; what a delivery has taken is marked already, the rest of what is gone was in vain."""
    if not turn.loaded.listens:
        return
    session = turn.session
    tasks = {str(task.id): task for task in waiting(turn.workflow)}
    rows = session.execute(
        sa.select(_SUBSCRIPTION.c.id, _SUBSCRIPTION.c.spiff_task_id).where(
            _SUBSCRIPTION.c.instance_id == turn.id, _SUBSCRIPTION.c.state == "waiting"
        )
    ).all()
    for row in rows:
        if row.spiff_task_id not in tasks:
            gone = sa.update(_SUBSCRIPTION).where(_SUBSCRIPTION.c.id == row.id)
            session.execute(gone.values(state="cancelled", ended_at=turn.now))
    known = {row.spiff_task_id for row in rows}
    new = [task for spiff_id, task in tasks.items() if spiff_id not in known]
    for task in sorted(new, key=lambda task: (task.task_spec.event_definition.name, task.internal_data[CORRELATION])):
        definition = task.task_spec.event_definition
        wait: dict[str, Any] = {
            "id": new_id(),
            "instance_id": turn.id,
            "spiff_task_id": str(task.id),
            "node_id": task.task_spec.bpmn_id,
            "kind": "signal" if isinstance(definition, Signal) else "message",
            "name": definition.name,
            "correlation": task.internal_data[CORRELATION],
            "state": "waiting",
            "created_at": turn.now,
        }
        hold_name(session, wait["name"], wait["correlation"])
        session.execute(sa.insert(_SUBSCRIPTION).values(**wait))
        if wait["kind"] == "message":
            _take_early(turn, wait)


def _take_early(turn: Turn, wait: Mapping[str, Any]) -> None:
    """The oldest message that came before anybody waited for it is delivered after this commit."""
    session = turn.session
    early = session.scalar(
        sa.select(_MESSAGE.c.id)
        .where(
            _MESSAGE.c.kind == "message",
            _MESSAGE.c.name == wait["name"],
            _MESSAGE.c.correlation == wait["correlation"],
            _MESSAGE.c.state == "buffered",
            _MESSAGE.c.expires_at > turn.now,
        )
        .order_by(_MESSAGE.c.sent_at, _MESSAGE.c.id)
        .limit(1)
    )
    if early is not None:
        session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id == early).values(state="matched"))
        post(session, early, wait["id"], turn.now)


def post(session: Session, message_id: str, subscription_id: str, now: dt.datetime) -> None:
    """Have a stored message delivered once this transaction is committed."""
    session.execute(
        sa.insert(_OUTBOX).values(
            id=new_id(),
            key=f"message.deliver:{message_id}:{subscription_id}",
            kind="message.deliver",
            payload={"message_id": message_id, "subscription_id": subscription_id},
            state="waiting",
            created_at=now,
            next_attempt_at=now,
            attempts=0,
            fence=0,
        )
    )


def hold_name(session: Session, name: str, correlation: str) -> None:
    """Nobody begins to wait for a message between the look for somebody who waits and its being put aside."""
    if is_postgresql(session):
        digest = hashlib.sha256(f"{name}\0{correlation}".encode()).digest()
        number = int.from_bytes(digest[:4], "big", signed=True)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, number)))
