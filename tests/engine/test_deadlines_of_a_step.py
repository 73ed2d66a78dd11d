"""Reminders, the overdue mark and the ladder: at the right work-day instants, each once, whatever happens between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from app.clock import SHANGHAI
from app.engine import History, Instance
from tests.engine import diagrams as d
from tests.engine.conftest import World

STEP = d.package(
    "step",
    d.user(
        "act",
        deadline="work_days(5)",
        remind="-3 work_days; -1 work_days",
        ladder="+3 work_days: rung; +7 work_days: rung; +15 work_days: rung",
    ),
    d.end(),
)
RUNG = d.package(
    "rung", d.user("handle", role="coordinator", deadline="office_3d"), d.end(), manifest="starters = []\n"
)


@pytest.fixture
def instance(world: World) -> str:
    world.deploy(RUNG)
    world.deploy(STEP)
    return world.start("step")


def at(*when: int) -> dt.datetime:
    return dt.datetime(*when, tzinfo=SHANGHAI)  # type: ignore[arg-type]


def happened(world: World, instance: str) -> list[tuple[str, dt.datetime, int | None]]:
    lines = [
        row for row in world.rows(History, instance) if row.event in ("task.reminded", "task.overdue", "task.escalated")
    ]
    return [
        (row.event, row.at.astimezone(SHANGHAI), row.data.get("level")) for row in sorted(lines, key=lambda r: r.seq)
    ]


def rungs(world: World) -> list[Instance]:
    with world.sessions() as session:
        found = session.query(Instance).filter_by(definition_key="rung").all()
    return sorted(found, key=lambda row: row.started_at)


def test_everything_happens_at_its_work_day_instant(world: World, instance: str) -> None:
    """Started Thursday 9 April 2026: due Thursday 16th 17:30; Labour Day 1–5 May counts as days off."""
    world.until(2026, 5, 20)
    assert happened(world, instance) == [
        ("task.reminded", at(2026, 4, 13, 8, 30), None),
        ("task.reminded", at(2026, 4, 15, 8, 30), None),
        ("task.overdue", at(2026, 4, 16, 17, 30), None),
        ("task.escalated", at(2026, 4, 21, 8, 30), 1),
        ("task.escalated", at(2026, 4, 27, 8, 30), 2),
        ("task.escalated", at(2026, 5, 11, 8, 30), 3),
    ]
    assert [row.started_at for row in rungs(world)] == [
        at(2026, 4, 21, 8, 30),
        at(2026, 4, 27, 8, 30),
        at(2026, 5, 11, 8, 30),
    ]
    assert {row.parent_id for row in rungs(world)} == {instance}
    assert world.open_nodes(instance) == ["act"]


def test_a_rung_carries_what_is_late_to_the_committee_office(world: World, instance: str) -> None:
    world.until(2026, 4, 22)
    (rung,) = rungs(world)
    data = world.data(rung.id)
    late = world.task(instance, "act")
    assert (data["level"], data["task_id"], data["task_name"]) == (1, late.id, "act")
    assert data["instance_id_of_origin"] == instance
    assert world.task(rung.id, "handle").role == "coordinator"


def test_a_rung_s_task_bears_the_number_of_what_is_late_not_the_technical_key(world: World) -> None:
    numbered = 'business_key = "subject_business_key"\nstarters = []\n'
    world.deploy(d.package("rung", d.user("handle", role="coordinator"), d.end(), manifest=numbered))
    late = d.package(
        "late", d.user("act", deadline="P1D", ladder="+1 work_days: rung"), d.end(), manifest='business_key = "no"\n'
    )
    world.deploy(late)
    world.start("late", {"no": "YH-7"})
    world.advance(days=7)
    (rung,) = rungs(world)
    assert world.task(rung.id, "handle").business_key == "YH-7"


def test_nothing_more_happens_once_the_step_is_done(world: World, instance: str) -> None:
    world.until(2026, 4, 14)
    world.complete(instance, "act")
    world.until(2026, 6, 1)
    assert [event for event, _at, _level in happened(world, instance)] == ["task.reminded"]
    assert rungs(world) == []
    assert {timer.state for timer in world.timers(instance)} == {"fired", "cancelled"}


def test_who_completes_after_the_due_instant_but_before_the_sweep_wins_and_is_marked_late(
    world: World, instance: str
) -> None:
    world.clock.set(at(2026, 4, 16, 17, 31))
    done = world.complete(instance, "act")
    assert done.late
    world.engine.run_due_timers()
    assert happened(world, instance) == []
    (task,) = world.tasks(instance, "done")
    assert task.late


def test_completing_at_the_due_instant_is_on_time(world: World, instance: str) -> None:
    world.clock.set(at(2026, 4, 16, 17, 30))
    assert not world.complete(instance, "act").late


def test_after_an_outage_one_overdue_and_every_rung_once_but_no_stale_reminders(
    world: World, instance: str, again: Callable[[], World]
) -> None:
    world.clock.set(at(2026, 5, 20, 10))
    restarted = again()
    restarted.engine.run_due_timers()
    restarted.engine.run_due_timers()
    again().engine.run_due_timers()
    assert [(event, level) for event, _at, level in happened(world, instance)] == [
        ("task.overdue", None), ("task.escalated", 1), ("task.escalated", 2), ("task.escalated", 3),
    ]  # fmt: skip
    assert len(rungs(world)) == 3


def test_a_rung_that_fails_is_pushed_out_and_started_once_when_it_can_be(world: World) -> None:
    world.deploy(STEP)  # the rung's process is not there yet
    instance = world.start("step")
    world.clock.set(at(2026, 4, 21, 8, 30))
    world.engine.run_due_timers()
    assert [incident.kind for incident in world.incidents(instance)] == ["timer"]
    assert rungs(world) == []


def test_an_instance_that_is_suspended_is_left_alone_until_it_is_resumed(world: World, instance: str) -> None:
    world.engine.suspend(instance, "停电", by=world.person("zhao"))
    world.until(2026, 4, 17)
    assert happened(world, instance) == []
    world.engine.resume(instance, "恢复", by=world.person("zhao"))
    world.engine.run_due_timers()
    assert [event for event, _at, _level in happened(world, instance)] == ["task.overdue"]


def test_two_workers_fire_a_diagram_timer_once(world: World, again: Callable[[], World]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    world.deploy(d.package("wait", d.catch("wait", d.timer("timeDuration", "P1D")), d.user("next"), d.end()))
    instances = [world.start("wait") for _one in range(5)]
    world.clock.set(world.clock.now() + dt.timedelta(days=1))
    workers = [again() for _one in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda worker: worker.engine.run_due_timers(), workers))
    world.engine.run_due_timers()
    for instance in instances:
        assert world.open_nodes(instance) == ["next"]
        assert world.events(instance).count("timer.fired") == 1


def test_an_interrupting_boundary_timer_takes_the_task_out_of_the_inbox(world: World) -> None:
    world.deploy(
        d.package(
            "expire", d.user("act", deadline="P2D"), d.boundary("late", "act", d.timer("timeDuration", "P3D")),
            d.user("after"), d.end(), d.end("end2"),
            flows=[d.Flow("act", "end"), d.Flow("late", "after"), d.Flow("after", "end2")],
        )
    )  # fmt: skip
    instance = world.start("expire")
    world.advance(days=4)
    assert world.open_nodes(instance) == ["after"]
    assert [task.node_id for task in world.tasks(instance, "cancelled")] == ["act"]
    assert "task.cancelled" in world.events(instance)


def test_turns_of_a_cycle_missed_during_an_outage_are_coalesced(world: World) -> None:
    world.deploy(
        d.package(
            "cycle", d.user("act"), d.boundary("again", "act", d.timer("timeCycle", "R10/P1D"), interrupting=False),
            d.script("count", "n = n + 1"), d.end("end2"), d.end(),
            flows=[d.Flow("act", "end"), d.Flow("again", "count"), d.Flow("count", "end2")],
        )
    )  # fmt: skip
    instance = world.start("cycle", {"n": 0})
    world.clock.set(world.clock.now() + dt.timedelta(days=5, minutes=1))
    world.engine.run_due_timers()
    assert world.events(instance).count("timer.fired") == 1
    world.advance(days=1)
    assert world.events(instance).count("timer.fired") == 2
    assert world.open_nodes(instance) == ["act"]


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Shanghai"])
def test_instants_do_not_depend_on_the_machine_s_zone(world: World, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        world.deploy(RUNG)
        world.deploy(STEP)
        instance = world.start("step")
        assert world.task(instance, "act").due_at == at(2026, 4, 16, 17, 30)
    finally:
        monkeypatch.undo()
        time.tzset()
