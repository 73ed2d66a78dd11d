"""Asking for rehearsals, ending them, clearing up after them. None of these commits."""

from __future__ import annotations

import dataclasses
import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors, web
from app.audit import Actor, record
from app.designer.rehearsing import queries
from app.designer.rehearsing.models import (
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    UNDER_WAY,
    WAITING,
    Rehearsal,
)
from app.designer.rehearsing.queries import Source
from app.engine import RehearsalModel, rehearsal_arrivals
from app.i18n import _, lazy_

MOST_CASES = 10_000
MOST_WAITING, KEPT = 10, 20  # under way at once; finished ones of a process that are kept
DEAD_AFTER = dt.timedelta(seconds=90)
_ROW = Rehearsal.__table__


def ask(session: Session, source: Source, model: RehearsalModel, *, by: Actor, at: dt.datetime) -> Rehearsal:
    """A rehearsal of what the source holds now. Conflict while too many wait, Invalid for too many or no cases."""
    model = _counted(session, model)
    if queries.under_way(session) >= MOST_WAITING:
        raise errors.Conflict(lazy_("正在排队的推演太多，请等其中几次完成"))
    row = Rehearsal(
        key=source.key,
        draft_id=source.draft.id if source.draft else None,
        draft_rev=source.draft.rev if source.draft else None,
        version=source.version,
        title=source.title,
        content_hash=source.package.content_hash,
        package=queries.packed(source.package),
        model=model.as_dict(),
        status=WAITING,
        total=model.count,
        created_at=at,
        by_id=by.id,
        by_name=by.name,
    )
    session.add(row)
    session.flush()
    record(session, at, by, "rehearsals.asked", "rehearsal", row.id, key=row.key, count=row.total)
    _clear(session, source.key)
    return row


def _counted(session: Session, model: RehearsalModel) -> RehearsalModel:
    """With the number of cases that come, where they come by day or week."""
    if model.per == "total":
        return model
    if model.a_day * model.days > 2 * MOST_CASES:  # so many need not be counted
        raise errors.Invalid({"rate": [_("件数太多，期间内最多 %(n)s 件", n=f"{MOST_CASES:,}")]})
    number = rehearsal_arrivals(web.engine(), session, model)
    if number > MOST_CASES:
        raise errors.Invalid({"rate": [_("件数太多，期间内最多 %(n)s 件", n=f"{MOST_CASES:,}")]})
    if not number:
        raise errors.Invalid({"rate": [_("这样在期间内一件也没有")]})
    return dataclasses.replace(model, count=number)


def cancel(session: Session, rehearsal: Rehearsal, *, by: Actor, at: dt.datetime) -> None:
    """Conflict where it is over already. The job notices at its next sign of life."""
    done = session.execute(
        sa.update(_ROW)
        .where(_ROW.c.id == rehearsal.id, _ROW.c.status.in_(UNDER_WAY))
        .values(status=CANCELLED, finished_at=at)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise errors.Conflict(_("这次推演已经结束"))
    record(session, at, by, "rehearsals.cancelled", "rehearsal", rehearsal.id, key=rehearsal.key)


def claim(session: Session, rehearsal_id: str | None = None) -> str | None:
    """The next that waits (or this one) becomes this job's, if no other is being played; its id."""
    real = dt.datetime.now(dt.UTC)
    alive = sa.select(_ROW.c.id).where(_ROW.c.status == RUNNING, _ROW.c.beat_at > real - DEAD_AFTER)
    if session.execute(alive.limit(1)).first() is not None:
        return None
    waiting = sa.select(_ROW.c.id).where(_ROW.c.status == WAITING).order_by(_ROW.c.created_at, _ROW.c.id)
    found = session.scalar(waiting.where(_ROW.c.id == rehearsal_id) if rehearsal_id else waiting.limit(1))
    taken = session.execute(
        sa.update(_ROW)
        .where(_ROW.c.id == found, _ROW.c.status == WAITING)
        .values(status=RUNNING, started_at=real, beat_at=real)
    )
    return found if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def beat(session: Session, rehearsal_id: str, begun: int, over: int, virtual_at: dt.datetime) -> bool:
    """A sign of life; False when nobody wants it any more."""
    told = session.execute(
        sa.update(_ROW)
        .where(_ROW.c.id == rehearsal_id, _ROW.c.status == RUNNING)
        .values(begun=begun, over=over, virtual_at=virtual_at, beat_at=dt.datetime.now(dt.UTC))
    )
    return bool(told.rowcount == 1)  # type: ignore[attr-defined]


def bury(session: Session) -> int:
    """Rehearsals whose job has died (a restart, say) are interrupted: they may be asked for again."""
    real = dt.datetime.now(dt.UTC)
    dead = sa.update(_ROW).where(_ROW.c.status == RUNNING, _ROW.c.beat_at <= real - DEAD_AFTER)
    done = session.execute(dead.values(status=INTERRUPTED, finished_at=real))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _clear(session: Session, key: str) -> None:
    """Only the newest finished ones of a process are kept."""
    over = (DONE, FAILED, CANCELLED, INTERRUPTED)
    finished = sa.select(_ROW.c.id).where(_ROW.c.key == key, _ROW.c.status.in_(over))
    old = session.scalars(finished.order_by(_ROW.c.created_at.desc()).offset(KEPT)).all()
    if old:
        session.execute(sa.delete(_ROW).where(_ROW.c.id.in_(old)))
