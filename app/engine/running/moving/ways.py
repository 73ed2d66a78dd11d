"""Where an operator may put a token, and the surgery that puts it there.

One token takes the place of one: what it was doing ends as if it were returned, and it begins at the target. A target
is refused where a join would wait for ever or be passed twice, where signatures would be passed over, and, always,
where a statutory step would be.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.core import Loaded
from app.engine.packages.diagram import GATEWAYS, Node
from app.engine.packages.words import words_of
from app.engine.running.events import EventGateway
from app.engine.running.going_back import Repeatable, living, remove, root_of, with_ended
from app.engine.running.joining import has_arrived
from app.engine.running.merging import keep_seen, seen_since
from app.engine.running.paths import ahead_of, back_flows
from app.engine.running.workflow import Live, Workflow

FORWARD, BACK, ASIDE = "forward", "back", "aside"


@dataclass(frozen=True)
class Obstacle:
    """Why a target is refused: a code, and the node that stands in the way."""

    code: str
    node_id: str = ""


@dataclass(frozen=True)
class Target:
    """A node that the token may be put at, in which direction, and what would be passed over or done again."""

    node: Node
    direction: str
    between: tuple[str, ...]


def tokens_to_move(workflow: Workflow, loaded: Loaded) -> list[Task]:
    """The tokens that stand at a node of the diagram and wait there: for people, the clock, a message, a retry."""
    found = []
    for task in workflow.all_tasks():
        node = loaded.nodes.get(task.task_spec.bpmn_id or "")
        beside = hasattr(task.task_spec, "cancel_activity")
        if node is None or beside or isinstance(task.task_spec, SubWorkflowTask) or not task.has_state(Live):
            continue
        if not has_arrived(task) and node.kind not in GATEWAYS:
            found.append(task)
    return found


def targets_of(task: Task, loaded: Loaded, repeatable: Repeatable) -> list[Target]:
    """Everywhere the token may be put, as far as the diagram says; the branches are looked at when it is put there."""
    here = loaded.nodes[task.task_spec.bpmn_id]
    found = []
    for node in loaded.nodes.values():
        if obstacle_to(task, loaded, node.id, repeatable) is None:
            direction, between = _between(loaded, here, node)
            found.append(Target(node, direction, tuple(between)))
    return found


def obstacle_to(task: Task, loaded: Loaded, to_node: str, repeatable: Repeatable) -> Obstacle | None:
    here, target = loaded.nodes[task.task_spec.bpmn_id], loaded.nodes.get(to_node)
    if target is None or target.id == here.id or not _may_begin(task, target):
        return Obstacle("no_target", to_node)
    root = _root(task)
    if living(root) != [task] and not isinstance(root.task_spec, EventGateway):
        return Obstacle("beside", here.id)
    direction, between = _between(loaded, here, target)
    left = [here.id, *between] if direction != BACK else []
    if statutory := next((one for one in _with_inner(loaded, left) if _is_statutory(loaded, one)), None):
        return Obstacle("statutory", statutory)
    crossed = [here.id, *between] if direction == FORWARD else [here.id]
    if signed := next((one for one in _with_inner(loaded, crossed) if _signs(loaded, one)), None):
        return Obstacle("signing", signed)
    if direction == BACK and (once := _not_again(loaded, [target.id, *between, here.id], repeatable)):
        return Obstacle("not_again", once)
    return None


def _may_begin(task: Task, target: Node) -> bool:
    """A node of the same scope that a token can come to by a flow, and that is no join."""
    spec = task.workflow.spec.task_specs.get(target.id)
    if spec is None or target.attached_to or target.kind == "startEvent" or target.triggered:
        return False
    if hasattr(spec, "cancel_activity"):
        return False
    return not (target.kind in GATEWAYS and len(target.in_flows) > 1 and target.kind != "exclusiveGateway")


def _root(task: Task) -> Task:
    """What leaves the tree with it: the events around a step, or the gateway that it waits behind."""
    if task.parent is not None and isinstance(task.parent.task_spec, EventGateway):
        return task.parent
    return root_of(task)


def _between(loaded: Loaded, here: Node, target: Node) -> tuple[str, list[str]]:
    """Which way the target lies, not counting flows that close a loop, and the nodes on the paths there."""
    back = back_flows(loaded)
    if target.id in (ahead := ahead_of(loaded, {here.id}, back)):
        return FORWARD, sorted(one for one in ahead if target.id in ahead_of(loaded, {one}, back))
    if here.id in (after := ahead_of(loaded, {target.id}, back)):
        return BACK, sorted(one for one in after if here.id in ahead_of(loaded, {one}, back))
    return ASIDE, []


def _with_inner(loaded: Loaded, nodes: Iterable[str]) -> list[str]:
    """With what sub-processes among them hold."""
    found = list(nodes)
    for one in found:
        found += [node.id for node in loaded.nodes.values() if node.parent == one]
    return found


def _is_statutory(loaded: Loaded, node_id: str) -> bool:
    return words_of(loaded.nodes[node_id].properties).statutory


def _signs(loaded: Loaded, node_id: str) -> bool:
    return loaded.nodes[node_id].is_human and words_of(loaded.nodes[node_id].properties).signs


def _not_again(loaded: Loaded, nodes: Iterable[str], repeatable: Repeatable) -> str | None:
    """What would be done a second time and may not be: a service, or other processes that were started."""
    for one in _with_inner(loaded, nodes):
        node = loaded.nodes[one]
        if node.starts or (node.operator is not None and not repeatable(node.operator.name)):
            return one
    return None


def put(task: Task, to_node: str) -> Task:
    """Take the token from where it stands and let it begin at the target, knowing what it knew."""
    scope, root = task.workflow, _root(task)
    data, seen, parent = with_ended(root, task, task.data), seen_since(task, root), root.parent
    spec: Any = scope.spec.task_specs[to_node]
    spec = next((one for one in spec.inputs if isinstance(one, BoundaryEventSplit)), spec)
    remove(root)
    fresh: Task = parent._add_child(spec, TaskState.FUTURE)
    spec._predict(fresh, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
    spec._update(fresh)
    fresh.data = deepcopy(data)
    keep_seen(fresh, seen)
    scope.last_task = fresh
    return fresh
