"""What nothing can need any more leaves the tree (guard 2): a rework loop of thousands of rounds stays as small as one.

A loop makes its steps children of the round before, so that the tree grows with every round, and with it what every
turn reads, runs through and writes. When a step was done twice on the same branch, and all that is alive below the
first time is below the second, the second takes the first one's place, and all that came between is dropped. The
history tells of every round; the tree only needs what still can happen, what joins will read, and the last time
each step was done, to go back to.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running.going_back import PAST, ancestors, discard, is_human, services_of, subtree, with_scopes
from app.engine.running.joining import has_arrived, is_token
from app.engine.running.merging import BASE, keep_seen, seen_since
from app.engine.running.workflow import Workflow


def compact(workflow: Workflow) -> bool:
    """Whether anything was dropped."""
    dropped = False
    for scope in [workflow, *workflow.get_active_subprocesses()]:
        dropped |= _compact(scope)
    return dropped


def _compact(scope: Any) -> bool:
    dropped = False
    while (pair := _pair(scope)) is not None:
        _replace(*pair)
        dropped = True
    return dropped


def _pair(scope: Any) -> tuple[Task, Task] | None:
    """The first time that a step was done and the last, the first being as near to the root as any."""
    done = Counter(task.task_spec.name for task in scope.tasks.values() if _may_stand_in(task))
    if not any(count > 1 for count in done.values()):
        return None
    below = _below(scope)
    times: dict[Any, list[Task]] = {}  # parents first
    for task in subtree(scope.task_tree):
        if task.id in below and _may_stand_in(task):
            times.setdefault((task.task_spec.name, *below[task.id]), []).append(task)
    found = [(tasks[0], tasks[-1]) for tasks in times.values() if len(tasks) > 1]
    return min(found, key=lambda pair: pair[0].depth, default=None)


def _below(scope: Any) -> dict[Any, tuple[int, int]]:
    """For every task that has something alive below it how many, and the first of them: together they tell which.

    Of two tasks with the same alive below them one is the other's ancestor.
    """
    found: dict[Any, tuple[int, int]] = {}
    for index, task in enumerate(task for task in scope.tasks.values() if _is_needed(task)):
        for one in (task, *ancestors(task)):
            count, first = found.get(one.id, (0, index))
            found[one.id] = (count + 1, first)
    return found


def _is_needed(task: Task) -> bool:
    ended = isinstance(task.task_spec, _EndJoin) and has_arrived(task)
    return ended or is_token(task) or task is task.workflow.last_task


def _may_stand_in(task: Task) -> bool:
    """A step that is over and can change its place: no join, and nothing that belongs to one with boundary events."""
    return (
        task.state == TaskState.COMPLETED
        and task.parent is not None
        and not isinstance(task.task_spec, (UnstructuredJoin, BoundaryEventJoin, BoundaryEvent))
        and not isinstance(task.parent.task_spec, BoundaryEventSplit)
    )


def _replace(first: Task, last: Task) -> None:
    """Put `last` with all below it in the place of `first`."""
    parent = first.parent
    keep_seen(last, seen_since(last, parent))
    between = next((one for one in (last, *ancestors(last)) if BASE in one.internal_data or one is first), first)
    if BASE in between.internal_data:
        last.internal_data[BASE] = between.internal_data[BASE]
    kept = {task.id for task in subtree(last)}
    doomed = [task for task in subtree(first) if task.id not in kept]
    remember(last, doomed)
    parent._children[parent._children.index(first.id)] = last.id
    last.parent = parent
    discard(doomed)


def remember(last: Task, doomed: list[Task]) -> None:
    """What people and services did in the rounds that are dropped: nobody may take back a step from before them."""
    services: set[str] = set()
    people = False
    for task in doomed:
        past = task.internal_data.get(PAST)
        people = people or past is not None or (is_human(task) and task.state == TaskState.COMPLETED)
        services |= services_of(task) | set((past or {}).get("services", ()))
        if task.id in task.workflow.top_workflow.subprocesses:
            inner = list(with_scopes(task))
            people = people or any(is_human(one) and one.state == TaskState.COMPLETED for one in inner)
            services = services.union(*(services_of(one) for one in inner))
    if people or services:
        before = set(last.internal_data.get(PAST, {}).get("services", ()))
        last.internal_data[PAST] = {"services": sorted(services | before)}
