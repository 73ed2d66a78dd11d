"""Where scenarios and rehearsals play: the same engine on a database of its own, among people who may do anything."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import SYSTEM
from app.clock import FixedClock, local
from app.db import Base, make_sessions
from app.engine.checking import Problem
from app.engine.engine import Engine
from app.engine.packages.diagram import read_diagram
from app.engine.packages.package import Package, package_from_files
from app.engine.packages.stand_ins import called_processes, stand_in
from app.engine.packages.words import words_of
from app.engine.ports import Person
from app.engine.running.services import Services

_EMPTY = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="duban">
<bpmn:process id="{key}" isExecutable="true"><bpmn:startEvent id="start"/><bpmn:endEvent id="end"/>
<bpmn:sequenceFlow id="flow" sourceRef="start" targetRef="end"/></bpmn:process></bpmn:definitions>"""


class Anybody:
    """A directory in which every word is a person, and every person may do everything."""

    def __init__(self, roles: frozenset[str], people: Mapping[str, Sequence[str]] | None = None) -> None:
        self._roles, self._people = roles, people or {}

    def person(self, session: Session, user_id: str) -> Person | None:
        return Person(user_id, user_id, f"org_{user_id}"[:32], user_id)

    def organisation(self, session: Session, value: object) -> str | None:
        return str(value)[:32] if value else None

    def is_candidate(self, session: Session, user_id: str, role: str | None, org_id: str | None) -> bool:
        return True

    def candidates(self, session: Session, role: str | None, org_id: str | None) -> Sequence[Person]:
        """Those whom the scenario lists for a role, else one person who is called like it."""
        found = [self.person(session, word) for word in self._people.get(role or "", (role or "somebody",))]
        return [person for person in found if person is not None]

    def principals(self, session: Session, user_id: str, at: dt.datetime) -> Sequence[Person]:
        return ()

    def roles(self) -> frozenset[str]:
        return self._roles


class Stage(Engine):
    """Deploys without checking: what runs here has been checked, or is meant to show what is wrong."""

    def check(self, package: Package, known: Any = (), earlier: Package | None = None) -> list[Problem]:
        return []


@contextlib.contextmanager
def stage_for(
    engine: Engine,
    package: Package,
    clock: FixedClock,
    people: Mapping[str, Sequence[str]] | None = None,
    *,
    ladders: bool = True,
    folder: str | None = None,
) -> Iterator[Stage]:
    """An engine with everything that `engine` was given, on an empty database, with the package deployed.

    Without `ladders` the processes that rungs start are not there: nothing climbs while it lasts.
    """
    functions = dict(engine.functions)
    if "today" in functions:
        functions["today"] = lambda: local(clock.now()).date()
    with tempfile.TemporaryDirectory(prefix="duban-stage-", dir=folder) as place:
        sessions = make_sessions(f"sqlite:///{Path(place) / 'stage.sqlite'}")
        bind = sessions.kw["bind"]
        try:
            Base.metadata.create_all(bind, tables=_tables())
            stage = Stage(
                sessions,
                clock,
                functions,
                Anybody(engine.directory.roles(), people),
                engine.calendar,
                b"stage",
                engine.lanes,
            )
            stage.services = Services(
                tasks=dict(engine.services.tasks),
                checks=dict.fromkeys(engine.services.checks, lambda _check: {}),
                rehearsing=True,
            )
            if engine.forms is not None:
                stage.use_forms(engine.forms.unattended())
            rungs = _ladder_processes(package) - {package.key} if ladders else set()
            for key in rungs:
                files = {"process.toml": f'key = "{key}"\nstarters = []', "process.bpmn": _EMPTY.format(key=key)}
                stage.deploy(package_from_files(key, files), by=SYSTEM)
            for key in called_processes(package) - rungs:
                stage.deploy(stand_in(key), by=SYSTEM)
            stage.deploy(package, by=SYSTEM)
            yield stage
        finally:
            bind.dispose()


def _tables() -> list[sa.Table]:
    """Only the engine's and the audit's: a calendar without its tables works with what ships."""
    ours = [m for m in Base.registry.mappers if m.class_.__module__.startswith(("app.engine.", "app.audit."))]
    return [mapper.local_table for mapper in ours if isinstance(mapper.local_table, sa.Table)]


def _ladder_processes(package: Package) -> set[str]:
    nodes = read_diagram(package.diagram).nodes.values()
    return {rung.process for node in nodes for rung in words_of(node.properties).ladder}
