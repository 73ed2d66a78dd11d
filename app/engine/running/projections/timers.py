"""Timers of the diagram: a row for each that waits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.db import new_id
from app.engine.models import Timer
from app.engine.running.checkout import Turn
from app.engine.running.workflow import due_at, is_paused
from app.prepared import Prepared

_TIMER = Timer.__table__
_WAITING = Prepared(
    sa.select(_TIMER.c.id, _TIMER.c.spiff_task_id, _TIMER.c.due_at, _TIMER.c.state, _TIMER.c.fence).where(
        _TIMER.c.instance_id == sa.bindparam("instance_id"),
        _TIMER.c.kind == "event",
        _TIMER.c.state.in_(("waiting", "paused", "failed")),
    )
)
_CHANGE = Prepared(sa.update(_TIMER).where(_TIMER.c.id == sa.bindparam("timer_id")))
_ADD = Prepared(sa.insert(_TIMER))


def project_timers(turn: Turn) -> None:
    """One row for each timer event that waits, with the instant it has fixed for itself.

    Whoever read a row before it moved holds an old fencing token from then on. One that was given up stays so until
    somebody retries, or it moves.
    """
    # A diagram without timers has no rows to look at, except where a migration or a damage has left some behind.
    if not (turn.loaded.times or turn.restructured or turn.firing):
        return
    session = turn.session
    waiting = {str(task.id): task for task in turn.workflow.waiting_timers() if due_at(task) is not None}
    known = {row.spiff_task_id: row for row in _WAITING.all(session, {"instance_id": turn.id})}
    for spiff_id, row in known.items():
        if spiff_id not in waiting:
            fired = turn.workflow.has_fired(spiff_id)
            values: dict[str, Any] = {"state": "fired", "fired_at": turn.now} if fired else {"state": "cancelled"}
            _CHANGE.run(session, {"timer_id": row.id, **values})
            continue
        due, state = due_at(waiting[spiff_id]), "paused" if is_paused(waiting[spiff_id]) else "waiting"
        if row.state == "failed" and (due, state) == (row.due_at, "waiting"):
            continue
        if (due, state) != (row.due_at, row.state):
            values = {"due_at": due, "state": state, "fence": row.fence + 1, "lease_until": None}
            values |= {"next_attempt_at": None} | ({"attempts": 0} if row.state == "failed" else {})
            _CHANGE.run(session, {"timer_id": row.id, **values})
    for spiff_id, task in waiting.items():
        if spiff_id not in known:
            due = due_at(task)
            row = {
                "id": new_id(),
                "instance_id": turn.id,
                "task_id": None,
                "spiff_task_id": spiff_id,
                "node_id": task.task_spec.bpmn_id,
                "kind": "event",
                "detail": {},
                "due_at": due,
                "original_due_at": due,
                "state": "waiting",
                "attempts": 0,
                "fence": 0,
            }
            _ADD.run(session, row)
