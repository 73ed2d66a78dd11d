"""Work goes back: returned by its holder, or taken back by whoever did it last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.packages.words import words_of
from app.engine.running import step_timers
from app.engine.running.acts.authority import open_task, require_may_act
from app.engine.running.acts.named import call_named
from app.engine.running.addressing import addressees
from app.engine.running.checkout import Anew, Stale, Turn, load_turn
from app.engine.running.going_back import Way, go_back, way_to_withdraw, ways_back
from app.engine.running.pauses import end_pause
from app.engine.running.projections.people import participate
from app.i18n import lazy_

_TASK = HumanTask.__table__


def last_done(session: Session, instance_id: str, step: Task) -> dict[str, Any]:
    """The row of a step as it was done last; {} where the step was never a task of somebody."""
    select = (
        sa.select(_TASK)
        .where(
            _TASK.c.instance_id == instance_id, _TASK.c.spiff_task_id == str(step.id), _TASK.c.completed_at.is_not(None)
        )
        .order_by(_TASK.c.completed_at.desc(), _TASK.c.id.desc())
        .limit(1)
    )
    row = session.execute(select).mappings().first()
    return dict(row) if row else {}


_CLOCK = (
    "clock_started_at", "due_at", "amber_at", "original_due_at", "due_basis", "extensions", "clock_round",
)  # fmt: skip


def _anew(turn: Turn, event: str, reason: str, way: Way, *, taken_back: Mapping[str, Any] | None = None) -> None:
    done = last_done(turn.session, turn.id, way.step)
    person = done.get("completed_by_id")
    clock = {name: taken_back[name] for name in _CLOCK} if taken_back else {}
    turn.anew[way.step.task_spec.bpmn_id] = Anew(
        event, reason, person, dict(done.get("answers") or {}), clock, taken_back["id"] if taken_back else None
    )
    turn.restructured = True


@dataclass
class SendBack:
    """退回: the holder returns the work to an earlier step. Everything between is done again."""

    actor: Actor
    task_id: str
    to_node: str
    reason: str
    row: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        self.row = open_task(session, self.task_id)
        self.actor = self._require(engine, session, self.row)
        turn = load_turn(engine, session, self.row["instance_id"], self.actor)
        _anew(turn, "task.returned", self.reason, self._way(turn))
        return turn

    def _require(self, engine: Core, session: Session, row: Mapping[str, Any]) -> Actor:
        acting = require_may_act(engine, session, row, self.actor)
        if "return" not in words_of(row["properties"]).allow:
            raise errors.Forbidden(lazy_("这一步不允许退回"))
        return acting

    def _way(self, turn: Turn) -> Way:
        task = turn.workflow.task(self.row["spiff_task_id"])
        if task is None or task.state != TaskState.READY:
            raise Stale()
        for way in ways_back(task, turn.engine.services.may_repeat):
            if way.step.task_spec.bpmn_id == self.to_node:
                return way
        raise errors.Invalid({"to": [lazy_("不能退回到这一步")]})

    def begin(self, turn: Turn) -> None:
        go_back(self._way(turn))
        turn.workflow.watch_conditions()

    def commit(self, turn: Turn) -> None:
        session, row = turn.session, open_task(turn.session, self.task_id)
        self._require(turn.engine, session, row)
        end_pause(turn, row, self.reason)
        session.execute(
            sa.update(_TASK)
            .where(_TASK.c.id == self.task_id)
            .values(
                status="returned",
                assignee_id=self.actor.id,
                assignee_name=self.actor.name,
                claimed_at=row["claimed_at"] or turn.now,
                completed_at=turn.now,
                completed_by_id=self.actor.id,
                completed_by_name=self.actor.name,
                late=row["due_at"] is not None and turn.now > row["due_at"],
                draft=None,
                draft_at=None,
                draft_by_id=None,
                rev=row["rev"] + 1,
            )
        )
        step_timers.cancel(session, self.task_id)
        if self.actor.id:
            participate(session, turn.id, user_id=self.actor.id)
        turn.happened(
            "task.returned",
            node_id=row["node_id"],
            task_id=self.task_id,
            data={
                "from": row["node_id"],
                "to": self.to_node,
                "reason": self.reason,
                "to_zh": turn.loaded.nodes[self.to_node].name or self.to_node,
                "to_en": turn.loaded.nodes[self.to_node].name_en,
                "due_at": row["due_at"].isoformat() if row["due_at"] else None,
            },
        )

    def finish(self, turn: Turn) -> None:
        _tell_record(turn, self.to_node, self.task_id)


@dataclass
class Withdraw:
    """撤回: whoever did a step takes it back while nobody has touched what came next."""

    actor: Actor
    task_id: str
    reason: str
    row: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        self.row = self._done(session)
        turn = load_turn(engine, session, self.row["instance_id"], self.actor)
        _anew(turn, "task.created", self.reason, self._way(turn), taken_back=self.row)
        return turn

    def _done(self, session: Session) -> dict[str, Any]:
        row = session.execute(sa.select(_TASK).where(_TASK.c.id == self.task_id)).mappings().first()
        if row is None:
            raise errors.NotFound()
        words = words_of(row["properties"])
        if row["completed_by_id"] != self.actor.id or "withdraw" not in words.allow:
            raise errors.Forbidden(lazy_("只有办理人可以撤回，且流程须允许"))
        if words.signs:  # others have signed having seen it, or the step was decided by it
            raise errors.Forbidden(lazy_("多人签署的步骤不能撤回"))
        if row["status"] != "done":
            raise errors.Conflict(lazy_("这项工作不在已办结状态，不能撤回"), status=row["status"])
        return dict(row)

    def _way(self, turn: Turn) -> Way:
        task = turn.workflow.task(self.row["spiff_task_id"])
        ahead = opened(turn.session, turn.id)
        free = {spiff_id for spiff_id, rows in ahead.items() if all(is_untouched(row) for row in rows)}
        way = task and way_to_withdraw(task, lambda one: str(one.id) in free, turn.engine.services.may_repeat)
        if not way:
            raise errors.Conflict(lazy_("后续步骤已有人办理，或流程已不能回到这一步，不能撤回"), status="moved_on")
        return way

    def begin(self, turn: Turn) -> None:
        go_back(self._way(turn))
        turn.workflow.watch_conditions()

    def commit(self, turn: Turn) -> None:
        session = turn.session
        self._done(session)
        session.execute(
            sa.update(_TASK).where(_TASK.c.id == self.task_id).values(status="withdrawn", rev=self.row["rev"] + 1)
        )
        gone = [
            row
            for spiff_id, rows in opened(session, turn.id).items()
            if not turn.workflow.lives(spiff_id)
            for row in rows
        ]
        if not all(is_untouched(row) for row in gone):
            raise errors.Conflict(status="claimed")  # between our look and the lock
        people: set[str] = set()
        for row in gone:
            people |= (
                {row["assignee_id"]}
                if row["assignee_id"]
                else {one.id for one in addressees(turn, row["role"], row["org_id"])}
            )
        turn.happened(
            "task.withdrawn",
            node_id=self.row["node_id"],
            task_id=self.task_id,
            data={"reason": self.reason, "undone": [row["node_id"] for row in gone]},
            notify={"user_ids": sorted(people), "reason": self.reason},
        )

    def finish(self, turn: Turn) -> None:
        _tell_record(turn, self.row["node_id"], self.task_id)


def _tell_record(turn: Turn, to_node: str, task_id: str) -> None:
    """The record goes back with the work, by the process's `on_return`."""
    call_named(turn.engine, turn, turn.loaded.manifest.get("on_return"), {"to_node": to_node, "task_id": task_id})


def opened(session: Session, instance_id: str) -> dict[str, list[dict[str, Any]]]:
    """The open tasks of an instance, by token: a step that several sign has several."""
    select = sa.select(_TASK).where(_TASK.c.instance_id == instance_id, _TASK.c.status != "cancelled")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.execute(select).mappings():
        found.setdefault(row["spiff_task_id"], []).append(dict(row))
    return {spiff_id: rows for spiff_id, rows in found.items() if any(row["status"] == "open" for row in rows)}


def is_untouched(row: Mapping[str, Any]) -> bool:
    """Nobody has claimed, drafted or signed it. A task that was addressed to one person waits for them unclaimed."""
    if row["status"] != "open" or row["draft_by_id"] is not None:
        return False
    return row["assignee_id"] is None or row["rev"] == 0
