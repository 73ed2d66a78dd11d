"""Guard 2: a rework loop of thousands of rounds stays as small as one, and nothing that can still happen is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from app import errors
from app.audit import SYSTEM
from app.engine import Package
from app.engine.running import compacting, serializing
from app.engine.running.checkout import load_turn
from app.engine.running.workflow import Workflow
from tests.engine import diagrams as d
from tests.engine.conftest import World
from tests.engine.test_guards import REWORK, specs_of
from tests.engine.test_send_back import FORM, step, targets

PARALLEL = d.package(
    "branches", d.user("do"), d.parallel("split"), d.user("x"),
    d.boundary("late", "x", d.timer("timeDuration", "P3D"), interrupting=False),
    d.subprocess("inner", d.start("s"), d.user("y"), d.end("e")), d.parallel("join"), d.user("look"),
    d.exclusive("ok", default="f_ok_do"), d.end(), d.script("note", "late = True"), d.end("e2"),
    flows=[
        d.Flow("do", "split"), d.Flow("split", "x"), d.Flow("split", "inner"), d.Flow("x", "join"),
        d.Flow("inner", "join"), d.Flow("join", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"),
        d.Flow("ok", "end", "good"), d.Flow("late", "note"), d.Flow("note", "e2"),
    ],
)  # fmt: skip


class Still:
    """Surroundings in which nothing is due."""

    now = dt.datetime(2026, 4, 9, tzinfo=dt.UTC)

    def __init__(self, world: World) -> None:
        self.world = world

    def timer_due(self, _task: Any, _text: str) -> dt.datetime:
        return self.now + dt.timedelta(days=3)

    def is_stuck(self, _task: Any) -> bool:
        return False

    def evaluate(self, expression: str, data: dict[str, Any]) -> Any:
        return self.world.engine.evaluate(expression, data)


def rounds(world: World, package: Package, count: int) -> Iterator[int]:
    """Play so many rounds without a database; the size of the stored state after each."""
    specs = specs_of(package)
    surroundings: Any = Still(world)

    def loaded(text: bytes) -> Workflow:
        workflow = serializing.load(text, specs)
        workflow.surroundings = surroundings
        return world.engine.attach(workflow)

    workflow = Workflow(
        specs.process,
        dict(specs.subprocesses),
        specs.content_hash,
        script_engine=world.engine.language.engine,
        surroundings=surroundings,
    )
    workflow.task_tree.data["good"] = False
    rest(workflow)
    for _round in range(count):
        while True:
            human = workflow.human_tasks()[0]
            last = human.task_spec.bpmn_id == "look"
            human.run()
            rest(workflow)
            compacting.compact(workflow)
            if last:
                break
        text = serializing.dump(workflow)
        serializing.require_round_trip(text, specs)
        yield len(text)
        workflow = loaded(text)
        assert [task.task_spec.bpmn_id for task in workflow.human_tasks()] == ["do"]


def rest(workflow: Workflow) -> None:
    while True:
        while (task := workflow.next_ready()) is not None:
            task.run()
        if not workflow.settle():
            return


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("package", "count"),
    [(REWORK, 50), (REWORK, 500), (REWORK, 2000), (PARALLEL, 50), (PARALLEL, 500)],
    ids=["sequence-50", "sequence-500", "sequence-2000", "branches-50", "branches-500"],
)
def test_the_state_is_no_larger_after_thousands_of_rounds(world: World, package: Package, count: int) -> None:
    sizes = list(rounds(world, package, count))
    assert max(sizes[5:]) <= max(sizes[:5]) * 1.05
    assert max(sizes) < 40_000


@pytest.mark.one_database
def test_without_compaction_the_state_grows_with_every_round(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The naive control."""
    monkeypatch.setattr(compacting, "compact", lambda _workflow: False)
    sizes = list(rounds(world, REWORK, 30))
    assert sizes[-1] > 3 * sizes[5]


def test_what_a_turn_reads_and_writes_stays_the_same_through_the_database(world: World) -> None:
    world.deploy(REWORK)
    instance = world.start("rework", {"good": False})
    sizes = []
    for _round in range(25):
        world.complete(instance, "do")
        world.complete(instance, "look")
        with world.sessions() as session:
            sizes.append(load_turn(world.engine, session, instance, SYSTEM).workflow.size)
    assert len(set(sizes[2:])) == 1


def test_a_branch_beside_the_loop_keeps_its_token_its_timer_and_its_data(world: World) -> None:
    world.deploy(
        d.package(
            "beside", d.parallel("split"), step("do"), step("look"), d.exclusive("ok", default="f_ok_do"),
            d.catch("wait", d.timer("timeDuration", "P30D")), d.script("mark", "waited = True"), d.parallel("join"),
            step("sum"), d.end(), files=FORM,
            flows=[
                d.Flow("split", "do"), d.Flow("do", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"),
                d.Flow("ok", "join", "good"), d.Flow("split", "wait"), d.Flow("wait", "mark"), d.Flow("mark", "join"),
                d.Flow("join", "sum"), d.Flow("sum", "end"),
            ],
        )
    )  # fmt: skip
    instance = world.start("beside", {"good": False, "waited": False})
    for index in range(8):
        world.complete(instance, "do", by="zhao", n=index)
        world.complete(instance, "look")
    (timer,) = world.timers(instance, state="waiting")
    world.advance(days=31)
    assert [row.state for row in world.timers(instance)] == ["fired"]
    assert timer.id == world.timers(instance)[0].id
    world.complete(instance, "do")
    world.complete(instance, "look", by="zhao", good=True)
    assert world.open_nodes(instance) == ["sum"]
    assert {name: world.data(instance)[name] for name in ("n", "waited")} == {"n": 7, "waited": True}


def test_where_to_go_back_to_is_kept(world: World) -> None:
    world.deploy(
        d.package(
            "kept", step("plan"), step("do"), step("look"), d.exclusive("ok", default="f_ok_do"), d.end(), files=FORM,
            flows=[d.Flow("plan", "do"), d.Flow("do", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"),
                   d.Flow("ok", "end", "good")],
        )
    )  # fmt: skip
    instance = world.start("kept", {"good": False})
    world.complete(instance, "plan")
    for index in range(6):
        world.complete(instance, "do", by="zhao", n=index)
        assert targets(world, instance, "look") == ["do", "plan"]
        world.complete(instance, "look")
        assert targets(world, instance, "do") == ["look", "plan"]
    world.engine.send_back(world.task(instance, "do").id, "plan", "重来", by=world.person("zhao"))
    assert world.open_nodes(instance) == ["plan"]
    with world.sessions() as session:
        assert len(world.engine.progress(session, instance).taken) >= 4


def test_what_was_done_in_rounds_that_are_dropped_still_counts(world: World) -> None:
    """Nobody takes back a step that others went on from, and work does not go back past what may be done once only."""

    @world.engine.service_task("money.pay", repeatable=False)
    def pay(_call: Any) -> None:
        """Once."""

    world.deploy(
        d.package(
            "past", step("plan"), step("do"), d.exclusive("way", default="f_way_look"), d.service("pay", "money.pay"),
            step("look"), d.exclusive("ok", default="f_ok_do"), d.end(), files=FORM,
            flows=[
                d.Flow("plan", "do"), d.Flow("do", "way"), d.Flow("way", "pay", "n == 0"), d.Flow("pay", "look"),
                d.Flow("way", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"), d.Flow("ok", "end", "good"),
            ],
        )
    )  # fmt: skip
    instance = world.start("past", {"good": False})
    world.complete(instance, "plan")
    for index in range(3):
        world.complete(instance, "do", by="zhao", n=index)
        world.complete(instance, "look")
    (plan,) = [task for task in world.tasks(instance, "done") if task.node_id == "plan"]
    assert targets(world, instance, "do") == ["look"]
    world.engine.withdraw(
        max((t for t in world.tasks(instance, "done") if t.node_id == "look"), key=lambda t: t.id).id,
        "填错了", by=world.person("zhao"),
    )  # fmt: skip
    with pytest.raises(errors.Conflict):
        world.engine.withdraw(plan.id, "填错了", by=world.person("zhao"))
    assert targets(world, instance, "look") == ["do"]


def test_a_compacted_state_is_checked_by_a_round_trip(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard 5."""
    checked = []
    honest = serializing.require_round_trip

    def watched(*args: Any) -> None:
        checked.append(1)
        honest(*args)

    world.deploy(REWORK)
    instance = world.start("rework", {"good": False})
    monkeypatch.setattr(serializing, "require_round_trip", watched)
    world.complete(instance, "do")
    world.complete(instance, "look")
    assert not checked
    world.complete(instance, "do")
    assert checked


@pytest.mark.one_database
def test_a_long_automatic_loop_in_one_turn_is_compacted_quickly(world: World) -> None:
    world.deploy(
        d.package(
            "count", d.user("begin"), d.script("turn", "n = n + 1"), d.exclusive("more", default="f_more_turn"),
            d.user("after"), d.end(),
            flows=[d.Flow("begin", "turn"), d.Flow("turn", "more"), d.Flow("more", "turn"),
                   d.Flow("more", "after", "n > 400"), d.Flow("after", "end")],
        )
    )  # fmt: skip
    instance = world.start("count", {"n": 0})
    world.complete(instance, "begin")
    assert world.data(instance)["n"] == 401
    with world.sessions() as session:
        assert load_turn(world.engine, session, instance, SYSTEM).workflow.size < 20
