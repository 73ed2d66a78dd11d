"""What comes first when several things are due in one turn, as after a night in which nothing ran (guard 2); and that a
turn that never rests is stopped by its steps as well as by its time.
"""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from typing import Any

import pytest

from app.engine.running import checkout
from tests.engine import diagrams as d
from tests.engine.conftest import World


def sleep(world: World) -> None:
    """Nothing runs for two hours; then everything that is due does, in one turn."""
    world.clock.set(world.clock.now() + dt.timedelta(hours=2))
    world.engine.run_due_timers()


@pytest.fixture
def passed(world: World) -> list[str]:
    """What the service task `case.pass` was called for, in order."""
    found: list[str] = []

    @world.engine.service_task("case.pass")
    def record(call: Any, node: str) -> None:
        found.append(node)

    return found


def after(minutes: int) -> str:
    return d.timer("timeDuration", f"PT{minutes}M")


def test_what_was_due_beside_a_step_is_not_lost_because_it_is_interrupted_too(world: World) -> None:
    world.deploy(
        d.package(
            "step", d.user("act"), d.boundary("beside", "act", after(10), interrupting=False),
            d.boundary("over", "act", after(20)), d.user("note"), d.user("mend"), d.end(), d.end("end2"), d.end("end3"),
            flows=[
                d.Flow("act", "end"), d.Flow("beside", "note"), d.Flow("note", "end2"), d.Flow("over", "mend"),
                d.Flow("mend", "end3"),
            ],
        )
    )  # fmt: skip
    instance = world.start("step")
    sleep(world)
    assert world.open_nodes(instance) == ["mend", "note"]


@pytest.mark.parametrize("host", [d.user("act"), d.subprocess("act", d.start("in"), d.user("inner"), d.end("out"))])
def test_of_two_events_that_interrupt_the_same_the_earlier_happens_and_the_other_never_does(
    world: World, host: d.Element
) -> None:
    """It was written down later."""
    world.deploy(
        d.package(
            "rivals", host, d.boundary("later", "act", after(20)), d.boundary("earlier", "act", after(10)),
            d.boundary("beside", "act", after(15), interrupting=False), d.user("note"), d.user("late"),
            d.user("early"), d.end(), d.end("end2"), d.end("end3"), d.end("end4"),
            flows=[
                d.Flow("act", "end"), d.Flow("later", "late"), d.Flow("late", "end2"), d.Flow("earlier", "early"),
                d.Flow("early", "end3"), d.Flow("beside", "note"), d.Flow("note", "end4"),
            ],
        )
    )  # fmt: skip
    instance = world.start("rivals")
    sleep(world)
    assert world.open_nodes(instance) == ["early", "note"]
    for node in ("early", "note"):
        world.complete(instance, node)
    assert world.instance(instance).status == "ended"


def test_of_two_event_sub_processes_that_interrupt_the_same_the_earlier_begins(world: World) -> None:
    world.deploy(
        d.package(
            "rivals", d.user("act"), d.end(),
            d.event_subprocess("slow", d.start("later", after(20)), d.user("late"), d.end("end2")),
            d.event_subprocess("quick", d.start("earlier", after(10)), d.user("early"), d.end("end3")),
        )
    )  # fmt: skip
    instance = world.start("rivals")
    sleep(world)
    assert world.open_nodes(instance) == ["early"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_what_interrupts_a_scope_comes_before_what_is_due_inside(
    world: World, passed: list[str], interrupting: bool
) -> None:
    inner = d.subprocess(
        "work", d.start("in"), d.user("act"), d.end("out"), d.boundary("late", "act", after(10), interrupting=interrupting),
        d.service("count", "case.pass", node="'inner'"), d.end("out2"),
        flows=[d.Flow("in", "act"), d.Flow("act", "out"), d.Flow("late", "count"), d.Flow("count", "out2")],
    )  # fmt: skip
    world.deploy(
        d.package(
            "scope", inner, d.boundary("over", "work", after(20)), d.user("mend"), d.end(), d.end("end2"),
            flows=[d.Flow("work", "end"), d.Flow("over", "mend"), d.Flow("mend", "end2")],
        )
    )  # fmt: skip
    instance = world.start("scope")
    sleep(world)
    assert (world.open_nodes(instance), passed) == (["mend"], [])


def test_an_event_sub_process_that_interrupts_comes_before_what_only_goes_on(world: World, passed: list[str]) -> None:
    inner = d.subprocess(
        "work", d.start("in"), d.catch("wait", after(10)), d.service("count", "case.pass", node="'inner'"), d.end("out")
    )
    stop = d.event_subprocess("stop", d.start("over", after(20)), d.user("mend"), d.end("end2"))
    world.deploy(d.package("whole", inner, d.user("next"), d.end(), stop))
    instance = world.start("whole")
    sleep(world)
    assert (world.open_nodes(instance), passed) == (["mend"], [])


def test_of_what_only_goes_on_the_innermost_comes_first(world: World, passed: list[str]) -> None:
    inner = d.subprocess(
        "work",
        d.start("in"),
        d.catch("wait_in", after(20)),
        d.service("in_done", "case.pass", node="'inner'"),
        d.end("out"),
    )
    world.deploy(
        d.package(
            "both", d.parallel("split"), d.catch("wait", after(10)), d.service("done", "case.pass", node="'outer'"), inner,
            d.parallel("join"), d.user("next"), d.end(),
            flows=[
                d.Flow("split", "wait"), d.Flow("wait", "done"), d.Flow("done", "join"), d.Flow("split", "work"),
                d.Flow("work", "join"), d.Flow("join", "next"), d.Flow("next", "end"),
            ],
        )
    )  # fmt: skip
    instance = world.start("both")
    sleep(world)
    assert (passed, world.open_nodes(instance)) == (["inner", "outer"], ["next"])


LOOP = d.package(
    "loop", d.user("act"), d.exclusive("into"), d.script("turn", "n = n + 1"), d.exclusive("again", default="leave"), d.end(),
    flows=[
        d.Flow("act", "into"), d.Flow("into", "turn"), d.Flow("turn", "again"), d.Flow("again", "into", "n < limit"),
        d.Flow("again", "end", id="leave"),
    ],
    manifest='inputs = ["n", "limit"]',
)  # fmt: skip


@pytest.mark.parametrize(("steps", "seconds", "ends"), [(2000, 5.0, True), (60, 1000.0, False), (2000, -1.0, False)])
def test_a_turn_ends_with_its_steps_and_with_its_time(
    world: World, monkeypatch: pytest.MonkeyPatch, steps: int, seconds: float, ends: bool
) -> None:
    world.deploy(LOOP)
    instance = world.start("loop", {"n": 0, "limit": 50})  # three steps a round
    monkeypatch.setattr(checkout, "MAX_STEPS", steps)
    monkeypatch.setattr(checkout, "MAX_SECONDS", seconds)
    with nullcontext() if ends else pytest.raises(checkout.Halted):
        world.complete(instance, "act")
    assert (world.instance(instance).status == "ended") is ends
    assert [row.kind for row in world.incidents(instance)] == ([] if ends else ["budget"])
