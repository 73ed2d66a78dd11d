"""Joins inside a loop: in every round each waits for this round's branches, in whatever order they come."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway, ParallelGateway

from app.engine import Package
from app.engine.running.projections import saving
from app.engine.running.workflow import InclusiveJoin, ParallelJoin
from tests.engine import diagrams as d
from tests.engine.conftest import World


def inclusive(id: str) -> d.Element:
    return d.Element(id, f'<bpmn:inclusiveGateway id="{id}" name="{id}"/>')


def loop(join: d.Element) -> Package:
    return d.package(
        "loop", d.user("do"), d.parallel("split"), d.user("x"), d.user("y"), join, d.user("look"),
        d.exclusive("ok", default="f_ok_do"), d.end(),
        flows=[
            d.Flow("do", "split"), d.Flow("split", "x"), d.Flow("split", "y"), d.Flow("x", "join"),
            d.Flow("y", "join"), d.Flow("join", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"),
            d.Flow("ok", "end", "good"),
        ],
    )  # fmt: skip


JOINS = {"parallel": d.parallel("join"), "inclusive": inclusive("join")}


@pytest.mark.parametrize("kind", JOINS)
@pytest.mark.parametrize("orders", list(itertools.product((("x", "y"), ("y", "x")), repeat=3)))
def test_a_join_in_a_loop_waits_for_both_branches_in_every_round(
    world: World, kind: str, orders: tuple[tuple[str, str], ...]
) -> None:
    world.deploy(loop(JOINS[kind]))
    instance = world.start("loop", {"good": False})
    for first, second in orders:
        world.complete(instance, "do")
        world.complete(instance, first)
        assert world.open_nodes(instance) == [second]
        world.complete(instance, second)
        assert world.open_nodes(instance) == ["look"]
        world.complete(instance, "look")
        assert world.open_nodes(instance) == ["do"]


@pytest.mark.parametrize(("ours", "theirs"), [(ParallelJoin, ParallelGateway), (InclusiveJoin, InclusiveGateway)])
def test_as_spiffworkflow_joins_the_second_round_has_two_tokens(
    world: World, monkeypatch: pytest.MonkeyPatch, ours: Any, theirs: Any
) -> None:
    """The naive control: with the library's own threshold, and a tree that keeps all rounds, it opens early."""
    monkeypatch.setattr(saving, "compact", lambda _workflow: False)
    monkeypatch.setattr(ours, "_check_threshold_unstructured", theirs._check_threshold_unstructured)
    world.deploy(loop(JOINS["parallel" if ours is ParallelJoin else "inclusive"]))
    instance = world.start("loop", {"good": False})
    for step in ("do", "y", "x", "look", "do", "x"):
        world.complete(instance, step)
    assert world.open_nodes(instance) == ["look", "y"]


def test_what_a_condition_saw_in_another_branch_is_not_put_over_what_that_branch_says_later(world: World) -> None:
    world.deploy(
        d.package(
            "seen", d.parallel("split"), d.user("tell", form="f"), d.exclusive("ok", default="f_ok_join"),
            d.catch("wait", d.condition("told > 0")),
            d.subprocess("inner", d.start("s"), d.catch("again", d.condition("told > 1")), d.user("hear"), d.end("e")),
            d.parallel("join"), d.user("sum"), d.end(), files={"forms/f.json": '{"fields": []}'},
            flows=[
                d.Flow("split", "tell"), d.Flow("tell", "ok"), d.Flow("ok", "tell", "told < 3"), d.Flow("ok", "join"),
                d.Flow("split", "wait"), d.Flow("wait", "inner"), d.Flow("inner", "join"), d.Flow("join", "sum"),
                d.Flow("sum", "end"),
            ],
        )
    )  # fmt: skip
    instance = world.start("seen", {"told": 0})
    for told in (1, 2, 3):
        world.complete(instance, "tell", by="zhao", told=told)
    world.complete(instance, "hear")
    assert world.open_nodes(instance) == ["sum"]
    assert world.data(instance)["told"] == 3


def test_what_a_sub_process_says_itself_is_its_own_also_when_a_condition_inside_saw_it(world: World) -> None:
    inner = d.subprocess(
        "inner", d.start("s"), d.parallel("part"), d.user("tell", form="f"), d.catch("wait", d.condition("told > 0")),
        d.user("hear"), d.parallel("meet"), d.end("e"),
        flows=[
            d.Flow("s", "part"), d.Flow("part", "tell"), d.Flow("tell", "meet"), d.Flow("part", "wait"),
            d.Flow("wait", "hear"), d.Flow("hear", "meet"), d.Flow("meet", "e"),
        ],
    )  # fmt: skip
    world.deploy(
        d.package(
            "own", d.parallel("split"), inner, d.user("other"), d.parallel("join"), d.user("sum"), d.end(),
            files={"forms/f.json": '{"fields": []}'},
            flows=[
                d.Flow("split", "inner"), d.Flow("split", "other"), d.Flow("inner", "join"), d.Flow("other", "join"),
                d.Flow("join", "sum"), d.Flow("sum", "end"),
            ],
        )
    )  # fmt: skip
    instance = world.start("own", {"told": 0})
    world.complete(instance, "tell", by="zhao", told=5)
    for node in ("hear", "other"):
        world.complete(instance, node)
    assert world.open_nodes(instance) == ["sum"]
    assert world.data(instance)["told"] == 5


def test_what_a_branch_found_out_in_a_later_round_is_newer_than_what_its_neighbour_knew_before(world: World) -> None:
    world.deploy(
        d.package(
            "nested", d.parallel("outer"), d.exclusive("into"), d.parallel("split"), d.user("a", form="f"), d.user("b"),
            d.user("b2"), d.parallel("join"), d.user("look", form="f"), d.exclusive("ok", default="f_ok_into"),
            d.user("other"), d.end("e1"), d.end("e2"), files={"forms/f.json": '{"fields": []}'},
            flows=[
                d.Flow("outer", "into"), d.Flow("into", "split"), d.Flow("split", "a"), d.Flow("split", "b"),
                d.Flow("b", "b2"), d.Flow("a", "join"), d.Flow("b2", "join"), d.Flow("join", "look"),
                d.Flow("look", "ok"), d.Flow("ok", "into"), d.Flow("ok", "e1", "good"), d.Flow("outer", "other"),
                d.Flow("other", "e2"),
            ],
        )
    )  # fmt: skip
    instance = world.start("nested", {"good": False, "a": 0})
    world.complete(instance, "a", by="zhao", a=1)
    for node in ("b", "b2", "look"):
        world.complete(instance, node)
    world.complete(instance, "a", by="zhao", a=2)
    world.complete(instance, "b")
    assert world.data(instance)["a"] == 2
    for node in ("b2", "other"):
        world.complete(instance, node)
    world.complete(instance, "look", by="zhao", good=True)
    with world.sessions() as session:
        assert world.engine.data(session, instance)["a"] == 2


def test_what_a_repeating_timer_began_earlier_does_not_bring_back_what_was_known_then(world: World) -> None:
    inner = d.subprocess("inner", d.start("s"), d.user("one", form="f"), d.user("two", form="f"), d.end("e"))
    world.deploy(
        d.package(
            "turns", inner, d.boundary("tick", "inner", d.timer("timeCycle", "R2/PT1H"), interrupting=False),
            d.script("note", "ticked = True"), d.end("e1"), d.user("after"), d.end("e2"),
            files={"forms/f.json": '{"fields": []}'},
            flows=[
                d.Flow("tick", "note"), d.Flow("note", "e1"), d.Flow("inner", "after"), d.Flow("after", "e2"),
            ],
        )
    )  # fmt: skip
    instance = world.start("turns", {"one": 0, "two": 0})
    world.complete(instance, "one", by="zhao", one=1)
    world.advance(minutes=70)
    world.complete(instance, "two", by="zhao", two=2)
    world.advance(hours=3)
    for _look in range(2):
        with world.sessions() as session:
            known = world.engine.data(session, instance)
        assert {name: known[name] for name in ("one", "two", "ticked")} == {"one": 1, "two": 2, "ticked": True}
        if world.open_nodes(instance):
            world.complete(instance, "after")


def test_a_repeating_timer_on_a_running_sub_process_keeps_what_is_known_inside(world: World) -> None:
    inner = d.subprocess("inner", d.start("s"), d.user("one", form="f"), d.user("two", form="f"), d.end("e"))
    world.deploy(
        d.package(
            "turns", inner, d.boundary("tick", "inner", d.timer("timeCycle", "R2/PT1H"), interrupting=False),
            d.script("note", "ticked = True"), d.end("e1"), d.end("e2"), files={"forms/f.json": '{"fields": []}'},
            flows=[d.Flow("tick", "note"), d.Flow("note", "e1"), d.Flow("inner", "e2")],
        )
    )  # fmt: skip
    instance = world.start("turns", {"one": 0, "two": 0})
    world.advance(minutes=70)
    world.complete(instance, "one", by="zhao", one=1)
    world.advance(hours=3)
    assert world.data(instance)["one"] == 1
    world.complete(instance, "two", by="zhao", two=2)
    with world.sessions() as session:
        known = world.engine.data(session, instance)
    assert {name: known[name] for name in ("one", "two", "ticked")} == {"one": 1, "two": 2, "ticked": True}
