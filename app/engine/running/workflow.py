"""SpiffWorkflow 3.2.0 with its gaps closed. Everything here replaces behaviour that was seen to be wrong.

What a diagram may contain stands in bpmn/README.md; tests/engine/conformance holds what each element must do here.
The check refuses the rest, by name. Events other than timers are in events.py, joins in joining.py and merging.py.
"""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Protocol
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway, ParallelGateway
from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    TimeDateEventDefinition,
    TimerEventDefinition,
)
from SpiffWorkflow.bpmn.specs.mixins.events.end_event import EndEvent
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.spiff.specs.defaults import ServiceTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskIterator, TaskState

from app.engine.running.children.spec import Children
from app.engine.running.events import Conditional, Message, ScopeEvent, look_inside
from app.engine.running.joining import all_arrived, none_to_come
from app.engine.running.merging import BASE, data_of_scope, merge_branches

# A token deeper than 1,000 tasks is invisible to SpiffWorkflow's iterator: joins and ends would not see it.
TaskIterator.__init__.__defaults__ = (None, 10**9, True, None)


def _is_descendant_of(self: Task, task: Task) -> bool:
    """Without recursion: a loop of a few hundred rounds is deeper than Python's stack."""
    parent = self.parent
    while parent is not None:
        if parent is task:
            return True
        parent = parent.parent
    return False


def _set_state(self: Task, value: int) -> None:
    """Without SpiffWorkflow's log line, which nobody reads here: it gathers what it would say also when it is off."""
    if value != self._state:
        self.last_state_change = time.time()
        self._state = value


Task.is_descendant_of = _is_descendant_of
Task._set_state = _set_state

Live = TaskState.WAITING | TaskState.READY | TaskState.STARTED


class Surroundings(Protocol):
    """What a running workflow needs from the turn that runs it."""

    now: dt.datetime

    def timer_due(self, task: Task, text: str) -> dt.datetime: ...

    def timer_cycle(self, task: Task, text: str) -> tuple[int, dt.datetime, str]: ...

    def add_duration(self, at: dt.datetime, duration: str) -> dt.datetime: ...

    def call_service(self, task: Task) -> None: ...

    def evaluate(self, expression: str, data: dict[str, Any]) -> Any: ...

    def names_of(self, expression: str) -> frozenset[str]: ...

    def send(self, kind: str, task: Task, name: str, correlation: str, payload: dict[str, Any]) -> None: ...

    def call_process(self, task: Task) -> int: ...

    def waiting_failed(self, task: Task, error: Exception) -> None: ...

    def is_stuck(self, task: Task) -> bool: ...


class Workflow(BpmnWorkflow):
    """One instance's tokens. `fire_until` opens timers due until that instant; in other turns none fires."""

    def __init__(
        self,
        process: Any,
        subprocesses: dict[str, Any],
        content_hash: str = "",
        script_engine: Any = None,
        surroundings: Surroundings | None = None,
        deserializing: bool = False,
    ) -> None:
        self.content_hash = content_hash
        self.surroundings = surroundings
        self.fire_until: dt.datetime | None = None
        super().__init__(process, subprocesses, script_engine=script_engine, deserializing=deserializing)
        # Guard 1: otherwise a reset while a boundary timer waits ends in AttributeError.
        self.task_removed_event.connect(lambda _workflow, task: self.event_manager.remove_task(task))

    def is_completed(self) -> bool:
        """Whether no token is left: a look at each task, where SpiffWorkflow walks the tree. Asked after every step."""
        if self.completed:
            return True
        self.completed: bool = not any(task._state & TaskState.NOT_FINISHED_MASK for task in self.tasks.values())
        return self.completed

    def all_tasks(self) -> Iterator[Task]:
        """Every task of every living scope; our own scan, which no depth stops (guard 2)."""
        scopes = [self, *self.get_active_subprocesses()]
        return itertools.chain.from_iterable(list(scope.tasks.values()) for scope in scopes)

    def task(self, task_id: str) -> Task | None:
        """The task with this id, wherever it lives."""
        key = UUID(task_id)
        scopes = [self, *self.subprocesses.values()]
        return next((scope.tasks[key] for scope in scopes if key in scope.tasks), None)

    def human_tasks(self) -> list[Task]:
        return [task for task in self.all_tasks() if task.state == TaskState.READY and task.task_spec.manual]

    def waiting_timers(self) -> list[Task]:
        """Tasks that wait for an instant, with `event_value` set."""
        waiting = self.event_manager.tasks.values()
        return [
            task
            for task in waiting
            if task.state == TaskState.WAITING and isinstance(task.task_spec.event_definition, TimerEventDefinition)
        ]

    def edge_timers(self, task_id: str) -> list[Task]:
        """Timers drawn on the edge of this step that wait, also those that are paused with it."""
        task = self.task(task_id)
        return [
            timer
            for timer in self.waiting_timers()
            if task is not None and isinstance(timer.task_spec, BoundaryEvent) and timer.parent is task.parent
        ]

    def next_ready(self) -> Task | None:
        """The one task to run next (guard 2): interrupting boundary events and outer scopes first, then inner ones."""
        ready = [
            task
            for task in self.all_tasks()
            if task.state == TaskState.READY
            and not task.task_spec.manual
            and not (self.surroundings and self.surroundings.is_stuck(task))
        ]
        return min(ready, key=_order) if ready else None

    def settle(self) -> bool:
        """Conditions, which may change without a token moving. True if something became ready."""
        self.watch_conditions()
        return self.next_ready() is not None

    def watch_conditions(self) -> None:
        """Guard 2: conditional events are looked at again after every step."""
        for task in list(self.event_manager.tasks.values()):
            if task.state == TaskState.WAITING and isinstance(task.task_spec.event_definition, Conditional):
                task.task_spec._update(task)

    def fire(self, until: dt.datetime) -> None:
        """Let timers due until then become ready; stepping afterwards is the caller's (guard 2)."""
        self.fire_until = until
        try:
            for task in sorted(self.waiting_timers(), key=lambda t: due_at(t) or until):
                if task.state == TaskState.WAITING:
                    task.task_spec._update(task)
        finally:
            self.fire_until = None

    def retime(self) -> None:
        """Let timers whose instant, messages whose correlation, calls whose children could not be found try again."""
        for task in list(self.event_manager.tasks.values()):
            definition = task.task_spec.event_definition
            timer = isinstance(definition, TimerEventDefinition) and due_at(task) is None
            if task.state == TaskState.WAITING and (timer or isinstance(definition, (Message, Children))):
                task.task_spec._update(task)

    def has_fired(self, task_id: str) -> bool:
        """Whether a timer's task went on because its instant had come, and was not cancelled."""
        task = self.task(task_id)
        return task is not None and task.has_state(TaskState.READY | TaskState.COMPLETED)

    def is_cancelled(self, task_id: str) -> bool:
        """Whether something else took a task's place before it went on."""
        task = self.task(task_id)
        return task is not None and task.has_state(TaskState.CANCELLED)

    def lives(self, task_id: str) -> bool:
        """Whether a token still is at this task."""
        task = self.task(task_id)
        return task is not None and task.has_state(Live)

    @property
    def size(self) -> int:
        return len(self.tasks) + sum(len(scope.tasks) for scope in self.subprocesses.values())

    @property
    def data_now(self) -> dict[str, Any]:
        """The data of all branches and sub-processes as they stand (see merging)."""
        return data_of_scope(self)


def _order(task: Task) -> tuple[bool, bool, int]:
    spec, depth = task.task_spec, task.workflow.depth
    if isinstance(spec, (BoundaryEvent, ScopeEvent)):
        return (False, not spec.cancel_activity, depth)
    return (True, False, -depth)


def due_at(task: Task) -> dt.datetime | None:
    """When a waiting timer fires, from `event_value`."""
    value = task.internal_data.get("event_value")
    if isinstance(value, dict):
        value = value.get("next") if value.get("cycles") else None
    return dt.datetime.fromisoformat(value) if value else None


def move_timer(task: Task, at: dt.datetime) -> None:
    """A waiting timer fires then. Nothing else does it: it computes its instant once, and not from variables."""
    value = task.internal_data.get("event_value")
    text = at.isoformat()
    task.internal_data["event_value"] = value | {"next": text} if isinstance(value, dict) else text


def pause_timer(task: Task, paused: bool) -> None:
    """While it is paused it keeps its instant and does not fire."""
    if paused:
        task.internal_data["paused"] = True
    else:
        task.internal_data.pop("paused", None)


def is_paused(task: Task) -> bool:
    return bool(task.internal_data.get("paused"))


class _Instant(TimerEventDefinition):
    """A timer on the engine's clock and calendar; SpiffWorkflow's own ask the machine's clock."""

    def has_fired(self, my_task: Task) -> bool:
        top: Workflow = my_task.workflow.top_workflow
        around = top.surroundings
        assert around is not None
        data = my_task.internal_data
        if data.get("event_fired"):
            return True
        if is_paused(my_task):
            return False
        due, fresh = due_at(my_task), False
        if due is None:
            if around.is_stuck(my_task):
                return False
            try:
                due, fresh = around.timer_due(my_task, self.expression), True
            except Exception as error:
                around.waiting_failed(my_task, error)
                return False
            data["event_value"] = due.isoformat()
        # Only a sweep fires what waited; an instant already past when it is computed does not wait at all.
        limit = around.now if fresh else top.fire_until
        if limit is not None and due <= limit:
            data["event_fired"] = True
        return bool(data.get("event_fired", False))


class InstantTimer(_Instant, TimeDateEventDefinition):
    """timeDate"""


class DurationTimer(_Instant, DurationTimerEventDefinition):
    """timeDuration"""


class CycleTimer(CycleTimerEventDefinition):
    """timeCycle. Turns missed during downtime are coalesced into one."""

    def cycle_complete(self, my_task: Task) -> bool:
        top: Workflow = my_task.workflow.top_workflow
        around = top.surroundings
        assert around is not None
        data = my_task.internal_data
        if data.get("event_value") is None:
            if around.is_stuck(my_task):
                return False
            try:
                count, first, duration = around.timer_cycle(my_task, self.expression)
            except Exception as error:
                around.waiting_failed(my_task, error)
                return False
            data["event_value"] = {"cycles": count, "next": first.isoformat(), "duration": duration}
        value = data["event_value"]
        if is_paused(my_task):
            return False
        if value["cycles"] == 0:
            data["event_fired"] = True
            return False
        due = dt.datetime.fromisoformat(value["next"])
        if top.fire_until is None or due > top.fire_until:
            return False
        cycles = value["cycles"]
        while cycles and due <= top.fire_until:
            due, cycles = around.add_duration(due, value["duration"]), cycles - 1
        data["event_value"] = value | {"cycles": cycles, "next": due.isoformat()}
        return True

    def update_task(self, my_task: Task) -> None:
        """Each turn goes on with the data as they stand then, whatever the next ones see."""
        if not self.cycle_complete(my_task):
            return
        if isinstance(my_task.task_spec, BoundaryEvent):
            look_inside(my_task)
        for output in my_task.task_spec.outputs:
            child = my_task._add_child(output, TaskState.FUTURE)
            child.internal_data[BASE] = deepcopy(my_task.data)
            child.task_spec._predict(child, mask=TaskState.NOT_FINISHED_MASK)
            child.task_spec._update(child)


class ParallelJoin(ParallelGateway):
    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        return all_arrived(self, my_task)

    def _run_hook(self, my_task: Task) -> bool:
        merge_branches(self, my_task)
        return True


class InclusiveJoin(InclusiveGateway):
    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        return none_to_come(self, my_task)

    def _run_hook(self, my_task: Task) -> bool:
        merge_branches(self, my_task)
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches and not defaults:
            raise ValueError("no condition holds and there is no default flow")
        my_task._sync_children(matches or defaults, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return True


class EndJoin(_EndJoin):
    """A scope is over when no token is left in it; what only waits to start an event sub-process goes with it."""

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        left = TaskIterator(my_task.workflow.task_tree, state=TaskState.NOT_FINISHED_MASK, end_at_spec=self.name)
        return all(task is my_task or _only_watches(task) for task in left)

    def _run_hook(self, my_task: Task) -> bool:
        for task in list(my_task.workflow.tasks.values()):
            if _only_watches(task):
                task.cancel()
        merge_branches(self, my_task)
        my_task.workflow.data.update(my_task.data)
        return True


def _only_watches(task: Task) -> bool:
    return isinstance(task.task_spec, ScopeEvent) and task.state == TaskState.WAITING


class NamedService(ServiceTask):
    """Calls the registry instead of a script engine (guard 3: 3.2.0 turns any failure into NameError: script)."""

    def _execute(self, task: Task) -> bool:
        task.workflow.top_workflow.surroundings.call_service(task)
        return True

    @property
    def merges(self) -> bool:
        """No result variable was given: the result's fields are assigned one by one."""
        return bool(self.result_variable == f"spiff__{self.name.replace('-', '_')}_result")


def is_service(task: Task) -> bool:
    return isinstance(task.task_spec, ServiceTask)


def is_end(task: Task) -> bool:
    """An end event of the process, or of an event sub-process that takes its place."""
    scope = task.workflow
    if scope.parent_task_id is not None:
        host = scope.top_workflow.task(str(scope.parent_task_id))
        if not isinstance(host.parent.task_spec, ScopeEvent):
            return False
        scope = host.workflow
    return isinstance(task.task_spec, EndEvent) and scope.parent_task_id is None


def is_scope(task: Task) -> bool:
    return isinstance(task.task_spec, SubWorkflowTask)
