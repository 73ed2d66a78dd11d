"""Where a token may go back to, and the surgery that takes it there (guard 7).

SpiffWorkflow's own reset takes a task out of its branch and forgets what stands beside it: past a join it leaves two
living tokens, and timers of what was taken out fire on. Here a token goes back only where one token takes the place
of one: everything that came after the step is over but for the token itself, and no branch that was joined on the
way would have to be joined again. Then the step and all that followed leave the tree, and the step begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.spiff.specs.defaults import ServiceTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running.children.spec import CALLED, DetachedCall
from app.engine.running.joining import has_arrived, is_token
from app.engine.running.merging import (
    apply_changes,
    base_of,
    data_of_branches,
    is_merged,
    keep_seen,
    seen_of,
    seen_since,
)

Repeatable = Callable[[str], bool]  # by the name of a service task
STARTED = ".started"  # no service task is called like this: nobody has said that it may be repeated
PAST = "past"  # of a step that took the place of an earlier round: what had been done between (see compacting)


@dataclass(frozen=True)
class Way:
    """A human step that is done, the root of what leaves the tree, and the data with which it begins anew.

    `seen` is what of the data comes from other branches.
    """

    step: Task
    root: Task
    data: dict[str, Any]
    seen: dict[str, Any]


# -- the tree


def subtree(root: Task) -> Iterator[Task]:
    """The task and everything below it, parents first, without recursion: a long loop is deeper than the stack."""
    left = [root]
    while left:
        task = left.pop()
        yield task
        left += reversed(task.children)


def with_scopes(root: Task) -> Iterator[Task]:
    """The same with what the sub-processes among it hold."""
    scopes = root.workflow.top_workflow.subprocesses
    for task in subtree(root):
        yield task
        if task.id in scopes:
            yield from with_scopes(scopes[task.id].task_tree)


def ancestors(task: Task) -> Iterator[Task]:
    """Nearest first, within the task's scope."""
    parent = task.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def root_of(step: Task) -> Task:
    """The step with the boundary events around it."""
    parent = step.parent
    return parent if parent is not None and isinstance(parent.task_spec, BoundaryEventSplit) else step


def remove(root: Task) -> None:
    """Take a task and all below it out of the tree."""
    if root.parent is not None:
        root.parent._children.remove(root.id)
    discard(list(subtree(root)))


def discard(doomed: list[Task]) -> None:
    """Forget tasks of one scope that nothing refers to, with sub-processes, timers and conditions that wait there."""
    for task in doomed:
        top = task.workflow.top_workflow
        if task.id in top.subprocesses:
            drop_scope(task)
        del task.workflow.tasks[task.id]
        top.event_manager.remove_task(task)


def drop_scope(holder: Task) -> None:
    """Forget what a sub-process holds, however deep."""
    top = holder.workflow.top_workflow
    scope = top.subprocesses.pop(holder.id)
    for task in list(scope.tasks.values()):
        top.event_manager.remove_task(task)
        if task.id in top.subprocesses:
            drop_scope(task)


def is_human(task: Task) -> bool:
    return bool(task.task_spec.manual) and task.task_spec.bpmn_id is not None


def living(root: Task) -> list[Task]:
    """What still lives below a task in its scope, but for events that wait beside a step or a whole scope."""
    return [
        task
        for task in subtree(root)
        if is_token(task) and not (hasattr(task.task_spec, "cancel_activity") and task.state == TaskState.WAITING)
    ]


# -- where to


def ways_back(task: Task, repeatable: Repeatable) -> list[Way]:
    """The steps that the holder of a waiting human task may return it to, nearest first.

    A step that was done several times is offered once, as it was done last; never the task's own step.
    """
    found: dict[str, Way] = {}
    here, data = task, task.data
    seen: dict[str, Any] = {}
    while True:
        for way in _ways_in_scope(here, data, seen, repeatable):
            found.setdefault(way.step.task_spec.bpmn_id, way)
        scope = here.workflow
        holder = scope.top_workflow.task(str(scope.parent_task_id)) if scope.parent_task_id is not None else None
        if holder is None or living(scope.task_tree) != [here] or not _all_repeatable(scope.task_tree, repeatable):
            break
        seen = seen_since(here, scope.task_tree) | seen
        here, data = holder, with_ended(scope.task_tree, here, data)
    found.pop(task.task_spec.bpmn_id, None)
    return list(found.values())


def _ways_in_scope(here: Task, data: dict[str, Any], seen: dict[str, Any], repeatable: Repeatable) -> Iterator[Way]:
    """Up the branch that led here, until something beside it lives or may not be repeated."""
    splits: set[Any] = set()  # where branches parted that were joined on the way: not to be gone back into
    offered: set[str] = set()
    for step in ancestors(here):
        splits.discard(step.id)
        splits |= {split.id for split in _joined_from(step)}
        if not is_human(step) or step.state != TaskState.COMPLETED:
            continue
        root = root_of(step)
        if living(root) != [here] or not _all_repeatable(root, repeatable, step):
            return
        if not splits and step.task_spec.name not in offered:
            offered.add(step.task_spec.name)
            yield Way(step, root, with_ended(root, here, data), seen_since(here, step) | seen)


def _joined_from(join: Task) -> list[Task]:
    """Where the branches parted that this join brought together, but for those of earlier rounds of a loop."""
    if not isinstance(join.task_spec, UnstructuredJoin) or join.state != TaskState.COMPLETED:
        return []
    above = {task.id: task for task in ancestors(join)}
    earlier = [task.id for task in above.values() if task.task_spec is join.task_spec]
    last = earlier[0] if earlier else None
    found: dict[Any, Task] = {}
    for other in join.workflow.tasks.values():
        if other.task_spec is not join.task_spec or other is join or other.id in above or not is_merged(other):
            continue
        split = next((task for task in ancestors(other) if task.id in above or task is join), None)
        if split is None or split is join:
            continue  # a later round
        if last is None or any(task.id == last for task in (split, *ancestors(split))):
            found[split.id] = split
    return list(found.values())


def _all_repeatable(root: Task, repeatable: Repeatable, step: Task | None = None) -> bool:
    """Whether everything that leaves the tree with `root` may be done again, also what rounds did that it forgot."""
    names: set[str] = set()
    for task in with_scopes(root):
        names |= services_of(task)
        if task is not root and task is not step:
            names |= set(task.internal_data.get(PAST, {}).get("services", ()))
    return all(repeatable(name) for name in names)


def services_of(task: Task) -> set[str]:
    """What a task did that may not be repeatable, by name. What started other processes never is."""
    if isinstance(task.task_spec, DetachedCall):
        return {STARTED} if task.internal_data.get(CALLED) else set()
    ran = isinstance(task.task_spec, ServiceTask) and task.state == TaskState.COMPLETED
    return {task.task_spec.operation_name} if ran else set()


def with_ended(root: Task, here: Task, data: dict[str, Any]) -> dict[str, Any]:
    """The data as it stands here, with what branches that have come to an end beside it found out."""
    ended = [task for task in subtree(root) if isinstance(task.task_spec, _EndJoin) and has_arrived(task)]
    if not ended:
        return deepcopy(data)
    return data_of_branches([here, *ended], lambda task: data if task is here else task.parent.data)


# -- taking back what one has done


def way_to_withdraw(step: Task, untouched: Callable[[Task], bool], repeatable: Repeatable) -> Way | None:
    """The way to take back a step: nobody has gone on from it, what came next has not been touched."""
    if step.state != TaskState.COMPLETED or not is_human(step) or step.workflow.completed:
        return None
    root = root_of(step)
    if not _all_repeatable(root, repeatable, step):
        return None
    data, waits = deepcopy(step.data), False
    for task in with_scopes(root):
        done = is_human(task) and task.state == TaskState.COMPLETED
        if task is not step and (done or (task is not root and PAST in task.internal_data)):
            return None
        if _reaches_out(task, root) or (is_token(task) and not _only_waits(task, untouched)):
            return None
        waits = waits or is_token(task)
        if (is_token(task) and not isinstance(task.task_spec, SubWorkflowTask)) or has_arrived(task):
            began = base_of(task, step if _is_below(task, step) else root)
            data = apply_changes(data, began, task.parent.data if has_arrived(task) else task.data)
    # What conditions saw later in other branches is no change, so the data have it not: seen is what the step knew.
    return Way(step, root, data, seen_of(root) | seen_of(step)) if waits else None


def _is_below(task: Task, step: Task) -> bool:
    """Whether it came after the step, and not of an event beside it; also in a sub-process."""
    while task.workflow is not step.workflow:
        task = task.workflow.top_workflow.task(str(task.workflow.parent_task_id))
    return any(one is step for one in ancestors(task))


def _only_waits(task: Task, untouched: Callable[[Task], bool]) -> bool:
    if is_human(task):
        return untouched(task)
    return task.state == TaskState.WAITING or has_arrived(task) or isinstance(task.task_spec, SubWorkflowTask)


def _reaches_out(join: Task, root: Task) -> bool:
    """Whether a join below `root` brought in branches from beside it."""
    if join.workflow is not root.workflow:
        return False
    inside = {root.id, *(task.id for task in ancestors(join))}
    above = {task.id for task in ancestors(root)}
    return any(split.id in above or split.id not in inside for split in _joined_from(join))


# -- going


def go_back(way: Way) -> Task:
    """Let the step begin anew: what followed it leaves the tree, one token takes the place of what was there."""
    root, scope = way.root, way.root.workflow
    parent, spec = root.parent, root.task_spec
    remove(root)
    fresh: Task = parent._add_child(spec, TaskState.FUTURE)
    spec._predict(fresh, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
    spec._update(fresh)
    fresh.data = deepcopy(way.data)
    keep_seen(fresh, way.seen)
    scope.last_task = fresh  # the instance knows what it knew before
    return fresh
