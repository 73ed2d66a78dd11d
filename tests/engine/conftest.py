"""An engine on a real database with the tests' small city; only the clock is ours. No Flask.

`world` runs twice, on SQLite and on PostgreSQL (tests/conftest.py says how). `build(world.url, clock)` is one more
engine on the same database, as another process has it; a subprocess does the same with that URL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app import SLICES
from app.accounts import AccountsDirectory
from app.audit import SYSTEM, Actor
from app.calendars import OfficeCalendar, expression_functions
from app.calendars import seed as seed_calendars
from app.clock import SHANGHAI, FixedClock
from app.db import Base, make_sessions, write_transaction
from app.engine import Engine, History, HumanTask, Incident, Instance, Package, Timer
from tests.cast import ORGS, START, member, org_id, people_the_city
from tests.reused import Kinds, Reused, ReusedDatabase, ReusedFile

SECRET = b"test-only-secret"


@dataclass
class World:
    """One database, its engine, and short words for what tests ask again and again."""

    sessions: sessionmaker[Session]
    clock: FixedClock
    engine: Engine
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.sessions.kw["bind"].url.render_as_string(hide_password=False))

    def person(self, key: str) -> Actor:
        person = member(key)
        name = next(short for org, _name, short, *_rest in ORGS if org_id(org) == person.org_id)
        return Actor(person.id, person.name, person.org_id, name)

    def deploy(self, package: Package) -> None:
        """Without the check: the guards are tests of what runs, whoever let it through."""
        from app.engine.packages import compiled
        from app.engine.verbs.definitions import _insert, _publish

        specs = compiled.sealed(package, SECRET, package.content_hash)
        with self.sessions() as session, write_transaction(session):
            row = _insert(session, package, package.content_hash, specs, SYSTEM, self.clock.now())
            _publish(session, row, SYSTEM, self.clock.now())

    def start(self, key: str, data: Mapping[str, Any] | None = None, by: str = "zhao", **more: Any) -> str:
        return self.engine.start(key, data or {}, by=self.person(by), **more).instance_id

    def tasks(self, instance_id: str, status: str = "open") -> list[HumanTask]:
        with self.sessions() as session:
            select = sa.select(HumanTask).where(HumanTask.instance_id == instance_id, HumanTask.status == status)
            return list(session.scalars(select.order_by(HumanTask.node_id, HumanTask.created_at, HumanTask.id)))

    def task(self, instance_id: str, node_id: str) -> HumanTask:
        return next(task for task in self.tasks(instance_id) if task.node_id == node_id)

    def open_nodes(self, instance_id: str) -> list[str]:
        return [task.node_id for task in self.tasks(instance_id)]

    def complete(self, instance_id: str, node_id: str, by: str = "zhao", **answers: Any) -> Any:
        return self.engine.complete(self.task(instance_id, node_id).id, answers, by=self.person(by))

    def instance(self, instance_id: str) -> Instance:
        with self.sessions() as session:
            return session.scalars(sa.select(Instance).where(Instance.id == instance_id)).one()

    def rows(self, model: Any, instance_id: str, **values: Any) -> list[Any]:
        with self.sessions() as session:
            return list(session.scalars(sa.select(model).filter_by(instance_id=instance_id, **values)))

    def incidents(self, instance_id: str) -> list[Incident]:
        return [row for row in self.rows(Incident, instance_id) if row.resolved_at is None]

    def timers(self, instance_id: str, **values: Any) -> list[Timer]:
        return sorted(self.rows(Timer, instance_id, **values), key=lambda row: row.due_at)

    def events(self, instance_id: str) -> list[str]:
        with self.sessions() as session:
            select = sa.select(History.event).where(History.instance_id == instance_id).order_by(History.seq)
            return list(session.scalars(select))

    def advance(self, **span: float) -> int:
        return self.engine.advance_to(self.clock.now() + dt.timedelta(**span), self.clock.set)

    def until(self, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
        return self.engine.advance_to(dt.datetime(year, month, day, hour, minute, tzinfo=SHANGHAI), self.clock.set)

    def data(self, instance_id: str) -> dict[str, Any]:
        """The variables as the stored state has them."""
        from app.engine.running.checkout import load_turn

        with self.sessions() as session:
            return dict(load_turn(self.engine, session, instance_id, SYSTEM).workflow.data_now)


def fill(url: str) -> None:
    """Tables, people and calendars for an empty database: all tables, whichever of them this run of tests has imported."""
    for name in SLICES:
        import_module(f"app.{name}")
    sessions = make_sessions(url)
    Base.metadata.create_all(sessions.kw["bind"])
    with sessions() as session, write_transaction(session):
        people_the_city(session)
        seed_calendars(session)
    sessions.kw["bind"].dispose()


def engine_on(sessions: sessionmaker[Session], clock: FixedClock) -> Engine:
    return Engine(
        sessions=sessions,
        clock=clock,
        functions=expression_functions(),
        directory=AccountsDirectory(),
        calendar=OfficeCalendar(),
        secret=SECRET,
    )


def build(url: str, clock: FixedClock) -> World:
    return world_on(make_sessions(url), clock)


def world_on(sessions: sessionmaker[Session], clock: FixedClock) -> World:
    engine = engine_on(sessions, clock)
    world = World(sessions, clock, engine)
    engine.outbox_handler("event")(
        lambda _session, payload, *, key, now: world.told.append(dict(payload) | {"key": key})
    )
    return world


@pytest.fixture(scope="session")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engine") / "template.sqlite"
    fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def reused(
    template_file: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Reused]]:
    """By kind of database, made when first asked for."""
    kinds = Kinds(
        sqlite=lambda: ReusedFile(template_file, tmp_path_factory.mktemp("engine") / "engine.sqlite"),
        postgresql=lambda: ReusedDatabase(request.getfixturevalue("postgres"), fill),
    )
    yield kinds
    for made in kinds.values():
        made.close()


@pytest.fixture
def world(database: str, reused: dict[str, Reused]) -> Iterator[World]:
    """As filled, with an engine that remembers nothing; the connections and what they have learnt stay."""
    sessions = reused[database].begin()
    yield world_on(sessions, FixedClock(START))
    reused[database].end()


@pytest.fixture
def again(world: World) -> Callable[[], World]:
    """The same database with a new engine: what a restart leaves."""

    def restart() -> World:
        engine = engine_on(world.sessions, world.clock)
        engine.services, engine.handlers = world.engine.services, world.engine.handlers
        return World(world.sessions, world.clock, engine, world.told)

    return restart
