"""The token at a detached call activity: it waits until its children are over.

What the children are given leaves with the turn's calls (see calling.py) and is never part of the parent's state.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.spiff.serializer.task_spec import SpiffBpmnTaskConverter
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.packages.call_words import CallWords, call_words_of
from app.engine.running.events import PAYLOAD, Receive

CALLED = "called"  # how many children were asked for
RESULT = "children"  # in the payload that ends the wait


def words_of_call(task: Task) -> CallWords:
    """The words on the task's node."""
    return call_words_of((getattr(task.task_spec, "extensions", None) or {}).get("properties"))


class Children(EventDefinition):
    """Happens when the children are over; whoever counts them says so (verbs/children.py)."""

    def catches(self, my_task: Task, event: Any = None) -> bool:
        """Never by itself."""
        return False

    def has_fired(self, my_task: Task) -> bool:
        """A call that does not wait, or has nobody to wait for, goes on at once."""
        mine = my_task.internal_data
        if CALLED not in mine:
            around = my_task.workflow.top_workflow.surroundings
            if around.is_stuck(my_task):
                return False
            try:
                mine[CALLED] = around.call_process(my_task)
            except Exception as error:
                around.waiting_failed(my_task, error)
                return False
            mine["event_fired"] = not mine[CALLED] or not words_of_call(my_task).waits
        return bool(mine.get("event_fired"))

    def update_task_data(self, my_task: Task) -> None:
        payload = my_task.internal_data.pop(PAYLOAD, None) or {}
        words = words_of_call(my_task)
        if words.result and words.waits:
            my_task.data[words.result] = payload.get(RESULT, [])

    def reset(self, my_task: Task) -> None:
        my_task.internal_data.pop(PAYLOAD, None)
        my_task.internal_data["event_fired"] = False


class DetachedCall(Receive):
    """A call activity whose children are instances of their own."""

    def __init__(self, wf_spec: Any, bpmn_id: str, called: str = "", **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, Children(), **kwargs)
        self.called = called


class DetachedCallConverter(SpiffBpmnTaskConverter):
    def to_dict(self, spec: DetachedCall) -> dict[str, Any]:
        found: dict[str, Any] = super().to_dict(spec)
        return found | {"called": spec.called}


def waiting_calls(workflow: Any) -> list[Task]:
    """Tokens that wait for children which were asked for."""
    return [
        task
        for task in workflow.event_manager.tasks.values()
        if task.state == TaskState.WAITING and isinstance(task.task_spec, DetachedCall) and CALLED in task.internal_data
    ]
