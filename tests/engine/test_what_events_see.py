"""What an event on a sub-process knows: what was found out inside, and above that what the event itself brings."""

from __future__ import annotations

import pytest

from tests.engine import diagrams as d
from tests.engine.conftest import World


def _told(event: d.Element) -> list[d.Element]:
    return [
        d.parallel("split"),
        d.user("tell", form="f"),
        d.subprocess("work", d.start("in"), d.user("act"), d.end("out")),
        event,
    ]


FORM = {
    "forms/f.json": '{"title": {"zh": "填", "en": "Fill"}, "fields": [{"name": "n", "kind": "number", "label": {"zh": "数", "en": "n"}}]}'
}


@pytest.mark.parametrize("interrupting", [True, False])
def test_what_a_condition_on_a_sub_process_saw_is_not_undone_by_what_was_known_inside(
    world: World, interrupting: bool
) -> None:
    edge = d.boundary("edge", "work", d.condition("n > 5"), interrupting=interrupting)
    world.deploy(
        d.package(
            "case", *_told(edge), d.user("mend"), d.parallel("join"), d.user("look"), d.end(), d.exclusive("past"),
            d.end("noted"),
            flows=[
                d.Flow("start", "split"), d.Flow("split", "tell"), d.Flow("split", "work"), d.Flow("edge", "mend"),
                d.Flow("mend", "past" if interrupting else "noted"), d.Flow("work", "past"), d.Flow("past", "join"),
                d.Flow("tell", "join"), d.Flow("join", "look"), d.Flow("look", "end"),
            ],
            files=FORM, manifest='inputs = ["n"]',
        )
    )  # fmt: skip
    instance = world.start("case", {"n": 0})
    world.complete(instance, "tell", n=8)
    assert world.data(instance)["n"] == 8
    world.complete(instance, "mend")
    if not interrupting:
        world.complete(instance, "act")
    assert world.open_nodes(instance) == ["look"]
    assert world.data(instance)["n"] == 8


@pytest.mark.parametrize("interrupting", [True, False])
def test_what_a_message_on_a_sub_process_carries_is_not_undone_by_what_was_known_inside(
    world: World, interrupting: bool
) -> None:
    edge = d.boundary("edge", "work", d.message("m"), interrupting=interrupting, correlation="instance_id")
    world.deploy(
        d.package(
            "case", d.subprocess("work", d.start("in"), d.user("act"), d.end("out")), edge, d.user("mend"), d.end(),
            d.end("noted"), d.start(),
            flows=[d.Flow("start", "work"), d.Flow("work", "end"), d.Flow("edge", "mend"), d.Flow("mend", "noted")],
            manifest='inputs = ["n"]',
        )
    )  # fmt: skip
    instance = world.start("case", {"n": 0})
    world.engine.send_message("m", instance, {"n": 8}, by=world.person("zhao"))
    assert world.data(instance)["n"] == 8
    with world.sessions() as session:
        task = world.task(instance, "mend")
        session.rollback()
    assert task.data["n"] == 8


def test_what_was_found_out_after_an_event_is_known_while_its_way_waits(world: World) -> None:
    """What joins a step with its events is done later than the way that the event took, and knows less."""
    world.deploy(
        d.package(
            "case", d.user("act"), d.boundary("edge", "act", d.message("m"), correlation="instance_id"),
            d.script("note", "found = 7"), d.catch("wait", d.message("later"), correlation="instance_id"),
            d.exclusive("past"), d.end(),
            flows=[
                d.Flow("act", "past"), d.Flow("edge", "note"), d.Flow("note", "wait"),
                d.Flow("wait", "past"), d.Flow("past", "end"),
            ],
            manifest='inputs = ["found"]',
        )
    )  # fmt: skip
    instance = world.start("case", {"found": 0})
    world.engine.send_message("m", instance, {}, by=world.person("zhao"))
    assert world.data(instance)["found"] == 7


@pytest.mark.parametrize("last", ["more", "sum"])
def test_what_was_done_beside_a_branch_brings_back_nothing_that_the_branch_has_changed_since(
    world: World, last: str
) -> None:
    """It knows what its branch knew when the event happened, and that is no finding of its own."""
    world.deploy(
        d.package(
            "case", d.parallel("split"), d.user("a", form="f"), d.user("b"),
            d.boundary("edge", "b", d.message("m"), interrupting=False, correlation="instance_id"), d.user("more"),
            d.end("noted"), d.user("b2", form="f"), d.user("c"), d.parallel("join"), d.user("sum"), d.end(),
            flows=[
                d.Flow("split", "a"), d.Flow("a", "b"), d.Flow("b", "b2"), d.Flow("b2", "join"), d.Flow("split", "c"),
                d.Flow("c", "join"), d.Flow("join", "sum"), d.Flow("sum", "end"), d.Flow("edge", "more"),
                d.Flow("more", "noted"),
            ],
            files=FORM, manifest='inputs = ["n"]',
        )
    )  # fmt: skip
    instance = world.start("case", {"n": 0})
    world.complete(instance, "a", n=3)
    world.engine.send_message("m", instance, {}, by=world.person("zhao"))
    world.complete(instance, "b")
    world.complete(instance, "b2", n=4)
    world.complete(instance, "c")
    assert world.data(instance)["n"] == 4
    for node in ("sum", "more") if last == "more" else ("more", "sum"):
        world.complete(instance, node)
        with world.sessions() as session:
            assert world.engine.data(session, instance)["n"] == 4
    assert world.instance(instance).status == "ended"
