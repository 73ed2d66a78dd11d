"""Going back past events: they wait anew, once, and what was waited for before is over."""

from __future__ import annotations

from typing import Any

from app.engine import Subscription, Timer
from tests.engine import diagrams as d
from tests.engine.conftest import World

ALLOW = "claim, reassign, cc, urge, comment, return"


def send(world: World, name: str, correlation: str = "A", payload: dict[str, Any] | None = None) -> Any:
    return world.engine.send_message(name, correlation, payload or {}, by=world.person("zhao"))


def waits(world: World, instance: str) -> list[str]:
    return sorted(row.node_id for row in world.rows(Subscription, instance, state="waiting"))


def timers(world: World, instance: str) -> list[str]:
    return sorted(row.node_id for row in world.rows(Timer, instance, state="waiting"))


def back(world: World, instance: str, of: str, to: str) -> None:
    world.engine.send_back(world.task(instance, of).id, to, "材料不全", by=world.person("zhao"))


GATE = d.package(
    "gate_back", d.user("ask", allow=ALLOW), d.event_gateway("g"), d.catch("t", d.timer("timeDuration", "P3D")),
    d.catch("m", d.message("mail"), correlation="order"), d.user("look", allow=ALLOW), d.end(),
    flows=[d.Flow("ask", "g"), d.Flow("g", "t"), d.Flow("g", "m"), d.Flow("t", "look"), d.Flow("m", "look"),
           d.Flow("look", "end")],
)  # fmt: skip


def test_an_event_gateway_that_was_gone_past_waits_anew(world: World) -> None:
    world.deploy(GATE)
    instance = world.start("gate_back", {"order": "A"})
    world.complete(instance, "ask")
    send(world, "mail")
    assert (world.open_nodes(instance), waits(world, instance), timers(world, instance)) == (["look"], [], [])
    back(world, instance, "look", "ask")
    assert (world.open_nodes(instance), waits(world, instance), timers(world, instance)) == (["ask"], [], [])
    world.complete(instance, "ask")
    assert (waits(world, instance), timers(world, instance)) == (["m"], ["t"])
    world.advance(days=3)
    assert (world.open_nodes(instance), waits(world, instance)) == (["look"], [])
    world.complete(instance, "look")
    assert world.instance(instance).status == "ended"


def test_a_message_on_a_step_that_is_done_again_is_waited_for_once(world: World) -> None:
    world.deploy(
        d.package(
            "edge_back", d.user("work", allow=ALLOW),
            d.boundary("note", "work", d.message("note"), interrupting=False, correlation="order"),
            d.user("look", allow=ALLOW), d.end(), d.user("read"), d.end("end2"),
            flows=[d.Flow("work", "look"), d.Flow("look", "end"), d.Flow("note", "read"), d.Flow("read", "end2")],
        )
    )  # fmt: skip
    instance = world.start("edge_back", {"order": "A"})
    send(world, "note")
    world.complete(instance, "read")
    world.complete(instance, "work")
    assert waits(world, instance) == []
    back(world, instance, "look", "work")
    assert (world.open_nodes(instance), waits(world, instance)) == (["work"], ["note"])
    send(world, "note")
    assert world.open_nodes(instance) == ["read", "work"]


def test_an_event_sub_process_still_waits_after_a_return(world: World) -> None:
    world.deploy(
        d.package(
            "es_back", d.user("a", allow=ALLOW), d.user("b", allow=ALLOW), d.end(),
            d.event_subprocess(
                "es", d.start("on", d.message("stop"), correlation="order"), d.user("h"), d.end("he")
            ),
        )
    )  # fmt: skip
    instance = world.start("es_back", {"order": "A"})
    world.complete(instance, "a")
    back(world, instance, "b", "a")
    assert (world.open_nodes(instance), waits(world, instance)) == (["a"], ["on"])
    send(world, "stop")
    assert (world.open_nodes(instance), waits(world, instance)) == (["h"], [])
    world.complete(instance, "h")
    assert (world.instance(instance).status, world.instance(instance).end_node) == ("ended", "he")
