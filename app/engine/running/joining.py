"""When a join may go on. SpiffWorkflow looks at the whole tree, so that in the second round of a loop the branches
of the first still count: the join opens early and every round doubles the tokens.

Here only branches count that have arrived and were not yet joined.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, _EndJoin
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running.merging import is_merged

_LIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED
_ARRIVED = TaskState.WAITING | TaskState.CANCELLED  # of several arrivals only the newest waits


def has_arrived(task: Task) -> bool:
    """Whether a branch stands at this join and was not yet joined there; in a scope that was cancelled none does."""
    return (
        isinstance(task.task_spec, UnstructuredJoin)
        and not task.workflow.completed
        and task.has_state(_ARRIVED)
        and task.parent is not None
        and task.parent.state == TaskState.COMPLETED
        and not is_merged(task)
    )


def arrivals(spec: Any, my_task: Task) -> list[Task]:
    """The branches that have come to this join and wait for one another; `my_task` is the newest."""
    found = [task for task in my_task.workflow.tasks.values() if task.task_spec is spec and has_arrived(task)]
    return found if my_task in found or my_task.parent.state != TaskState.COMPLETED else [*found, my_task]


def all_arrived(spec: Any, my_task: Task) -> bool:
    """A parallel join goes on when a branch has come along every flow that leads to it.

    Where only one leads to it, it is none: a token that an operator puts there has not come along that flow.
    """
    if len(spec.inputs) == 1:
        return True
    wanted = Counter(one.name for one in spec.inputs)
    return not wanted - Counter(task.parent.task_spec.name for task in arrivals(spec, my_task))


def none_to_come(spec: Any, my_task: Task) -> bool:
    """An inclusive join goes on when no token is left that could come along a flow on which none has come yet.

    By BPMN's rule a token that could as well come along a flow that has one already is not waited for.
    """
    if len(spec.inputs) == 1:
        return True
    here = arrivals(spec, my_task)
    if not here:
        return False
    filled = {task.parent.task_spec.name for task in here}
    empty = {one.name for one in spec.inputs} - filled
    for task in my_task.workflow.tasks.values():
        if task.task_spec is not spec and is_token(task):
            reached = _reach(task.task_spec, spec)
            if reached & empty and not reached & filled:
                return False
    return True


def is_token(task: Task) -> bool:
    """Whether something may still come from here: a living task, a boundary event that waits, a branch at a join."""
    if isinstance(task.task_spec, (BoundaryEventJoin, _EndJoin)):
        return False
    if task.state == TaskState.FUTURE:  # a split has just sent tokens out and reaches them one by one
        return task.parent is not None and task.parent.state == TaskState.COMPLETED
    return task.has_state(_LIVE) or has_arrived(task)


def _reach(start: Any, join: Any) -> set[str]:
    """The nodes before the join that a token at `start` can leave towards it without passing the join first."""
    inputs = {one.name for one in join.inputs}
    seen: set[str] = set()
    left = [start]
    while left:
        spec = left.pop()
        if spec.name not in seen and spec is not join:
            seen.add(spec.name)
            left += spec.outputs
    return seen & inputs
