"""Correct variables of a running instance."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app.audit import Actor
from app.engine.core import Core
from app.engine.running.acts.named import call_named
from app.engine.running.checkout import Turn, load_turn
from app.engine.running.services import as_json


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
        live = [
            task
            for task in turn.workflow.all_tasks()
            if task.has_state(TaskState.READY | TaskState.WAITING | TaskState.STARTED)
        ]
        for task in live:
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
        """Nothing more."""
