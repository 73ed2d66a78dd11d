"""An instance goes on under another version: same tasks, same clocks, and what cannot move stays as it was."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from app import errors
from app.engine import HumanTask, Package, Timer
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.migrating.moving import everything, items, migrate, moved, plan, refused, sound, tried, version
from tests.engine.test_clock_extension import RUNG

ALLOW = "claim, comment, return, withdraw, pause"
CLOCK = {"deadline": "work_days(5)", "remind": "-1 work_days", "ladder": "+1 work_days: rung", "allow": ALLOW}
FIELD = '{"title": {"zh": "填写", "en": "Fill in"}, "fields": [{"name": "note", "kind": "text", "label": {"zh": "%s", "en": "n"}}]}'


def forms(label: str) -> dict[str, str]:
    return {"forms/fill.json": FIELD % label}


def both(world: World, old: Package, new: Package, **data: Any) -> str:
    """An instance of the first version; the second is in force."""
    world.deploy(RUNG)
    world.deploy(old)
    instance = world.start(old.key, data)
    world.deploy(new)
    return instance


def rows(world: World, instance: str) -> dict[str, dict[str, Any]]:
    with world.sessions() as session:
        found = session.execute(sa.select(HumanTask.__table__).where(HumanTask.instance_id == instance)).mappings()
        return {row["id"]: dict(row) for row in found}


def test_the_same_task_goes_on_with_its_clock_ladder_draft_and_holder_between_steps_that_were_put_in(
    world: World,
) -> None:
    old = d.package("walk", d.user("ask"), d.user("do", form="fill", **CLOCK), d.end(), files=forms("说明"))
    new = d.package(
        "walk",
        d.user("ask"),
        d.user("look"),
        d.user("make", name="do", form="fill", role="dept_staff", deadline="work_days(2)", ladder="+9 work_days: rung"),
        d.user("sign"),
        d.end(),
        files=forms("整改说明"),
    )
    instance = both(world, old, new)
    world.complete(instance, "ask")
    task = world.task(instance, "do")
    world.engine.claim(task.id, by=world.person("zhao"))
    world.engine.save_draft(task.id, {"note": "写了一半"}, by=world.person("zhao"))
    world.advance(days=9)  # past the limit, on the first rung
    before, timers = rows(world, instance)[task.id], [(t.id, t.due_at, t.state) for t in world.timers(instance)]
    assert [t.kind for t in world.timers(instance, state="fired")] == ["remind", "overdue", "ladder"]

    moved(world, "walk", instance)

    after = rows(world, instance)[task.id]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"definition_id", "node_id", "name_en", "properties", "rev"}
    assert after["properties"]["ladder"] == CLOCK["ladder"] and after["properties"]["deadline"] == "work_days(5)"
    assert [(t.id, t.due_at, t.state) for t in world.timers(instance)] == timers
    assert version(world, instance) == 2
    assert world.events(instance)[-1] == "instance.migrated"
    sound(world, instance)
    world.complete(instance, "make", note="写完了")
    assert world.open_nodes(instance) == ["sign"]
    world.complete(instance, "sign")
    assert world.instance(instance).status == "ended"


def test_a_clock_that_stands_stands_on_and_has_the_same_left_when_it_goes_on(world: World) -> None:
    old = d.package("stand", d.user("act", **CLOCK), d.end())
    new = d.package("stand", d.user("act", **(CLOCK | {"deadline": "P1D"})), d.user("more"), d.end())
    instance = both(world, old, new)
    other = world.start("stand")  # the same, under the new version
    assert world.task(other, "act").due_at != world.task(instance, "act").due_at
    task = world.task(instance, "act").id
    world.advance(days=1)
    world.engine.pause_clock(task, "等待检测", by=world.person("gao"))
    moved(world, "stand", instance)
    assert rows(world, instance)[task]["paused_at"] is not None
    world.advance(days=20)
    world.engine.resume_clock(task, "已出结果", by=world.person("gao"))
    left = world.task(instance, "act").due_at
    assert left is not None and left > world.clock.now()
    assert world.timers(instance, state="fired") == []
    sound(world, instance)


def test_timers_fire_when_they_would_have_whatever_the_new_version_says(world: World) -> None:
    edge, way = d.timer("timeDuration", "P3D"), d.timer("timeDuration", "P10D")
    old = d.package(
        "wait", d.user("act"), d.boundary("late", "act", edge, interrupting=False), d.user("after"),
        d.catch("rest", way), d.end(), d.user("told"),
        flows=[d.Flow("act", "rest"), d.Flow("rest", "end"), d.Flow("late", "told"), d.Flow("told", "end")],
    )  # fmt: skip
    new_edge, new_way = d.timer("timeDuration", "P9D"), d.timer("timeDuration", "P1D")
    new = d.package(
        "wait", d.user("act"), d.boundary("late", "act", new_edge, interrupting=False), d.user("after"),
        d.catch("rest", new_way), d.end(), d.user("told"),
        flows=[d.Flow("act", "rest"), d.Flow("rest", "end"), d.Flow("late", "told"), d.Flow("told", "end")],
    )  # fmt: skip
    instance = both(world, old, new)
    due = world.timers(instance, state="waiting")[0].due_at
    moved(world, "wait", instance)
    assert [(t.node_id, t.due_at) for t in world.timers(instance, state="waiting")] == [("late", due)]
    world.advance(days=3, minutes=1)
    assert world.open_nodes(instance) == ["act", "told"]
    sound(world, instance)


def test_a_step_that_is_gone_holds_its_instance_back_until_another_is_named_for_it(world: World) -> None:
    old = d.package("gone", d.user("one"), d.user("two", name="复查", **CLOCK), d.end())
    new = d.package("gone", d.user("one"), d.user("x", name="甲"), d.user("y", name="乙"), d.end())
    instance = both(world, old, new)
    world.complete(instance, "one")
    task = world.task(instance, "two")
    assert refused(world, "gone", instance) == "node_gone"
    assert plan(world, "gone").stays == 1
    moved(world, "gone", instance, {"two": "y"})
    assert rows(world, instance)[task.id]["node_id"] == "y"
    assert world.task(instance, "y").due_at == task.due_at
    world.complete(instance, "y")
    assert world.instance(instance).status == "ended"


def test_a_task_is_addressed_anew_where_its_role_changed_but_never_taken_from_whoever_holds_it(world: World) -> None:
    old, new = d.package("who", d.user("act"), d.end()), d.package("who", d.user("act", role="coordinator"), d.end())
    held, free = both(world, old, new), ""
    with world.sessions() as session:
        assert world.engine.plan_migration(session, "who", 1, 2).standing[0].changes[0].code == "role_changed"
    world.engine.claim(world.task(held, "act").id, by=world.person("zhao"))
    del free
    moved(world, "who", held)
    task = world.task(held, "act")
    assert (task.role, task.assignee_id) == ("coordinator", member("zhao").id)
    world.complete(held, "act")


def test_a_branch_that_was_never_begun_is_not_waited_for(world: World) -> None:
    """A join that the new version gives one more flow would wait for ever."""
    old = d.package(
        "split", d.parallel("fork"), d.user("a"), d.user("b"), d.parallel("join"), d.end(),
        flows=[
            d.Flow("fork", "a"), d.Flow("fork", "b"), d.Flow("a", "join"), d.Flow("b", "join"), d.Flow("join", "end"),
        ],
    )  # fmt: skip
    wider = d.package(
        "split", d.parallel("fork"), d.user("a"), d.user("b"), d.user("c"), d.parallel("join"), d.end(),
        flows=[
            d.Flow("fork", "a"), d.Flow("fork", "b"), d.Flow("fork", "c"), d.Flow("a", "join"), d.Flow("b", "join"),
            d.Flow("c", "join"), d.Flow("join", "end"),
        ],
    )  # fmt: skip
    instance = both(world, old, wider)
    assert refused(world, "split", instance) == "branches_changed"
    world.complete(instance, "a")
    assert refused(world, "split", instance) == "branches_changed"


def test_steps_that_stand_side_by_side_are_not_put_one_after_the_other(world: World) -> None:
    """There would be two living tokens where one belongs."""
    old = d.package(
        "row", d.parallel("fork"), d.user("a"), d.user("b"), d.parallel("join"), d.end(),
        flows=[
            d.Flow("fork", "a"), d.Flow("fork", "b"), d.Flow("a", "join"), d.Flow("b", "join"), d.Flow("join", "end"),
        ],
    )  # fmt: skip
    instance = both(world, old, d.package("row", d.user("a"), d.user("b"), d.end()))
    assert refused(world, "row", instance) == "branches_changed"
    world.complete(instance, "a")
    world.complete(instance, "b")


def test_branches_that_only_have_other_names_are_joined_as_before(world: World) -> None:
    def drawn(fork: str, join: str, *more: str) -> Package:
        line = ["b", *more, join]
        return d.package(
            "names", d.parallel(fork), d.user("a"), d.user("b"), *(d.user(one) for one in more), d.parallel(join),
            d.user("last"), d.end(),
            flows=[
                d.Flow("start", fork), d.Flow(fork, "a"), d.Flow(fork, "b"), d.Flow("a", join),
                *(d.Flow(one, two) for one, two in itertools.pairwise(line)),
                d.Flow(join, "last"), d.Flow("last", "end"),
            ][1:],
        )  # fmt: skip

    instance = both(world, drawn("fork", "join"), drawn("split", "meet", "extra"))
    world.complete(instance, "a")
    moved(world, "names", instance, {"fork": "split", "join": "meet"})
    world.complete(instance, "b")
    assert world.open_nodes(instance) == ["extra"]
    world.complete(instance, "extra")
    assert world.open_nodes(instance) == ["last"]
    sound(world, instance)


def test_an_event_on_a_step_comes_or_goes_with_the_version(world: World) -> None:
    def drawn(*events: str) -> Package:
        return d.package(
            "edges", d.user("act"), d.user("after"), d.end(),
            *(d.boundary(one, "act", d.timer("timeDuration", "P2D")) for one in events),
            *(d.user(f"on_{one}") for one in events),
            flows=[
                d.Flow("act", "after"), d.Flow("after", "end"),
                *(flow for one in events for flow in (d.Flow(one, f"on_{one}"), d.Flow(f"on_{one}", "end"))),
            ],
        )  # fmt: skip

    instance = both(world, drawn(), drawn("two"))
    world.advance(days=1)
    moved(world, "edges", instance)
    (timer,) = world.timers(instance, state="waiting")
    assert timer.due_at == world.clock.now() + dt.timedelta(days=2)
    sound(world, instance)
    world.deploy(drawn("two", "three"))
    with world.sessions() as session:
        further = world.engine.plan_migration(session, "edges", 2, 3)
    assert [reason.code for reason in further.standing[0].changes] == ["event_added"]
    world.engine.migrate(further, [instance], reason="再改", by=world.person("root"))
    world.engine.run_migrations()
    assert [t.node_id for t in world.timers(instance, state="waiting")] == ["two", "three"]
    world.deploy(d.package("edges", d.user("act"), d.user("after"), d.user("end_it"), d.end()))
    with world.sessions() as session:
        back = world.engine.plan_migration(session, "edges", 3, 4)
    world.engine.migrate(back, [instance], reason="撤掉", by=world.person("root"))
    world.engine.run_migrations()
    assert world.timers(instance, state="waiting") == []
    world.complete(instance, "act")
    assert world.open_nodes(instance) == ["after"]
    sound(world, instance)


def test_what_stands_in_a_sub_process_stays_in_it(world: World) -> None:
    inner = (d.user("in"), d.user("deep"))
    old = d.package("nest", d.subprocess("sub", d.start("s"), *inner, d.end("e")), d.user("after"), d.end())
    new = d.package(
        "nest", d.subprocess("stage", d.start("s"), d.user("in"), d.user("new"), d.user("deep"), d.end("e")),
        d.user("after"), d.end(),
    )  # fmt: skip
    instance = both(world, old, new)
    assert tried(world, "nest", instance, {"sub": None}).reason.code == "scope_gone"  # type: ignore[union-attr]
    moved(world, "nest", instance, {"sub": "stage"})
    for node in ("in", "new", "deep", "after"):
        assert world.open_nodes(instance) == [node]
        world.complete(instance, node)
    assert world.instance(instance).status == "ended"


def test_votes_that_were_given_count_and_another_rule_waits_for_the_next_round(world: World) -> None:
    board = "signers"
    sign = {"policy": "all", "signers": board, "form": "vote", "allow": "claim"}
    vote = {
        "forms/vote.json": '{"title": {"zh": "会签", "en": "Sign"}, "fields": [{"name": "decision", "kind": "radio", '
        '"label": {"zh": "意见", "en": "Opinion"}, "options": [{"value": "agree", "label": {"zh": "同意", "en": "Agree"}}]}]}'
    }
    more = 'inputs = ["signers"]\n'
    old = d.package("board", d.user("sign", **sign), d.end(), files=vote, manifest=more)
    new = d.package("board", d.user("sign", **sign), d.user("file"), d.end(), files=vote, manifest=more)
    people = [member(key).id for key in ("zhao", "liu")]
    instance = both(world, old, new, signers=people)
    first = next(t for t in world.tasks(instance) if t.assignee_id == people[0])
    world.engine.complete(first.id, {"decision": "agree"}, by=world.person("zhao"))
    moved(world, "board", instance)
    (left,) = world.tasks(instance)
    world.deploy(d.package("board", d.user("sign", **(sign | {"policy": "any"})), d.end(), files=vote, manifest=more))
    with world.sessions() as session:
        (standing,) = world.engine.plan_migration(session, "board", 2, 3).standing
    assert [reason.code for reason in standing.obstacles] == ["signers_changed"]
    world.engine.complete(left.id, {"decision": "agree"}, by=world.person("liu"))
    assert world.open_nodes(instance) == ["file"]
    sound(world, instance)


def test_a_service_that_failed_is_tried_again_as_the_new_version_calls_it(world: World) -> None:
    @world.engine.service_task("office.broken")
    def broken(call: Any) -> None:
        raise ConnectionError("down")

    @world.engine.service_task("office.works")
    def works(call: Any) -> None:
        call.history("office.done")

    old = d.package("mend", d.user("ask"), d.service("serve", "office.broken"), d.user("after"), d.end())
    new = d.package("mend", d.user("ask"), d.service("serve", "office.works"), d.user("after"), d.end())
    instance = both(world, old, new)
    world.complete(instance, "ask")
    (incident,) = world.incidents(instance)
    moved(world, "mend", instance)
    assert [row.id for row in world.incidents(instance)] == [incident.id]
    assert world.engine.retry(incident.id, by=world.person("root"))
    assert world.open_nodes(instance) == ["after"]
    sound(world, instance)


def test_undoing_many_stops_when_its_time_is_over_and_goes_on_with_what_can_be_undone(world: World) -> None:
    old = d.package("many", d.user("act"), d.user("later"), d.end())
    new = d.package("many", d.user("act"), d.user("later"), d.user("more"), d.end())
    world.deploy(old)
    first, *others = [world.start("many") for _n in range(3)]
    world.deploy(new)
    root = world.person("root")
    migration = migrate(world, "many")
    world.complete(first, "act")
    (one,) = world.engine.undo_migration(migration, by=root, seconds=0)
    assert one.ok and one.instance_id in others
    (two,) = world.engine.undo_migration(migration, by=root, seconds=0)
    assert two.ok and {one.instance_id, two.instance_id} == set(others)
    (late,) = world.engine.undo_migration(migration, by=root)
    assert late.reason is not None and late.reason.code == "gone_on"


def test_undone_it_is_as_it_was_and_once_only_and_not_after_work_went_on(world: World) -> None:
    old = d.package("back", d.user("act", name="办理", **CLOCK), d.end())
    new = d.package("back", d.user("do", name="办理", role="coordinator"), d.user("more"), d.end())
    instance, root = both(world, old, new), world.person("root")
    before = everything(world, instance)
    item = moved(world, "back", instance)
    with pytest.raises(errors.NotFound):
        world.engine.undo_migration("nothing", by=root)
    (undone,) = world.engine.undo_migration(item.migration_id, by=root)
    assert undone.ok
    after = everything(world, instance)
    assert after["human_task"] == before["human_task"] and after["timer"] == before["timer"]
    assert version(world, instance) == 1
    assert world.events(instance)[-2:] == ["instance.migrated", "instance.migration_undone"]
    sound(world, instance)
    (again,) = world.engine.undo_migration(item.migration_id, [item.id], by=root)
    assert not again.ok and again.reason is not None and again.reason.code == "not_done"

    item = moved(world, "back", instance)
    world.complete(instance, "do", by="wang")
    (late,) = world.engine.undo_migration(item.migration_id, by=root)
    assert late.reason is not None and late.reason.code == "gone_on"
    assert world.open_nodes(instance) == ["more"]


def test_only_a_version_in_force_is_moved_to_one_migration_at_a_time_and_it_can_be_stopped(world: World) -> None:
    old, new = d.package("once", d.user("act"), d.end()), d.package("once", d.user("act"), d.user("b"), d.end())
    instances, root = [both(world, old, new)], world.person("root")
    with pytest.raises(errors.Conflict):
        world.engine.migrate(plan(world, "once", 2, 1), reason="退回", by=root)
    with pytest.raises(errors.NotFound):
        plan(world, "once", 1, 9)
    with pytest.raises(errors.Invalid):
        plan(world, "once", mapping={"act": "nothing"})
    with pytest.raises(errors.Invalid):
        world.engine.migrate(plan(world, "once"), reason=" ", by=root)
    found = world.engine.migrate(plan(world, "once"), reason="流程修订", by=root)
    with pytest.raises(errors.Conflict):
        world.engine.migrate(plan(world, "once"), reason="流程修订", by=root)
    world.engine.cancel_migration(found.id, "先不迁移", by=root)
    with pytest.raises(errors.Conflict):
        world.engine.cancel_migration(found.id, "先不迁移", by=root)
    assert world.engine.run_migrations() == 0
    assert [item.status for item in items(world, found.id)] == ["cancelled"]
    assert version(world, instances[0]) == 1


def test_what_is_suspended_or_over_is_told_one_by_one_and_the_others_go(world: World) -> None:
    old, new = d.package("some", d.user("act"), d.end()), d.package("some", d.user("act"), d.user("b"), d.end())
    world.deploy(old)
    first, *others = [world.start("some") for _ in range(4)]
    world.deploy(new)
    world.engine.suspend(others[0], "核查", by=world.person("gao"))
    started = world.engine.migrate(plan(world, "some"), reason="流程修订", by=world.person("root"))
    world.complete(others[1], "act")
    world.engine.run_migrations(limit=2)
    while world.engine.run_migrations():
        pass
    told = {item.instance_id: (item.status, (item.reason or {}).get("code")) for item in items(world, started.id)}
    assert told == {
        first: ("done", None),
        others[0]: ("failed", "suspended"),
        others[1]: ("failed", "not_running"),
        others[2]: ("done", None),
    }


def test_the_mapping_is_proposed_by_id_name_and_neighbours(world: World) -> None:
    old = d.package("map", d.user("same"), d.user("a", name="复查"), d.user("b", name="归档"), d.end())
    new = d.package("map", d.user("same"), d.user("x", name="复查"), d.user("z", name="存档", name_en="store"), d.end())
    world.deploy(old)
    world.deploy(new)
    found = plan(world, "map")
    assert {one.source: (one.target, one.how) for one in found.pairs.values() if one.source in ("same", "a", "b")} == {
        "same": ("same", "same"),
        "a": ("x", "name"),
        "b": ("z", "neighbours"),
    }
    assert migrate.__doc__ and Timer.__tablename__


def test_children_that_are_waited_for_are_waited_for_under_the_new_version(world: World) -> None:
    child = d.package("child", d.user("work"), d.end())
    old = d.package("parent", d.detached("call", "child"), d.user("after"), d.end())
    new = d.package("parent", d.detached("begin", "child"), d.user("sum"), d.user("after"), d.end())
    other = d.package("parent", d.detached("begin", "child", result="found"), d.user("after"), d.end())
    world.deploy(child)
    instance = both(world, old, new)
    world.engine.deliver_all()
    moved(world, "parent", instance, {"call": "begin"})
    world.deploy(other)
    with world.sessions() as session:
        (standing,) = world.engine.plan_migration(session, "parent", 2, 3).standing
    assert [reason.code for reason in standing.obstacles] == ["children_waiting"]
    (row,) = [t for t in _open(world) if t.node_id == "work"]
    world.engine.complete(row.id, {}, by=world.person("zhao"))
    world.engine.deliver_all()
    assert world.open_nodes(instance) == ["sum"]
    sound(world, instance)


def _open(world: World) -> list[HumanTask]:
    with world.sessions() as session:
        return list(session.scalars(sa.select(HumanTask).where(HumanTask.status == "open")))
