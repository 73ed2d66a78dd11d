"""A clock that stands is the same in rows and state; one that stands in only one of them is named."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.db import write_transaction
from app.engine import HumanTask, Timer
from tests.engine import diagrams as d
from tests.engine.conftest import World

STEP = d.package(
    "step",
    d.user("act", deadline="P5D", remind="-1 work_days", allow="claim, pause"),
    d.boundary("late", "act", d.timer("timeDuration", "P5D")),
    d.user("explain"),
    d.end(),
    d.end("end2"),
    flows=[
        d.Flow("act", "end"),
        d.Flow("late", "explain"),
        d.Flow("explain", "end2"),
    ],
)


def found(world: World) -> list[tuple[str, str]]:
    with world.sessions() as session:
        return sorted((one.kind, one.where) for one in world.engine.verify_everything(session))


@pytest.fixture
def instance(world: World) -> str:
    world.deploy(STEP)
    return world.start("step")


def change(world: World, statement: sa.Update) -> None:
    with world.sessions() as session, write_transaction(session):
        session.execute(statement)


def test_a_pause_and_its_end_leave_nothing_to_find(world: World, instance: str) -> None:
    task = world.task(instance, "act").id
    assert found(world) == []
    world.engine.pause_clock(task, "等待检测结果", by=world.person("gao"))
    assert {timer.state for timer in world.timers(instance)} == {"paused"}
    assert found(world) == []
    world.advance(days=2)
    world.engine.resume_clock(task, "检测结果已出", by=world.person("gao"))
    assert found(world) == []


def test_a_timer_that_runs_on_while_the_clock_stands_is_named(world: World, instance: str) -> None:
    world.engine.pause_clock(world.task(instance, "act").id, "等待检测结果", by=world.person("gao"))
    change(world, sa.update(Timer).where(Timer.kind == "remind").values(state="waiting"))
    assert found(world) == [("timer.paused", "timer")]
    change(world, sa.update(Timer).where(Timer.kind == "event").values(state="waiting"))
    assert found(world) == [("timer.paused", "timer")] * 2


def test_a_clock_that_was_set_going_behind_the_engines_back_is_named(world: World, instance: str) -> None:
    world.engine.pause_clock(world.task(instance, "act").id, "等待检测结果", by=world.person("gao"))
    change(world, sa.update(HumanTask).values(paused_at=None))
    assert ("timer.paused", "timer") in found(world)
