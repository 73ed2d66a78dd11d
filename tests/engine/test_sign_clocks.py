"""Deadlines of a step that several people sign: due, reminders and lateness for each signer, one ladder for the step."""

from __future__ import annotations

import datetime as dt

import pytest

from app.engine import Instance, Package, Timer
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.signing import begin, row_of, rows, vote

WORDS = {"deadline": "P4D", "remind": "-1 days", "ladder": "+1 days: rung; +3 days: rung"}


@pytest.fixture(autouse=True)
def rung(world: World) -> None:
    made: Package = d.package("rung", d.user("see", role="coordinator"), d.end())
    world.deploy(made)


def waiting(world: World, instance: str, kind: str) -> list[Timer]:
    return world.timers(instance, kind=kind, state="waiting")


def started(world: World) -> list[int]:
    """The levels at which the ladder has started its process."""
    with world.sessions() as session:
        keys = session.query(Instance.business_key).filter(Instance.definition_key == "rung").all()
    return sorted(int(key.rsplit(":", 1)[1]) for (key,) in keys)


def test_every_signer_has_a_deadline_and_reminders_and_the_step_one_ladder(world: World) -> None:
    instance = begin(world, "all", **WORDS)
    assert {task.due_at for task in world.tasks(instance)} == {world.clock.now() + dt.timedelta(days=4)}
    assert len(waiting(world, instance, "remind")) == len(waiting(world, instance, "overdue")) == 3
    assert len(waiting(world, instance, "ladder")) == 2


@pytest.mark.parametrize("policy", ["all", "in_turn"])
def test_the_ladder_stays_with_the_step_when_the_signer_it_hung_on_has_signed(world: World, policy: str) -> None:
    instance = begin(world, policy, **WORDS)
    vote(world, instance, "zhao")
    assert len(waiting(world, instance, "ladder")) == 2
    (task_id,) = {row.task_id for row in waiting(world, instance, "ladder")}
    assert task_id in {task.id for task in world.tasks(instance)}
    world.advance(days=9)
    assert started(world) == [1, 2]


def test_a_rung_that_was_climbed_is_not_climbed_again_for_the_next_signer(world: World) -> None:
    instance = begin(world, "all", **WORDS)
    world.advance(days=6)
    assert started(world) == [1]
    vote(world, instance, "zhao")
    assert len(waiting(world, instance, "ladder")) == 1
    world.advance(days=9)
    assert started(world) == [1, 2]


def test_in_turn_each_signer_s_time_begins_when_it_is_his_turn(world: World) -> None:
    instance = begin(world, "in_turn", **WORDS)
    first = row_of(world, instance, "zhao").due_at
    world.advance(days=2)
    vote(world, instance, "zhao")
    assert first is not None
    assert row_of(world, instance, "deng").due_at == first + dt.timedelta(days=2)
    assert [row.due_at.astimezone(dt.UTC).date() for row in waiting(world, instance, "ladder")] == [
        (first + dt.timedelta(days=2 + after)).astimezone(dt.UTC).date() for after in (1, 3)
    ]


def test_an_added_signer_s_time_begins_when_he_is_added(world: World) -> None:
    instance = begin(world, "all", **WORDS)
    world.advance(days=2)
    world.engine.add_signer(row_of(world, instance, "zhao").id, member("gao").id, "相关", by=world.person("zhao"))
    assert row_of(world, instance, "gao").due_at == world.clock.now() + dt.timedelta(days=4)
    assert len(waiting(world, instance, "ladder")) == 2


def test_who_signs_after_the_deadline_is_late_and_nobody_else(world: World) -> None:
    instance = begin(world, "all", **WORDS)
    vote(world, instance, "zhao")
    world.advance(days=5)
    assert vote(world, instance, "deng").late
    assert {task.assignee_name: task.late for task in world.tasks(instance, "done")} == {"赵明远": False, "邓超": True}
    assert world.events(instance).count("task.overdue") == 2  # for those who had not signed


def test_when_it_is_decided_no_clock_runs_on(world: World) -> None:
    instance = begin(world, "veto", **WORDS)
    vote(world, instance, "deng", "refuse")
    assert [row for row in world.timers(instance) if row.state == "waiting"] == []
    world.advance(days=20)
    assert started(world) == [] and "task.overdue" not in world.events(instance)


def test_taking_away_the_signer_with_the_ladder_leaves_it_to_another(world: World) -> None:
    instance = begin(world, "all", **WORDS)
    (bearer,) = {row.task_id for row in waiting(world, instance, "ladder")}
    holder = next(task for task in world.tasks(instance) if task.id == bearer)
    other = next(task for task in world.tasks(instance) if task.id != bearer)
    world.engine.remove_signer(other.id, holder.assignee_id or "", "无关", by=world.person("wang"))
    (now,) = {row.task_id for row in waiting(world, instance, "ladder")}
    assert now in {task.id for task in world.tasks(instance)} and len(rows(world, instance)) == 2


def test_a_deadline_that_cannot_be_counted_is_one_incident_and_mended_for_every_signer(world: World) -> None:
    instance = begin(world, "all", **(WORDS | {"deadline": "until(day)"}))
    timers = [incident for incident in world.incidents(instance) if incident.kind == "timer"]
    assert len(timers) == 1
    world.engine.amend(instance, {"day": "2026-05-01T12:00+08:00"}, "补录", by=world.person("wang"))
    assert world.engine.retry(timers[0].id, by=world.person("wang"))
    assert len({task.due_at for task in world.tasks(instance)} - {None}) == 1
    assert all(task.due_at for task in world.tasks(instance))
    assert len(waiting(world, instance, "overdue")) == 3 and len(waiting(world, instance, "ladder")) == 2
