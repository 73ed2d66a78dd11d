"""Verbs that take work back: 退回 by the holder, 撤回 by whoever did the step before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app.audit import Actor
from app.engine.core import Core
from app.engine.models import Instance
from app.engine.packages.words import words_of
from app.engine.running import serializing
from app.engine.running.acts.send_back import SendBack, Withdraw, is_untouched, last_done, opened
from app.engine.running.checkout import Turn, checkout, unsealed
from app.engine.running.going_back import way_to_withdraw, ways_back
from app.engine.running.serializing import DamagedState
from app.engine.running.workflow import Workflow
from app.engine.verbs.tasks import required_text

_INSTANCE = Instance.__table__


@dataclass(frozen=True)
class ReturnTarget:
    """A step that the holder of a task may return it to."""

    node_id: str
    name_zh: str
    name_en: str
    completed_by: str
    completed_at: dt.datetime | None


@dataclass(frozen=True)
class GoneBack:
    """What a return or a withdrawal led to: the tasks that began anew."""

    instance_id: str
    task_id: str
    tasks: list[str]


class GoingBack(Core):
    def send_back(self, task_id: str, to_node: str, reason: str, *, by: Actor) -> GoneBack:
        """退回 to an earlier step (see return_targets). The data stay; everything between is done again.

        Forbidden for others than the holder, or where `allow` lacks `return`; Invalid where the step is none of the
        targets; Conflict when the task was done or changed meanwhile.
        """
        return _told(checkout(self, SendBack(by, task_id, to_node, required_text(reason, "reason"))), task_id)

    def withdraw(self, task_id: str, reason: str, *, by: Actor) -> GoneBack:
        """撤回: take back what one has done, while nobody has touched what came next.

        Forbidden for others than who did it, or where `allow` lacks `withdraw`; Conflict when the work went on.
        """
        return _told(checkout(self, Withdraw(by, task_id, required_text(reason, "reason"))), task_id)

    def return_targets(self, session: Session, task: Any) -> list[ReturnTarget]:
        """The steps that an open task may be returned to, nearest first; whoever may act on it may return it."""
        if task.status != "open" or "return" not in words_of(task.properties).allow:
            return []
        workflow = self._workflow(session, task.instance_id)
        here = workflow.task(task.spiff_task_id) if workflow is not None else None
        if here is None or here.state != TaskState.READY:
            return []
        found = []
        for way in ways_back(here, self.services.may_repeat):
            node = self.definition(session, task.definition_id).nodes[way.step.task_spec.bpmn_id]
            done = last_done(session, task.instance_id, way.step)
            found.append(
                ReturnTarget(
                    node.id,
                    node.name or node.id,
                    node.name_en,
                    done.get("completed_by_name") or "",
                    done.get("completed_at"),
                )
            )
        return found

    def may_withdraw(self, session: Session, task: Any, user_id: str) -> bool:
        """Whether this person could take the task back now."""
        if (
            task.status != "done"
            or task.completed_by_id != user_id
            or "withdraw" not in words_of(task.properties).allow
            or task.signing_id is not None
        ):
            return False
        workflow = self._workflow(session, task.instance_id)
        step = workflow.task(task.spiff_task_id) if workflow is not None else None
        if step is None:
            return False
        ahead = opened(session, task.instance_id)
        free = {spiff_id for spiff_id, rows in ahead.items() if all(is_untouched(row) for row in rows)}
        return way_to_withdraw(step, lambda one: str(one.id) in free, self.services.may_repeat) is not None

    def _workflow(self, session: Session, instance_id: str) -> Workflow | None:
        """The tokens as they stand; None where the instance does not run, or its state is damaged."""
        row = session.execute(sa.select(*_INSTANCE.c).where(_INSTANCE.c.id == instance_id)).mappings().first()
        if row is None or row["status"] != "running":
            return None
        try:
            return serializing.load(unsealed(self, dict(row)), self.definition(session, row["definition_id"]).specs)
        except DamagedState:
            return None


def _told(turn: Turn, task_id: str) -> GoneBack:
    return GoneBack(turn.id, task_id, [row["id"] for row in turn.created])
