"""Workflow ↔ stored text: specs stay outside, dates stay dates, and a damaged or foreign state is never restored.

Restoring a state builds objects, so a state is accepted only with its HMAC and only in the present serializer's
version. Specs are shared by all instances of a definition; they come from their serialised form, because specs
straight from the parser are changed at run time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer.config import (
    BoundaryEvent,
    BoundaryEventJoin,
    ConditionalEventDefinition,
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    InclusiveGateway,
    IntermediateCatchEvent,
    ParallelGateway,
    TerminateEventDefinition,
    TimeDateEventDefinition,
    _EndJoin,
)
from SpiffWorkflow.bpmn.serializer.default.task_spec import BoundaryEventConverter, BpmnTaskSpecConverter
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter, TaskConverter, WorkflowConverter
from SpiffWorkflow.bpmn.serializer.helpers import DefaultRegistry
from SpiffWorkflow.bpmn.serializer.workflow import VERSION as SPIFF_VERSION
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.spiff.specs.defaults import ReceiveTask, ServiceTask
from SpiffWorkflow.spiff.specs.event_definitions import (
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running import events
from app.engine.running import workflow as ours
from app.engine.running.children.spec import DetachedCall, DetachedCallConverter
from app.engine.running.workflow import Workflow

VERSION = f"{SPIFF_VERSION}/1"
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS
_REPLACED: dict[type, type] = {
    TimeDateEventDefinition: ours.InstantTimer,
    DurationTimerEventDefinition: ours.DurationTimer,
    CycleTimerEventDefinition: ours.CycleTimer,
    ConditionalEventDefinition: events.Conditional,
    MessageEventDefinition: events.Message,
    SignalEventDefinition: events.Signal,
    ErrorEventDefinition: events.Error,
    EscalationEventDefinition: events.Escalation,
    TerminateEventDefinition: events.Terminate,
    BoundaryEvent: events.Boundary,
    BoundaryEventJoin: events.BoundaryJoin,
    IntermediateCatchEvent: events.Catch,
    ReceiveTask: events.Receive,
    ParallelGateway: ours.ParallelJoin,
    InclusiveGateway: ours.InclusiveJoin,
    _EndJoin: ours.EndJoin,
    ServiceTask: ours.NamedService,
}
# Kinds of nodes that SpiffWorkflow has not; the parser makes them as they are.
_ADDED: dict[type, type] = {
    events.EventGateway: BpmnTaskSpecConverter,
    events.ScopeEvent: BoundaryEventConverter,
    DetachedCall: DetachedCallConverter,
}
_COPIED = (dict, list, set)
_DATA_TYPES = frozenset({"date", "datetime", "time", "timedelta", "Decimal", "bytes", "set", "UUID"})


class DamagedState(Exception):
    """The stored state is not what was written, or was written by another version."""

    def __init__(self, reason: str, instance_id: str | None = None) -> None:
        self.instance_id = instance_id
        super().__init__(reason)


@dataclass(frozen=True)
class Specs:
    """A definition's parsed processes, as all its instances share them. Never changed after it was made."""

    content_hash: str
    process: Any
    subprocesses: Mapping[str, Any]


class _TaskConverter(TaskConverter):
    """SpiffWorkflow's, said for the one way that states go here: every step restores all tasks.

    Task data may only hold data: text that looks like a workflow object stays text.
    """

    def to_dict(self, task: Task) -> dict[str, Any]:
        parent = task.workflow.tasks.get(task._parent)
        data, before = task.data, {} if parent is None else parent.data
        return {
            "id": str(task.id),
            "parent": str(task._parent) if parent is not None else None,
            "children": [str(child) for child in task._children],
            "last_state_change": task.last_state_change,
            "state": task._state,
            "task_spec": task.task_spec.name,
            "triggered": task.triggered,
            "internal_data": self.registry.convert(task.internal_data),
            "data": data if parent is None else {},
            "delta": {}
            if parent is None
            else {
                "updates": {key: value for key, value in data.items() if key not in before or value != before[key]},
                "deletions": [key for key in before if key not in data],
            },
        }

    def from_dict(self, dct: dict[str, Any], workflow: Any) -> Task:
        registry: _Registry = self.registry
        id_of = registry.id_of
        task: Task = Task.__new__(Task)
        task.id, task.workflow = id_of(dct["id"]), workflow
        workflow.tasks[task.id] = task
        task._parent = None if dct["parent"] is None else id_of(dct["parent"])
        task._children = [id_of(child) for child in dct["children"]]
        task._state, task.triggered = dct["state"], dct["triggered"]
        task.task_spec = workflow.spec.task_specs[dct["task_spec"]]
        task.thread_id, task.last_state_change = Task.thread_id_pool, dct["last_state_change"]
        task.internal_data = registry.data(dct["internal_data"])
        if isinstance(task.task_spec, CatchingEvent) and task._state & TaskState.WAITING:
            workflow.top_workflow.event_manager.add_task(task)
        parent = workflow.tasks.get(task._parent)
        if parent is None or not dct["delta"]:
            task.data = registry.data(dct["data"])
        else:
            task.data = {name: value.copy() if type(value) in _COPIED else value for name, value in parent.data.items()}
            task.data |= registry.data(dct["delta"]["updates"])
            for name in dct["delta"]["deletions"]:
                task.data.pop(name, None)
        return task


class _WorkflowConverter(BpmnWorkflowConverter):
    def to_dict(self, workflow: Workflow) -> dict[str, Any]:
        dct: dict[str, Any] = WorkflowConverter.to_dict(self, workflow)
        dct["spec"] = workflow.content_hash
        dct["subprocesses"] = self.mapping_to_dict(workflow.subprocesses)
        dct["bpmn_events"] = []
        return dct

    def from_dict(self, dct: dict[str, Any]) -> Workflow:
        specs: Specs = self.registry.specs
        if dct.pop("spec") != specs.content_hash:
            raise DamagedState("the state belongs to another definition")
        workflow = Workflow(specs.process, dict(specs.subprocesses), specs.content_hash, deserializing=True)
        for task in dct["tasks"].values():  # each enters itself
            self.registry.restore(task, workflow=workflow)
        workflow.task_tree = workflow.tasks[self.registry.id_of(dct["root"])]
        self.set_default_attributes(workflow, dct)
        self.subprocesses_from_dict(dct["subprocesses"], workflow)
        return workflow


class _Registry(DefaultRegistry):
    def __init__(self) -> None:
        super().__init__()
        self.specs: Specs | None = None
        self.ids: dict[str, UUID] = {}  # of the state that is being restored
        self.register(dt.datetime, lambda v: {"value": v.isoformat()}, lambda d: dt.datetime.fromisoformat(d["value"]))
        self.register(dt.date, lambda v: {"value": v.isoformat()}, lambda d: dt.date.fromisoformat(d["value"]))
        self.register(dt.time, lambda v: {"value": v.isoformat()}, lambda d: dt.time.fromisoformat(d["value"]))
        self.register(
            dt.timedelta,
            lambda v: {"days": v.days, "seconds": v.seconds, "microseconds": v.microseconds},
            lambda d: dt.timedelta(**d),
        )
        self.register(Decimal, lambda v: {"value": str(v)}, lambda d: Decimal(d["value"]))
        self.register(bytes, lambda v: {"value": v.hex()}, lambda d: bytes.fromhex(d["value"]))
        self.register(set, lambda v: {"value": sorted(v)}, lambda d: set(d["value"]))
        for cls, usual in SPIFF_CONFIG.items():
            if cls is BpmnWorkflow:
                _WorkflowConverter(Workflow, self, "Workflow")
                continue
            converter = _TaskConverter if cls is Task else usual
            converter(_REPLACED.get(cls, cls), self, cls.__name__)
        for cls, added in _ADDED.items():
            added(cls, self)

    def id_of(self, text: str) -> UUID:
        """A task is named by itself, its parent, its children and the map that it stands in: read once."""
        found = self.ids.get(text)
        if found is None:
            found = self.ids[text] = UUID(text)
        return found

    def data(self, value: Any) -> Any:
        """What a task's data was, from JSON that nobody else holds: only what JSON has not is made anew."""
        if type(value) is dict:
            typename = value.get("typename")
            if type(typename) is str and typename in _DATA_TYPES:
                return super().restore(value)
            places: Any = value.items()
        elif type(value) is list:
            places = enumerate(value)
        else:
            return value
        for place, inner in places:
            if type(inner) in (dict, list):
                value[place] = self.data(inner)
        return value


_local = threading.local()


def _registry() -> _Registry:
    """One per thread: converting on a shared one from two threads leaves raw objects in the text."""
    if not hasattr(_local, "registry"):
        _local.registry = _Registry()
    registry: _Registry = _local.registry
    return registry


def _plain(value: Any) -> Any:
    converted = _registry().convert(value)
    if converted is value:
        raise TypeError(f"{type(value).__name__} cannot be stored")
    return converted


def dump(workflow: Workflow) -> bytes:
    """The workflow as JSON text, specs left out."""
    registry = _registry()
    registry._encoder_mode = True
    try:
        return orjson.dumps(registry.convert(workflow), default=_plain, option=_OPTIONS)
    finally:
        registry._encoder_mode = False


def load(text: bytes, specs: Specs) -> Workflow:
    """The workflow that `dump` wrote. The text must have come out of `unseal`."""
    registry = _registry()
    registry.specs = specs
    try:
        workflow: Workflow = registry.restore(orjson.loads(text))
    finally:
        registry.specs, registry.ids = None, {}
    return workflow


def require_round_trip(text: bytes, specs: Specs) -> None:
    """Guard 5: what was never stored before, or changed its structure, must come back as it went. ValueError.

    The order of variables is no information: what a join or an event brought together comes back in another one.
    """
    if _unordered(orjson.loads(dump(load(text, specs)))) != _unordered(orjson.loads(text)):
        raise ValueError("the state would not be restored as it was stored")


def _unordered(value: Any) -> Any:
    """With the names of variables that a token has no more in one order; records have none anyway."""
    if isinstance(value, dict):
        return {key: sorted(v, key=str) if key == "deletions" else _unordered(v) for key, v in value.items()}
    return [_unordered(item) for item in value] if isinstance(value, list) else value


def restore_specs(stored: bytes, content_hash: str) -> Specs:
    """Shared specs from the text that `store_specs` made."""
    registry, dct = _registry(), orjson.loads(stored)
    subprocesses = {name: registry.restore(sub) for name, sub in dct["subprocesses"].items()}
    return Specs(content_hash, registry.restore(dct["process"]), subprocesses)


def store_specs(process: Any, subprocesses: Mapping[str, Any]) -> bytes:
    """Specs as the parser made them, as text."""
    registry = _parser_registry()
    registry._encoder_mode = True
    content = {"process": process, "subprocesses": dict(subprocesses)}

    def convert(value: Any) -> Any:
        converted = registry.convert(value)
        if converted is value:
            raise TypeError(f"{type(value).__name__} cannot be stored")
        return converted

    return orjson.dumps(content, default=convert, option=_OPTIONS)


def _parser_registry() -> DefaultRegistry:
    """The parser makes SpiffWorkflow's own classes; their names are the same as those of ours."""
    registry = DefaultRegistry()
    for cls, converter in (SPIFF_CONFIG | _ADDED).items():
        converter(cls, registry)
    return registry


def fingerprint(specs: Specs) -> str:
    """Changes if anything in the shared specs changes."""
    registry = _registry()
    registry._encoder_mode = True
    try:
        content = {"process": specs.process, "subprocesses": dict(specs.subprocesses)}
        text = orjson.dumps(content, default=_plain, option=_OPTIONS | orjson.OPT_SORT_KEYS)
    finally:
        registry._encoder_mode = False
    return hashlib.sha256(text).hexdigest()


def seal(text: bytes, secret: bytes, instance_id: str, rev: int) -> tuple[bytes, str]:
    """Compressed state and its HMAC over state, instance and revision: an old state put back does not pass either."""
    state = zlib.compress(text, 1)
    return state, _mac(state, secret, instance_id, rev)


def unseal(state: bytes, mac: str, version: str, secret: bytes, instance_id: str, rev: int) -> bytes:
    """The state's text, or DamagedState. Nothing is parsed before the HMAC holds."""
    if version != VERSION:
        raise DamagedState(f"written by serializer {version}, this is {VERSION}")
    if not hmac.compare_digest(_mac(state, secret, instance_id, rev), mac):
        raise DamagedState("the checksum does not match")
    return zlib.decompress(state)


def _mac(state: bytes, secret: bytes, instance_id: str, rev: int) -> str:
    header = f"{VERSION}|{instance_id}|{rev}|".encode()
    return hmac.new(secret, header + state, hashlib.sha256).hexdigest()
