"""Signals: to every instance that waits when they are sent, once, and to none that begins to wait later."""

from __future__ import annotations

import datetime as dt

import pytest

from app import errors
from app.engine import Instance, Subscription
from tests.engine import diagrams as d
from tests.engine.conftest import World

LISTEN = d.package("listen", d.catch("heard", d.signal("storm"), variable="storm"), d.user("act"), d.end())
WARN = d.package(
    "warn", d.user("judge"), d.throw("warn", d.signal("storm"), payload="{'level': 2}"), d.user("report"), d.end()
)


def test_a_signal_from_outside_reaches_all_that_wait_and_nobody_later(world: World) -> None:
    world.deploy(LISTEN)
    there = [world.start("listen") for _one in range(3)]
    sent = world.engine.send_signal("storm", {"level": 3}, by=world.person("zhao"))
    assert (sent.instances, sent.started) == (3, 0)
    later = world.start("listen")
    world.engine.deliver_all()
    assert [world.open_nodes(one) for one in there] == [["act"]] * 3
    assert all(world.data(one)["storm"] == {"level": 3} for one in there)
    assert world.open_nodes(later) == []


def test_the_same_signal_twice_has_one_effect_and_the_same_answer(world: World) -> None:
    world.deploy(LISTEN)
    instance = world.start("listen")
    first = world.engine.send_signal("storm", {}, by=world.person("zhao"), key="s-1")
    world.engine.deliver_all()
    world.start("listen")
    assert world.engine.send_signal("storm", {}, by=world.person("zhao"), key="s-1") == first
    world.engine.deliver_all()
    assert world.events(instance).count("signal.received") == 1
    with pytest.raises(errors.Conflict):
        world.engine.send_signal("storm", {"level": 9}, by=world.person("zhao"), key="s-1")


def test_a_diagram_throws_one_to_other_instances_after_its_commit(world: World) -> None:
    world.deploy(LISTEN)
    world.deploy(WARN)
    listening, warning = world.start("listen"), world.start("warn")
    world.complete(warning, "judge")
    assert world.open_nodes(listening) == []
    world.engine.deliver_all()
    assert world.open_nodes(listening) == ["act"] and world.data(listening)["storm"] == {"level": 2}
    assert world.events(warning).count("signal.sent") == 1


def test_a_signal_starts_the_processes_whose_start_event_it_is(world: World) -> None:
    world.deploy(
        d.package("respond", d.start("came", d.signal("storm")), d.user("go"), d.end(), manifest="starters = []")
    )
    sent = world.engine.send_signal("storm", {"level": 3}, by=world.person("zhao"))
    assert (sent.instances, sent.started) == (0, 1)
    world.engine.deliver_all()
    with world.sessions() as session:
        row = session.query(Instance).filter_by(definition_key="respond").one()
    assert world.open_nodes(row.id) == ["go"] and world.data(row.id)["level"] == 3


def test_a_suspended_instance_hears_it_when_it_goes_on(world: World) -> None:
    world.deploy(LISTEN)
    instance = world.start("listen")
    world.engine.suspend(instance, "等通知", by=world.person("zhao"))
    world.engine.send_signal("storm", {}, by=world.person("zhao"))
    for _day in range(30):  # far longer than a delivery that fails is tried
        world.engine.deliver_all()
        world.clock.set(world.clock.now() + dt.timedelta(days=1))
    world.engine.resume(instance, by=world.person("zhao"))
    world.advance(minutes=5)
    assert world.open_nodes(instance) == ["act"]


def test_who_waits_no_longer_is_left_alone(world: World) -> None:
    world.deploy(
        d.package(
            "either", d.user("work"), d.boundary("storm", "work", d.signal("storm")), d.end(), d.user("flee"), d.end("end2"),
            flows=[d.Flow("work", "end"), d.Flow("storm", "flee"), d.Flow("flee", "end2")],
        )
    )  # fmt: skip
    instance = world.start("either")
    world.engine.send_signal("storm", {}, by=world.person("zhao"))
    world.complete(instance, "work")  # between the sending and the delivery
    world.engine.deliver_all()
    assert world.instance(instance).status == "ended"
    assert [row.state for row in world.rows(Subscription, instance)] == ["cancelled"]
