"""Where an instance is on its diagram, from its history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.engine.core import Core, Loaded
from app.engine.models import Child, History, HumanTask, Incident, Instance, Subscription, Timer
from app.engine.running import serializing
from app.engine.running.checkout import unsealed
from app.engine.running.paths import back_flows
from app.engine.running.serializing import DamagedState
from app.engine.running.services import as_json

_HISTORY, _TASK, _INSTANCE = History.__table__, HumanTask.__table__, Instance.__table__
_CHILD = Child.__table__
_TIMER, _INCIDENT, _SUBSCRIPTION = Timer.__table__, Incident.__table__, Subscription.__table__


@dataclass
class NodeState:
    """state: done, now, ahead (still to come), off (not on the way any more). `who` and `at`: the last time here."""

    state: str
    at: dt.datetime | None = None
    who: str = ""
    count: int = 0
    task_id: str | None = None
    waits: Wait | None = None  # what a token here waits for, where nobody has a task
    children: ChildCount | None = None  # of a detached call


@dataclass(frozen=True)
class Wait:
    """A token waits for a message or signal of this name, since then. `correlation` may be business data."""

    kind: str
    name: str
    correlation: str
    since: dt.datetime


@dataclass(frozen=True)
class ChildCount:
    """How many children a detached call has asked for in its last round, and how many are over."""

    process: str
    total: int
    over: int


@dataclass
class Progress:
    """The live diagram: a state for every node, and the sequence flows that tokens took."""

    loaded: Loaded
    status: str
    nodes: dict[str, NodeState] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)


class Reads(Core):
    def progress(self, session: Session, instance_id: str) -> Progress:
        """NotFound for an unknown instance. Row scope is the caller's to ask."""
        row = session.execute(
            sa.select(_INSTANCE.c.definition_id, _INSTANCE.c.status).where(_INSTANCE.c.id == instance_id)
        ).first()
        if row is None:
            raise errors.NotFound()
        loaded = self.definition(session, row.definition_id)
        progress = Progress(loaded, row.status)
        visited = self._visited(session, instance_id, progress)
        open_tasks = (
            session.execute(
                sa.select(_TASK)
                .where(_TASK.c.instance_id == instance_id, _TASK.c.status == "open")
                .order_by(_TASK.c.id)
            )
            .mappings()
            .all()
        )
        running = row.status in ("running", "suspended")
        waiting = self._waiting(session, instance_id, loaded) if running else set()
        waits = self._subscriptions(session, instance_id) if running else {}
        called = self.children_of(session, instance_id) if loaded.detaches else {}
        now = _with_scopes(loaded, {task["node_id"] for task in open_tasks} | waiting)
        ahead = _ahead(loaded, now) if running else set()
        for node_id in loaded.nodes:
            state = progress.nodes.setdefault(node_id, NodeState("off"))
            state.children = called.get(node_id)
            if node_id in now:
                state.state, state.waits = "now", waits.get(node_id)
            elif node_id in ahead:
                state.state = "ahead"
            elif node_id in visited:
                state.state = "done"
        for task in open_tasks:
            _holds(progress.nodes[task["node_id"]], dict(task))
        return progress

    def data(self, session: Session, instance_id: str) -> dict[str, Any]:
        """The variables of an instance as they stand, also of one that has ended; {} where its state is damaged.

        NotFound for an unknown instance. Row scope is the caller's to ask.
        """
        row = session.execute(sa.select(*_INSTANCE.c).where(_INSTANCE.c.id == instance_id)).mappings().first()
        if row is None:
            raise errors.NotFound()
        loaded = self.definition(session, row["definition_id"])
        try:
            workflow = self.attach(serializing.load(unsealed(self, dict(row)), loaded.specs))
        except DamagedState:
            return {}
        found: dict[str, Any] = as_json(workflow.data_now)
        return found

    def children_of(self, session: Session, instance_id: str) -> dict[str, ChildCount]:
        """By node, in the round that it was come to last."""
        rows = session.execute(
            sa.select(
                _CHILD.c.node_id,
                _CHILD.c.definition_key,
                sa.func.count(),
                sa.func.sum(sa.case((_CHILD.c.state.in_(("due", "running")), 0), else_=1)),
            )
            .where(_CHILD.c.parent_id == instance_id)
            .group_by(_CHILD.c.node_id, _CHILD.c.definition_key, _CHILD.c.round)
            .order_by(_CHILD.c.round)
        )
        return {str(node): ChildCount(key, total, int(over)) for node, key, total, over in rows}

    def _waiting(self, session: Session, instance_id: str, loaded: Loaded) -> set[str]:
        """Steps at which a token waits for the clock, a message, a signal, children or somebody's retry.

        Boundary events and the starts of event sub-processes only wait beside a step.
        """
        waits = sa.union(
            sa.select(_TIMER.c.node_id).where(
                _TIMER.c.instance_id == instance_id, _TIMER.c.state == "waiting", _TIMER.c.kind == "event"
            ),
            sa.select(_INCIDENT.c.node_id).where(
                _INCIDENT.c.instance_id == instance_id,
                _INCIDENT.c.resolved_at.is_(None),
                _INCIDENT.c.spiff_task_id.is_not(None),
            ),
            sa.select(_SUBSCRIPTION.c.node_id).where(
                _SUBSCRIPTION.c.instance_id == instance_id, _SUBSCRIPTION.c.state == "waiting"
            ),
            sa.select(_CHILD.c.node_id).where(
                _CHILD.c.parent_id == instance_id, _CHILD.c.waits, _CHILD.c.told_at.is_(None)
            ),
        )
        nodes = (loaded.nodes.get(node_id) for node_id in session.scalars(waits) if node_id)
        beside = loaded.diagram.begins_waiting
        return {node.id for node in nodes if node is not None and not node.attached_to and not beside(node)}

    def _subscriptions(self, session: Session, instance_id: str) -> dict[str, Wait]:
        rows = session.execute(
            sa.select(_SUBSCRIPTION)
            .where(_SUBSCRIPTION.c.instance_id == instance_id, _SUBSCRIPTION.c.state == "waiting")
            .order_by(_SUBSCRIPTION.c.id.desc())
        ).mappings()
        return {row["node_id"]: Wait(row["kind"], row["name"], row["correlation"], row["created_at"]) for row in rows}

    def _visited(self, session: Session, instance_id: str, progress: Progress) -> set[str]:
        """Replay the paths of all turns; who completed a task is the one who was there."""
        rows = session.execute(
            sa.select(_HISTORY.c.at, _HISTORY.c.actor_name, _HISTORY.c.node_id, _HISTORY.c.event, _HISTORY.c.data)
            .where(_HISTORY.c.instance_id == instance_id)
            .order_by(_HISTORY.c.seq)
        )
        between = {(flow.source, flow.target): flow.id for flow in progress.loaded.flows.values()}
        visited: set[str] = set()
        lines = rows.all()
        today = names_since(lines)
        for number, (at, actor, _node, event, data) in enumerate(lines):
            names = today.get(number, {})
            _node = names.get(_node, _node)
            for node, before in ([names.get(one, one) for one in pair] for pair in data.get("path", ())):
                if node is None:
                    continue  # the version that it runs now has not this node
                visited.add(node)
                state = progress.nodes.setdefault(node, NodeState("done"))
                state.at, state.count = at, state.count + 1
                state.who = actor if event == "task.completed" and node == _node else ""
                if before and (before, node) in between:
                    progress.taken.add(between[before, node])
        return visited


def _holds(state: NodeState, task: Mapping[str, Any]) -> None:
    """A step with an open task; with all their names where several sign it, since the first of them was asked."""
    if state.task_id is None:
        state.at, state.who, state.task_id = task["created_at"], task["assignee_name"], task["id"]
    elif task["assignee_name"]:
        state.who = "、".join(name for name in (state.who, task["assignee_name"]) if name)


def _with_scopes(loaded: Loaded, nodes: set[str]) -> set[str]:
    """With the sub-processes that they are in."""
    found, todo = set(nodes), list(nodes)
    while todo:
        node = loaded.nodes.get(todo.pop())
        if node is not None and node.parent in loaded.nodes and node.parent not in found:
            found.add(node.parent)
            todo.append(node.parent)
    return found


def _inside(loaded: Loaded, scope: str) -> set[str]:
    """What a sub-process holds, however deep."""
    inner = {node.id for node in loaded.nodes.values() if node.parent == scope}
    return inner.union(*(_inside(loaded, node_id) for node_id in inner))


def _ahead(loaded: Loaded, now: set[str]) -> set[str]:
    """What can still come: reachable from the present steps without going back along a loop."""
    back = back_flows(loaded)
    found: set[str] = set()
    todo = list(now)
    while todo:
        node = loaded.nodes.get(todo.pop())
        if node is None:
            continue
        for flow_id in node.out_flows:
            flow = loaded.flows.get(flow_id)
            if flow is not None and flow_id not in back and flow.target not in found:
                found |= {flow.target} | _inside(loaded, flow.target)
                todo.append(flow.target)
    return found - now


def names_since(lines: Sequence[Any]) -> dict[int, dict[str, str | None]]:
    """By the place of a line (at, actor, node, event, data): what its nodes are called in the version of today.

    Only for lines before a migration that stands; what was undone renamed nothing.
    """
    found: dict[int, dict[str, str | None]] = {}
    names: dict[str, str | None] = {}
    undone = 0
    for number in range(len(lines) - 1, -1, -1):
        event, data = lines[number][3], lines[number][4]
        if event == "instance.migration_undone":
            undone += 1
        elif event == "instance.migrated" and undone:
            undone -= 1
        elif event == "instance.migrated":
            mapping = data.get("mapping") or {}
            names = names | {source: names.get(to, to) if to else None for source, to in mapping.items()}
        if names:
            found[number] = names
    return found


def path_of(data: Mapping[str, Any]) -> list[list[str | None]]:
    """The nodes that a line of history passed, each with the node before."""
    return list(data.get("path") or [])
