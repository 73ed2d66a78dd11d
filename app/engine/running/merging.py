"""What the data is after a join: every branch's own changes, none of its stale copies.

SpiffWorkflow merges whole copies of the data and lets the last branch win, so that what one branch changed is
overwritten by the copy that another branch took at the split (visible as soon as a variable existed before, in
a second round of a loop, say). Here each branch counts with what it changed since the split; where two changed
the same value, the later arrival wins. Objects are merged by key, lists and all else are taken whole.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

_MERGED = "merged"


def merge_branches(spec: Any, my_task: Task) -> None:
    """Set the joining task's data from the branches that arrived; earlier rounds of a loop are left out."""
    arrived = [
        task
        for task in my_task.workflow.tasks.values()
        if task.task_spec is spec
        and task is not my_task
        and task.has_state(TaskState.FINISHED_MASK)
        and not task.internal_data.get(_MERGED)
        and task.parent.state == TaskState.COMPLETED
        and not my_task.is_descendant_of(task)
    ]
    for task in arrived:
        task.internal_data[_MERGED] = True
    my_task.internal_data[_MERGED] = True
    if not arrived:
        my_task.data = deepcopy(my_task.parent.data)
        return
    arrived.sort(key=lambda task: task.last_state_change)
    base = _split(my_task, arrived).data
    merged = deepcopy(base)
    for task in [*arrived, my_task]:
        merged = _apply(merged, base, task.parent.data)
        if task.has_state(TaskState.COMPLETED):
            task._drop_children(force=True)
    my_task.data = merged


def is_merged(task: Task) -> bool:
    """Whether an arrival at a join has been counted there."""
    return bool(task.internal_data.get(_MERGED))


def data_of_branches(heads: list[Task]) -> dict[str, Any]:
    """What would be the data if the branches that have come to these tasks met now."""
    heads = sorted(heads, key=lambda task: task.last_state_change)
    base: dict[str, Any] = _split(heads[0], heads[1:]).data
    merged = deepcopy(base)
    for task in heads:
        arrived = task.state in (TaskState.WAITING, TaskState.CANCELLED) and not task.data
        merged = _apply(merged, base, task.parent.data if arrived else task.data)
    return merged


def _split(task: Task, others: list[Task]) -> Task:
    """The nearest common ancestor: where the branches parted."""
    paths = [_ancestors(one) for one in (task, *others)]
    common = set(paths[0]).intersection(*paths[1:])
    split = next(one for one in paths[0] if one in common)
    return task.workflow.tasks[split]


def _ancestors(task: Task) -> list[Any]:
    found, parent = [], task.parent
    while parent is not None:
        found.append(parent.id)
        parent = parent.parent
    return found


def _apply(target: dict[str, Any], base: dict[str, Any], branch: dict[str, Any]) -> dict[str, Any]:
    """`target` with what `branch` changed against `base`."""
    for key, value in branch.items():
        before = base.get(key)
        if key in base and value == before:
            continue
        present = target.get(key)
        if isinstance(value, dict) and isinstance(present, dict):
            target[key] = _apply(present, before if isinstance(before, dict) else {}, value)
        else:
            target[key] = deepcopy(value)
    for key in base.keys() - branch.keys():
        target.pop(key, None)
    return target
