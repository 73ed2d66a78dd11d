"""What the data is after a join: every branch's own changes, none of its stale copies.

SpiffWorkflow merges whole copies of the data and lets the last branch win, so that what one branch changed is
overwritten by the copy that another branch took at the split (visible as soon as a variable existed before, in
a second round of a loop, say). Here each branch counts with what it changed since the split; where two changed
the same value, the later arrival wins. Objects are merged by key, lists and all else are taken whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

_MERGED = "merged"
SINCE = "since"  # of a join: where the branches that it brought together had parted
_LIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED
BASE = "base"  # of a token that began with more than its split knew: what it knew then is no change of its own
SEEN = "seen"  # of a condition: values that it saw in other branches and took along; they are none of its own either


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
    split = _split(my_task, arrived)
    my_task.data, seen = _meet([*arrived, my_task], split, lambda task: task.parent.data)
    my_task.internal_data[SINCE] = str(split.id)
    keep_seen(my_task, seen)
    for task in arrived:
        if task.has_state(TaskState.COMPLETED):
            task._drop_children(force=True)


def is_merged(task: Task) -> bool:
    """Whether an arrival at a join has been counted there."""
    return bool(task.internal_data.get(_MERGED))


def end_arrivals(scope: Any) -> None:
    """Branches that stood at joins when their scope was interrupted are not waited for any more, nor go on."""
    for task in scope.tasks.values():
        if isinstance(task.task_spec, UnstructuredJoin) and task.state == TaskState.CANCELLED:
            task.internal_data[_MERGED] = True


def data_of_branches(heads: list[Task], known: Callable[[Task], dict[str, Any]] | None = None) -> dict[str, Any]:
    """What would be the data if the branches that have come to these tasks met now."""
    return _meet(heads, _split(heads[0], heads[1:]), known or _data_of)[0]


def _meet(
    heads: list[Task], split: Task, known: Callable[[Task], dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data of branches that parted at `split`, and what of it some saw and none changed.

    Branches that parted again on the way meet first: what they knew together when they parted is older than what
    each has found out since.
    """
    ways: dict[Any, list[Task]] = {}
    for head in heads:
        below = head
        while below.parent is not split:
            below = below.parent
        ways.setdefault(below.id, []).append(head)
    merged = deepcopy(split.data)
    seen: dict[str, Any] = {}
    changed: set[str] = set()
    for way in sorted(ways.values(), key=lambda way: max(head.last_state_change for head in way)):
        top, inner = way[0], dict[str, Any]()
        if len(way) > 1:
            top = _split(way[0], way[1:])
            data, inner = _meet(way, top, known)
            data = data | inner  # what some of them only saw is as it was seen, not as it was at the split
        else:
            data = known(top)
        # Where only what events began beside is left of a branch, what the branch itself knew is no change of theirs.
        alone = len(way) > 1 and all(_own_base(head, top) is not None for head in way)
        base = (top.data if alone else base_of(top, split)) | inner
        merged = apply_changes(merged, base, data)
        seen |= seen_since(top, split) | inner
        changed |= {name for name, value in data.items() if name not in base or base[name] != value}
    return merged, {name: value for name, value in seen.items() if name not in changed}


def data_of_scope(scope: Any, but: Task | None = None) -> dict[str, Any]:
    """The data of the token that runs; while branches run side by side, with what each has changed.

    A sub-process that runs counts with the data as they stand inside. Where no token is left, as the last left them.
    Which step was completed last does not say it: what joins an activity with its events is done after the event has
    gone on, and knows nothing of that.
    """
    heads = [task for task in scope.tasks.values() if _is_head(task) and task is not but]
    if len(heads) > 1:
        return data_of_branches(heads)
    if heads:
        return _data_of(heads[0])
    data: dict[str, Any] = (scope.last_task or scope.task_tree).data
    return data


def _data_of(task: Task) -> dict[str, Any]:
    inner = _inner(task)
    if inner is not None:
        return data_of_scope(inner)
    arrived = task.state in (TaskState.WAITING, TaskState.CANCELLED) and not task.data
    data: dict[str, Any] = task.parent.data if arrived else task.data
    return data


def _inner(task: Task) -> Any:
    """The sub-process that runs at this task."""
    if not isinstance(task.task_spec, SubWorkflowTask) or task.state != TaskState.STARTED:
        return None
    return task.workflow.top_workflow.get_subprocess(task)


def _is_head(task: Task) -> bool:
    """Whether a branch of its scope has come this far: a living token, or an arrival at a waiting join."""
    if hasattr(task.task_spec, "cancel_activity") or task.parent is None:
        return False  # an event that waits beside a token
    if task.has_state(_LIVE):
        return not isinstance(task.task_spec, BoundaryEventJoin)
    arrived = isinstance(task.task_spec, UnstructuredJoin) and task.state == TaskState.CANCELLED
    return arrived and task.parent.state == TaskState.COMPLETED and not is_merged(task)


def base_of(task: Task, split: Task) -> dict[str, Any]:
    """What a branch began with: the data at the split, or what an event on the way there brought along."""
    found = _own_base(task, split)
    base: dict[str, Any] = split.data if found is None else found
    seen = seen_since(task, split)
    return base | seen if seen else base


def _own_base(task: Task, split: Task) -> dict[str, Any] | None:
    return next((one.internal_data[BASE] for one in _way(task, split) if BASE in one.internal_data), None)


def seen_since(task: Task, above: Task) -> dict[str, Any]:
    """What conditions on the way from `above` to here saw in other branches, as they saw it last."""
    seen: dict[str, Any] = {}
    for one in _way(task, above):
        seen = one.internal_data.get(SEEN, {}) | seen
    return seen


def _way(task: Task, above: Task) -> Iterator[Task]:
    """From here up, leaving out what lies between a join and its split: the join knows what came of it."""
    since: str | None = None
    one: Task | None = task
    while one is not None and one is not above:
        if since is None or str(one.id) == since:
            yield one
            since = one.internal_data.get(SINCE)
        one = one.parent


def seen_of(task: Task) -> dict[str, Any]:
    """What a condition at this task saw in other branches."""
    seen: dict[str, Any] = task.internal_data.get(SEEN, {})
    return seen


def keep_seen(task: Task, seen: dict[str, Any]) -> None:
    if seen:
        task.internal_data[SEEN] = task.internal_data.get(SEEN, {}) | deepcopy(seen)


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


def apply_changes(target: dict[str, Any], base: dict[str, Any], branch: dict[str, Any]) -> dict[str, Any]:
    """`target` with what `branch` changed against `base`."""
    for key, value in branch.items():
        before = base.get(key)
        if key in base and value == before:
            continue
        present = target.get(key)
        if isinstance(value, dict) and isinstance(present, dict):
            target[key] = apply_changes(present, before if isinstance(before, dict) else {}, value)
        else:
            target[key] = deepcopy(value)
    for key in base.keys() - branch.keys():
        target.pop(key, None)
    return target
