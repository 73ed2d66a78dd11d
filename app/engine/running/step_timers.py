"""Reminders, the overdue mark and ladder rungs of a step: boundary timers on the office's calendar, kept as rows.

They never move a token, so that firing one needs no workflow: it writes history, tells people, and a rung starts
its process.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import UNAVAILABLE, new_id
from app.engine.core import Core
from app.engine.models import HumanTask, Timer
from app.engine.packages.words import Words
from app.engine.ports import Calendar
from app.engine.running.checkout import Failure, Turn, message_of
from app.prepared import Prepared

_TIMER = Timer.__table__
Planned = tuple[str, dt.datetime, dict[str, Any]]  # kind, instant, detail
_ADD = Prepared(sa.insert(_TIMER))
_CANCEL = Prepared(
    sa.update(_TIMER)
    .where(_TIMER.c.task_id == sa.bindparam("of_task"), _TIMER.c.state.in_(("waiting", "paused", "failed")))
    .values(state="cancelled", fence=_TIMER.c.fence + 1, lease_until=None)
)


def arm(turn: Turn, row: Mapping[str, Any], words: Words, *, first: bool = False, clock_of: str | None = None) -> None:
    """Set everything that the step's clock will do. A reminder whose instant has already passed is not set.

    Each round of the clock (see acts/clocks.py) has its own overdue mark and ladder; what it has had is not set again.
    With `first` the task has only just begun and can have had nothing, unless it goes on with the clock of another,
    which it also does where the step is late already as it was when it was done last: then it is marked as late
    itself, but whom the ladder has asked already is not asked twice.
    """
    due = row.get("due_at")
    if due is None:
        return
    try:
        timers = list(planned(turn, words, due))
    except UNAVAILABLE:
        raise
    except Exception as error:
        turn.failures.append(Failure(row["spiff_task_id"], row["node_id"], "timer", message_of(error)))
        timers = [("overdue", due, {})]
    fired = set() if first else _fired(turn.session, row["id"])
    if first and words.ladder and due <= turn.now:
        fired = _asked_before(turn, row, due)
    if clock_of is not None:
        fired |= {label for label in _fired(turn.session, clock_of) if label[0] != "overdue"}
    _set(turn.session, dict(row) | {"instance_id": turn.id}, timers, fired, turn.now)


def renew(engine: Core, session: Session, row: Mapping[str, Any], words: Words, now: dt.datetime) -> None:
    """A new round of the clock: nothing of the old one fires any more, what it has had is history."""
    cancel(session, row["id"])
    fired = _fired(session, row["id"])
    _set(session, row, _planned(engine.calendar, session, words, row["due_at"]), fired, now)


def _set(
    session: Session,
    row: Mapping[str, Any],
    timers: Sequence[Planned],
    fired: set[tuple[str, Any, int]],
    now: dt.datetime,
) -> None:
    new, number = [], row.get("clock_round") or 0
    for kind, at, plan in timers:
        detail = plan | {"round": number} if number else plan
        if (kind == "remind" and at <= now) or _label(kind, detail) in fired:
            continue
        new.append(
            {
                "id": new_id(),
                "instance_id": row["instance_id"],
                "task_id": row["id"],
                "spiff_task_id": None,
                "node_id": row["node_id"],
                "kind": kind,
                "detail": detail,
                "due_at": at,
                "original_due_at": at,
                "state": "waiting",
                "attempts": 0,
                "fence": 0,
            }
        )
    if new:
        _ADD.run(session, new)


def _fired(session: Session, task_id: str) -> set[tuple[str, Any, int]]:
    """What a task that is armed a second time has had already."""
    rows = session.execute(
        sa.select(_TIMER.c.kind, _TIMER.c.detail).where(_TIMER.c.task_id == task_id, _TIMER.c.state == "fired")
    )
    return {_label(row.kind, row.detail) for row in rows}


def _asked_before(turn: Turn, row: Mapping[str, Any], due: dt.datetime) -> set[tuple[str, Any, int]]:
    """The rungs of earlier tasks of this step that were due at the same instant, on the clock's last round."""
    rows = turn.session.execute(
        sa.select(_TIMER.c.kind, _TIMER.c.detail, HumanTask.clock_round)
        .join(HumanTask, HumanTask.id == _TIMER.c.task_id)
        .where(
            HumanTask.instance_id == turn.id,
            HumanTask.node_id == row["node_id"],
            HumanTask.due_at == due,
            HumanTask.id != row["id"],
            _TIMER.c.kind == "ladder",
            _TIMER.c.state == "fired",
        )
    )
    number = row.get("clock_round") or 0
    return {(*_place(kind, detail), number) for kind, detail, last in rows if (detail.get("round") or 0) == (last or 0)}


def planned(turn: Turn, words: Words, due: dt.datetime) -> list[Planned]:
    """(kind, instant, detail) of every timer of a step that is due then."""
    return list(_planned(turn.engine.calendar, turn.session, words, due))


def _planned(calendar: Calendar, session: Session, words: Words, due: dt.datetime) -> list[Planned]:
    timers: list[Planned] = [
        ("remind", calendar.offset(session, offset, due), {"offset": offset}) for offset in words.remind
    ]
    timers.append(("overdue", due, {}))
    timers += [
        (
            "ladder",
            calendar.offset(session, rung.offset, due),
            {"process": rung.process, "level": rung.level, "offset": rung.offset},
        )
        for rung in words.ladder
    ]
    return timers


def cancel(session: Session, task_id: str) -> None:
    """Nothing more happens by the clock of a task that is over, or whose clock begins anew."""
    _CANCEL.run(session, {"of_task": task_id})


def pause(session: Session, task_id: str) -> None:
    """Everything that waits keeps its place in the ladder and does not fire."""
    session.execute(
        sa.update(_TIMER)
        .where(_TIMER.c.task_id == task_id, _TIMER.c.state == "waiting")
        .values(state="paused", fence=_TIMER.c.fence + 1, lease_until=None)
    )


def resume(turn: Turn, row: Mapping[str, Any], words: Words, due: dt.datetime) -> None:
    """What was paused waits again, at the instants that the new due gives. A reminder that is past is dropped."""
    instants = {_place(kind, detail): at for kind, at, detail in planned(turn, words, due)}
    paused = turn.session.execute(
        sa.select(_TIMER.c.id, _TIMER.c.kind, _TIMER.c.detail, _TIMER.c.due_at).where(
            _TIMER.c.task_id == row["id"], _TIMER.c.state == "paused"
        )
    ).all()
    for timer in paused:
        at = instants.get(_place(timer.kind, timer.detail), timer.due_at)
        gone = timer.kind == "remind" and at <= turn.now
        values: dict[str, Any] = {"state": "cancelled"} if gone else {"state": "waiting", "due_at": at}
        turn.session.execute(
            sa.update(_TIMER).where(_TIMER.c.id == timer.id).values(next_attempt_at=None, attempts=0, **values)
        )


def has_been_late(session: Session, task_id: str, number: int) -> bool:
    """Whether this round of the clock has marked the task overdue already."""
    return any(kind == "overdue" and found == number for kind, _which, found in _fired(session, task_id))


def revive(session: Session, instance_id: str) -> None:
    """Let the timers that were given up, or wait after a failure, fire at the next sweep."""
    session.execute(
        sa.update(_TIMER)
        .where(
            _TIMER.c.instance_id == instance_id,
            _TIMER.c.attempts > 0,
            _TIMER.c.state.in_(("waiting", "failed")),
        )
        .values(state="waiting", attempts=0, lease_until=None, next_attempt_at=None)
    )


def move(engine: Core, session: Session, task_id: str, words: Words, due: dt.datetime) -> None:
    """The due instant moved: what still waits or is paused moves with it. What has fired stays fired."""
    instants = {_place(kind, detail): at for kind, at, detail in _planned(engine.calendar, session, words, due)}
    waiting = session.execute(
        sa.select(_TIMER.c.id, _TIMER.c.kind, _TIMER.c.detail).where(
            _TIMER.c.task_id == task_id, _TIMER.c.state.in_(("waiting", "paused"))
        )
    ).all()
    for row in waiting:
        at = instants.get(_place(row.kind, row.detail))
        if at is not None:
            session.execute(
                sa.update(_TIMER)
                .where(_TIMER.c.id == row.id)
                .values(due_at=at, fence=_TIMER.c.fence + 1, lease_until=None, next_attempt_at=None)
            )


def _place(kind: str, detail: Mapping[str, Any]) -> tuple[str, Any]:
    """Which of a step's timers it is."""
    return kind, detail.get("level") or detail.get("offset")


def _label(kind: str, detail: Mapping[str, Any]) -> tuple[str, Any, int]:
    """The same in one round of the clock."""
    return *_place(kind, detail), detail.get("round") or 0
