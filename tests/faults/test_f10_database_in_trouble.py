"""F10: the database is locked, full or read-only: 503 with Retry-After, nothing half done, recovery without a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import errors
from app.db import patience
from app.engine import Engine, History, HumanTask, Instance
from app.engine.running import checkout
from app.engine.running.projections import saving
from app.prepared import Prepared
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.holding import Holding

SignIn = Callable[[str], FlaskClient]
Trouble = Callable[[str], AbstractContextManager[None]]
# Long enough not to fit into what is free in a page that is there already.
ANSWERS = {"result": "pass", "opinion": "同意。" * 300}


def sqlite_setting(bind: sa.Engine, setting: Callable[[Any], str]) -> Callable[[], None]:
    """Every connection, also one that is open already, gets the setting before it is used; until it is taken back."""

    def set_it(connection: Any, *_more: Any) -> None:
        connection.execute(f"PRAGMA {setting(connection)}")

    sa.event.listen(bind, "checkout", set_it)
    return lambda: sa.event.remove(bind, "checkout", set_it)


@contextmanager
def no_room(bind: sa.Engine) -> Iterator[None]:
    """SQLite may grow no more; PostgreSQL answers what it answers when the disk is full."""
    if bind.dialect.name == "sqlite":
        bind.dispose()
        with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("VACUUM")  # no room is left in what is there
        ended = sqlite_setting(bind, lambda one: f"max_page_count={one.execute('PRAGMA page_count').fetchone()[0]}")
        try:
            yield
        finally:
            ended()
            sqlite_setting(bind, lambda _one: "max_page_count=1073741823")
        return
    with bind.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        connection.exec_driver_sql("CREATE TRIGGER no_room BEFORE INSERT ON history EXECUTE FUNCTION no_room()")
    try:
        yield
    finally:
        with bind.begin() as connection:
            connection.exec_driver_sql("DROP FUNCTION no_room CASCADE")


@contextmanager
def read_only(bind: sa.Engine) -> Iterator[None]:
    """What a failover leaves: connections on which nothing can be written."""
    if bind.dialect.name == "sqlite":
        ended = sqlite_setting(bind, lambda _one: "query_only=1")
        try:
            yield
        finally:
            ended()
            sqlite_setting(bind, lambda _one: "query_only=0")
        return
    name = bind.url.database

    def become(value: str) -> None:
        with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.invalidate()

    become("on")
    try:
        yield
    finally:
        become("off")


@pytest.fixture(params=["locked", "full", "read_only"])
def trouble(request: pytest.FixtureRequest, engine: Engine) -> Trouble:
    bind = engine.sessions.kw["bind"]

    def begin(instance_id: str) -> AbstractContextManager[None]:
        if request.param == "locked":
            return Holding(bind.url.render_as_string(hide_password=False), instance_id)
        return (no_room if request.param == "full" else read_only)(bind)

    return begin


def stored(engine: Engine, task_id: str) -> tuple[Any, ...]:
    """What must not change while nothing can be done: task, revision, state and history."""
    with engine.sessions() as session:
        task = session.get_one(HumanTask, task_id)
        instance = session.get_one(Instance, task.instance_id)
        lines = session.scalar(sa.select(sa.func.count()).where(History.instance_id == instance.id))
        bad = [found.as_text() for found in engine._instance(session, instance.id)]
        return task.status, instance.rev, instance.state, lines, bad


def test_f10_a_database_in_trouble_is_503_with_retry_after_leaves_nothing_half_done_and_works_again_without_a_restart(
    engine: Engine, request_seal: Callable[..., str], sign_in: SignIn, trouble: Trouble
) -> None:
    task, zhao = request_seal(), sign_in("zhao")
    with engine.sessions() as session:
        instance_id = session.get_one(HumanTask, task).instance_id
    before = stored(engine, task)
    sent = {"json": {"answers": ANSWERS}, "headers": {"Idempotency-Key": f"in-trouble-{task}"}}
    with trouble(instance_id):
        program = zhao.post(f"/api/v1/tasks/{task}/completion", **sent)
        assert (program.status_code, program.get_json(force=True)["code"]) == (503, "busy")
        assert int(program.headers["Retry-After"]) >= 1
        person = zhao.post(f"/tasks/{task}/completion", data=ANSWERS)
        assert person.status_code == 503
        assert int(person.headers["Retry-After"]) >= 1
        assert zhao.get("/api/v1/tasks?box=claimable").status_code == 200  # what only reads goes on
        assert stored(engine, task) == before
    began = time.monotonic()
    assert zhao.post(f"/api/v1/tasks/{task}/completion", **sent).status_code == 200
    assert time.monotonic() - began < 5
    status, rev, _state, lines, bad = stored(engine, task)
    assert (status, rev, bad) == ("done", before[1] + 1, [])
    assert lines > before[3]


def test_f10_a_worker_that_finds_the_database_locked_leaves_the_timer_and_fires_it_later(world: World) -> None:
    world.deploy(d.package("late", d.user("act", deadline="P1D"), d.end()))
    instance = world.start("late")
    later = world.clock.now().replace(day=world.clock.now().day + 3)
    world.clock.set(later)
    with Holding(world.url, instance), patience(0.5):
        try:
            fired = world.engine.run_due_timers()
        except (errors.Busy, sa.exc.OperationalError):
            fired = 0
        assert fired == 0
    assert "task.overdue" not in world.events(instance)
    assert not world.incidents(instance)
    for _sweep in range(2):
        world.clock.set(world.clock.now().replace(hour=(world.clock.now().hour + 1) % 24))
        world.engine.run_due_timers()
    assert world.events(instance).count("task.overdue") == 1


def test_f10_control_writing_row_by_row_leaves_half_of_it_when_the_database_fills_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the one transaction: what is compared above would differ."""

    @contextmanager
    def row_by_row(session: Session, **_more: Any) -> Iterator[Session]:
        session.rollback()
        whole = session.execute

        def execute(*words: Any, **more: Any) -> Any:
            found = whole(*words, **more)
            session.commit()
            return found

        session.execute = execute  # type: ignore[method-assign]
        yield session

    def run(self: Prepared, session: Session, given: Any) -> int:
        found = whole_run(self, session, given)
        session.commit()
        return found

    def full(*_words: Any) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, Exception("database or disk is full"))

    whole_run = Prepared.run
    world.deploy(d.package("case", d.user("act"), d.user("look"), d.end()))
    instance = world.start("case")
    task = world.task(instance, "act").id
    before = stored(world.engine, task)
    with monkeypatch.context() as naive:
        naive.setattr(Prepared, "run", run)
        naive.setattr(checkout, "write_transaction", row_by_row)
        naive.setattr(saving, "_store", full)
        with pytest.raises(errors.Busy):
            world.complete(instance, "act")
    after = stored(world.engine, task)
    assert after != before
    assert after[-1]
