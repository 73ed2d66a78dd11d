"""A scratch office to measure in: its own data folder or an empty database, a few people, the processes to run."""

from __future__ import annotations

import datetime as dt
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.accounts import Grant, Organisation, User
from app.audit import SYSTEM, Actor
from app.clock import FixedClock
from app.config import ROOT, Settings
from app.db import write_transaction
from app.engine import Engine, HumanTask, load_folder
from app.migrate import upgrade
from app.setup import install

PROCESSES = Path(__file__).parent / "processes"
PEOPLE = 8


class Occupied(Exception):
    """The database to measure in holds people already."""


@dataclass
class Stage:
    """Where a bench plays. `environ` starts other programs (server, worker) on the same data."""

    app: Flask
    home: Path
    environ: dict[str, str]
    office: str
    people: list[Actor]

    @property
    def engine(self) -> Engine:
        engine: Engine = self.app.extensions["duban.engine"]
        return engine

    @property
    def url(self) -> str:
        settings: Settings = self.app.extensions["duban.settings"]
        return settings.database_url

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def start(self, key: str, count: int, *, days_ago: float = 0) -> list[str]:
        """Instances of a process, begun so many days ago; their ids."""
        engine, real = self.engine, self.engine.clock
        if days_ago:
            engine.clock = FixedClock(real.now() - dt.timedelta(days=days_ago))
        try:
            return [engine.start(key, {"number": n}, by=SYSTEM).instance_id for n in range(count)]
        finally:
            engine.clock = real

    def open_tasks(self, node_id: str, instances: list[str] | None = None) -> list[str]:
        """Open tasks of a step, oldest first."""
        with self.engine.sessions() as session:
            rows = session.execute(
                sa.select(HumanTask.id, HumanTask.instance_id)
                .where(HumanTask.node_id == node_id, HumanTask.status == "open")
                .order_by(HumanTask.id)
            ).all()
        wanted = None if instances is None else set(instances)
        return [row.id for row in rows if wanted is None or row.instance_id in wanted]

    def token(self, person: Actor) -> str:
        """A personal token, as `duban users token` prints it."""
        from app.accounts.operations import People

        with self.engine.sessions() as session, write_transaction(session):
            people = People(session, SYSTEM, self.engine.clock.now())
            _token, secret = people.issue_token(session.get_one(User, person.id), "bench", 1)
        return str(secret)


@contextmanager
def stage(database: str | None = None) -> Iterator[Stage]:
    """Everything is removed again, except rows in a database that was named."""
    with tempfile.TemporaryDirectory(prefix="duban-bench-") as folder:
        home = Path(folder)
        settings = Settings(
            home=home,
            database_url=database or f"sqlite:///{home / 'duban.sqlite'}",
            secret_key=secrets.token_urlsafe(48),
            bpmn=ROOT / "bpmn",
        )
        app = create_app(settings)
        with app.app_context():
            upgrade(app)
            install(app)
            office, people = _people(app)
            for path in sorted(PROCESSES.glob("*/process.toml")):
                app.extensions["duban.engine"].deploy(load_folder(path.parent), by=SYSTEM)
            environ = {
                "DUBAN_HOME": str(home),
                "DUBAN_DATABASE_URL": settings.database_url,
                "DUBAN_SECRET_KEY": settings.secret_key,
            }
            try:
                yield Stage(app, home, environ, office, people)
            finally:
                app.extensions["duban.sessions"].kw["bind"].dispose()


def _people(app: Flask) -> tuple[str, list[Actor]]:
    """One department and its staff."""
    now = app.extensions["duban.clock"].now()
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        if session.scalar(sa.select(User.id).limit(1)) is not None:
            raise Occupied
        office = Organisation(code="BENCH", name="测速科", short_name="测速科", kind="sector_dept")
        session.add(office)
        session.flush()
        staff = [
            User(username=f"bench{n}", name=f"测速员{n}", org_id=office.id, active=True, created_at=now)
            for n in range(PEOPLE)
        ]
        session.add_all(staff)
        session.flush()
        session.add_all(Grant(user_id=user.id, role="dept_staff", org_id=office.id) for user in staff)
        session.flush()
        return office.id, [Actor(user.id, user.name, office.id, office.short_name) for user in staff]
