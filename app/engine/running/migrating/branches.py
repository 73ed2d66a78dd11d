"""Whether tokens side by side still meet where one is to go on, and everything a join waits for can still come.

A migration must not leave two living tokens where one belongs, nor a join that waits for a branch that was never begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.events.end_event import EndEvent
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running.joining import has_arrived, is_token


@dataclass(frozen=True)
class Meeting:
    """How the branches of one scope come together: pairs that are not joined, and joins that nothing more comes to."""

    loose: dict[tuple[Any, Any], str]
    starved: tuple[str, ...]


def meetings(workflow: Any) -> dict[Any, Meeting]:
    """Of every living scope, by what holds it."""
    return {scope.parent_task_id: _meeting(scope) for scope in [workflow, *workflow.get_active_subprocesses()]}


def worse(before: dict[Any, Meeting], after: dict[Any, Meeting]) -> str | None:
    """A node where branches no longer come together as they did, or None. What was loose before may stay so."""
    for holder, found in after.items():
        known = before.get(holder, Meeting({}, ()))
        for pair, where in found.loose.items():
            if pair not in known.loose:
                return where
        if found.starved and not known.starved:
            return found.starved[0]
    return None


def _meeting(scope: Any) -> Meeting:
    tokens = sorted(_heads(scope), key=lambda task: str(task.id))
    loose = {}
    for one, other in combinations(tokens, 2):
        where = _loosely(one.task_spec, other.task_spec)
        if where is not None:
            loose[one.id, other.id] = where
    return Meeting(loose, tuple(_starved(tokens)))


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


def _until_join(start: Any) -> set[Any]:
    return _from(start, lambda spec: isinstance(spec, UnstructuredJoin) and len(spec.inputs) > 1)


def _from(start: Any, stops: Any) -> set[Any]:
    seen: set[Any] = set()
    left = [start]
    while left:
        spec = left.pop()
        if spec not in seen:
            seen.add(spec)
            left += [] if stops(spec) else spec.outputs
    return seen


def _starved(tokens: list[Task]) -> Iterator[str]:
    """Parallel joins that some branch comes to, and to one of whose flows none can come."""
    joins = {spec for task in tokens for spec in _from(task.task_spec, lambda _spec: False) if _waits_for_all(spec)}
    for join in sorted(joins, key=lambda spec: str(spec.name)):
        wanted = {one.name for one in join.inputs}
        filled: set[str] = set()
        for task in tokens:
            if task.task_spec is join:
                filled |= {task.parent.task_spec.name} if has_arrived(task) else set(wanted)
            else:
                filled |= {spec.name for spec in _from(task.task_spec, lambda spec, join=join: spec is join)}
        if wanted - filled:
            yield str(join.bpmn_id or join.name)


def _waits_for_all(spec: Any) -> bool:
    return isinstance(spec, ParallelGateway) and len(spec.inputs) > 1
