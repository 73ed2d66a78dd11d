"""A detached call starts processes of their own, waits for their ends, and takes what they found out."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app import errors
from app.db import is_postgresql, write_transaction
from app.engine import Child, Instance, Package
from app.engine.running.locking import lock_instance
from tests.cast import START
from tests.engine.conftest import World, build
from tests.engine.diagrams import Flow, boundary, detached, end, exclusive, package, start, subprocess, timer, user

PLAN = package(
    "plan",
    user("draft"),
    end("drafted"),
    manifest='inputs = ["sector"]\nbusiness_key = "\'FA-\' + sector"\n',
)
FORM = '{"title": {"zh": "表", "en": "Form"}, "fields": []}'


def campaign(**words: str) -> Package:
    words = {"for_each": "sectors", "inputs": '{"sector": item}', "outputs": "sector, light", "result": "plans"} | words
    return package("campaign", detached("plans_call", "plan", **words), user("summary"), end())


def begin(world: World, *sectors: str, deliver: bool = True, **words: str) -> str:
    world.deploy(PLAN)
    world.deploy(campaign(**words))
    instance = world.start("campaign", {"sectors": list(sectors)})
    if deliver:
        world.engine.deliver_all()
    return instance


def children(world: World, parent: str) -> list[Child]:
    with world.sessions() as session:
        select = sa.select(Child).where(Child.parent_id == parent)
        return list(session.scalars(select.order_by(Child.round, Child.number)))


def of(child: Child) -> str:
    assert child.instance_id
    return child.instance_id


def finish(world: World, child: Child) -> None:
    world.complete(of(child), "draft")
    world.engine.deliver_all()


def test_children_start_once_and_the_parent_goes_on_after_the_last(world: World) -> None:
    parent = begin(world, "fire", "traffic", "mining")
    rows = children(world, parent)
    assert [(row.state, row.number, row.round, row.depth) for row in rows] == [("running", n, 1, 1) for n in range(3)]
    assert world.open_nodes(parent) == []
    keys = [world.instance(of(row)).business_key for row in rows]
    assert keys == ["FA-fire", "FA-traffic", "FA-mining"]
    assert {world.instance(of(row)).parent_id for row in rows} == {parent}
    finish(world, rows[1])
    finish(world, rows[0])
    assert world.open_nodes(parent) == []
    finish(world, rows[2])
    assert world.open_nodes(parent) == ["summary"]
    found = world.data(parent)["plans"]
    assert [(one["sector"], one["status"], one["end"], one["business_key"]) for one in found] == [
        ("fire", "ended", "drafted", "FA-fire"),
        ("traffic", "ended", "drafted", "FA-traffic"),
        ("mining", "ended", "drafted", "FA-mining"),
    ]
    assert [one["id"] for one in found] == [row.instance_id for row in rows]
    events = world.events(parent)
    assert events.count("child.started") == 3
    assert events.count("child.ended") == 3
    assert events.count("children.finished") == 1


def test_a_list_without_items_is_no_wait(world: World) -> None:
    parent = begin(world)
    assert world.open_nodes(parent) == ["summary"]
    assert world.data(parent)["plans"] == []


def test_without_for_each_there_is_one_child(world: World) -> None:
    world.deploy(PLAN)
    world.deploy(
        package("campaign", detached("c", "plan", inputs='{"sector": which}', result="plans"), user("summary"), end())
    )
    parent = world.start("campaign", {"which": "fire"})
    world.engine.deliver_all()
    (row,) = children(world, parent)
    finish(world, row)
    assert world.data(parent)["plans"][0]["business_key"] == "FA-fire"


def test_a_call_that_does_not_wait_goes_on_at_once(world: World) -> None:
    world.deploy(PLAN)
    words = {"wait": "false", "for_each": "sectors", "inputs": '{"sector": item}'}
    world.deploy(package("campaign", detached("c", "plan", **words), user("summary"), end()))
    parent = world.start("campaign", {"sectors": ["a", "b"]})
    assert world.open_nodes(parent) == ["summary"]
    world.engine.deliver_all()
    assert [row.state for row in children(world, parent)] == ["running", "running"]
    world.complete(parent, "summary")
    assert world.instance(parent).status == "ended"
    assert all(world.instance(of(row)).status == "running" for row in children(world, parent))


def test_a_cancelled_child_counts_as_over(world: World) -> None:
    parent = begin(world, "fire", "traffic")
    first, second = children(world, parent)
    world.engine.cancel(of(first), "不需要", by=world.person("zhao"))
    world.engine.deliver_all()
    finish(world, second)
    assert [one["status"] for one in world.data(parent)["plans"]] == ["cancelled", "ended"]
    assert world.events(parent).count("child.cancelled") == 1


def test_a_child_that_cannot_be_started_counts_as_failed(world: World) -> None:
    parent = begin(world, "fire", "fire")  # the same business key twice
    first, second = children(world, parent)
    assert (first.state, second.state) == ("running", "failed")
    assert "conflict" in (second.error or "")
    finish(world, first)
    assert [one["status"] for one in world.data(parent)["plans"]] == ["ended", "failed"]


def test_cancelling_the_parent_cancels_the_children_it_waits_for(world: World) -> None:
    parent = begin(world, "fire", "traffic")
    world.engine.cancel(parent, "行动终止", by=world.person("zhao"))
    world.engine.deliver_all()
    assert {world.instance(of(row)).status for row in children(world, parent)} == {"cancelled"}
    assert {row.state for row in children(world, parent)} == {"cancelled"}


def test_children_that_have_not_begun_never_do_once_the_parent_is_cancelled(world: World) -> None:
    parent = begin(world, "fire", "traffic", deliver=False)
    world.engine.cancel(parent, "行动终止", by=world.person("zhao"))
    world.engine.deliver_all()
    assert [(row.state, row.instance_id) for row in children(world, parent)] == [("cancelled", None)] * 2


def test_suspending_the_parent_stops_its_children_and_resuming_lets_them_go_on(world: World) -> None:
    parent = begin(world, "fire", "traffic")
    first, second = children(world, parent)
    world.engine.suspend(of(second), "另有原因", by=world.person("zhao"))
    world.engine.suspend(parent, "暂停", by=world.person("zhao"))
    world.engine.deliver_all()
    assert [world.instance(of(row)).status for row in (first, second)] == ["suspended", "suspended"]
    world.engine.resume(parent, by=world.person("zhao"))
    world.engine.deliver_all()
    assert [world.instance(of(row)).status for row in (first, second)] == ["running", "suspended"]


def test_a_child_resumed_by_hand_is_no_longer_its_parents_to_resume(world: World) -> None:
    parent = begin(world, "fire", "traffic")
    first, _second = children(world, parent)
    zhao = world.person("zhao")
    world.engine.suspend(parent, "暂停", by=zhao)
    world.engine.deliver_all()
    world.engine.resume(of(first), by=zhao)
    world.engine.suspend(of(first), "另有原因", by=zhao)
    world.engine.resume(parent, by=zhao)
    world.engine.deliver_all()
    assert world.instance(of(first)).status == "suspended"


def test_an_interrupting_event_cancels_what_is_under_way(world: World) -> None:
    world.deploy(PLAN)
    call_ = detached("c", "plan", for_each="sectors", inputs='{"sector": item}')
    late = boundary("late", "c", timer("timeDuration", "P1D"))
    flows = [
        Flow("start", "c"),
        Flow("c", "summary"),
        Flow("summary", "end"),
        Flow("late", "report"),
        Flow("report", "reported"),
    ]
    ends = (end(), end("reported"))
    world.deploy(package("campaign", start(), call_, late, user("summary"), user("report"), *ends, flows=flows))
    parent = world.start("campaign", {"sectors": ["fire", "traffic"]})
    world.engine.deliver_all()
    first, second = children(world, parent)
    finish(world, first)
    world.advance(days=2)
    assert world.open_nodes(parent) == ["report"]
    assert [world.instance(of(row)).status for row in (first, second)] == ["ended", "cancelled"]


def test_a_condition_ends_the_wait_early(world: World) -> None:
    parent = begin(world, "a", "b", "c", complete_when="finished * 2 >= total")
    first, second, third = children(world, parent)
    finish(world, first)
    assert world.open_nodes(parent) == []
    finish(world, second)
    assert world.open_nodes(parent) == ["summary"]
    assert [one["status"] for one in world.data(parent)["plans"]] == ["ended", "ended", "cancelled"]
    assert world.instance(of(third)).status == "cancelled"


def test_what_does_not_evaluate_is_an_incident_and_can_be_retried(world: World) -> None:
    world.deploy(campaign())
    parent = world.start("campaign", {"sectors": ["a"]})
    (incident,) = world.incidents(parent)
    assert "no published process" in incident.message
    world.deploy(PLAN)
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    world.engine.deliver_all()
    assert [row.state for row in children(world, parent)] == ["running"]


def test_data_that_the_child_does_not_take_is_an_incident(world: World) -> None:
    parent = begin(world, "fire", inputs='{"sektor": item}')
    assert "sektor" in world.incidents(parent)[0].message
    assert children(world, parent) == []


def test_a_waiting_parent_is_not_stuck_and_verifies(world: World) -> None:
    parent = begin(world, "fire", "traffic")
    assert world.engine.watch() == 0
    assert world.incidents(parent) == []
    with world.sessions() as session:
        assert list(world.engine.verify_everything(session)) == []
    first, second = children(world, parent)
    assert second.instance_id
    world.complete(of(first), "draft")
    world.complete(of(second), "draft")
    assert world.engine.watch() == 0  # both are over, but the parent has not heard of it yet
    world.engine.deliver_all()
    with world.sessions() as session:
        assert list(world.engine.verify_everything(session)) == []


def test_children_keep_the_version_that_was_published_when_they_were_asked_for(world: World) -> None:
    parent = begin(world, "fire", "traffic", deliver=False)
    world.deploy(package("plan", user("other"), end(), manifest='inputs = ["sector"]\n'))
    world.engine.deliver_all()
    assert [world.open_nodes(of(row)) for row in children(world, parent)] == [["draft"], ["draft"]]


def test_children_of_children(world: World) -> None:
    world.deploy(package("leaf", user("draft"), end(), manifest='inputs = ["x"]\n'))
    world.deploy(package("middle", detached("c", "leaf", inputs='{"x": x}'), end(), manifest='inputs = ["x"]\n'))
    world.deploy(package("top", detached("c", "middle", inputs='{"x": 1}'), end()))
    top = world.start("top")
    world.engine.deliver_all()
    (middle,) = children(world, top)
    (leaf,) = children(world, of(middle))
    assert leaf.depth == 2
    finish(world, leaf)
    assert world.instance(top).status == "ended"


def test_processes_that_start_one_another_for_ever_are_stopped(world: World) -> None:
    world.deploy(package("again", detached("c", "again", wait="false"), user("stay"), end()))
    world.start("again")
    world.engine.deliver_all()
    with world.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Instance)) == 11
        last = session.scalars(sa.select(Child.instance_id).order_by(Child.depth.desc())).first()
    assert "started one another" in world.incidents(last or "")[0].message


def test_a_call_in_a_sub_process_and_in_a_loop_begins_a_new_round(world: World) -> None:
    world.deploy(PLAN)
    inner = subprocess("sub", start("s"), detached("c", "plan", inputs='{"sector": key}', result="plans"), end("e"))
    world.deploy(
        package(
            "campaign",
            start(),
            inner,
            user("judge", form="judge"),
            exclusive("again", default="out"),
            end(),
            flows=[
                Flow("start", "sub"),
                Flow("sub", "judge"),
                Flow("judge", "again"),
                Flow("again", "sub", "more"),
                Flow("again", "end", id="out"),
            ],
            files={"forms/judge.json": FORM},
        )
    )
    parent = world.start("campaign", {"key": "a", "more": True})
    world.engine.deliver_all()
    finish(world, children(world, parent)[0])
    world.engine.amend(parent, {"key": "b"}, "第二轮", by=world.person("zhao"))
    world.complete(parent, "judge", more=True)
    world.engine.deliver_all()
    assert [(row.round, row.number, row.state) for row in children(world, parent)] == [
        (1, 0, "ended"),
        (2, 0, "running"),
    ]


@pytest.mark.one_database
@pytest.mark.parametrize("seed", range(6))
def test_started_anew_after_every_step_it_comes_to_the_same_end(
    world: World, again: Callable[[], World], seed: int
) -> None:
    """Children end in any order and any way, letters come late or at once, the engine is a new one each time."""
    chance = random.Random(seed)
    sectors = [f"s{n}" for n in range(chance.randint(1, 7))]
    parent = begin(world, *sectors, deliver=False)
    ended: dict[int, str] = {}
    while "summary" not in world.open_nodes(parent):
        world = again()
        running = [row for row in children(world, parent) if row.state == "running"]
        act = chance.choice(["deliver", "end", "end", "cancel", "pause"])
        if act == "deliver" or not running:
            world.engine.deliver_outbox(limit=chance.randint(1, 3))
        elif act == "pause":
            world.engine.suspend(parent, "x", by=world.person("zhao"))
            again().engine.deliver_all()
            world.engine.resume(parent, by=world.person("zhao"))
            world.advance(minutes=10)
        elif (row := chance.choice(running)) and act == "end":
            world.complete(of(row), "draft")
            ended[row.number] = "ended"
        else:
            world.engine.cancel(of(row), "x", by=world.person("zhao"))
            ended[row.number] = "cancelled"
        with world.sessions() as session:
            assert [finding.as_text() for finding in world.engine.verify_everything(session)] == []
    assert [one["status"] for one in world.data(parent)["plans"]] == [ended[n] for n in range(len(sectors))]
    assert world.events(parent).count("children.finished") == 1
    with world.sessions() as session:
        assert world.engine.verify(session, parent) is None


def test_children_that_end_at_once_move_the_parent_once(world: World) -> None:
    parent = begin(world, *(f"s{n}" for n in range(8)))
    tasks = [world.task(of(row), "draft").id for row in children(world, parent)]

    def end(task_id: str) -> None:
        other = build(world.url, world.clock)
        try:
            other.engine.complete(task_id, {}, by=world.person("zhao"))
            other.engine.deliver_outbox()
        finally:
            other.sessions.kw["bind"].dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(end, tasks))
    world.engine.deliver_all()
    assert world.open_nodes(parent) == ["summary"]
    assert world.events(parent).count("child.ended") == 8
    assert world.events(parent).count("children.finished") == 1


def test_a_step_of_a_child_does_not_hold_its_parent(world: World) -> None:
    """Two hundred siblings would wait in line for it."""
    parent = begin(world, "fire", "traffic")
    first, _second = children(world, parent)
    with world.sessions() as session, write_transaction(session):
        lock_instance(session, of(first))
        if is_postgresql(session):
            with world.sessions() as other, write_transaction(other):
                assert lock_instance(other, parent, skip=True)
                assert not lock_instance(other, of(first), skip=True)


def test_work_does_not_go_back_past_what_has_been_started(world: World) -> None:
    world.deploy(PLAN)
    call_ = detached("c", "plan", wait="false", inputs='{"sector": "a"}')
    allow = {"allow": "claim, return, withdraw"}
    world.deploy(package("campaign", user("first", **allow), call_, user("second", **allow), end()))
    parent = world.start("campaign")
    world.complete(parent, "first")
    task = world.task(parent, "second")
    with pytest.raises(errors.Invalid):
        world.engine.send_back(task.id, "first", "重来", by=world.person("zhao"))
    with pytest.raises(errors.Conflict):
        world.engine.withdraw(world.tasks(parent, "done")[0].id, "撤回", by=world.person("zhao"))


PLANTED: dict[str, tuple[str, dict[str, object]]] = {
    "a child that its row calls ended": ("child.state", {"state": "ended"}),
    "a child without a row of its own": ("child.missing", {"instance_id": None}),
    "a parent that was told of all and still waits": ("children.over", {"told_at": START}),
    "a child of a token that is not there": ("children.left_over", {"spiff_task_id": "gone"}),
}


@pytest.mark.parametrize("what", PLANTED)
def test_verification_names_rows_that_disagree(world: World, what: str) -> None:
    code, damage = PLANTED[what]
    parent = begin(world, "fire")
    with world.sessions() as session, write_transaction(session):
        session.execute(sa.update(Child).where(Child.parent_id == parent).values(**damage))
    with world.sessions() as session:
        assert code in {finding.kind for finding in world.engine.verify_everything(session)}
