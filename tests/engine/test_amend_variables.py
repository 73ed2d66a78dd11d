"""更正: a variable is corrected while work is under way, and is so for every branch and every scope."""

from __future__ import annotations

import pytest

from tests.engine.conftest import World
from tests.engine.test_send_back import FORK, INNER


def amend(world: World, instance: str, **values: object) -> None:
    world.engine.amend(instance, values, "补录", by=world.person("wang"))


@pytest.mark.parametrize("done", [["a1", "a2"], ["a1"], []])
def test_while_a_branch_waits_at_the_join_nothing_else_is_forgotten(world: World, done: list[str]) -> None:
    world.deploy(FORK)
    instance = world.start("fork", {"kept": 1, "right": 1})
    world.complete(instance, "plan", planned=True)
    for node in done:
        world.complete(instance, node, **{f"{node}_done": True})
    before = world.data(instance)
    amend(world, instance, right=2, new=3)
    assert world.data(instance) == before | {"right": 2, "new": 3}
    for node in [node for node in ("a1", "a2", "b1", "b2") if node not in done]:
        world.complete(instance, node)
    known = world.task(instance, "sum").data
    assert {name: known[name] for name in before} == before | {"right": 2, "completed_by": known["completed_by"]}
    assert known["new"] == 3


def test_inside_a_sub_process_and_after_it(world: World) -> None:
    world.deploy(INNER)
    instance = world.start("nested", {"right": 1})
    world.complete(instance, "plan")
    amend(world, instance, right=2, new=3)
    assert world.task(instance, "x").data["right"] == 2
    for node in ("x", "y"):
        world.complete(instance, node)
    assert {name: world.task(instance, "sign").data[name] for name in ("right", "new")} == {"right": 2, "new": 3}


def test_where_a_join_has_brought_branches_together_before(world: World) -> None:
    world.deploy(FORK)
    instance = world.start("fork", {"right": 1})
    for node in ("plan", "a1", "a2", "b1", "b2"):
        world.complete(instance, node)
    amend(world, instance, right=2)
    assert world.data(instance)["right"] == 2
    world.engine.send_back(world.task(instance, "sum").id, "plan", "材料不全", by=world.person("zhao"))
    assert world.data(instance)["right"] == 2
    assert world.task(instance, "plan").data["right"] == 2
