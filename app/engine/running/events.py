"""Events between tokens: messages, signals, errors, escalations, boundary events, the event-based gateway.

What SpiffWorkflow 3.2.0 does otherwise, each seen: an error or escalation reaches every boundary event in the
instance that catches its code; a boundary event that does not interrupt happens once only; an event-based gateway
shares one value among its timers; event sub-processes change the shared spec and do not read `isInterrupting`.

Messages and signals wait as rows (see projections/subscriptions.py); whoever delivers one calls `deliver`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, SimpleBpmnTask
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, IntermediateCatchEvent
from SpiffWorkflow.bpmn.specs.event_definitions.conditional import ConditionalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import CycleTimerEventDefinition, TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import CallActivity, SubWorkflowTask
from SpiffWorkflow.spiff.specs.defaults import ReceiveTask
from SpiffWorkflow.spiff.specs.event_definitions import (
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running.merging import BASE, SEEN, data_of_scope, end_arrivals, keep_seen
from app.engine.running.plain import ENGINE_NAMES

PAYLOAD, CORRELATION, MAX_NAME = "payload", "correlation", 200
_RESTING = "resting"  # a condition that has held: it must fail once before it counts again


def word(task: Task, name: str) -> str:
    """A property of the task's node, as in the diagram."""
    properties = (getattr(task.task_spec, "extensions", None) or {}).get("properties") or {}
    return str(properties.get(name) or "").strip()


# -- definitions


class _Carried:
    """What messages and signals have in common: a payload that is assigned when the token goes on."""

    def catches(self, my_task: Task, event: Any = None) -> bool:
        """Never by themselves: they are delivered."""
        return False

    def update_task_data(self, my_task: Task) -> None:
        payload = my_task.internal_data.pop(PAYLOAD, None)
        if variable := word(my_task, "variable"):
            my_task.data[variable] = payload or {}
        elif payload:
            my_task.data.update({name: deepcopy(value) for name, value in payload.items() if name not in ENGINE_NAMES})

    def reset(self, my_task: Task) -> None:
        my_task.internal_data.pop(PAYLOAD, None)
        my_task.internal_data["event_fired"] = False


class Message(_Carried, MessageEventDefinition):
    def throw(self, my_task: Task) -> None:
        around = my_task.workflow.top_workflow.surroundings
        around.send("message", my_task, self.name, correlation_of(my_task), payload_of(my_task))

    def update_task(self, my_task: Task) -> None:
        """It begins to wait: what it is correlated by is fixed now."""
        around = my_task.workflow.top_workflow.surroundings
        if CORRELATION in my_task.internal_data or around.is_stuck(my_task):
            return
        try:
            my_task.internal_data[CORRELATION] = correlation_of(my_task)
        except Exception as error:
            around.waiting_failed(my_task, error)


class Signal(_Carried, SignalEventDefinition):
    def throw(self, my_task: Task) -> None:
        """To everything in this instance that waits for it at once, to other instances after the commit."""
        top = my_task.workflow.top_workflow
        payload = payload_of(my_task)
        top.surroundings.send("signal", my_task, self.name, "", payload)
        for task in waiting(top, (Signal,)):
            if task.task_spec.event_definition.name == self.name:
                deliver(task, payload)

    def update_task(self, my_task: Task) -> None:
        my_task.internal_data.setdefault(CORRELATION, "")


class _Raised:
    """To the nearest scope around that catches it: a definition with this code before one without any."""

    code: str | None

    def throw(self, my_task: Task) -> None:
        catcher = _catcher(my_task, type(self), self.code)
        if catcher is not None:
            deliver(catcher, None)
        elif isinstance(my_task.task_spec.event_definition, Error):
            raise ValueError(f"nothing around it catches the error {self.code!r}")

    def update_task_data(self, my_task: Task) -> None:
        """Codes carry nothing."""


class Error(_Raised, ErrorEventDefinition):
    pass


class Escalation(_Raised, EscalationEventDefinition):
    pass


class Terminate(TerminateEventDefinition):
    def throw(self, my_task: Task) -> None:
        """Nobody catches it. What the branches that it ends have found out is not lost with them."""
        my_task.data = deepcopy(data_of_scope(my_task.workflow))


class Conditional(ConditionalEventDefinition):
    """A condition over the instance's data as it stands, whichever branch changed it; what it saw comes along.

    One that cannot be evaluated is an incident of its own, not the failure of whoever moved last.
    """

    def has_fired(self, my_task: Task) -> bool:
        top = my_task.workflow.top_workflow
        around, mine = top.surroundings, my_task.internal_data
        if mine.get("event_fired"):
            return True
        if around.is_stuck(my_task):
            return False
        try:
            seen = around.names_of(self.expression)
            now = {name: value for name, value in top.data_now.items() if name in seen}
            holds = bool(around.evaluate(self.expression, my_task.data | now))
        except Exception as error:
            around.waiting_failed(my_task, error)
            return False
        if mine.get(_RESTING):
            mine[_RESTING] = holds
            return False
        if holds:
            mine["event_fired"] = True
            keep_seen(my_task, _new_to(my_task.data, now))
            for host in _hosts(my_task):
                keep_seen(host, _new_to(data_of_scope(top.get_subprocess(host)), now))
            my_task.data.update(deepcopy(now))
        return holds


def _new_to(known: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in now.items() if name not in known or known[name] != value}


def _hosts(task: Task) -> Iterator[Task]:
    """The sub-processes around it: they take over what it saw when they end."""
    scope = task.workflow
    while scope.parent_task_id is not None:
        host = scope.top_workflow.task(str(scope.parent_task_id))
        yield host
        scope = host.workflow


def correlation_of(task: Task) -> str:
    """The value that a message is correlated by, as text. Raises for nothing: it would mean everybody."""
    expression = word(task, "correlation")
    if not expression:
        return ""
    value = task.workflow.script_engine.evaluate(task, expression)
    text = "" if value is None else str(value).strip()  # as senders are read
    if not text:
        raise ValueError(f"correlation {expression!r} gives nothing")
    return text[:MAX_NAME]


def payload_of(task: Task) -> dict[str, Any]:
    """The fields that a message or signal carries."""
    expression = word(task, "payload")
    if not expression:
        return {}
    value = task.workflow.script_engine.evaluate(task, expression)
    if not isinstance(value, dict):
        raise TypeError(f"payload {expression!r} is no record")
    return deepcopy(value)


def _catcher(thrower: Task, kind: Any, code: str | None) -> Task | None:
    scope, from_event = thrower.workflow, False
    while True:
        if not from_event:  # what an event sub-process throws is none of its own scope's business
            starts = [task for task in scope.tasks.values() if isinstance(task.task_spec, ScopeEvent)]
            if found := _best(starts, kind, code):
                return found
        if scope.parent_task_id is None:
            return None
        host = scope.top_workflow.task(str(scope.parent_task_id))
        if found := _best(_boundaries(host), kind, code):
            return found
        from_event = isinstance(_before(host).task_spec, ScopeEvent)
        scope = host.workflow


def _before(host: Task) -> Task:
    """The node before an activity; boundary events put a split of their own between."""
    before = host.parent
    while before.task_spec.bpmn_id is None and before.parent is not None:
        before = before.parent
    return before


def _boundaries(host: Task) -> list[Task]:
    return [task for task in host.parent.children if isinstance(task.task_spec, BoundaryEvent)]


def _best(tasks: Iterable[Task], kind: Any, code: str | None) -> Task | None:
    waits = [
        task
        for task in tasks
        if task.state == TaskState.WAITING
        and isinstance(task.task_spec.event_definition, kind)
        and task.task_spec.event_definition.code in (None, code)
    ]
    return min(waits, key=lambda task: task.task_spec.event_definition.code is None, default=None)


# -- waiting and delivering


def waiting(workflow: Any, kinds: tuple[type, ...] = (Message, Signal)) -> list[Task]:
    """Tasks that wait for a message or signal and know what it is correlated by."""
    return [
        task
        for task in workflow.event_manager.tasks.values()
        if task.state == TaskState.WAITING
        and isinstance(task.task_spec.event_definition, kinds)
        and CORRELATION in task.internal_data
    ]


def deliver(task: Task, payload: dict[str, Any] | None) -> bool:
    """Let a waiting event happen; False where it waits no longer."""
    if task.state != TaskState.WAITING:
        return False
    task.internal_data[PAYLOAD] = payload
    task.internal_data["event_fired"] = True
    task.task_spec._update(task)
    return True


class _Catching(CatchingEvent):
    """Takes its data once, when it begins to wait, and gives way when another event of its gateway has happened."""

    def _update_hook(self, my_task: Task) -> bool:
        mine = my_task.internal_data
        if not mine.get("began"):
            my_task._inherit_data()
            mine["began"] = True
        if self.event_definition.has_fired(my_task):
            return True
        if my_task.state != TaskState.WAITING:
            my_task._set_state(TaskState.WAITING)
        my_task.workflow.top_workflow.event_manager.add_task(my_task)
        self.event_definition.update_task(my_task)
        return False

    def _on_ready_hook(self, my_task: Task) -> None:
        super()._on_ready_hook(my_task)
        if isinstance(my_task.parent.task_spec, EventGateway):
            for other in my_task.parent.children:
                if other is not my_task:
                    other.cancel()


class Catch(_Catching, IntermediateCatchEvent):
    pass


class Receive(_Catching, ReceiveTask):
    pass


class Boundary(_Catching, BoundaryEvent):
    """Interrupts what it is on, or happens beside it, then as often as its event does while the activity lives."""

    def _on_ready_hook(self, my_task: Task) -> None:
        super()._on_ready_hook(my_task)
        _only_one_interrupts(my_task)
        look_inside(my_task)

    def _run_hook(self, my_task: Task) -> bool:
        super()._run_hook(my_task)
        if not self.cancel_activity and _repeats(self):
            host = next(task for task in my_task.parent.children if not isinstance(task.task_spec, BoundaryEvent))
            if not host.has_state(TaskState.FINISHED_MASK):
                _again(my_task)
        return True


class BoundaryJoin(BoundaryEventJoin):
    """What a repeating timer has begun goes on when the activity is over; only its waiting ends."""

    def _check_threshold_structured(self, my_task: Task) -> tuple[bool, list[Task]]:
        finished, cancel = super()._check_threshold_structured(my_task)
        for task in [one for one in cancel if one.state == TaskState.WAITING and one.children]:
            if isinstance(task.task_spec.event_definition, CycleTimerEventDefinition):
                task.workflow.top_workflow.event_manager.remove_task(task)
                task._set_state(TaskState.COMPLETED)
                cancel.remove(task)
        return finished, cancel


class ScopeEvent(_Catching, IntermediateCatchEvent):
    """Waits beside the start of a scope for what starts an event sub-process. The scope does not wait for it."""

    def __init__(self, wf_spec: Any, bpmn_id: str, event_definition: Any, cancel_activity: bool, **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, event_definition, **kwargs)
        self.cancel_activity = cancel_activity

    def _predict_hook(self, my_task: Task) -> None:
        """Nothing comes of it until it happens."""

    def _on_ready_hook(self, my_task: Task) -> None:
        super()._on_ready_hook(my_task)
        _only_one_interrupts(my_task)
        _see(my_task, data_of_scope(my_task.workflow, but=my_task))

    def _run_hook(self, my_task: Task) -> bool:
        super()._run_hook(my_task)
        if self.cancel_activity:
            for task in list(my_task.workflow.tasks.values()):
                gone = task.id not in my_task.workflow.tasks  # with the one before it
                if task is not my_task and not gone and task.has_state(TaskState.NOT_FINISHED_MASK):
                    task.cancel()
            end_arrivals(my_task.workflow)
        elif _repeats(self):
            _again(my_task)
        my_task._sync_children(self.outputs, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return True


def _only_one_interrupts(happens: Task) -> None:
    """After a night without a worker several events may be due on the same: the first puts an end to it for all."""
    if not happens.task_spec.cancel_activity:
        return
    for other in happens.parent.children:
        rival = isinstance(other.task_spec, type(happens.task_spec)) and other.task_spec.cancel_activity
        if rival and other is not happens and other.has_state(TaskState.NOT_FINISHED_MASK):
            other.cancel()


class EventGateway(SimpleBpmnTask):
    """All its events wait, each as if it stood by itself; the first that happens ends the others' waiting."""

    def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.bpmn_id, self.bpmn_name = name, kwargs.get("bpmn_name")


def look_inside(boundary: Task) -> None:
    """An event on a sub-process sees what is known inside; one beside a step remembers what was known then."""
    inner = _inner_of(boundary)
    if inner is not None:
        _see(boundary, data_of_scope(inner))
    elif not boundary.task_spec.cancel_activity:
        _see(boundary, boundary.data)


def _inner_of(boundary: Task) -> Any:
    """The embedded sub-process that a boundary event is on: it shares its data with the scope around."""
    host = next(task for task in boundary.parent.children if not isinstance(task.task_spec, BoundaryEvent))
    if not isinstance(host.task_spec, SubWorkflowTask) or isinstance(host.task_spec, CallActivity):
        return None
    return boundary.workflow.top_workflow.get_subprocess(host)


def _see(task: Task, data: dict[str, Any]) -> None:
    """The token goes on with the data as they stand; what it had from there is no change of its own (see merging)."""
    saw = deepcopy(data) | {name: task.data[name] for name in task.data.keys() - data.keys()}
    saw |= deepcopy(task.internal_data.get(SEEN, {}))  # a condition saw it in another branch: newer than what is inside
    if not task.task_spec.cancel_activity:
        task.internal_data[BASE] = deepcopy(saw)
    task.data = saw


def _repeats(spec: Any) -> bool:
    """Dates and durations come once, cycles count by themselves."""
    return not isinstance(spec.event_definition, (TimerEventDefinition, CycleTimerEventDefinition))


def _again(happened: Task) -> None:
    """Wait for the same once more."""
    fresh = happened.parent._add_child(happened.task_spec, TaskState.FUTURE)
    if isinstance(happened.task_spec.event_definition, Conditional):
        fresh.internal_data[_RESTING] = True
    fresh.task_spec._predict(fresh, mask=TaskState.NOT_FINISHED_MASK)
    fresh.task_spec._update(fresh)
