"""The outbox as an operator sees it: what waits, what failed, sending again, giving up. Payloads stay unread.

A payload holds what people are told; its key, kind, attempts and the class of the error are all that is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import audit
from app.audit import Actor
from app.console.queries import FAILED, WAITING
from app.engine import Instance, Outbox, Timer, WorkerBeat
from app.errors import Conflict, Invalid, NotFound
from app.i18n import lazy_

_COUNTED = {"failed": FAILED, "waiting": WAITING}
SLOW = dt.timedelta(minutes=1)  # what should have left longer ago than this waits for a worker
ALIVE = dt.timedelta(seconds=60)  # a worker that said nothing for longer is not there any more
LONGEST = 2000


@dataclass(frozen=True)
class Health:
    """Whether effects leave and the clock keeps up."""

    counts: Mapping[str, int]
    oldest: dt.datetime | None  # the oldest row that should have left by now
    late_timers: int
    late_since: dt.datetime | None  # due instant of the timer that has waited longest
    behind: bool


def health(session: Session, now: dt.datetime) -> Health:
    """What has left only grows and is not counted."""
    rows = sa.select(sa.func.count()).select_from(Outbox)
    counts = {name: session.scalar(rows.where(Outbox.state == state)) or 0 for name, state in _COUNTED.items()}
    due = sa.select(sa.func.min(Outbox.next_attempt_at)).where(Outbox.state == WAITING, Outbox.next_attempt_at <= now)
    late = (
        sa.select(sa.func.count(), sa.func.min(Timer.due_at))
        .join(Instance, Instance.id == Timer.instance_id)
        .where(Timer.state == WAITING, Timer.due_at < now, Instance.status == "running")
    )
    timers, since = session.execute(late).one()
    oldest = session.scalar(due)
    return Health(counts, oldest, int(timers), since, oldest is not None and now - oldest > SLOW)


def workers(session: Session) -> list[WorkerBeat]:
    """The processes that said something within a day, the newest first."""
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    select = sa.select(WorkerBeat).where(WorkerBeat.beat_at > since).order_by(WorkerBeat.beat_at.desc())
    return list(session.scalars(select.limit(50)))


def deliveries(filters: Mapping[str, Any]) -> sa.Select[Any]:
    """Rows of one state, the oldest first; what is done, the newest."""
    state = filters.get("state") or "failed"
    select = sa.select(Outbox).where(Outbox.state == _COUNTED.get(state, state))
    if filters.get("kind"):
        select = select.where(Outbox.kind == filters["kind"])
    newest_first = state in ("sent", "discarded")
    return select.order_by(Outbox.created_at.desc() if newest_first else Outbox.created_at, Outbox.id)


def kinds(session: Session) -> list[str]:
    return list(session.scalars(sa.select(Outbox.kind).distinct().order_by(Outbox.kind)))


def send_again(session: Session, delivery_id: str, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """Put a failed delivery back at the head of the queue. Conflict when it no longer is one."""
    values = {"state": "waiting", "attempts": 0, "next_attempt_at": now, "lease_until": None}
    _switch(session, delivery_id, values, "outbox.retried", reason, by, now)


def discard(session: Session, delivery_id: str, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """Give up a failed delivery for good; the row stays, with who and why in the audit log."""
    _switch(session, delivery_id, {"state": "discarded"}, "outbox.discarded", reason, by, now)


def _switch(
    session: Session,
    delivery_id: str,
    values: dict[str, Any],
    action: str,
    reason: str,
    by: Actor,
    now: dt.datetime,
) -> None:
    reason = reason.strip()
    if not reason or len(reason) > LONGEST:
        raise Invalid({"reason": [lazy_("请写明原因")] if not reason else [lazy_("最多 %(n)s 个字", n=LONGEST)]})
    row = session.get(Outbox, delivery_id)
    if row is None:
        raise NotFound()
    taken = session.execute(
        sa.update(Outbox)
        .where(Outbox.id == delivery_id, Outbox.state == "failed")
        .values(fence=Outbox.fence + 1, **values)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(lazy_("这条消息不是投递失败的状态，没有变化"), status=row.state)
    audit.record(session, now, by, action, "outbox", delivery_id, key=row.key, kind=row.kind, reason=reason)
