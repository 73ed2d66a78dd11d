"""What a diagram may call by name: service tasks, and checks before a completion. Explicit registries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from SpiffWorkflow.task import Task

from app.engine.ports import CheckFunction, ServiceCall, ServiceFunction
from app.engine.running.plain import checked

if TYPE_CHECKING:
    from app.engine.running.checkout import Turn


@dataclass(frozen=True)
class Service:
    """A named service task. `stand_in` takes its place in rehearsals and scenarios.

    One that is not `repeatable` is never run a second time by sending work back past it.
    """

    name: str
    function: ServiceFunction
    params: type[ma.Schema] | None
    result: type[ma.Schema] | None
    stand_in: ServiceFunction | None
    repeatable: bool = True


@dataclass
class Services:
    """The registries of one engine. A duplicate name stops the start."""

    tasks: dict[str, Service] = field(default_factory=dict)
    checks: dict[str, CheckFunction] = field(default_factory=dict)
    rehearsing: bool = False

    def register(self, service: Service) -> None:
        if service.name in self.tasks:
            raise ValueError(f"service task {service.name!r} is registered twice")
        self.tasks[service.name] = service

    def register_check(self, name: str, function: CheckFunction) -> None:
        if name in self.checks:
            raise ValueError(f"task check {name!r} is registered twice")
        self.checks[name] = function

    def may_repeat(self, name: str) -> bool:
        """Whether what this service task did may be done again."""
        service = self.tasks.get(name)
        return service is not None and service.repeatable

    def call(self, turn: Turn, task: Task) -> None:
        """Run a service task and assign its result; any exception becomes the caller's incident."""
        spec = task.task_spec
        service = self.tasks.get(spec.operation_name)
        if service is None:
            raise LookupError(f"no service task is called {spec.operation_name!r}")
        params = {
            name: turn.evaluate(param["value"], task.data) for name, param in (spec.operation_params or {}).items()
        }
        if service.params is not None:
            params = dict(service.params().load({name: as_json(value) for name, value in params.items()}))
        call = ServiceCall(
            session=turn.session,
            now=turn.now,
            actor=turn.actor,
            instance_id=turn.id,
            node_id=spec.bpmn_id,
            data=deepcopy(task.data),
            history=_history(turn, spec.bpmn_id),
        )
        function = service.stand_in if self.rehearsing and service.stand_in else service.function
        result = function(call, **params)
        turn.session.flush()
        if result is not None and service.result is not None:
            result = service.result().dump(result)
        _assign(task, spec, result)


def _history(turn: Turn, node_id: str) -> Callable[..., None]:
    def history(event: str, **data: Any) -> None:
        turn.happened(event, node_id=node_id, data=as_json(data))

    return history


def _assign(task: Task, spec: Any, result: Mapping[str, Any] | None) -> None:
    if spec.merges:
        task.data.update(checked(dict(result or {})))
    else:
        task.data[spec.result_variable] = checked(None if result is None else dict(result))


_AS_THEY_ARE = (str, bool, int, float)


def as_json(value: Any) -> Any:
    """The value as marshmallow and history take it: dates and decimals as text, tuples and sets as lists."""
    if value is None or type(value) in _AS_THEY_ARE:  # most are; asking whether each is a mapping costs most
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(as_json(item) for item in value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.timedelta):
        return f"PT{value.total_seconds():g}S"
    if isinstance(value, bytes):
        return value.hex()
    return value
