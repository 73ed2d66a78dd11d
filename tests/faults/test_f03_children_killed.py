"""F3 for detached calls: killed while children begin, end, or their parent goes on: each child once, one step forward."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.audit import SYSTEM
from app.db import write_transaction
from app.engine import Child, Instance, Outbox
from app.engine.running.acts.start import Start
from app.engine.running.checkout import run_inside
from app.engine.running.projections import saving
from app.engine.verbs import children as verbs
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.faults.crashing import killed, plant, plant_at_commit

PLAN = d.package("plan", d.user("draft"), d.end(), manifest='inputs = ["n"]\n')
CAMPAIGN = d.package(
    "campaign",
    d.detached("plans", "plan", for_each="[1, 2]", inputs='{"n": item}', outputs="n", result="found"),
    d.user("summary"),
    d.end(),
)
POINTS: dict[str, Callable[[], None]] = {
    "before_run": lambda: plant(verbs, "run_inside", "before"),
    "after_run": lambda: plant(verbs, "run_inside", "after"),
    "before_write": lambda: plant(saving, "save", "before"),
    "before_commit": lambda: plant_at_commit("before"),
    "after_commit": lambda: plant_at_commit("after"),
}


def _children(world: World, parent: str) -> list[Child]:
    with world.sessions() as session:
        return list(session.scalars(sa.select(Child).where(Child.parent_id == parent).order_by(Child.number)))


def _instances(world: World, parent: str) -> int:
    with world.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).where(Instance.parent_id == parent)) or 0


def _sound(world: World) -> None:
    with world.sessions() as session:
        assert [finding.as_text() for finding in world.engine.verify_everything(session)] == []


@pytest.fixture
def parent(world: World) -> str:
    world.deploy(PLAN)
    world.deploy(CAMPAIGN)
    return world.engine.start("campaign", {}, by=SYSTEM).instance_id


@pytest.mark.parametrize("point", POINTS)
def test_f3_a_worker_killed_while_children_begin_begins_none_twice(world: World, parent: str, point: str) -> None:
    assert killed(world.sessions, POINTS[point], world.engine.deliver_all)
    assert _instances(world, parent) == (1 if point == "after_commit" else 0)
    _sound(world)
    world.engine.deliver_all()
    assert [row.state for row in _children(world, parent)] == ["running", "running"]
    assert _instances(world, parent) == 2
    assert world.events(parent).count("child.started") == 2
    _sound(world)


@pytest.mark.parametrize("point", POINTS)
def test_f3_a_worker_killed_while_the_parent_goes_on_moves_it_once(world: World, parent: str, point: str) -> None:
    world.engine.deliver_all()
    for child in _children(world, parent):
        world.complete(str(child.instance_id), "draft")
    assert killed(world.sessions, POINTS[point], world.engine.deliver_all)
    assert world.open_nodes(parent) == (["summary"] if point == "after_commit" else [])
    _sound(world)
    world.engine.deliver_all()
    assert world.open_nodes(parent) == ["summary"]
    assert world.events(parent).count("children.finished") == 1
    assert world.events(parent).count("child.ended") == 2
    _sound(world)


@pytest.mark.parametrize("point", ["before_write", "before_commit", "after_commit"])
def test_f3_a_process_killed_while_a_child_ends_tells_the_parent_just_once(
    world: World, parent: str, point: str
) -> None:
    world.engine.deliver_all()
    first, second = _children(world, parent)
    task = world.task(str(first.instance_id), "draft").id
    assert killed(world.sessions, POINTS[point], lambda: world.engine.complete(task, {}, by=world.person("zhao")))
    assert _children(world, parent)[0].state == ("ended" if point == "after_commit" else "running")
    if point != "after_commit":
        world.complete(str(first.instance_id), "draft")
    world.complete(str(second.instance_id), "draft")
    world.engine.deliver_all()
    assert world.open_nodes(parent) == ["summary"]
    assert world.events(parent).count("child.ended") == 2
    _sound(world)


def test_f3_control_a_start_apart_from_the_mark_begins_a_child_twice(world: World, parent: str) -> None:
    """Committed by itself before its letter counts as sent: whoever takes the letter up again begins it again."""
    with world.sessions() as session:
        letter = session.scalars(sa.select(Outbox).where(Outbox.kind == "child.start").order_by(Outbox.id)).first()
    assert letter is not None

    def naive() -> None:
        with world.sessions() as session, write_transaction(session):
            row = session.get_one(Child, letter.payload["child_id"])
            loaded = world.engine.definition(session, row.definition_id)
            run_inside(world.engine, session, Start(SYSTEM, loaded, row.inputs, None, row.parent_id))

    naive()
    naive()
    assert _instances(world, parent) == 2
