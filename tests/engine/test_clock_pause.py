"""A step's clock stops and goes on: nothing fires meanwhile, and the ledger of its budget adds up."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import errors
from app.calendars import light
from app.clock import SHANGHAI, FixedClock
from app.engine import ClockPause, History
from tests.cast import START
from tests.engine import diagrams as d
from tests.engine.conftest import World, build
from tests.engine.test_clock_extension import RUNG, at, clocked, drawn_in_state, rungs, told

ALLOW = "claim, reassign, cc, urge, comment, pause"
STEP = d.package(
    "step",
    d.user(
        "act", deadline="work_days(5)", remind="-3 work_days; -1 work_days",
        ladder="+3 work_days: rung; +7 work_days: rung", allow=ALLOW,
    ),
    d.end(),
)  # fmt: skip
DUE = at(2026, 4, 16, 17, 30)


@pytest.fixture
def instance(world: World) -> str:
    world.deploy(RUNG)
    world.deploy(STEP)
    return world.start("step")


def pause(world: World, instance: str, by: str = "gao", reason: str = "等待检测结果") -> None:
    world.engine.pause_clock(world.task(instance, "act").id, reason, by=world.person(by))


def resume(world: World, instance: str, by: str = "gao", reason: str = "检测结果已出") -> None:
    world.engine.resume_clock(world.task(instance, "act").id, reason, by=world.person(by))


def ledger(world: World, instance: str) -> list[ClockPause]:
    return sorted(world.rows(ClockPause, instance), key=lambda row: (row.started_at, row.id))


def due(world: World, instance: str) -> dt.datetime:
    found = world.task(instance, "act").due_at
    assert found is not None
    return found.astimezone(SHANGHAI)


# -- the verbs


def test_while_it_stands_the_light_is_paused_and_nothing_fires(
    world: World, instance: str, again: Callable[[], World]
) -> None:
    world.until(2026, 4, 10, 10)
    pause(world, instance)
    task = world.task(instance, "act")
    assert light(world.clock.now(), task.due_at, task.amber_at, task.paused_at) == "paused"
    assert (task.paused_at, task.pause_reason) == (at(2026, 4, 10, 10), "等待检测结果")
    assert {timer.state for timer in world.timers(instance)} == {"paused"}
    again().until(2026, 6, 1)
    assert clocked(world, instance) == []
    assert rungs(world) == []
    assert world.instance(instance).next_due_at is None


def test_what_was_left_runs_on_from_the_resumption(world: World, instance: str) -> None:
    """Stopped on Friday 10 April at 10:00 with 4 work days and 6 hours left; on again on Monday 20th at 10:00."""
    world.until(2026, 4, 10, 10)
    pause(world, instance)
    world.until(2026, 4, 20, 10)
    resume(world, instance)
    task = world.task(instance, "act")
    assert (due(world, instance), task.paused_at, task.pause_reason) == (at(2026, 4, 24, 17, 30), None, "")
    assert task.original_due_at == DUE
    world.until(2026, 5, 20)
    assert clocked(world, instance) == [
        ("task.reminded", at(2026, 4, 21, 8, 30)),
        ("task.reminded", at(2026, 4, 23, 8, 30)),
        ("task.overdue", at(2026, 4, 24, 17, 30)),
        ("task.escalated", at(2026, 4, 29, 8, 30)),
        ("task.escalated", at(2026, 5, 8, 8, 30)),
    ]
    assert len(rungs(world)) == 2


def test_the_ledger_says_who_stopped_it_why_and_what_was_left(world: World, instance: str) -> None:
    world.until(2026, 4, 10, 10)
    pause(world, instance)
    world.until(2026, 4, 20, 10)
    resume(world, instance)
    (line,) = ledger(world, instance)
    work_day = 7.5 * 3600
    assert (line.unit, line.left_seconds) == ("work", 4 * work_day + 6 * 3600)
    assert line.ran_seconds + line.left_seconds == 5 * work_day + (17.5 - 14 - 20 / 60) * 3600
    assert (line.started_by_name, line.reason, line.ended_by_name, line.end_reason) == (
        "高原", "等待检测结果", "高原", "检测结果已出",
    )  # fmt: skip
    assert (line.due_before, line.due_after) == (DUE, at(2026, 4, 24, 17, 30))
    assert told(world, instance, "task.paused", "task.resumed") == [
        ("task.paused", at(2026, 4, 10, 10)), ("task.resumed", at(2026, 4, 20, 10)),
    ]  # fmt: skip
    (paused,) = [row for row in world.rows(History, instance) if row.event == "task.paused"]
    assert paused.data["left_seconds"] == line.left_seconds


def test_repeating_either_is_a_conflict(world: World, instance: str) -> None:
    with pytest.raises(errors.Conflict):
        resume(world, instance)
    pause(world, instance)
    with pytest.raises(errors.Conflict) as twice:
        pause(world, instance)
    assert twice.value.extra["status"] == "paused"
    resume(world, instance)
    with pytest.raises(errors.Conflict):
        resume(world, instance)
    assert len(ledger(world, instance)) == 1


def test_the_holder_does_not_stop_his_own_clock_and_an_outsider_none(world: World, instance: str) -> None:
    world.engine.claim(world.task(instance, "act").id, by=world.person("zhao"))
    for outsider in ("zhao", "deng", "zhou"):
        with pytest.raises(errors.Forbidden):
            pause(world, instance, by=outsider)
    pause(world, instance)
    with pytest.raises(errors.Forbidden):
        resume(world, instance, by="zhao")
    assert len(ledger(world, instance)) == 1


def test_where_the_step_does_not_allow_it_only_an_operator_stops_the_clock(world: World) -> None:
    world.deploy(d.package("plain", d.user("act", deadline="work_days(5)"), d.end()))
    instance = world.start("plain")
    with pytest.raises(errors.Forbidden):
        pause(world, instance)
    task_id = world.task(instance, "act").id
    world.engine.pause_clock(task_id, "数据核对", by=world.person("root"), operator=True)
    world.engine.resume_clock(task_id, by=world.person("root"), operator=True)
    assert len(ledger(world, instance)) == 1


def test_a_deadline_that_is_past_or_absent_cannot_be_stopped(world: World, instance: str) -> None:
    world.until(2026, 4, 17)
    with pytest.raises(errors.Conflict) as late:
        pause(world, instance)
    assert late.value.extra["status"] == "overdue"
    world.deploy(d.package("free", d.user("act", allow=ALLOW), d.end()))
    with pytest.raises(errors.Conflict):
        pause(world, world.start("free"))
    with pytest.raises(errors.Invalid):
        pause(world, world.start("step"), reason="  ")


def test_what_a_person_is_offered_follows_the_clock(world: World, instance: str) -> None:
    def offered(by: str) -> frozenset[str]:
        with world.sessions() as session:
            task = world.task(instance, "act")
            return world.engine.permitted(session, task, world.person(by).id or "") & {"pause", "resume"}

    assert (offered("gao"), offered("deng")) == ({"pause"}, frozenset())
    pause(world, instance)
    assert (offered("gao"), offered("deng")) == ({"resume"}, frozenset())
    resume(world, instance)
    world.until(2026, 4, 17)
    assert offered("gao") == frozenset()


def test_a_task_done_while_its_clock_stands_is_on_time_and_closes_the_ledger(world: World, instance: str) -> None:
    pause(world, instance)
    world.until(2026, 6, 1)
    assert not world.complete(instance, "act").late
    (line,) = ledger(world, instance)
    assert line.ended_at == at(2026, 6, 1)
    (task,) = world.tasks(instance, "done")
    assert task.paused_at is None
    assert task.due_at is not None
    assert task.due_at > at(2026, 6, 1)


def test_a_task_that_is_cancelled_while_its_clock_stands_closes_the_ledger(world: World, instance: str) -> None:
    pause(world, instance)
    world.engine.cancel(instance, "作废", by=world.person("zhao"))
    (line,) = ledger(world, instance)
    assert (line.ended_at, line.due_after) == (world.clock.now(), None)
    assert [task.paused_at for task in world.tasks(instance, "cancelled")] == [None]


def test_it_turns_amber_when_as_much_of_the_limit_is_used_as_without_the_stop(world: World, instance: str) -> None:
    first = world.task(instance, "act")
    assert first.amber_at is not None
    pause(world, instance)
    world.until(2026, 4, 16, 14, 20)  # five work days later, at the same time of day
    resume(world, instance)
    task = world.task(instance, "act")
    office = world.engine.calendar
    with world.sessions() as session:
        assert task.amber_at is not None
        before = office.elapsed(session, "work", START, first.amber_at)
        assert office.elapsed(session, "work", world.clock.now(), task.amber_at) == before


def test_an_extension_while_it_stands_gives_a_new_budget_and_it_stands_on(world: World, instance: str) -> None:
    world.until(2026, 4, 10, 10)
    pause(world, instance)
    world.until(2026, 4, 15, 10)
    task_id = world.task(instance, "act").id
    with pytest.raises(errors.Invalid):  # later than the old one, yet less than what is left
        world.engine.extend(task_id, at(2026, 4, 20, 17, 30), "进口件", by=world.person("gao"))
    world.engine.extend(task_id, at(2026, 4, 24, 17, 30), "进口件", by=world.person("gao"))
    task = world.task(instance, "act")
    assert (task.paused_at, task.extensions) == (at(2026, 4, 10, 10), 1)
    first, second = ledger(world, instance)
    assert first.ended_at == second.started_at == at(2026, 4, 15, 10)
    world.until(2026, 5, 1)
    assert clocked(world, instance) == []
    world.until(2026, 5, 6, 10)
    resume(world, instance)
    assert second.left_seconds == 7 * 7.5 * 3600 + 6 * 3600
    assert due(world, instance) == at(2026, 5, 14, 17, 30)  # seven work days on, Saturday 9 May is one
    world.until(2026, 5, 15)
    assert ("task.overdue", at(2026, 5, 14, 17, 30)) in clocked(world, instance)


def test_a_drawn_deadline_stands_with_the_step_and_goes_on_with_it(world: World, again: Callable[[], World]) -> None:
    world.deploy(
        d.package(
            "drawn",
            d.user("act", deadline="P5D", allow=ALLOW),
            d.boundary("late", "act", d.timer("timeDuration", "P5D")),
            d.boundary("soon", "act", d.timer("timeDuration", "P4D"), interrupting=False),
            d.boundary("again", "act", d.timer("timeCycle", "R3/P1D"), interrupting=False),
            d.user("told"), d.script("count", "n = 1"), d.user("after"), d.end(), d.end("end2"), d.end("end3"),
            d.end("end4"),
            flows=[
                d.Flow("act", "end"), d.Flow("late", "after"), d.Flow("after", "end2"), d.Flow("soon", "told"),
                d.Flow("told", "end3"), d.Flow("again", "count"), d.Flow("count", "end4"),
            ],
        )
    )  # fmt: skip
    instance = world.start("drawn")
    began = world.clock.now()
    day = dt.timedelta(days=1)
    world.advance(hours=36)
    pause(world, instance)
    assert {row.state for row in world.timers(instance, kind="event") if row.state != "fired"} == {"paused"}
    again().advance(days=10)
    assert world.open_nodes(instance) == ["act"]
    assert world.events(instance).count("timer.fired") == 1
    resume(world, instance)
    gap = dt.timedelta(days=10)
    assert drawn_in_state(world, instance) == {
        "late": began + 5 * day + gap, "soon": began + 4 * day + gap, "again": began + 2 * day + gap,
    }  # fmt: skip
    restarted = again()
    restarted.advance(days=2, hours=23)
    assert restarted.open_nodes(instance) == ["act", "told"]
    assert world.events(instance).count("timer.fired") == 4
    restarted.advance(days=1)
    assert restarted.open_nodes(instance) == ["after", "told"]


def test_a_worker_that_read_the_rows_before_the_stop_fires_nothing_after_it(
    world: World, instance: str, again: Callable[[], World]
) -> None:
    world.clock.set(at(2026, 4, 15, 9))
    stalled = again().engine
    claimed = stalled._claim(200)
    assert claimed
    pause(world, instance)
    for found, rows in claimed:
        stalled._fire_claimed(found, rows)
    assert clocked(world, instance) == []
    world.until(2026, 4, 20, 9)
    resume(world, instance)
    for found, rows in claimed:
        stalled._fire_claimed(found, rows)
    assert clocked(world, instance) == []


def test_a_suspended_instance_keeps_its_clocks_running(world: World, instance: str) -> None:
    """Suspension is technical, by an operator: the limit is the law's. What fell due fires when it is resumed."""
    world.engine.suspend(instance, "核对数据", by=world.person("root"))
    with pytest.raises(errors.Conflict):
        pause(world, instance)
    world.until(2026, 4, 17)
    world.engine.resume(instance, by=world.person("root"))
    assert due(world, instance) == DUE
    world.engine.run_due_timers()
    assert [event for event, _when in clocked(world, instance)] == ["task.overdue"]


# -- each kind of limit ends where it ended


@pytest.mark.parametrize(
    ("deadline", "stop", "on", "expected"),
    [
        # work days to the end of office: over a week-end
        ("work_days(3)", at(2026, 4, 10, 10), at(2026, 4, 13, 9), at(2026, 4, 15, 17, 30)),
        # over Labour Day (1 to 5 May off, Saturday 9 May worked)
        ("work_days(15)", at(2026, 4, 29, 9), at(2026, 5, 6, 9), at(2026, 5, 7, 17, 30)),
        ("work_days(20)", at(2026, 4, 29, 9), at(2026, 5, 8, 9), at(2026, 5, 15, 17, 30)),
        # stopped and resumed on days off: what is left begins on the next work day
        ("work_days(3)", at(2026, 4, 11, 9), at(2026, 5, 2, 9), at(2026, 5, 7, 17, 30)),
        # the same day: nothing is won
        ("work_days(3)", at(2026, 4, 13, 9), at(2026, 4, 13, 16), at(2026, 4, 15, 17, 30)),
        # days of the calendar end at 23:59:59
        ("days(5)", at(2026, 4, 10, 10), at(2026, 4, 13, 9), at(2026, 4, 17, 23, 59, 59)),
        ("days(5)", at(2026, 4, 10, 10), at(2026, 4, 13, 10), at(2026, 4, 17, 23, 59, 59)),
        ("days(5)", at(2026, 4, 13, 20), at(2026, 5, 1, 22), at(2026, 5, 3, 23, 59, 59)),
        # hours run around the clock, to the second
        ("PT48H", at(2026, 4, 10, 14, 20), at(2026, 4, 12, 3), at(2026, 4, 13, 3)),
        ("P5D", at(2026, 4, 10, 14, 20), at(2026, 4, 20, 8), at(2026, 4, 24, 8)),
        ("until('2026-04-20')", at(2026, 4, 10, 12), at(2026, 4, 12, 12), at(2026, 4, 22, 23, 59, 59)),
    ],
)
def test_every_limit_ends_where_its_days_end(
    world: World, deadline: str, stop: dt.datetime, on: dt.datetime, expected: dt.datetime
) -> None:
    world.deploy(d.package("limit", d.user("act", deadline=deadline, allow=ALLOW), d.end()))
    instance = world.start("limit")
    world.clock.set(stop)
    pause(world, instance)
    world.clock.set(on)
    resume(world, instance)
    assert due(world, instance) == expected


def test_a_statutory_limit_of_work_days_ends_at_midnight_of_a_work_day(world: World) -> None:
    rules = sorted(world.engine.calendar.rules())
    statutory = next((rule for rule in rules if _ends(world, rule) == ("work", "day")), None)
    assert statutory is not None, "the shipped rules have one that counts work days to midnight"
    world.deploy(d.package("limit", d.user("act", deadline=statutory, allow=ALLOW), d.end()))
    instance = world.start("limit")
    before = due(world, instance)
    pause(world, instance)
    world.clock.set(world.clock.now() + dt.timedelta(days=7))  # five work days
    resume(world, instance)
    after = due(world, instance)
    with world.sessions() as session:
        assert world.engine.calendar.elapsed(session, "work", before, after) == 5 * 7.5 * 3600
    assert (after.hour, after.minute, after.second) == (23, 59, 59)


def _ends(world: World, rule: str) -> tuple[Any, Any]:
    with world.sessions() as session:
        basis = world.engine.calendar.due(session, rule, START, lambda _text: None).basis
    return basis["unit"], basis["end"]


# -- the ledger adds up


@pytest.fixture(scope="module")
def ground(template_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One database for all examples: arithmetic does not depend on which it is."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    shutil.copy(template_file, path)
    world = build(f"sqlite:///{path}", FixedClock(START))
    for name, limit in (("work", "work_days(5)"), ("days", "days(7)"), ("hours", "PT72H")):
        world.deploy(d.package(name, d.user("act", deadline=limit, allow=ALLOW), d.end()))
    yield world
    world.sessions.kw["bind"].dispose()


@settings(max_examples=40, deadline=None)
@given(
    process=st.sampled_from(["work", "days", "hours"]),
    spans=st.lists(st.integers(min_value=60, max_value=4 * 86_400), min_size=2, max_size=12),
)
def test_what_ran_between_all_stops_and_what_is_left_are_the_limit(
    ground: World, process: str, spans: list[int]
) -> None:
    """Counted a second time here, second by second of office time or of the day, from the instants alone."""
    world = ground
    world.clock.set(START)
    instance = world.start(process)
    task = world.task(instance, "act")
    assert task.due_at is not None
    unit = (task.due_basis or {})["unit"]
    with world.sessions() as session:

        def count(start: dt.datetime, end: dt.datetime) -> int:
            return world.engine.calendar.elapsed(session, unit, start, end)

        budget, ran, since, stands = count(START, task.due_at), 0, START.astimezone(dt.UTC), False
        for span in spans:
            world.clock.set(world.clock.now() + dt.timedelta(seconds=span))
            now = world.clock.now()
            if not stands and now >= world.task(instance, "act").due_at:  # type: ignore[operator]
                break
            (resume if stands else pause)(world, instance)
            if not stands:
                ran += min(count(since, now), budget - ran)
                line = ledger(world, instance)[-1]
                assert line.left_seconds == budget - ran
            since, stands = now, not stands
        lines = ledger(world, instance)
        assert sum(line.ran_seconds for line in lines) == ran
        if lines:
            assert sum(line.ran_seconds for line in lines) + lines[-1].left_seconds == budget
        if lines and not stands:
            final = world.task(instance, "act").due_at
            assert final is not None
            assert count(since, final) >= lines[-1].left_seconds  # never less than what was left
            assert (final - since) - dt.timedelta(days=1) <= _span(world, session, unit, since, lines[-1].left_seconds)


def _span(world: World, session: Any, unit: str, since: dt.datetime, left: int) -> dt.timedelta:
    """How long what is left takes, to the second; days off after it do not count as won."""
    calendar = world.engine.calendar
    exact = calendar.run_on(session, {"unit": unit, "end": "exact"}, since, left)
    first = calendar.run_on(session, {"unit": unit, "end": "exact"}, exact, 1)
    return max(exact, first) - since


def test_stopping_often_wins_no_time(ground: World) -> None:
    """The due instant is rounded to the end of its day at each resumption; the budget is not."""
    world = ground
    world.clock.set(START)
    instance = world.start("work")
    first = due(world, instance)
    for stop, on in ((9, 10), (10, 13), (13, 14), (14, 15)):  # over night: two minutes of office time
        world.clock.set(at(2026, 4, stop, 17, 29))
        pause(world, instance)
        world.clock.set(at(2026, 4, on, 8, 31))
        resume(world, instance)
    with world.sessions() as session:
        assert world.engine.calendar.elapsed(session, "work", first, due(world, instance)) <= 7.5 * 3600
