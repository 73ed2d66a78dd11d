"""Whether tokens side by side still meet where one is to go on, and everything a join waits for can still come.

A migration must not leave two living tokens where one belongs, nor a join that waits for a branch that was never begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.events.end_event import EndEvent
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running.joining import has_arrived, is_token

_Flows = Set[tuple[Any, Any]]  # from one node to the next


@dataclass(frozen=True)
class Meeting:
    """How the branches of one scope come together: pairs that are not joined, and joins that nothing more comes to."""

    loose: dict[tuple[Any, Any], str]
    starved: tuple[str, ...]

    @property
    def pairs(self) -> set[frozenset[Any]]:
        return {frozenset(pair) for pair in self.loose}


def meetings(workflow: Any) -> dict[Any, Meeting]:
    """Of every living scope, by what holds it."""
    return {scope.parent_task_id: _meeting(scope) for scope in [workflow, *workflow.get_active_subprocesses()]}


def worse(before: dict[Any, Meeting], after: dict[Any, Meeting], moved: Mapping[Any, Any] | None = None) -> str | None:
    """A node where branches no longer come together as they did, or None. What was loose before may stay so.

    `moved` says of a task that is new whose place it has taken.
    """
    was = moved or {}
    for holder, found in after.items():
        known = before.get(holder, Meeting({}, ()))
        for (one, other), where in found.loose.items():
            if frozenset((was.get(one, one), was.get(other, other))) not in known.pairs:
                return where
        if found.starved and not known.starved:
            return found.starved[0]
    return None


def _meeting(scope: Any) -> Meeting:
    tokens = sorted(_heads(scope), key=lambda task: str(task.id))
    back = _closing(scope.spec.start)
    loose = {}
    for one, other in combinations(tokens, 2):
        where = _loosely(one.task_spec, other.task_spec) or _behind(one, other, back) or _behind(other, one, back)
        if where is not None:
            loose[one.id, other.id] = where
    return Meeting(loose, tuple(_starved(tokens, back)))


def _heads(scope: Any) -> Iterator[Task]:
    """The branches as far as they have come; events that wait beside them are none."""
    for task in scope.tasks.values():
        waits_beside = hasattr(task.task_spec, "cancel_activity") and task.state == TaskState.WAITING
        if (is_token(task) or has_arrived(task)) and not waits_beside:
            yield task


def _loosely(one: Any, other: Any) -> str | None:
    """A node that both come to without having been joined: it would be done twice."""
    both = _until_join(one) & _until_join(other)
    met = (spec.name for spec in both if not isinstance(spec, (UnstructuredJoin, EndEvent)) and spec.bpmn_id)
    return min(met, default=None)


def _behind(one: Task, other: Task, back: _Flows) -> str | None:
    """Where the other is, if the first will come there too: branches run side by side, never one after the other.

    A round of a loop that is still to come does not count, nor an end, where branches end without being joined.
    """
    waits = has_arrived(other)
    place = other.parent.task_spec if waits else other.task_spec
    if isinstance(place, (EndEvent, _EndJoin)) or (waits and isinstance(other.task_spec, _EndJoin)):
        return None
    if has_arrived(one) and one.task_spec is other.task_spec:
        twice = waits and one.parent.task_spec is place
    else:
        twice = place in _from(one.task_spec, lambda _spec: False, back)
    return str(place.bpmn_id or place.name) if twice else None


def _closing(start: Any) -> _Flows:
    """The flows that close a loop, by depth-first search from where the scope begins."""
    back: set[tuple[Any, Any]] = set()
    path: dict[Any, bool] = {}  # True while what lies behind is being looked at
    left = [(start, iter(start.outputs))]
    path[start] = True
    while left:
        spec, outputs = left[-1]
        target = next(outputs, None)
        if target is None:
            path[spec] = False
            left.pop()
        elif path.get(target):
            back.add((spec, target))
        elif target not in path:
            path[target] = True
            left.append((target, iter(target.outputs)))
    return back


def _until_join(start: Any) -> set[Any]:
    return _from(start, lambda spec: isinstance(spec, UnstructuredJoin) and len(spec.inputs) > 1)


def _from(start: Any, stops: Any, without: _Flows = frozenset()) -> set[Any]:
    """What can be come to, up to where it stops and not along some flows."""
    seen: set[Any] = set()
    left = [start]
    while left:
        spec = left.pop()
        if spec not in seen:
            seen.add(spec)
            left += [] if stops(spec) else [one for one in spec.outputs if (spec, one) not in without]
    return seen


def _starved(tokens: list[Task], back: _Flows) -> Iterator[str]:
    """Parallel joins that some branch comes to in this round, and to one of whose flows none can come."""
    joins = {
        spec for task in tokens for spec in _from(task.task_spec, lambda _spec: False, back) if _waits_for_all(spec)
    }
    for join in sorted(joins, key=lambda spec: str(spec.name)):
        wanted = {one.name for one in join.inputs}
        filled: set[str] = set()
        for task in tokens:
            if task.task_spec is join:
                filled |= {task.parent.task_spec.name} if has_arrived(task) else set(wanted)
            else:
                filled |= {spec.name for spec in _from(task.task_spec, lambda spec, join=join: spec is join, back)}
        if wanted - filled:
            yield str(join.bpmn_id or join.name)


def _waits_for_all(spec: Any) -> bool:
    return isinstance(spec, ParallelGateway) and len(spec.inputs) > 1
