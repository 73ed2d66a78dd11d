"""Controls: the faults that the tests of messages, clocks, outages and retries are there to see, planted one by one.

The tests themselves stand with what they test (docs/faults.md): tests/engine/test_events_messages.py (F9),
test_fault_clocks.py (F13, F14), test_faults.py and test_guards.py (F15, F16).
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app import errors
from app.clock import SHANGHAI, FixedClock
from app.engine import Instance
from app.engine.running import checkout
from app.engine.running.projections import incidents as projected
from app.engine.verbs import incidents, sweeps
from tests.engine import diagrams as d
from tests.engine.conftest import World

WAITS = d.package("waits", d.user("act", deadline="P3D", remind="-P2D; -P1D"), d.end())


@pytest.mark.one_database
def test_f9_control_the_same_message_without_a_key_is_two_messages(world: World) -> None:
    by = world.person("root")
    sent = [world.engine.send_message("paid", "7", {"sum": 1}, by=by).id for _time in range(2)]
    assert len(set(sent)) == 2
    keyed = [world.engine.send_message("paid", "8", {"sum": 1}, by=by, key="bank-8").id for _time in range(2)]
    assert len(set(keyed)) == 1


class NaiveClock:
    """The wall clock of New York, taken for that of Shanghai."""

    def __init__(self, real: FixedClock) -> None:
        self._real = real

    def now(self) -> dt.datetime:
        return self._real.now().astimezone(ZoneInfo("America/New_York")).replace(tzinfo=SHANGHAI)


@pytest.mark.one_database
def test_f13_control_a_clock_without_a_zone_fires_half_a_day_late(world: World) -> None:
    world.deploy(WAITS)
    instance = world.start("waits")
    due = world.task(instance, "act").due_at
    assert due is not None
    world.clock.set(due)
    world.engine.clock = NaiveClock(world.clock)  # type: ignore[assignment]
    world.engine.run_due_timers()
    assert "task.overdue" not in world.events(instance)
    world.engine.clock = world.clock
    world.engine.run_due_timers()
    assert "task.overdue" in world.events(instance)


@pytest.mark.one_database
def test_f14_control_without_coalescing_every_missed_reminder_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(d.package("slow", d.user("act", deadline="P9D", remind="-P5D; -P4D; -P3D"), d.end()))
    told = {}
    for case in ("as it is", "naive"):
        if case == "naive":
            monkeypatch.setattr(sweeps, "_coalesced", lambda *_rows: set())
        instance = world.start("slow")
        world.clock.set(world.clock.now() + dt.timedelta(days=7))
        world.engine.run_due_timers()
        told[case] = world.events(instance).count("task.reminded")
    assert told == {"as it is": 1, "naive": 3}


def storming(world: World) -> list[float]:
    """A service that never succeeds; when it was called."""
    called: list[float] = []

    @world.engine.service_task("sky.storm")
    def storm(_call: Any) -> dict[str, Any]:
        called.append((world.clock.now() - began).total_seconds())
        raise ConnectionError("lightning")

    began = world.clock.now()
    world.deploy(d.package("storm", d.service("storm", "sky.storm"), d.user("look"), d.end()))
    return called


def test_f15_a_service_that_is_down_is_an_incident_tried_five_times_with_growing_pauses_and_never_again(
    world: World,
) -> None:
    called = storming(world)
    instance = world.start("storm")
    world.advance(days=3)
    pauses = [later - earlier for earlier, later in pairwise(called)]
    assert len(called) == 6
    assert pauses == sorted(pauses)
    assert all(real >= least for real, least in zip(pauses, projected.BACKOFF, strict=True))
    (incident,) = world.incidents(instance)
    assert (incident.kind, incident.node_id, incident.next_attempt_at) == ("service", "storm", None)


def test_f15_a_script_that_fails_is_an_incident_and_not_tried_by_itself(world: World) -> None:
    world.deploy(d.package("broken", d.user("act"), d.script("divide", "x = 1 / n"), d.user("look"), d.end()))
    instance = world.start("broken", {"n": 0})
    world.complete(instance, "act")
    before = world.instance(instance).rev
    world.advance(days=3)
    (incident,) = world.incidents(instance)
    assert (incident.kind, incident.node_id, incident.next_attempt_at) == ("expression", "divide", None)
    assert world.instance(instance).rev == before
    assert world.events(instance).count("task.completed") == 1


@pytest.mark.one_database
def test_f15_control_without_a_last_attempt_it_would_be_tried_without_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (projected, incidents):
        monkeypatch.setattr(module, "BACKOFF", (60,) * 10_000)
    called = storming(world)
    world.start("storm")
    world.advance(minutes=40)
    assert len(called) > 30


# -- F16

ENDLESS = d.package(
    "endless", d.user("begin"), d.script("turn", "n = n + 1"), d.exclusive("more", default="f_more_turn"), d.end(),
    flows=[d.Flow("begin", "turn"), d.Flow("turn", "more"), d.Flow("more", "turn"), d.Flow("more", "end", "n < 0")],
)  # fmt: skip


def stored(world: World, instance_id: str) -> int:
    """Bytes of the state."""
    with world.sessions() as session:
        return len(session.scalars(sa.select(Instance.state).where(Instance.id == instance_id)).one() or b"")


@pytest.mark.one_database
def test_f16_2000_turns_of_a_loop_with_a_person_in_it_stay_as_small_as_one_and_never_freeze(world: World) -> None:
    """As many as a turn may make, in one go: the next step is there, and a new engine finds it."""
    world.deploy(
        d.package(
            "rounds", d.user("begin"), d.script("turn", "n = n + 1"), d.exclusive("more", default="f_more_turn"),
            d.user("look"), d.end(),
            flows=[
                d.Flow("begin", "turn"), d.Flow("turn", "more"), d.Flow("more", "turn"),
                d.Flow("more", "look", "n % 250 == 0"), d.Flow("look", "turn"),
            ],
        )
    )  # fmt: skip
    instance = world.start("rounds", {"n": 0})
    world.complete(instance, "begin")
    sizes = [stored(world, instance)]
    while world.data(instance)["n"] < 2000:
        world.complete(instance, "look")
        sizes.append(stored(world, instance))
    assert len(sizes) == 8
    assert max(sizes) < min(sizes) * 1.2
    assert world.open_nodes(instance) == ["look"]
    assert not world.incidents(instance)


@pytest.mark.one_database
def test_f16_control_without_a_budget_an_endless_loop_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many steps again, and again, until the test has seen enough."""
    steps: list[int] = []

    def naive(turn: checkout.Turn) -> None:
        steps.append(turn.total)
        if len(steps) > 4 * checkout.MAX_STEPS:
            raise checkout.Overrun("the test has seen enough")

    monkeypatch.setattr(checkout, "MAX_STEPS", 100)
    world.deploy(ENDLESS)
    instance = world.start("endless", {"n": 0})
    with pytest.raises(errors.Conflict):
        world.complete(instance, "begin")
    (incident,) = world.incidents(instance)
    assert "after 100 steps" in incident.message
    monkeypatch.setattr(checkout.Turn, "_charge", naive)
    with pytest.raises(errors.Conflict):
        world.complete(instance, "begin")
    assert max(steps) >= 4 * checkout.MAX_STEPS
