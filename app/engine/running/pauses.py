"""The ledger of a step's clock: each stop with what had run and what was left, and what follows from it.

The budget is carried from stop to stop to the second; the due instant is what it gives on the office's calendar.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import new_id
from app.engine.core import Core
from app.engine.models import ClockPause, HumanTask
from app.engine.running.checkout import Turn
from app.prepared import Prepared

_TASK, _PAUSE = HumanTask.__table__, ClockPause.__table__
_CLOSE = Prepared(sa.update(_PAUSE).where(_PAUSE.c.task_id == sa.bindparam("of_task"), _PAUSE.c.ended_at.is_(None)))
_DROP = Prepared(
    sa.update(_TASK)
    .where(_TASK.c.id == sa.bindparam("of_task"), _TASK.c.paused_at.is_not(None))
    .values(paused_at=None, pause_reason="")
)


def unit_of(row: Mapping[str, Any]) -> str:
    return str((row["due_basis"] or {}).get("unit") or "calendar")


def last_pause(session: Session, row: Mapping[str, Any]) -> Any:
    """The latest stop of the present budget, open or over. An extension begins a new budget."""
    return session.execute(
        sa.select(_PAUSE)
        .where(_PAUSE.c.task_id == row["id"], _PAUSE.c.round == row["extensions"])
        .order_by(_PAUSE.c.started_at.desc(), _PAUSE.c.id.desc())
        .limit(1)
    ).first()


def begin_pause(turn: Turn, row: Mapping[str, Any], reason: str) -> int:
    """Write down what has run and what is left; the seconds left.

    The budget is carried from stop to stop as it is. The due instant is not: that one is rounded to the end of a day,
    and whoever stopped a clock often would win time by it.
    """
    calendar, session, now, unit = turn.engine.calendar, turn.session, turn.now, unit_of(row)
    last = last_pause(session, row)
    left: int
    if last is not None:
        ran = min(calendar.elapsed(session, unit, last.ended_at or now, now), last.left_seconds)
        left = last.left_seconds - ran
    else:
        since = _began(row)
        ran = calendar.elapsed(session, unit, since, now)
        left = calendar.elapsed(session, unit, since, row["due_at"]) - ran
    _insert_pause(turn, row, reason, ran, max(0, left))
    return max(0, left)


def restart_pause(turn: Turn, row: Mapping[str, Any], reason: str) -> dt.datetime:
    """The due moved while the clock stands: it stands on, with what is now left of the new limit.

    The task stays paused since when it was; the instant at which it turns amber, reckoned from there, is the result.
    """
    calendar, session, unit = turn.engine.calendar, turn.session, unit_of(row)
    _close_pause(turn, row, reason, row["due_at"])
    _insert_pause(turn, row, row["pause_reason"], 0, max(0, calendar.elapsed(session, unit, turn.now, row["due_at"])))
    amber = calendar.elapsed(session, unit, turn.now, row["amber_at"])
    return calendar.run_on(session, {"unit": unit, "end": "exact"}, row["paused_at"], amber)


def _insert_pause(turn: Turn, row: Mapping[str, Any], reason: str, ran: int, left: int) -> None:
    turn.session.execute(
        sa.insert(_PAUSE).values(
            id=new_id(),
            instance_id=turn.id,
            task_id=row["id"],
            round=row["extensions"],
            unit=unit_of(row),
            ran_seconds=ran,
            left_seconds=left,
            due_before=row["due_at"],
            started_at=turn.now,
            started_by_id=turn.actor.id,
            started_by_name=turn.actor.name,
            started_by_org=turn.actor.org_name,
            reason=reason,
        )
    )


def _close_pause(turn: Turn, row: Mapping[str, Any], reason: str, due: dt.datetime | None) -> None:
    ended = {
        "ended_at": turn.now,
        "ended_by_id": turn.actor.id,
        "ended_by_name": turn.actor.name,
        "ended_by_org": turn.actor.org_name,
        "end_reason": reason,
        "due_after": due,
    }
    _CLOSE.run(turn.session, {"of_task": row["id"], **ended})


def end_pause(turn: Turn, row: dict[str, Any], reason: str) -> dict[str, Any]:
    """Close the ledger's open line; the task's clock as it is from now on. Also when a task is done while it stands."""
    if row["paused_at"] is None:
        return {}
    due = resumed_due(turn, row)
    values = {"due_at": due, "amber_at": shifted(turn, row, row["amber_at"]), "paused_at": None, "pause_reason": ""}
    _close_pause(turn, row, reason, due)
    turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row["id"]).values(**values))
    row |= values
    return values


def drop_pause(turn: Turn, task_id: str) -> None:
    """The task is cancelled while its clock stands: the ledger's line ends with it, and nothing runs on."""
    _close_pause(turn, {"id": task_id}, "", None)
    _DROP.run(turn.session, {"of_task": task_id})


def resumed_due(turn: Turn, row: Mapping[str, Any]) -> dt.datetime:
    last = last_pause(turn.session, row)
    left = last.left_seconds if last is not None else 0
    return turn.engine.calendar.run_on(turn.session, row["due_basis"] or {}, turn.now, left)


def after_pauses(engine: Core, session: Session, row: Mapping[str, Any], basis: Mapping[str, Any]) -> dict[str, Any]:
    """The due instant of a clock that has stood on its way: what was left runs on from when it went on. {} if never."""
    last = last_pause(session, row)
    if last is None or last.ended_at is None:
        return {}
    at = engine.calendar.run_on(session, basis, last.ended_at, last.left_seconds)
    return {"due_at": at, "amber_at": engine.calendar.given(session, basis, last.ended_at, at).amber_at}


def shifted(turn: Turn, row: Mapping[str, Any], at: dt.datetime | None) -> dt.datetime | None:
    """An instant on the step's way, as far from now as it was from the stop. What was past then stays past."""
    if at is None or at <= row["paused_at"]:
        return at
    calendar, unit = turn.engine.calendar, unit_of(row)
    left = calendar.elapsed(turn.session, unit, row["paused_at"], at)
    return calendar.run_on(turn.session, {"unit": unit, "end": "exact"}, turn.now, left)


def _began(row: Mapping[str, Any]) -> dt.datetime:
    """When the present budget began to run."""
    extension = (row["due_basis"] or {}).get("extension") or {}
    began: dt.datetime = dt.datetime.fromisoformat(extension["at"]) if extension else row["clock_started_at"]
    return began
