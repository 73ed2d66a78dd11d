"""SpiffWorkflow 3.2.0 loses work without these guards. Where it can be shown, the naive control stands beside the test."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

import pytest
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from app import errors
from app.engine import History, Package
from app.engine.packages.compiling import compile_package
from app.engine.running import serializing
from app.engine.running.plain import checked
from app.engine.running.serializing import Specs, fingerprint, restore_specs
from app.engine.running.workflow import Workflow
from tests.engine import diagrams as d
from tests.engine.conftest import World


def specs_of(package: Package) -> Specs:
    return restore_specs(compile_package(package), package.content_hash)


# -- guard 1


WAITING = d.package(
    "waiting",
    d.user("first"),
    d.user("act"),
    d.boundary("late", "act", d.timer("timeDuration", "P3D")),
    d.end(),
    d.end("over"),
    flows=[d.Flow("first", "act"), d.Flow("act", "end"), d.Flow("late", "over")],
)


class Still:
    """Surroundings in which nothing is due."""

    now = dt.datetime(2026, 4, 9, tzinfo=dt.UTC)

    def timer_due(self, _task: Any, _text: str) -> dt.datetime:
        return self.now + dt.timedelta(days=3)

    def is_stuck(self, _task: Any) -> bool:
        return False


def run(workflow: Any) -> None:
    while ready := [t for t in workflow.get_tasks(state=TaskState.READY) if not t.task_spec.manual]:
        ready[0].run()


def back_to_first(workflow: Any) -> None:
    """Complete the first step, so that the timer of the second waits, and go back."""
    run(workflow)
    (first,) = [t for t in workflow.get_tasks(state=TaskState.READY) if t.task_spec.bpmn_id == "first"]
    first.run()
    run(workflow)
    assert len(workflow.event_manager.tasks) == 1
    workflow.reset_from_task_id(first.id)
    workflow.fire_until = Still.now + dt.timedelta(days=4)


def test_a_reset_while_a_boundary_timer_waits_does_not_break_guard_1() -> None:
    specs = specs_of(WAITING)
    workflow = Workflow(specs.process, dict(specs.subprocesses), surroundings=Still())  # type: ignore[arg-type]
    back_to_first(workflow)
    assert workflow.waiting_timers() == []
    workflow.refresh_timers()
    (first,) = workflow.human_tasks()
    assert first.task_spec.bpmn_id == "first"


def test_without_guard_1_the_same_reset_ends_in_an_attribute_error() -> None:
    specs = specs_of(WAITING)
    workflow = BpmnWorkflow(specs.process, dict(specs.subprocesses))
    workflow.surroundings, workflow.fire_until = Still(), None
    back_to_first(workflow)
    with pytest.raises(AttributeError):
        workflow.refresh_timers()


# -- guard 2


def test_what_a_timer_opens_is_executed_in_the_same_sweep(world: World) -> None:
    world.deploy(
        d.package(
            "pause",
            d.catch("wait", d.timer("timeDuration", "P1D")),
            d.script("mark", "done = True"),
            d.user("next"),
            d.end(),
        )
    )
    instance = world.start("pause")
    assert world.open_nodes(instance) == []
    world.advance(days=1)
    assert world.open_nodes(instance) == ["next"]
    assert world.data(instance)["done"] is True


def test_an_interrupting_boundary_event_goes_before_the_rest_of_its_sub_process(world: World) -> None:
    inner = d.subprocess(
        "inner", d.start("s"), d.script("first", "stop = True"), d.script("second", "ran_on = True"), d.end("e")
    )
    world.deploy(
        d.package(
            "order",
            inner,
            d.boundary("stopped", "inner", d.condition("stop")),
            d.user("after_stop"),
            d.end(),
            d.user("after_all"),
            d.end("end2"),
            flows=[
                d.Flow("inner", "after_all"), d.Flow("after_all", "end2"),
                d.Flow("stopped", "after_stop"), d.Flow("after_stop", "end"),
            ],
        )
    )  # fmt: skip
    # The condition looks at the data of the sub-process's own branch, which its parent sees only at the end: the
    # boundary watches the parent's data, so the flag is given from outside.
    instance = world.start("order", {"stop": True})
    assert world.open_nodes(instance) == ["after_stop"]
    assert "ran_on" not in world.data(instance)


def test_what_a_sub_process_does_is_stopped_before_its_next_step_runs(world: World) -> None:
    inner = d.subprocess(
        "inner", d.start("s"), d.script("first", "stop = True"), d.script("second", "ran_on = True"), d.end("e")
    )
    world.deploy(
        d.package(
            "stopping", d.user("begin"), inner, d.boundary("stopped", "inner", d.condition("stop")),
            d.user("after_stop"), d.end(), d.end("end2"),
            flows=[
                d.Flow("begin", "inner"), d.Flow("inner", "end2"), d.Flow("stopped", "after_stop"),
                d.Flow("after_stop", "end"),
            ],
        )
    )  # fmt: skip
    instance = world.start("stopping", {"stop": False})
    world.complete(instance, "begin")
    assert world.open_nodes(instance) == ["after_stop"]
    assert "ran_on" not in world.data(instance)


@pytest.mark.one_database
def test_an_instance_does_not_end_while_a_token_is_deeper_than_a_thousand_tasks(world: World) -> None:
    """SpiffWorkflow's iterator would not see it, and end the instance around it."""
    package = d.package(
        "deep", d.parallel("split"), d.user("do"), d.user("look"), d.exclusive("ok", default="f_ok_do"), d.end(),
        d.user("short"), d.end("end2"),
        flows=[
            d.Flow("split", "do"), d.Flow("do", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"),
            d.Flow("ok", "end", "good"), d.Flow("split", "short"), d.Flow("short", "end2"),
        ],
    )  # fmt: skip
    specs = specs_of(package)
    workflow = Workflow(specs.process, {}, surroundings=Still(), script_engine=world.engine.language.engine)  # type: ignore[arg-type]
    workflow.task_tree.data["good"] = False

    def step(name: str) -> None:
        next(task for task in workflow.human_tasks() if task.task_spec.bpmn_id == name).run()
        while (task := workflow.next_ready()) is not None:
            task.run()

    while (task := workflow.next_ready()) is not None:
        task.run()
    for _round in range(340):
        step("do")
        step("look")
    step("short")
    assert not workflow.is_completed()
    assert [task.task_spec.bpmn_id for task in workflow.human_tasks()] == ["do"]


def test_a_sub_process_in_which_nobody_has_anything_to_do_ends_by_itself(world: World) -> None:
    inner = d.subprocess("inner", d.start("s"), d.script("only", "seen = True"), d.end("e"))
    world.deploy(d.package("through", d.user("begin"), inner, d.user("after"), d.end()))
    instance = world.start("through")
    world.complete(instance, "begin")
    assert world.open_nodes(instance) == ["after"]
    assert world.data(instance)["seen"] is True


def test_a_conditional_event_is_looked_at_after_every_step(world: World) -> None:
    world.deploy(
        d.package(
            "watch",
            d.parallel("split"),
            d.user("work"),
            d.script("finish", "ready = True"),
            d.end("end_work"),
            flows=[d.Flow("split", "work"), d.Flow("work", "finish"), d.Flow("finish", "end_work")],
        )
    )
    world.deploy(
        d.package(
            "conditional",
            d.script("before", "ready = amount > 3"),
            d.catch("until_ready", d.condition("ready")),
            d.user("go"),
            d.end(),
        )
    )
    assert world.open_nodes(world.start("conditional", {"amount": 5})) == ["go"]
    waiting = world.start("conditional", {"amount": 1})
    assert world.open_nodes(waiting) == []
    world.engine.amend(waiting, {"ready": True}, "更正数量", by=world.person("zhao"))
    assert world.open_nodes(waiting) == ["go"]


REWORK = d.package(
    "rework",
    d.user("do"),
    d.user("look"),
    d.exclusive("ok", default="f_ok_do"),
    d.end(),
    flows=[
        d.Flow("do", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"), d.Flow("ok", "end", "good"),
    ],
)  # fmt: skip


@pytest.mark.one_database
def test_a_rework_loop_does_not_freeze_after_333_rounds(world: World) -> None:
    """SpiffWorkflow's iterator stops at 1,000 tasks of depth: the task would leave the inbox without an error."""
    specs = specs_of(REWORK)
    workflow = Workflow(specs.process, {}, surroundings=Still(), script_engine=world.engine.language.engine)  # type: ignore[arg-type]
    workflow.task_tree.data["good"] = False
    for _step in range(2 * 400):
        while (task := workflow.next_ready()) is not None:
            task.run()
        (human,) = workflow.human_tasks()
        human.run()
    while (task := workflow.next_ready()) is not None:
        task.run()
    (human,) = workflow.human_tasks()
    human.data["good"] = True
    human.run()
    while (task := workflow.next_ready()) is not None:
        task.run()
    (human,) = workflow.human_tasks()
    human.data["good"] = True
    human.run()
    while (task := workflow.next_ready()) is not None:
        task.run()
    assert workflow.is_completed()


def test_a_long_loop_survives_saving_and_loading(world: World) -> None:
    world.deploy(REWORK)
    instance = world.start("rework", {"good": False})
    for _round in range(30):
        world.complete(instance, "do")
        world.complete(instance, "look")
    assert world.open_nodes(instance) == ["do"]


@pytest.mark.one_database
def test_an_endless_automatic_loop_is_stopped_and_nothing_of_the_step_is_stored(world: World) -> None:
    world.deploy(
        d.package(
            "endless",
            d.user("begin"),
            d.script("turn", "n = n + 1"),
            d.exclusive("more", default="f_more_turn"),
            d.end(),
            flows=[
                d.Flow("begin", "turn"),
                d.Flow("turn", "more"),
                d.Flow("more", "turn"),
                d.Flow("more", "end", "n < 0"),
            ],
        )
    )
    instance = world.start("endless", {"n": 0})
    with pytest.raises(errors.Conflict):
        world.complete(instance, "begin")
    assert world.open_nodes(instance) == ["begin"]
    assert [incident.kind for incident in world.incidents(instance)] == ["budget"]


def test_an_instance_in_which_nothing_can_happen_any_more_is_reported(world: World) -> None:
    world.deploy(d.package("stuck", d.catch("never", d.condition("ready")), d.end()))
    instance = world.start("stuck", {"ready": False})
    assert [incident.kind for incident in world.incidents(instance)] == ["stuck"]


# -- guard 3


def test_a_failing_service_task_tells_its_own_error_and_undoes_its_writes(world: World) -> None:
    broken = {"still": True}

    @world.engine.service_task("stores.write")
    def write(call: Any) -> dict[str, Any]:
        call.history("stores.written")
        if broken["still"]:
            raise ConnectionError("the store is closed")
        return {"stored": True}

    world.deploy(d.package("store", d.user("ask"), d.service("put", "stores.write"), d.user("look"), d.end()))
    instance = world.start("store")
    world.complete(instance, "ask")
    (incident,) = world.incidents(instance)
    assert (incident.kind, incident.node_id) == ("service", "put")
    assert incident.message == "ConnectionError: the store is closed"
    assert "task.completed" in world.events(instance)
    assert "stores.written" not in world.events(instance)
    broken["still"] = False
    assert world.engine.retry(incident.id, by=world.person("zhao"))
    assert world.open_nodes(instance) == ["look"]
    assert world.incidents(instance) == []
    with pytest.raises(errors.Conflict):
        world.engine.retry(incident.id, by=world.person("zhao"))


def test_a_failed_service_task_is_tried_again_by_itself_with_growing_pauses(world: World) -> None:
    calls = []

    @world.engine.service_task("stores.flaky")
    def flaky(_call: Any) -> None:
        calls.append(world.clock.now())
        if len(calls) < 4:
            raise TimeoutError("no answer")

    world.deploy(d.package("flaky", d.service("put", "stores.flaky"), d.user("look"), d.end()))
    instance = world.start("flaky")
    world.advance(hours=1)
    assert world.open_nodes(instance) == ["look"]
    pauses = [round((b - a).total_seconds()) for a, b in itertools.pairwise(calls)]
    assert pauses == [60, 300, 1800]


# -- guard 4


@pytest.mark.parametrize("name", ["typename", "self", "data_objects"])
def test_a_name_that_would_make_the_state_unloadable_is_refused(world: World, name: str) -> None:
    world.deploy(d.package("plain", d.user("ask", form="ask"), d.end(), files={"forms/ask.json": '{"fields": []}'}))
    instance = world.start("plain")
    with pytest.raises(errors.Invalid):
        world.complete(instance, "ask", **{name: "x"} if name != "self" else {"nested": {"self": 1}})
    with pytest.raises(errors.Invalid):
        world.start("plain", {"deep": [{name: 1}]})
    assert world.open_nodes(instance) == ["ask"]


def test_answers_are_assigned_not_merged_into_older_ones(world: World) -> None:
    world.deploy(
        d.package(
            "lists", d.user("ask", form="ask"), d.user("look"), d.end(), files={"forms/ask.json": '{"fields": []}'}
        )
    )
    instance = world.start("lists", {"items": [1, 2, 3], "place": {"town": "a", "village": "b"}})
    world.complete(instance, "ask", items=[9], place={"town": "c"})
    data = world.data(instance)
    assert data["items"] == [9]
    assert data["place"] == {"town": "c"}


def test_what_was_answered_stays_in_history_whatever_a_script_does_later(world: World) -> None:
    world.deploy(
        d.package(
            "edit", d.user("ask", form="ask"), d.script("change", 'place["town"] = "changed"'), d.user("look"), d.end(),
            files={"forms/ask.json": '{"fields": []}'},
        )
    )  # fmt: skip
    instance = world.start("edit")
    world.complete(instance, "ask", place={"town": "told"})
    assert world.data(instance)["place"]["town"] == "changed"
    (line,) = world.rows(History, instance, event="task.completed")
    assert line.data["answers"] == {"place": {"town": "told"}}


def test_dates_decimals_and_bytes_come_back_as_they_went(world: World) -> None:
    values = {
        "at": dt.datetime(2026, 4, 9, 6, 20, tzinfo=dt.UTC),
        "day": dt.date(2026, 4, 9),
        "span": dt.timedelta(days=2, seconds=5),
        "amount": Decimal("12.50"),
        "raw": b"\x00\xff",
    }
    world.deploy(d.package("types", d.user("ask"), d.user("look"), d.end()))
    instance = world.start("types", values)
    world.complete(instance, "ask")
    data = world.data(instance)
    assert {name: data[name] for name in values} == values


def test_text_that_looks_like_a_workflow_object_stays_text(world: World) -> None:
    world.deploy(d.package("texts", d.user("ask"), d.user("look"), d.end()))
    instance = world.start("texts", {"note": '{"typename": "Workflow"}'})
    world.complete(instance, "ask")
    assert world.data(instance)["note"] == '{"typename": "Workflow"}'


def test_a_record_that_looks_like_a_workflow_object_stays_a_record_however_it_came_into_the_state(world: World) -> None:
    """Forms, services and scripts cannot write it; this is the second wall."""
    specs = specs_of(REWORK)
    workflow = Workflow(specs.process, {}, specs.content_hash, surroundings=Still())  # type: ignore[arg-type]
    record = {"typename": "Workflow", "deep": [{"typename": "Task", "id": 1}]}
    workflow.task_tree.data["x"] = record
    assert serializing.load(serializing.dump(workflow), specs).task_tree.data["x"] == record


# -- guard 5


def test_a_new_state_that_would_not_come_back_is_never_stored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.deploy(d.package("trip", d.user("ask"), d.end()))
    honest = serializing.load

    def forgetful(text: bytes, specs: Specs) -> Workflow:
        workflow = honest(text, specs)
        workflow.task_tree.data["more"] = 1
        return workflow

    monkeypatch.setattr(serializing, "load", forgetful)
    with pytest.raises(ValueError, match="would not be restored"):
        world.start("trip")


# -- guard 8


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("P3D", "2026-04-12T14:20:00+08:00"),
        ("PT36H", "2026-04-11T02:20:00+08:00"),
        ("2026-12-01T17:30", "2026-12-01T17:30:00+08:00"),
        ("work_days(5)", "2026-04-16T17:30:00+08:00"),
        ("until(end_on)", "2026-04-30T23:59:59+08:00"),
        ("P1M", "2026-05-09T14:20:00+08:00"),
        ("receipt_24h", "2026-04-10T14:20:00+08:00"),
    ],
)
def test_a_timer_takes_the_plain_forms_and_keeps_an_aware_instant(world: World, text: str, at: str) -> None:
    world.deploy(d.package("timed", d.catch("wait", d.timer("timeDuration", text)), d.end()))
    instance = world.start("timed", {"end_on": "2026-04-30"})
    (timer,) = world.timers(instance)
    assert timer.due_at == dt.datetime.fromisoformat(at)


def test_a_timer_is_fixed_once_and_changing_the_variable_does_not_move_it(world: World) -> None:
    world.deploy(
        d.package(
            "fixed", d.user("act"), d.boundary("late", "act", d.timer("timeDate", "until(end_on)")), d.user("over"),
            d.end(), d.end("end2"), flows=[d.Flow("act", "end"), d.Flow("late", "over"), d.Flow("over", "end2")],
        )
    )  # fmt: skip
    instance = world.start("fixed", {"end_on": "2026-04-10"})
    world.engine.amend(instance, {"end_on": "2026-04-30"}, "改期", by=world.person("zhao"))
    world.until(2026, 4, 11)
    assert world.open_nodes(instance) == ["over"]


# -- guard 12


def deep(levels: int) -> Any:
    value: Any = 1
    for _level in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", [deep(50), list(range(30_000)), "字" * 300_000, 10**40, {1: 2}, object()])
def test_input_is_bounded_in_depth_size_and_kind(value: Any) -> None:
    with pytest.raises(errors.Invalid):
        checked({"x": value})


# -- shared specs


@pytest.mark.one_database
def test_a_shared_spec_is_the_same_after_hundreds_of_instances(world: World) -> None:
    world.deploy(REWORK)
    with world.sessions() as session:
        loaded = world.engine.published(session, "rework")
    assert loaded is not None
    before = fingerprint(loaded.specs)
    for _one in range(60):
        instance = world.start("rework", {"good": True})
        world.complete(instance, "do")
        world.complete(instance, "look")
        assert world.instance(instance).status == "ended"
    assert fingerprint(loaded.specs) == before
