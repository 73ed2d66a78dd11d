"""Faults of schedulers and clocks, each with its criterion in the name of the test and a control that shows the fault."""

from __future__ import annotations

import datetime as dt
import json
import os
import select
import signal
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from app import errors
from app.clock import SHANGHAI
from app.engine import Instance
from app.engine.verbs import sweeps
from tests import started
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.test_clock_extension import RUNG, STEP, at, clocked, rungs
from tests.started import Started

WAIT = d.package("wait", d.catch("wait", d.timer("timeDuration", "P2D")), d.user("next"), d.end())
# A worker of its own process: it claims what is due, says so, stands still until it is told to go on, and fires it.
WORKER = textwrap.dedent(
    """
    import datetime as dt, json, os, signal, sys
    from app.clock import FixedClock
    from app.engine.verbs import sweeps
    from tests.engine.conftest import build

    url, now, lease, stop = sys.argv[1:]
    sweeps.LEASE = dt.timedelta(seconds=float(lease))
    engine = build(url, FixedClock(dt.datetime.fromisoformat(now))).engine
    claimed = engine._claim(200)
    print(json.dumps(sorted(row["kind"] for _instance, rows in claimed for row in rows)), flush=True)
    if stop == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    print(sum([engine._fire_claimed(*one) for one in claimed]), flush=True)
    """
)


@contextmanager
def worker(world: World, *, lease: float = 1, stop: bool = True, zone: str = "UTC") -> Iterator[Started]:
    """A second scheduler on the same database, at the instant that the first one's clock shows."""
    url, now = world.url, world.clock.now().isoformat()
    words = (url, now, str(lease), "stop" if stop else "go")
    with started.run(WORKER, *words, env={**os.environ, "TZ": zone}) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: Started) -> Any:
    return json.loads(process.stdout.readline())


def go_on(process: Started) -> int:
    until = time.monotonic() + 60
    while not select.select([process.stdout], [], [], 0.05)[0]:
        assert time.monotonic() < until, "it stands still for another reason"
        process.send_signal(signal.SIGCONT)  # more than once: it says what it has claimed just before it stops
    return int(said(process))


# -- F7


def test_f7_of_two_schedulers_of_which_one_stood_still_past_its_lease_one_fires(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "LEASE", dt.timedelta(seconds=1))
    world.deploy(RUNG)
    world.deploy(STEP)
    world.deploy(WAIT)
    late, waiting = world.start("step"), world.start("wait")
    world.clock.set(at(2026, 4, 21, 8, 30))
    with worker(world) as other:
        assert said(other) == ["event", "ladder", "overdue", "remind"]
        time.sleep(1.2)  # its lease is over
        assert world.engine.run_due_timers() == 3  # the stale reminder is not told
        assert go_on(other) == 0
    assert [event for event, _when in clocked(world, late)] == ["task.overdue", "task.escalated"]
    assert len(rungs(world)) == 1
    assert world.open_nodes(waiting) == ["next"]
    assert world.events(waiting).count("timer.fired") == 1
    assert world.engine.verify(world.sessions(), late) is None
    assert world.incidents(waiting) == []


def test_f7_a_scheduler_that_goes_on_within_its_lease_fires_and_the_other_leaves_it_alone(world: World) -> None:
    world.deploy(WAIT)
    waiting = world.start("wait")
    world.clock.set(at(2026, 4, 21, 8, 30))
    with worker(world, lease=60) as other:
        assert said(other) == ["event"]
        assert world.engine.run_due_timers() == 0
        assert go_on(other) == 1
    assert world.open_nodes(waiting) == ["next"]
    assert world.events(waiting).count("timer.fired") == 1


def test_f7_control_a_scheduler_that_fires_what_it_once_read_fires_twice(
    world: World, again: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the conditional UPDATE: the check above would see it."""
    world.deploy(RUNG)
    world.deploy(STEP)
    late = world.start("step")
    world.clock.set(at(2026, 4, 21, 8, 30))
    stalled = again().engine
    claimed = stalled._claim(200)
    world.engine.run_due_timers()
    monkeypatch.setattr(sweeps, "_take", lambda *_row, **_values: True)
    for one in claimed:
        stalled._fire_claimed(*one)
    assert [event for event, _when in clocked(world, late)].count("task.overdue") == 2


def test_f7_many_schedulers_at_once_fire_everything_once(world: World, again: Callable[[], World]) -> None:
    world.deploy(RUNG)
    world.deploy(STEP)
    world.deploy(WAIT)
    late, waiting = [world.start("step") for _one in range(12)], [world.start("wait") for _one in range(12)]
    world.clock.set(at(2026, 4, 21, 8, 30))
    workers = [again().engine for _one in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for _sweep in range(4):
            list(pool.map(lambda engine: engine.run_due_timers(limit=10), workers))
    while world.engine.run_due_timers():
        pass
    for instance in late:
        assert [event for event, _when in clocked(world, instance)] == ["task.overdue", "task.escalated"]
    for instance in waiting:
        assert world.events(instance).count("timer.fired") == 1
        assert world.open_nodes(instance) == ["next"]
    assert len(rungs(world)) == 12
    assert not any(world.incidents(instance) for instance in (*late, *waiting))


# -- F8

ROUNDS = 100
EXPIRES = d.package(
    "expires", d.user("act"), d.boundary("late", "act", d.timer("timeDuration", "PT1H")), d.user("after"), d.end(),
    d.end("end2"), flows=[d.Flow("act", "end"), d.Flow("late", "after"), d.Flow("after", "end2")],
)  # fmt: skip


def race(world: World, instance: str, head_start: float) -> str:
    """The deadline and a person reach the same task at the same moment; who won. `head_start` > 0 is the person's."""
    task_id = world.task(instance, "act").id
    line = threading.Barrier(2)

    def complete() -> bool:
        line.wait()
        time.sleep(max(0.0, -head_start))
        for _try in range(20):
            try:
                world.engine.complete(task_id, {}, by=world.person("zhao"))
                return True
            except errors.Busy:
                continue
            except errors.Conflict:
                return False
        raise AssertionError("always busy")

    def fire() -> int:
        line.wait()
        time.sleep(max(0.0, head_start))
        return world.engine.run_due_timers()

    with ThreadPoolExecutor(2) as pool:
        person, clock = pool.submit(complete), pool.submit(fire)
        done = person.result()
        clock.result()
    world.engine.run_due_timers()
    return "person" if done else "deadline"


def test_f8_deadline_against_completion_has_one_outcome_in_both_orders(world: World) -> None:
    world.deploy(EXPIRES)
    won: Counter[str] = Counter()
    for number in range(ROUNDS):
        instance = world.start("expires")
        world.advance(minutes=59)
        world.clock.set(world.clock.now() + dt.timedelta(minutes=1))
        # Whoever has won less often gets the greater start, however busy the machine is.
        behind = max(-10, min(10, won["deadline"] - won["person"]))
        winner = race(world, instance, ((number % 5) - 2 + behind) * 0.004)
        won[winner] += 1
        events = world.events(instance)
        outcome = (
            events.count("task.completed"), events.count("timer.fired"), events.count("task.cancelled"),
            world.instance(instance).status, world.open_nodes(instance),
        )  # fmt: skip
        expected = {"person": (1, 0, 0, "ended", []), "deadline": (0, 1, 1, "running", ["after"])}[winner]
        assert outcome == expected, f"round {number}"
        assert world.incidents(instance) == []
        if winner == "deadline":
            world.complete(instance, "after")
    assert won["person"] > 10, won
    assert won["deadline"] > 10, won


def test_f8_a_person_who_comes_after_the_instant_and_before_the_sweep_wins_and_is_late(world: World) -> None:
    world.deploy(
        d.package(
            "expires", d.user("act", deadline="PT1H"), d.boundary("late", "act", d.timer("timeDuration", "PT1H")),
            d.user("after"), d.end(), d.end("end2"),
            flows=[d.Flow("act", "end"), d.Flow("late", "after"), d.Flow("after", "end2")],
        )
    )  # fmt: skip
    instance = world.start("expires")
    world.clock.set(world.clock.now() + dt.timedelta(hours=1, seconds=1))
    assert world.complete(instance, "act").late
    assert world.engine.run_due_timers() == 0
    assert world.instance(instance).status == "ended"


def test_f8_control_without_the_revision_both_would_have_happened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that does not compare the revision takes the task from the inbox after somebody has completed it."""
    from app.audit import SYSTEM
    from app.engine.running import checkout as turns
    from app.engine.running.acts.fire import Fire
    from app.engine.running.projections.saving import save

    world.deploy(EXPIRES)
    instance = world.start("expires")
    world.clock.set(world.clock.now() + dt.timedelta(hours=1))
    ((_instance, rows),) = world.engine._claim(200)
    act = Fire(SYSTEM, instance, world.clock.now(), {row["id"]: row["fence"] for row in rows})
    with world.sessions() as session:
        turn = act.open(world.engine, session)
        turn.run(act.begin)
        world.complete(instance, "act")
        monkeypatch.setattr(turns, "take_revision", lambda turn: None)
        monkeypatch.setattr(Fire, "commit", lambda self, turn: turn.happened("timer.fired"))
        with turns.write_transaction(session):
            turns.complete_turn(turn, act, save)
    assert {"task.completed", "timer.fired"} <= set(world.events(instance))
    assert world.open_nodes(instance) == ["after"]


# -- F13


@pytest.mark.one_database
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai"])
def test_f13_a_machine_in_another_zone_fires_nothing_early_and_nothing_twice(world: World, zone: str) -> None:
    world.deploy(RUNG)
    world.deploy(STEP)
    late = world.start("step")
    world.clock.set(at(2026, 4, 16, 17, 29))
    world.engine.run_due_timers()
    assert [event for event, _when in clocked(world, late)] == ["task.reminded"]
    with worker(world, stop=False, zone=zone) as other:
        assert (said(other), said(other)) == ([], 0)
    world.clock.set(at(2026, 4, 16, 17, 30))
    for expected in ((["overdue"], 1), ([], 0)):
        with worker(world, stop=False, zone=zone) as other:
            assert (said(other), said(other)) == expected
    assert [event for event, _when in clocked(world, late)] == ["task.reminded", "task.overdue"]


@pytest.mark.one_database
def test_f13_a_clock_a_day_back_and_forth_fires_nothing_early_and_nothing_twice(
    world: World, again: Callable[[], World]
) -> None:
    world.deploy(RUNG)
    world.deploy(STEP)
    world.deploy(WAIT)
    late, waiting = world.start("step"), world.start("wait")
    day = dt.timedelta(days=1)
    seen: list[tuple[dt.datetime, int]] = []
    moment = world.clock.now()
    while moment < at(2026, 5, 1):
        for shown in (moment, moment - day, moment + day, moment):
            world.clock.set(shown)
            before = len(clocked(world, late)) + world.events(waiting).count("timer.fired")
            again().engine.run_due_timers()
            after = len(clocked(world, late)) + world.events(waiting).count("timer.fired")
            seen += [(shown, after - before)] if after > before else []
        moment += dt.timedelta(hours=11)
    found = clocked(world, late)
    assert Counter(event for event, _when in found) == {
        "task.reminded": 1, "task.overdue": 1, "task.escalated": 2,
    }  # fmt: skip
    instants = {
        "task.reminded": [at(2026, 4, 15, 8, 30)],
        "task.overdue": [at(2026, 4, 16, 17, 30)],
        "task.escalated": [at(2026, 4, 21, 8, 30), at(2026, 4, 27, 8, 30)],
    }
    for event, own in instants.items():
        fired = [when for name, when in found if name == event]
        assert all(due <= when for due, when in zip(own, fired, strict=True))
    assert sum(number for _shown, number in seen) == 5
    assert world.open_nodes(waiting) == ["next"]
    assert len(rungs(world)) == 2


def test_f13_ten_years_on_everything_has_happened_once_and_work_goes_on(world: World) -> None:
    world.deploy(RUNG)
    world.deploy(STEP)
    world.deploy(WAIT)
    late, waiting = world.start("step"), world.start("wait")
    world.clock.set(at(2036, 4, 9, 14, 20))
    for _sweep in range(3):
        world.engine.run_due_timers()
    assert [event for event, _when in clocked(world, late)] == ["task.overdue", "task.escalated", "task.escalated"]
    assert world.events(waiting).count("timer.fired") == 1
    assert len(rungs(world)) == 2
    fresh = world.start("step")
    due = world.task(fresh, "act").due_at
    assert due is not None
    assert due.astimezone(SHANGHAI) == at(2036, 4, 16, 17, 30)
    world.clock.set(at(2026, 4, 10))  # and back: nothing that has happened happens again
    assert world.engine.run_due_timers() == 0


# -- F14


def test_f14_after_a_week_s_outage_all_fire_once_and_missed_cycles_and_reminders_are_coalesced(
    world: World, again: Callable[[], World]
) -> None:
    world.deploy(RUNG)
    world.deploy(
        d.package(
            "busy",
            d.user("act", deadline="P3D", remind="-P2D; -P1D; -PT2H", ladder="+P1D: rung; +P2D: rung"),
            d.boundary("daily", "act", d.timer("timeCycle", "R20/P1D"), interrupting=False),
            d.script("count", "n = n + 1"), d.end("end2"), d.end(),
            flows=[d.Flow("act", "end"), d.Flow("daily", "count"), d.Flow("count", "end2")],
        )
    )  # fmt: skip
    world.deploy(d.package("slow", d.user("act", deadline="P8D", remind="-P5D; -P4D; -P3D; -P2D"), d.end()))
    busy, slow = [world.start("busy", {"n": 0}) for _one in range(15)], [world.start("slow") for _one in range(15)]
    world.clock.set(world.clock.now() + dt.timedelta(days=7))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda engine: engine.run_due_timers(), [again().engine, again().engine]))
    while world.engine.run_due_timers():
        pass
    for instance in busy:
        assert Counter(event for event, _when in clocked(world, instance)) == {
            "task.overdue": 1, "task.escalated": 2,
        }  # fmt: skip
        assert world.events(instance).count("timer.fired") == 1  # seven turns were missed
    for instance in slow:
        assert [event for event, _when in clocked(world, instance)] == ["task.reminded"]  # three were missed
    with world.sessions() as session:
        started = session.scalar(
            sa.select(sa.func.count()).select_from(Instance).where(Instance.definition_key == "rung")
        )
    assert started == 30
    world.advance(days=1)
    assert {world.events(instance).count("timer.fired") for instance in busy} == {2}
