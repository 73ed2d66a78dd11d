"""Joins inside a loop: in every round each waits for this round's branches, in whatever order they come."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway, ParallelGateway

from app.engine import Package
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
    """The naive control: with the library's own threshold the join of the second round opens early."""
    monkeypatch.setattr(ours, "_check_threshold_unstructured", theirs._check_threshold_unstructured)
    world.deploy(loop(JOINS["parallel" if ours is ParallelJoin else "inclusive"]))
    instance = world.start("loop", {"good": False})
    for step in ("do", "y", "x", "look", "do", "x"):
        world.complete(instance, step)
    assert world.open_nodes(instance) == ["look", "y"]
