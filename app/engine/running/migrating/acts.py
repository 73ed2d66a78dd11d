"""An instance goes on under another version, or goes back to the one it was taken from: each one turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app.audit import Actor
from app.engine.core import Core, Loaded
from app.engine.migration_models import MigrationItem
from app.engine.models import Instance
from app.engine.running import serializing
from app.engine.running.checkout import Turn, load_turn, message_of, unsealed
from app.engine.running.joining import has_arrived, is_token
from app.engine.running.migrating import rows
from app.engine.running.migrating.branches import meetings, worse
from app.engine.running.migrating.carrying import CannotCarry, Names, carry, settle
from app.engine.running.migrating.judging import obstacles
from app.engine.running.migrating.mapping import Pair
from app.engine.running.migrating.reasons import Reason
from app.engine.running.workflow import Workflow, due_at, is_service

_ITEM, _INSTANCE = MigrationItem.__table__, Instance.__table__


class CannotMove(Exception):
    """This instance cannot go on under the other version; nothing of it was changed."""

    def __init__(self, reason: Reason, node_id: str | None = None) -> None:
        self.reason, self.node_id = reason, node_id
        super().__init__(reason.code)


class NotWanted(Exception):
    """The item is no longer to be worked on: done by another worker, or stopped."""


@dataclass(frozen=True)
class Way:
    """From which version to which, and which node takes the place of which."""

    old: Loaded
    new: Loaded
    pairs: Mapping[str, Pair]

    @property
    def names(self) -> Names:
        return Names({pair.source: pair.target for pair in self.pairs.values()})

    @property
    def moved(self) -> dict[str, str | None]:
        """Nodes that are another one, or gone."""
        return {pair.source: pair.target for pair in self.pairs.values() if pair.target != pair.source}


@dataclass
class Migrate:
    """One instance, under the new version from now on. With `item` for real, without on a copy that is thrown away."""

    actor: Actor
    way: Way
    instance_id: str
    item: Mapping[str, Any] | None = None
    kept: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        turn = load_turn(engine, session, self.instance_id, self.actor)
        if turn.loaded.id != self.way.old.id:
            raise CannotMove(Reason("other_version"))
        self.kept = {
            "tokens": _waiting(turn.workflow),
            "nodes": sorted(nodes_of(turn.workflow)),
            "meetings": meetings(turn.workflow),
            "sealed": {name: turn.instance[name] for name in ("state", "state_mac", "serializer_version", "rev")},
        }
        self._require(turn)
        text = self._carried(turn)
        turn.loaded, turn.restructured = self.way.new, True
        turn.rebuild = lambda: engine.attach(serializing.load(text, self.way.new.specs))
        turn.workflow = turn.rebuild()
        return turn

    def _require(self, turn: Turn) -> None:
        for node_id in self.kept["nodes"]:
            if node_id in self.way.old.nodes and not _may_end(turn.workflow, node_id):
                for reason in obstacles(self.way.old, self.way.new, self.way.pairs, node_id):
                    raise CannotMove(reason, node_id)

    def _carried(self, turn: Turn) -> bytes:
        """The state under the new specs, as it is stored; what was predicted is still missing."""
        try:
            carry(turn.workflow, self.way.names, self.way.new.specs)
        except CannotCarry as obstacle:
            raise CannotMove(Reason(obstacle.code), obstacle.node_id) from obstacle
        return serializing.dump(turn.workflow)

    def begin(self, turn: Turn) -> None:
        settle(turn.workflow)
        where = worse(self.kept["meetings"], meetings(turn.workflow))
        if where is not None:
            raise CannotMove(Reason("branches_changed", {"element": where}), where)
        turn.workflow.watch_conditions()

    def require_same(self, turn: Turn) -> None:
        """The same people at work and the same instants, as far as the tokens say; what could not be done is named."""
        if turn.failures:
            failure = turn.failures[0]
            raise CannotMove(Reason("steps_fail", {"detail": failure.message[:200]}), failure.node_id)
        ready = turn.workflow.next_ready()
        if not turn.writing and ready is not None and is_service(ready):
            raise CannotMove(Reason("runs_service", {"element": ready.task_spec.bpmn_id}), ready.task_spec.bpmn_id)
        now = _waiting(turn.workflow)
        for token, (node_id, instant) in self.kept["tokens"].items():
            if token in now and now[token][1] == instant:
                continue
            if token not in now and self._has_ended(node_id):
                continue
            code = "tasks_changed" if instant is None else "clock_changed"
            raise CannotMove(Reason(code, {"element": node_id}), node_id)

    def _has_ended(self, node_id: str) -> bool:
        """An event whose node the new version has not, or has elsewhere: its wait was to end."""
        node, pair = self.way.old.nodes.get(node_id), self.way.pairs.get(node_id)
        if node is None or pair is None or node.is_human:
            return False
        target = self.way.new.nodes.get(pair.target or "")
        host = self.way.pairs.get(node.attached_to or "")
        elsewhere = target is None or (host is not None and target.attached_to != host.target)
        return elsewhere or bool(obstacles(self.way.old, self.way.new, self.way.pairs, node_id))

    def commit(self, turn: Turn) -> None:
        if self.item is not None:
            wanted = sa.update(_ITEM).where(_ITEM.c.id == self.item["id"], _ITEM.c.status == "waiting")
            if turn.session.execute(wanted.values(status="done")).rowcount != 1:  # type: ignore[attr-defined]
                raise NotWanted()
        self.kept["clocks"] = rows.clocks(turn.session, turn.id)
        try:
            self.kept["before"] = rows.retell(turn, self.way.old, self.way.pairs)
        except LookupError as error:  # nobody is meant by the step's new address
            raise CannotMove(Reason("steps_fail", {"detail": message_of(error)[:200]})) from error
        turn.happened(
            "instance.migrated",
            data={"from": self.way.old.version, "to": self.way.new.version, "mapping": self.way.moved}
            | ({"migration": self.item["migration_id"]} if self.item else {}),
        )

    def finish(self, turn: Turn) -> None:
        """What the rows say now is what they said, or everything is rolled back."""
        self.require_same(turn)
        before, after = self.kept["clocks"], rows.clocks(turn.session, turn.id)
        ended = {token for token, (node, _at) in self.kept["tokens"].items() if self._has_ended(node)}
        if (wrong := rows.differing(before, _unassigned(before, after), ended)) is not None:
            raise CannotMove(Reason(wrong[0], {"element": wrong[1]}), wrong[1])
        if self.item is None:
            return
        sealed = self.kept["sealed"]
        values = {
            "reason": None,
            "steps": steps_of(turn),
            "nodes": self.kept["nodes"],
            "rev_before": sealed["rev"],
            "rev_after": turn.instance["rev"],
            "state": sealed["state"],
            "state_mac": sealed["state_mac"],
            "serializer_version": sealed["serializer_version"],
            "before": self.kept["before"],
            "done_at": turn.now,
        }
        turn.session.execute(sa.update(_ITEM).where(_ITEM.c.id == self.item["id"]).values(**values))


@dataclass
class Undo:
    """One instance, back to the state it was taken from. Only while nothing has happened since."""

    actor: Actor
    old: Loaded
    item: Mapping[str, Any]

    @property
    def instance_id(self) -> str:
        return str(self.item["instance_id"])

    def open(self, engine: Core, session: Session) -> Turn:
        turn = load_turn(engine, session, self.instance_id, self.actor)
        if turn.instance["rev"] != self.item["rev_after"]:
            raise CannotMove(Reason("gone_on"))
        if self.item["steps"]:
            raise CannotMove(Reason("has_run"))
        kept = {name: self.item[name] for name in ("state", "state_mac", "serializer_version")}
        text = unsealed(engine, turn.instance | kept | {"rev": self.item["rev_before"]})
        turn.loaded, turn.restructured = self.old, True
        turn.rebuild = lambda: engine.attach(serializing.load(text, self.old.specs))
        turn.workflow = turn.rebuild()
        return turn

    def begin(self, turn: Turn) -> None:
        """Nothing: the state is as it was."""

    def commit(self, turn: Turn) -> None:
        undone = {"status": "undone", "undone_at": turn.now, "undone_by_name": self.actor.name}
        wanted = sa.update(_ITEM).where(_ITEM.c.id == self.item["id"], _ITEM.c.status == "done")
        if turn.session.execute(wanted.values(**undone)).rowcount != 1:  # type: ignore[attr-defined]
            raise CannotMove(Reason("not_done"))
        rows.restore(turn.session, self.item["before"] or {})
        values = {"definition_id": self.old.id, "definition_version": self.old.version}
        turn.session.execute(sa.update(_INSTANCE).where(_INSTANCE.c.id == turn.id).values(**values))
        turn.instance |= values
        turn.happened("instance.migration_undone", data={"to": self.old.version})

    def finish(self, turn: Turn) -> None:
        if turn.failures or turn.created:
            raise CannotMove(Reason("gone_on"))


def steps_of(turn: Turn) -> list[str]:
    """The nodes that ran at once, in their order."""
    return [str(node) for node, _before in turn.path]


def nodes_of(workflow: Workflow) -> Iterable[str]:
    """Where it stands: the nodes of its living tokens and of what has come to a join."""
    return {str(task.task_spec.bpmn_id) for task in workflow.all_tasks() if _stands(task) and task.task_spec.bpmn_id}


def _stands(task: Task) -> bool:
    return is_token(task) or has_arrived(task)


def _may_end(workflow: Workflow, node_id: str) -> bool:
    """Whether all that stands at a node is an event beside something else: its wait may end with the node."""
    here = [task for task in workflow.all_tasks() if task.task_spec.bpmn_id == node_id and _stands(task)]
    return all(hasattr(task.task_spec, "cancel_activity") and task.state == TaskState.WAITING for task in here)


def _waiting(workflow: Workflow) -> dict[str, tuple[str, Any]]:
    """By token: its node, and for a timer its instant."""
    found = {str(task.id): (str(task.task_spec.bpmn_id), None) for task in workflow.human_tasks()}
    timers = {str(task.id): (str(task.task_spec.bpmn_id), due_at(task)) for task in workflow.waiting_timers()}
    return found | timers


def _unassigned(before: Mapping[str, Any], after: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A task that nobody held may be given to whom the new version names."""
    free = {row_id for row_id, row in before.items() if row.get("assignee_id", "") is None}
    return {row_id: row | ({"assignee_id": None} if row_id in free else {}) for row_id, row in after.items()}
