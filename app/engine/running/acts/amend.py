"""Correct variables of a running instance."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app.audit import Actor
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.running.acts.named import call_named
from app.engine.running.checkout import Stale, Turn, load_turn
from app.engine.running.joining import has_arrived
from app.engine.running.services import as_json

_TASK = HumanTask.__table__


@dataclass
class Amend:
    """Correct variables of a running instance, with a reason; the record follows by the process's `on_amend`."""

    actor: Actor
    instance_id: str
    data: Mapping[str, Any]
    reason: str

    def open(self, engine: Core, session: Session) -> Turn:
        return load_turn(engine, session, self.instance_id, self.actor)

    def begin(self, turn: Turn) -> None:
        turn.restructured = True
        for task in turn.workflow.all_tasks():
            if has_arrived(task):  # what a branch at a join knows is what its last step left
                task.parent.data.update(deepcopy(dict(self.data)))
            elif task.has_state(TaskState.READY | TaskState.WAITING | TaskState.STARTED):
                task.data.update(deepcopy(dict(self.data)))
        last = turn.workflow.last_task
        if last is not None:
            last.data.update(deepcopy(dict(self.data)))
        turn.workflow.watch_conditions()

    def commit(self, turn: Turn) -> None:
        changes = as_json(dict(self.data))
        turn.happened("instance.amended", data={"changes": changes, "reason": self.reason})
        call_named(turn.engine, turn, turn.loaded.manifest.get("on_amend"), {"changes": changes, "reason": self.reason})

    def finish(self, turn: Turn) -> None:
        """Forms that are open show what is so now."""
        select = sa.select(_TASK.c.id, _TASK.c.spiff_task_id, _TASK.c.data).where(
            _TASK.c.instance_id == turn.id, _TASK.c.status == "open"
        )
        for row in turn.session.execute(select).all():
            task = turn.workflow.task(row.spiff_task_id)
            if task is None:
                raise Stale()
            known = as_json(task.data)
            if known != row.data:
                turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row.id).values(data=known))
