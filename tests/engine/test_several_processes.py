"""Several web servers and workers on one database: what two do at once happens once, and who waits is told so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from app import errors
from app.audit import SYSTEM
from app.db import patience, write_transaction
from app.engine import History, HumanTask, Instance, Outbox, Timer
from app.engine.models import Definition, Message
from app.engine.running.locking import lock_instance
from tests.engine import diagrams as d
from tests.engine.another import Another
from tests.engine.conftest import World
from tests.holding import Holding
from tests.postgres import Cluster

ROUNDS, INSTANCES = 15, 30


@pytest.fixture
def other(world: World) -> Iterator[Another]:
    with Another(world.url, world.clock.now()) as other:
        yield other


@pytest.fixture
def case(world: World) -> str:
    world.deploy(d.package("case", d.user("act"), d.user("look", role="dept_staff"), d.end()))
    return "case"


def verified(world: World, instance_id: str) -> None:
    with world.sessions() as session:
        assert world.engine.verify(session, instance_id) is None


def test_of_two_who_complete_one_task_one_wins_and_the_other_is_told_who(
    world: World, case: str, other: Another
) -> None:
    won = {"zhao": 0, "liu": 0}
    for _round in range(ROUNDS):
        instance = world.start(case)
        task = world.task(instance, "act").id
        other.ask("complete", task, {}, by="liu")
        try:
            world.engine.complete(task, {}, by=world.person("zhao"))
            mine, told = True, {}
        except errors.Conflict as refused:
            mine, told = False, refused.extra
        code, extra = other.answer()
        assert (code == "ok") is not mine
        assert (extra if mine else told)["completed_by"] == ("赵明远" if mine else "刘洋")
        won["zhao" if mine else "liu"] += 1
        assert world.open_nodes(instance) == ["look"]
        assert world.events(instance).count("task.completed") == 1
        verified(world, instance)
    assert sum(won.values()) == ROUNDS


def test_two_workers_fire_every_timer_once(world: World, other: Another) -> None:
    world.deploy(
        d.package(
            "late", d.user("act", deadline="P2D", remind="P1D"),
            d.boundary("b", "act", d.timer("timeDuration", '"P3D"'), interrupting=False), d.user("more"), d.end(),
            flows=[d.Flow("act", "end"), d.Flow("b", "more"), d.Flow("more", "end")],
        )
    )  # fmt: skip
    ids = [world.start("late") for _one in range(INSTANCES)]
    later = world.clock.now().replace(day=world.clock.now().day + 5)
    other.ask("clock", later.isoformat())
    assert other.answer()[0] == "ok"
    world.clock.set(later)
    mine = theirs = 0
    for _turn in range(20):
        other.ask("run_due_timers", 20)
        mine += world.engine.run_due_timers(20)
        code, fired = other.answer()
        assert code == "ok"
        theirs += fired
    assert mine and theirs
    for instance in ids:
        events = world.events(instance)
        assert [events.count(name) for name in ("task.overdue", "timer.fired")] == [1, 1], events
        assert sorted(world.open_nodes(instance)) == ["act", "more"]
        assert not world.timers(instance, state="waiting")
        assert not world.incidents(instance)
        verified(world, instance)


def test_two_workers_deliver_every_letter_once(world: World, case: str, other: Another) -> None:
    for _one in range(INSTANCES):
        world.start(case)
    for _turn in range(10):
        other.ask("deliver_outbox", 20)
        world.engine.deliver_outbox(20)
        assert other.answer()[0] == "ok"
    with world.sessions() as session:
        rows = session.execute(sa.select(Outbox.state, Outbox.fence, Outbox.attempts)).all()
    assert rows and {(state, fence, attempts) for state, fence, attempts in rows} == {("sent", 1, 0)}


def test_of_many_messages_with_one_key_one_is_kept(world: World) -> None:
    def send(_one: int) -> str:
        sent: str = world.engine.send_message("paid", "7", {"sum": 1}, by=world.person("root"), key="bank-1").id
        return sent

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(send, range(6)))) == 1
    with world.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == 1


def test_of_many_deployments_of_one_package_there_is_one_version(world: World) -> None:
    package = d.package("case", d.user("act"), d.end())

    def deploy(_one: int) -> int:
        return world.engine.deploy(package, by=SYSTEM).version

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(deploy, range(4))) == {1}
    with world.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Definition)) == 1


@pytest.mark.only_postgresql
def test_a_worker_leaves_an_instance_at_which_somebody_is_at_work(world: World, other: Another) -> None:
    """On SQLite there is one writer, so a worker waits in any case; on PostgreSQL it goes on to the next instance."""
    world.deploy(d.package("late", d.user("act", deadline="P1D"), d.end()))
    held, free = world.start("late"), world.start("late")
    later = world.clock.now().replace(day=world.clock.now().day + 3)
    other.ask("clock", later.isoformat())
    other.answer()
    with world.sessions() as session, write_transaction(session):
        lock_instance(session, held)
        other.ask("run_due_timers")
        assert other.answer() == ("ok", 1)
    assert "task.overdue" in world.events(free) and "task.overdue" not in world.events(held)
    other.ask("run_due_timers")
    assert other.answer() == ("ok", 1)
    assert "task.overdue" in world.events(held)


def test_who_waits_for_a_held_instance_is_told_after_a_second_and_nothing_is_stored(world: World, case: str) -> None:
    instance = world.start(case)
    task = world.task(instance, "act").id
    before = world.events(instance)
    with Holding(world.url, instance), patience(1.0):
        for verb in (
            lambda: world.engine.complete(task, {}, by=world.person("zhao")),
            lambda: world.engine.claim(task, by=world.person("zhao")),
        ):
            began = time.monotonic()
            with pytest.raises((errors.Busy, sa.exc.OperationalError)):
                verb()
            assert 0.9 < time.monotonic() - began < 3
    assert world.events(instance) == before and world.task(instance, "act").assignee_id is None
    world.complete(instance, "act")
    verified(world, instance)


@pytest.mark.only_postgresql
def test_what_was_read_before_the_lock_is_read_again(world: World, case: str, other: Another) -> None:
    """The other process waits with its claim while this one completes the task: it must not claim what is done."""
    instance = world.start(case)
    task = world.task(instance, "act").id
    with world.sessions() as session, write_transaction(session):
        lock_instance(session, instance)
        other.ask("claim", task, by="liu")
        time.sleep(0.5)  # it has found the task, and waits for the instance
        done = {"status": "done", "completed_by_name": "赵明远", "completed_at": world.clock.now()}
        session.execute(sa.update(HumanTask).where(HumanTask.id == task).values(**done))
    code, extra = other.answer()
    assert (code, extra["completed_by"]) == ("conflict", "赵明远")


@pytest.mark.only_postgresql
def test_a_child_waits_for_whoever_holds_its_parent(world: World, other: Another) -> None:
    world.deploy(d.package("rung", d.user("push"), d.end()))
    world.deploy(d.package("case", d.user("act", deadline="P1D", ladder="+PT1H: rung"), d.end()))
    parent = world.start("case")
    world.advance(days=3)
    with world.sessions() as session:
        child = session.scalars(sa.select(Instance.id).where(Instance.parent_id == parent)).one()
    task = world.task(child, "push").id
    with world.sessions() as session, write_transaction(session):
        lock_instance(session, parent)
        other.ask("complete", task, {}, by="liu")
        time.sleep(0.5)
        with world.sessions() as reading:
            assert reading.get_one(HumanTask, task).status == "open"
    assert other.answer()[0] == "ok"


# -- the database goes away


@pytest.mark.only_postgresql
def test_a_connection_lost_in_the_middle_stores_nothing_and_the_next_try_works(world: World, postgres: Cluster) -> None:
    lost: list[str] = []

    @world.engine.service_task("line.cut")
    def cut(call: Any) -> dict[str, Any]:
        call.history("line.used")
        call.session.execute(sa.select(sa.func.count()).select_from(History))
        if not lost:
            lost.append(call.instance_id)
            postgres.sever(world.url)
        call.session.execute(sa.select(sa.func.count()).select_from(History))
        return {}

    world.deploy(d.package("line", d.user("act"), d.service("cut", "line.cut"), d.user("look"), d.end()))
    instance = world.start("line")
    before = world.events(instance)
    with pytest.raises(errors.Busy):
        world.complete(instance, "act")
    assert lost and world.events(instance) == before and world.open_nodes(instance) == ["act"]
    assert not world.incidents(instance)
    world.complete(instance, "act")
    assert world.open_nodes(instance) == ["look"]
    verified(world, instance)


@pytest.mark.only_postgresql
def test_after_the_server_was_killed_and_started_again_work_goes_on(world: World, case: str, postgres: Cluster) -> None:
    instance = world.start(case)
    task = world.task(instance, "act").id
    postgres.kill()
    try:
        with pytest.raises((errors.Busy, sa.exc.OperationalError)):
            world.engine.complete(task, {}, by=world.person("zhao"))
        with pytest.raises((errors.Busy, sa.exc.OperationalError)):
            world.engine.claim(task, by=world.person("zhao"))
    finally:
        postgres.start()
    began = time.monotonic()
    world.engine.complete(task, {}, by=world.person("zhao"))
    assert time.monotonic() - began < 5
    assert world.open_nodes(instance) == ["look"]
    verified(world, instance)


def test_a_lock_that_a_service_task_does_not_get_is_no_incident(world: World, database: str) -> None:
    """The database's trouble is no fault of the diagram: the turn is given up whole."""

    @world.engine.service_task("row.wanted")
    def wanted(call: Any) -> dict[str, Any]:
        call.session.execute(sa.select(Timer.id).where(Timer.kind == "overdue").with_for_update())
        if database == "sqlite":  # rows are not locked there; what a locked database says
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))
        return {}

    world.deploy(d.package("other", d.user("act", deadline="P1D"), d.end()))
    world.deploy(d.package("row", d.user("act"), d.service("want", "row.wanted"), d.end()))
    world.start("other")
    instance = world.start("row")
    with world.sessions() as session, write_transaction(session), patience(1.0):
        session.execute(sa.select(Timer.id).where(Timer.kind == "overdue").with_for_update())
        if database == "sqlite":
            session.rollback()
        with pytest.raises(errors.Busy):
            world.complete(instance, "act")
    assert world.open_nodes(instance) == ["act"] and not world.incidents(instance)
