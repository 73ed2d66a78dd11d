"""Instances are moved while people complete tasks: none lost, no clock reset, failures told one by one, and undone.

`duban bench migrate --count 500` does the same at full size.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from contextlib import suppress

import sqlalchemy as sa

from app import errors
from app.engine import HumanTask, Instance
from tests.engine import diagrams as d
from tests.engine.conftest import World, build
from tests.engine.migrating.moving import items, plan, sound, version

COUNT, PEOPLE = 24, 3
OLD = d.package("load", d.user("act", deadline="P3D"), d.user("gone"), d.user("after", deadline="P5D"), d.end())
NEW = d.package(
    "load", d.user("act", deadline="P9D"), d.user("more"), d.user("after", name="办结", deadline="P5D"), d.end()
)


def clocks(world: World) -> dict[str, tuple[str, dt.datetime | None]]:
    """Of every task, done or not: its instance and when it was due."""
    with world.sessions() as session:
        rows = session.execute(sa.select(HumanTask.id, HumanTask.instance_id, HumanTask.due_at))
        return {row.id: (row.instance_id, row.due_at) for row in rows}


class Person(threading.Thread):
    """Completes the first step of each, as often as it takes."""

    def __init__(self, world: World, instances: list[str]) -> None:
        super().__init__()
        self.world, self.left, self.done = build(world.url, world.clock), instances, list[str]()

    def run(self) -> None:
        for instance in self.left:
            while instance not in self.done:
                with suppress(errors.Busy, errors.Conflict):  # somebody was faster: again on what there is now
                    self.world.complete(instance, "act")
                    self.done.append(instance)
        self.world.sessions.kw["bind"].dispose()


def test_instances_are_moved_while_others_work_on_them(world: World) -> None:
    world.deploy(OLD)
    instances = [world.start("load") for _ in range(COUNT)]
    suspended, stuck = instances[0], instances[1]
    world.complete(stuck, "act")  # now at a step that the new version has not
    world.engine.suspend(suspended, "核查", by=world.person("gao"))
    world.deploy(NEW)
    before = clocks(world)
    wanted = plan(world, "load", mapping={"gone": None})  # by its neighbours it would have been `more`
    started = world.engine.migrate(wanted, reason="流程修订", by=world.person("root"))
    work = instances[2:14]
    people = [Person(world, work[number::PEOPLE]) for number in range(PEOPLE)]
    for one in people:
        one.start()
    while world.engine.run_migrations(limit=4):
        pass
    for one in people:
        one.join()

    assert sorted(instance for one in people for instance in one.done) == sorted(work)
    told = {item.instance_id: (item.status, (item.reason or {}).get("code")) for item in items(world, started.id)}
    assert told[suspended] == ("failed", "suspended") and told[stuck] == ("failed", "node_gone")
    left = Counter(
        status for instance, (status, code) in told.items() if instance not in (suspended, stuck) or code is None
    )
    # Whoever completed a task first brought it to the step that is gone; nobody is lost between the two.
    assert left["done"] + left["failed"] == COUNT - 2
    after = clocks(world)
    assert {task: after[task] for task in before} == before
    for instance in instances:
        moved = told[instance][0] == "done"
        assert version(world, instance) == (2 if moved else 1)
        place = "act" if instance not in work and instance != stuck else "more" if moved else "gone"
        assert world.open_nodes(instance) == [place]
        sound(world, instance)

    results = world.engine.undo_migration(started.id, by=world.person("root"))
    undone = {one.instance_id for one in results if one.ok}
    assert undone == {one for one in instances[14:] if told[one][0] == "done"}
    assert all(one.reason is not None and one.reason.code == "gone_on" for one in results if not one.ok)
    for instance in undone:
        assert version(world, instance) == 1 and world.open_nodes(instance) == ["act"]
        sound(world, instance)
    assert {task: clocks(world)[task] for task in before} == before
    with world.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Instance)) == COUNT


def test_a_worker_that_was_ended_in_the_middle_is_followed_by_another_and_two_at_once_move_each_once(
    world: World,
) -> None:
    world.deploy(OLD)
    instances = [world.start("load") for _ in range(12)]
    world.deploy(NEW)
    started = world.engine.migrate(plan(world, "load"), reason="流程修订", by=world.person("root"))
    world.engine.run_migrations(limit=3)  # and is gone
    workers = [build(world.url, world.clock) for _ in range(2)]

    def run(worker: World) -> None:
        while worker.engine.run_migrations(limit=2):
            pass

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    for worker in workers:
        worker.sessions.kw["bind"].dispose()
    assert [item.status for item in items(world, started.id)] == ["done"] * 12
    for instance in instances:
        assert world.events(instance).count("instance.migrated") == 1
        sound(world, instance)
    with world.sessions() as session:
        from app.engine import Migration

        assert session.get_one(Migration, started.id).status == "done"
