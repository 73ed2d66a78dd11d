"""What every verb of the engine stands on: its surroundings, and the definitions it has loaded."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, sessionmaker

from app import errors
from app.clock import Clock
from app.engine.language import ExpressionFailed, Language, UnknownName, UnsafeExpression
from app.engine.models import Definition, DefinitionFile
from app.engine.packages import compiled
from app.engine.packages.diagram import Diagram, Flow, Node, read_diagram
from app.engine.packages.lanes import Lane, lane_of
from app.engine.packages.package import Package
from app.engine.ports import Calendar, CheckFunction, Directory, Forms, ServiceFunction
from app.engine.running.serializing import Specs
from app.engine.running.services import Service, Services
from app.engine.running.workflow import Workflow
from app.i18n import lazy_

log = logging.getLogger("duban.engine")
Handler = Callable[..., object]
Observer = Callable[[str, str, float], None]  # verb, outcome, seconds
_CACHED = 200  # definitions kept in memory; a city has some dozens of versions in use


@dataclass(frozen=True)
class Loaded:
    """One version of a process, ready to run. Never changes."""

    id: str
    key: str
    version: int
    content_hash: str
    title: Mapping[str, str]
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]
    diagram: Diagram
    specs: Specs
    _forms: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def nodes(self) -> Mapping[str, Node]:
        return self.diagram.nodes

    @property
    def flows(self) -> Mapping[str, Flow]:
        return self.diagram.flows

    @cached_property
    def package(self) -> Package:
        return Package(self.key, dict(self.files))

    @cached_property
    def listens(self) -> bool:
        """Whether anything in it may wait for a message or a signal."""
        return any(node.event and node.event.kind in ("message", "signal") for node in self.nodes.values())

    @cached_property
    def times(self) -> bool:
        """Whether anything in it may wait for an instant of its own; the reminders of steps are no events."""
        return any(event.kind == "timer" for node in self.nodes.values() for event in node.events)

    @cached_property
    def detaches(self) -> bool:
        """Whether anything in it may start children of its own."""
        return any(node.starts is not None for node in self.nodes.values())

    def form(self, name: str | None) -> dict[str, Any] | None:
        """The form file as data, or None where there is no such form."""
        if not name:
            return None
        if name not in self._forms:
            content = self.files.get(f"forms/{name}.json")
            self._forms[name] = None if content is None else json.loads(content)
        form: dict[str, Any] | None = self._forms[name]
        return form


class DamagedDefinition(errors.Conflict):
    """The stored files of a version are not those that were deployed."""


class Core:
    """The engine's surroundings. It knows no Flask and no domain: everything comes in here."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        clock: Clock,
        functions: Mapping[str, Callable[..., Any]],
        directory: Directory,
        calendar: Calendar,
        secret: bytes,
        lanes: Mapping[str, Lane] | None = None,
        publish_alone: bool = False,
    ) -> None:
        self.sessions, self.clock = sessions, clock
        self.directory, self.calendar, self.secret = directory, calendar, secret
        self.functions = dict(functions)
        self.language = Language(functions)
        self.lanes = dict(lanes or {})
        self.publish_alone = publish_alone
        self.services = Services()
        self.forms: Forms | None = None
        self.observers: list[Observer] = []
        self.handlers: dict[str, Handler] = {}
        self._loaded: dict[str, Loaded] = {}
        self._lock = threading.Lock()

    # -- what slices bring

    def service_task(
        self,
        name: str,
        *,
        params: type[ma.Schema] | None = None,
        result: type[ma.Schema] | None = None,
        stand_in: ServiceFunction | None = None,
        repeatable: bool = True,
    ) -> Callable[[ServiceFunction], ServiceFunction]:
        """Register a function that diagrams may call by this name.

        With `repeatable` False work is never sent back past it: it would run again on the way forward.
        """

        def register(function: ServiceFunction) -> ServiceFunction:
            self.services.register(Service(name, function, params, result, stand_in, repeatable))
            return function

        return register

    def task_check(self, name: str) -> Callable[[CheckFunction], CheckFunction]:
        """Register a check that a step may ask for before it is completed (property `checks`)."""

        def register(function: CheckFunction) -> CheckFunction:
            self.services.register_check(name, function)
            return function

        return register

    def outbox_handler(self, kind: str) -> Callable[[Handler], Handler]:
        """Register who delivers outbox rows of a kind: handler(session, payload, *, key, now)."""

        def register(handler: Handler) -> Handler:
            if kind in self.handlers:
                raise ValueError(f"outbox kind {kind!r} has two handlers")
            self.handlers[kind] = handler
            return handler

        return register

    def use_forms(self, forms: Forms) -> None:
        self.forms = forms

    @contextmanager
    def observed(self, act: object) -> Iterator[None]:
        """Log lines inside bear the instance and task; whoever counts hears how it went and how long it took."""
        ids = {name: getattr(act, name, None) for name in ("instance_id", "task_id")}
        began, outcome = time.monotonic(), "refused"
        with structlog.contextvars.bound_contextvars(**{name: value for name, value in ids.items() if value}):
            try:
                yield
                outcome = "done"
            except (errors.Busy, errors.Conflict):
                outcome = "lost"
                raise
            finally:
                for observer in self.observers:
                    observer(type(act).__name__.lower(), outcome, time.monotonic() - began)

    # -- expressions

    def evaluate(self, expression: str, data: Mapping[str, Any]) -> Any:
        return self.language.evaluate(expression, data)

    def evaluate_softly(self, expression: Any, data: Mapping[str, Any]) -> Any:
        """For titles, scopes and facts: what cannot be said yet is None and never fails a turn."""
        if not expression:
            return None
        try:
            return self.language.evaluate(str(expression), data)
        except (UnknownName, ExpressionFailed, UnsafeExpression):
            return None

    def attach(self, workflow: Workflow) -> Workflow:
        """Give a restored workflow the restricted language."""
        workflow.script_engine = self.language.engine
        return workflow

    def lane(self, node: Node) -> Lane | None:
        return lane_of(self.lanes, node.lane)

    # -- definitions

    def definition(self, session: Session, definition_id: str) -> Loaded:
        """One version, from memory after the first time. NotFound, DamagedDefinition."""
        with self._lock:
            found = self._loaded.get(definition_id)
        if found is None:
            found = self._load(session, definition_id)
            with self._lock:
                if len(self._loaded) >= _CACHED:
                    self._loaded.pop(next(iter(self._loaded)))
                self._loaded[definition_id] = found
        return found

    def published(self, session: Session, key: str) -> Loaded | None:
        """The version that new instances get."""
        definition_id = session.scalar(
            sa.select(Definition.id).where(Definition.key == key, Definition.status == "published")
        )
        return self.definition(session, definition_id) if definition_id else None

    def _load(self, session: Session, definition_id: str) -> Loaded:
        row = session.get(Definition, definition_id)
        if row is None:
            raise errors.NotFound()
        stored = session.execute(
            sa.select(DefinitionFile.name, DefinitionFile.content).where(DefinitionFile.definition_id == definition_id)
        )
        files: dict[str, bytes] = {row.name: row.content for row in stored}
        kept = files.pop(compiled.NAME, b"")
        package = Package(row.key, files)
        if package.content_hash != row.content_hash:
            raise DamagedDefinition(
                lazy_("流程定义数据校验未通过，请联系系统管理员"), definition=f"{row.key} v{row.version}"
            )
        began = time.monotonic()
        specs = compiled.specs_of(package, kept, self.secret, row.content_hash)
        log.debug("definition %s v%s loaded in %.0f ms", row.key, row.version, (time.monotonic() - began) * 1000)
        return Loaded(
            id=row.id,
            key=row.key,
            version=row.version,
            content_hash=row.content_hash,
            title={"zh": row.title_zh, "en": row.title_en},
            manifest=row.manifest,
            files=files,
            diagram=read_diagram(package.diagram),
            specs=specs,
        )

    def later(self, seconds: float) -> dt.datetime:
        return self.clock.now() + dt.timedelta(seconds=seconds)
