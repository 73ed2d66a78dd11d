"""A process ends another one through the outbox, and what an instance started ends with it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.db import write_transaction
from app.engine import Instance, Outbox, afterwards
from tests.engine import diagrams as d
from tests.engine.conftest import World

PLAIN = d.package("plain", d.user("work"), d.end())


@pytest.fixture
def instance(world: World) -> str:
    world.deploy(PLAIN)
    return world.start("plain")


def cancel_by_letter(world: World, instance: str, key: str = "appeal") -> tuple[str, int]:
    """What became of the letter: its state, and how often it was tried in vain."""
    with world.sessions() as session, write_transaction(session):
        letter = {"instance_id": instance, "reason": "异议成立"}
        afterwards(session, "instance.cancel", key, letter, world.clock.now())
    world.engine.deliver_all()
    with world.sessions() as session:
        row = session.execute(sa.select(Outbox.state, Outbox.attempts).where(Outbox.key == key)).one()
        return row.state, row.attempts


def put(world: World, instance: str, **values: Any) -> None:
    with world.sessions() as session, write_transaction(session):
        session.execute(sa.update(Instance).where(Instance.id == instance).values(**values))


def test_a_running_one_ends_once(world: World, instance: str) -> None:
    assert cancel_by_letter(world, instance) == ("sent", 0)
    assert cancel_by_letter(world, instance, "again") == ("sent", 0)
    assert world.instance(instance).status == "cancelled"
    assert world.events(instance).count("instance.cancelled") == 1


def test_one_that_has_ended_is_left_alone(world: World, instance: str) -> None:
    world.complete(instance, "work")
    assert cancel_by_letter(world, instance) == ("sent", 0)
    assert world.instance(instance).status == "ended"


def test_a_suspended_one_ends_too(world: World, instance: str) -> None:
    world.engine.suspend(instance, "核查", by=world.person("zhao"))
    assert cancel_by_letter(world, instance) == ("sent", 0)
    assert world.instance(instance).status == "cancelled"


def test_for_a_quarantined_one_the_letter_is_not_taken_for_delivered(world: World, instance: str) -> None:
    put(world, instance, status="quarantined")
    assert cancel_by_letter(world, instance) == ("waiting", 1)
    assert world.instance(instance).status == "quarantined"


def test_what_it_started_ends_with_it_also_where_that_is_suspended(world: World, instance: str) -> None:
    running, suspended = (world.start("plain", business_key=key) for key in ("one", "two"))
    for child in (running, suspended):
        put(world, child, parent_id=instance)
    world.engine.suspend(suspended, "核查", by=world.person("zhao"))
    world.engine.cancel(instance, "作废", by=world.person("zhao"))
    assert [world.instance(one).status for one in (instance, running, suspended)] == ["cancelled"] * 3
    assert world.tasks(suspended) == []
