"""Timers moved by an operator, deadlines counted anew when a calendar is published, and what a failing timer does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app import errors
from app.calendars import light
from app.calendars.operations import publish_year
from app.db import write_transaction
from app.engine import History, Instance, Timer
from app.engine.ports import ServiceCall
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.test_clock_extension import RUNG, STEP, at, clocked, drawn_in_state, rungs, told
from tests.engine.test_clock_pause import ALLOW, due, pause, resume

OLD = at(2026, 4, 16, 17, 30)


@pytest.fixture
def instance(world: World) -> str:
    world.deploy(RUNG)
    world.deploy(STEP)
    return world.start("step")


def timer(world: World, instance: str, kind: str, **more: Any) -> Timer:
    return world.timers(instance, kind=kind, state="waiting", **more)[0]


def move(world: World, row: Timer, to: dt.datetime, reason: str = "按领导批示改期") -> None:
    world.engine.reschedule(row.id, to, reason, by=world.person("root"))


WAIT = d.package("wait", d.catch("wait", d.timer("timeDuration", "P2D")), d.user("next"), d.end())


# -- by an operator


def test_a_step_s_timer_fires_at_its_new_instant_and_says_who_moved_it(world: World, instance: str) -> None:
    reminder = timer(world, instance, "remind")
    move(world, reminder, at(2026, 4, 13, 9))
    row = timer(world, instance, "remind")
    assert (row.due_at, row.original_due_at) == (at(2026, 4, 13, 9), at(2026, 4, 15, 8, 30))
    assert (row.moved_by_name, row.moved_at, row.move_reason) == ("系统管理员", world.clock.now(), "按领导批示改期")
    (line,) = [line for line in world.rows(History, instance) if line.event == "timer.rescheduled"]
    assert (line.data["kind"], line.data["reason"]) == ("remind", "按领导批示改期")
    world.until(2026, 4, 16)
    assert clocked(world, instance) == [("task.reminded", at(2026, 4, 13, 9))]


def test_a_timer_of_the_diagram_is_moved_in_the_sealed_state(world: World, again: Callable[[], World]) -> None:
    world.deploy(WAIT)
    instance = world.start("wait")
    to = world.clock.now() + dt.timedelta(days=9)
    move(world, timer(world, instance, "event"), to)
    assert drawn_in_state(world, instance) == {"wait": to}
    row = timer(world, instance, "event")
    assert (row.due_at, row.moved_by_name, row.move_reason) == (to, "系统管理员", "按领导批示改期")
    restarted = again()
    restarted.advance(days=8)
    assert restarted.open_nodes(instance) == []
    restarted.advance(days=1)
    assert restarted.open_nodes(instance) == ["next"]
    assert [when for _event, when in told(world, instance, "timer.fired")] == [to]


def test_a_timer_may_be_moved_to_now_and_fires_at_the_next_sweep(world: World) -> None:
    world.deploy(WAIT)
    instance = world.start("wait")
    move(world, timer(world, instance, "event"), world.clock.now())
    world.engine.run_due_timers()
    assert world.open_nodes(instance) == ["next"]


def test_a_turn_of_a_cycle_is_moved_and_the_rest_follow_from_there(world: World) -> None:
    world.deploy(
        d.package(
            "cycle", d.user("act"), d.boundary("again", "act", d.timer("timeCycle", "R3/P1D"), interrupting=False),
            d.script("count", "n = n + 1"), d.end("end2"), d.end(),
            flows=[d.Flow("act", "end"), d.Flow("again", "count"), d.Flow("count", "end2")],
        )
    )  # fmt: skip
    instance = world.start("cycle", {"n": 0})
    began = world.clock.now()
    move(world, timer(world, instance, "event"), began + dt.timedelta(days=5))
    world.advance(days=10)
    assert [when for _event, when in told(world, instance, "timer.fired")] == [
        began + dt.timedelta(days=days) for days in (5, 6, 7)
    ]


def test_the_overdue_mark_is_the_deadline_and_only_an_extension_moves_it(world: World, instance: str) -> None:
    with pytest.raises(errors.Conflict) as refused:
        move(world, timer(world, instance, "overdue"), at(2026, 5, 6))
    assert "延期" in str(refused.value.detail)
    assert due(world, instance) == OLD


def test_only_what_waits_can_be_moved_and_not_into_the_past(world: World, instance: str) -> None:
    reminder = timer(world, instance, "remind")
    for when, reason in ((at(2026, 4, 9, 10), "早"), (at(2026, 4, 14), "")):
        with pytest.raises(errors.Invalid):
            move(world, reminder, when, reason)
    with pytest.raises(errors.NotFound):
        world.engine.reschedule("0" * 32, at(2026, 4, 14), "x", by=world.person("root"))
    world.until(2026, 4, 16)
    with pytest.raises(errors.Conflict) as fired:
        move(world, reminder, at(2026, 4, 20))
    assert fired.value.extra["status"] == "fired"
    world.engine.suspend(instance, "核查", by=world.person("root"))
    with pytest.raises(errors.Conflict):
        move(world, timer(world, instance, "ladder"), at(2026, 5, 20))


def test_a_worker_that_read_a_timer_before_it_was_moved_does_not_fire_it(
    world: World, instance: str, again: Callable[[], World]
) -> None:
    world.deploy(WAIT)
    other = world.start("wait")
    world.clock.set(at(2026, 4, 15, 9))
    stalled = again().engine
    claimed = stalled._claim(200)
    assert {found for found, _rows in claimed} == {instance, other}
    for row in (timer(world, instance, "remind"), timer(world, other, "event")):
        move(world, row, at(2026, 4, 16, 9))
    for found, rows in claimed:
        stalled._fire_claimed(found, rows)
    assert clocked(world, instance) == []
    assert world.open_nodes(other) == []
    world.until(2026, 4, 16, 9)
    assert clocked(world, instance) == [("task.reminded", at(2026, 4, 16, 9))]
    assert world.open_nodes(other) == ["next"]


# -- counted anew


def official(world: World, days_off: list[dt.date]) -> None:
    with world.sessions() as session, write_transaction(session):
        publish_year(
            session, 2027, dict.fromkeys(days_off, (False, "元旦")), basis="国务院办公厅通知", source="国办",
            by=world.person("root"), now=world.clock.now(),
        )  # fmt: skip
    world.engine.recompute_deadlines(by=world.person("root"))


NEW_YEAR = [dt.date(2027, 1, 1), dt.date(2027, 1, 2), dt.date(2027, 1, 3)]


def at_the_turn_of_the_year(world: World, allow: str = ALLOW) -> str:
    world.deploy(RUNG)
    world.deploy(
        d.package(
            "year", d.user("act", deadline="work_days(5)", ladder="+1 work_days: rung", allow=allow), d.end()
        )
    )  # fmt: skip
    world.clock.set(at(2026, 12, 28, 10))
    return world.start("year")


def test_a_deadline_that_moves_later_after_it_was_marked_overdue_is_marked_again(world: World) -> None:
    """Monday 4 January 2027 was the last day while New Year counted as a work day; officially it is the 5th."""
    instance = at_the_turn_of_the_year(world)
    assert due(world, instance) == at(2027, 1, 4, 17, 30)
    world.until(2027, 1, 4, 20)
    assert clocked(world, instance) == [("task.overdue", at(2027, 1, 4, 17, 30))]
    official(world, NEW_YEAR)
    task = world.task(instance, "act")
    assert (due(world, instance), task.original_due_at, task.extensions) == (
        at(2027, 1, 5, 17, 30), at(2027, 1, 5, 17, 30), 0,
    )  # fmt: skip
    assert light(world.clock.now(), task.due_at, task.amber_at) != "red"
    world.until(2027, 1, 10)
    assert clocked(world, instance)[1:] == [
        ("task.overdue", at(2027, 1, 5, 17, 30)), ("task.escalated", at(2027, 1, 6, 8, 30)),
    ]  # fmt: skip
    assert len(rungs(world)) == 1


def test_counting_anew_twice_changes_nothing_more(world: World) -> None:
    instance = at_the_turn_of_the_year(world)
    world.until(2027, 1, 4, 20)
    official(world, NEW_YEAR)
    lines = len(world.events(instance))
    world.engine.recompute_deadlines(by=world.person("root"))
    assert len(world.events(instance)) == lines
    assert world.task(instance, "act").clock_round == 1


def test_a_clock_that_stood_on_its_way_is_counted_from_when_it_went_on(world: World) -> None:
    instance = at_the_turn_of_the_year(world)
    world.until(2026, 12, 29, 10)
    pause(world, instance)
    world.until(2026, 12, 30, 10)  # one work day stood
    resume(world, instance)
    assert due(world, instance) == at(2027, 1, 5, 17, 30)
    official(world, NEW_YEAR)
    assert due(world, instance) == at(2027, 1, 6, 17, 30)


def test_a_clock_that_stands_runs_on_over_the_days_that_are_official_then(world: World) -> None:
    instance = at_the_turn_of_the_year(world)
    world.until(2026, 12, 30, 10)
    pause(world, instance)
    official(world, NEW_YEAR)
    assert world.task(instance, "act").paused_at is not None
    world.until(2026, 12, 31, 10)
    resume(world, instance)
    assert due(world, instance) == at(2027, 1, 6, 17, 30)


def test_an_extended_deadline_is_a_given_day_and_is_not_counted_anew(world: World) -> None:
    instance = at_the_turn_of_the_year(world)
    world.engine.extend(world.task(instance, "act").id, at(2027, 1, 8, 17, 30), "批准", by=world.person("gao"))
    official(world, NEW_YEAR)
    assert due(world, instance) == at(2027, 1, 8, 17, 30)


# -- what cannot fire


def test_a_timer_that_failed_is_tried_again_in_the_engine_s_time_and_fires(world: World) -> None:
    """It was pushed out in real time once: a driven clock never came to it."""
    world.deploy(STEP)  # the rung's process is not there yet
    instance = world.start("step")
    world.until(2026, 4, 21, 8, 30)
    assert [incident.kind for incident in world.incidents(instance)] == ["timer"]
    world.deploy(RUNG)
    world.until(2026, 4, 21, 9)
    assert [(row.business_key or "").rsplit(":", 1)[1] for row in rungs(world)] == ["1"]
    assert ("task.escalated", at(2026, 4, 21, 8, 32)) in clocked(world, instance)


def test_a_diagram_timer_that_ends_in_a_conflict_gets_an_incident_and_is_not_tried_for_ever(world: World) -> None:
    """Its turn gives the instance a business key that another has. Once it was tried each minute, without a word."""
    world.deploy(
        d.package(
            "keyed", d.catch("wait", d.timer("timeDuration", "P1D")), d.script("name", "no = 'YH-1'"), d.user("act"),
            d.end(), manifest='business_key = "no"\n',
        )
    )  # fmt: skip
    first = world.start("keyed", {"no": "YH-1"})
    second = world.start("keyed")
    world.advance(days=2)
    assert world.open_nodes(second) == []
    (incident,) = world.incidents(second)
    assert incident.kind == "timer"
    assert [row.state for row in world.timers(second)] == ["failed"]
    world.advance(days=2)
    assert len(world.incidents(second)) == 1
    world.engine.amend(second, {"note": "已核查"}, "更正", by=world.person("zhao"))  # another turn starts nothing anew
    assert [row.state for row in world.timers(second)] == ["failed"]
    with world.sessions() as session, write_transaction(session):
        session.get_one(Instance, first).business_key = "YH-2"
    world.engine.retry(incident.id, by=world.person("zhao"))
    world.advance(minutes=1)
    assert world.open_nodes(second) == ["act"]
    with world.sessions() as session:
        assert list(world.engine.verify_everything(session)) == []


def test_a_storm_in_one_instance_does_not_hold_up_the_others(world: World) -> None:
    """More is due in one instance than a sweep takes, and all of it earlier than the one reminder of another."""
    branches = [d.user(f"act{n}", deadline=f"PT{n + 1}H") for n in range(30)]
    world.deploy(
        d.package(
            "storm", d.parallel("split"), *branches, d.end(),
            flows=[flow for one in branches for flow in (d.Flow("split", one.id), d.Flow(one.id, "end"))],
        )
    )  # fmt: skip
    world.deploy(d.package("calm", d.user("act", deadline="PT40H"), d.end()))
    storms, calm = [world.start("storm") for _one in range(3)], world.start("calm")
    with world.sessions() as session, write_transaction(session):  # three hundred more, older ones
        for row in session.scalars(sa.select(Timer).where(Timer.instance_id.in_(storms))).all():
            for n in range(5):
                session.add(_copy(row, n))
    world.clock.set(world.clock.now() + dt.timedelta(hours=50))
    world.engine.run_due_timers(limit=200)
    assert clocked(world, calm) == [("task.overdue", clocked(world, calm)[0][1])]
    while world.engine.run_due_timers():
        pass
    for storm in storms:
        assert {row.state for row in world.timers(storm)} == {"fired"}


def _copy(row: Timer, number: int) -> Timer:
    return Timer(
        instance_id=row.instance_id, task_id=row.task_id, node_id=row.node_id, kind="overdue", detail={},
        due_at=row.due_at - dt.timedelta(minutes=number), original_due_at=row.due_at, state="waiting",
    )  # fmt: skip


def test_of_many_reminders_due_at_once_one_is_told_although_they_take_several_sweeps(world: World) -> None:
    remind = "; ".join(f"-PT{n}H" for n in range(1, 121))
    world.deploy(d.package("often", d.user("act", deadline="P10D", remind=remind), d.end()))
    instance = world.start("often")
    world.clock.set(world.clock.now() + dt.timedelta(days=9, hours=23, minutes=30))
    while world.engine.run_due_timers():
        pass
    world.engine.run_due_timers()
    world.engine.run_due_timers()
    assert [event for event, _when in clocked(world, instance)] == ["task.reminded"]


def test_what_a_dead_worker_had_claimed_fires_when_its_lease_is_over(
    world: World, again: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engine.verbs import sweeps

    monkeypatch.setattr(sweeps, "LEASE", dt.timedelta(seconds=1))
    world.deploy(WAIT)
    instance = world.start("wait")
    world.clock.set(world.clock.now() + dt.timedelta(days=2))
    assert again().engine._claim(200)  # and dies
    assert world.engine.run_due_timers() == 0
    world.advance(days=1)  # the driven clock waits for it: everything happens at its own instant
    assert world.open_nodes(instance) == ["next"]


def test_a_service_that_fails_behind_a_timer_does_not_stop_the_timer(world: World) -> None:
    @world.engine.service_task("sky.falls")
    def falls(call: ServiceCall) -> None:
        raise RuntimeError("down")

    world.deploy(
        d.package("wait", d.catch("wait", d.timer("timeDuration", "P2D")), d.service("go", "sky.falls"), d.end())
    )
    instance = world.start("wait")
    world.advance(days=3)
    assert world.events(instance).count("timer.fired") == 1
    assert [incident.kind for incident in world.incidents(instance)] == ["service"]
    with world.sessions() as session:
        assert session.get(Instance, instance).status == "running"  # type: ignore[union-attr]
