"""退回: the holder returns work to an earlier step; one token takes the place of one, and everything is done again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from SpiffWorkflow.util.task import TaskState

from app import errors
from app.engine import History, Package
from tests.cast import member
from tests.engine import diagrams as d
from tests.engine.conftest import World

FORM = {"forms/f.json": '{"fields": []}'}
ALL = "claim, reassign, comment, return, withdraw"


def step(id: str, **properties: str) -> d.Element:
    return d.user(id, allow=ALL, form="f", **properties)


def line(*names: str, **more: Any) -> Package:
    return d.package("line", *(step(name) for name in names), d.end(), files=FORM, **more)


def targets(world: World, instance: str, node: str) -> list[str]:
    with world.sessions() as session:
        return [target.node_id for target in world.engine.return_targets(session, world.task(instance, node))]


def back(world: World, instance: str, node: str, to: str, by: str = "zhao", reason: str = "材料不全") -> Any:
    return world.engine.send_back(world.task(instance, node).id, to, reason, by=world.person(by))


# -- one serial path


def test_work_goes_back_to_any_earlier_step_and_everything_between_is_done_again(world: World) -> None:
    world.deploy(line("ask", "check", "sign"))
    instance = world.start("line")
    world.complete(instance, "ask", text="first")
    world.complete(instance, "check", ok=True)
    assert targets(world, instance, "sign") == ["check", "ask"]
    back(world, instance, "sign", "ask")
    assert world.open_nodes(instance) == ["ask"]
    for node in ("ask", "check", "sign"):
        world.complete(instance, node)
    assert world.instance(instance).status == "ended"


def test_what_was_learnt_stays_and_the_earlier_answers_stand_in_the_form(world: World) -> None:
    world.deploy(line("ask", "check", "sign"))
    instance = world.start("line")
    world.complete(instance, "ask", text="first")
    world.complete(instance, "check", remark="missing page 3")
    back(world, instance, "sign", "ask")
    task = world.task(instance, "ask")
    assert task.draft == {"text": "first"}
    assert task.data["remark"] == "missing page 3"
    assert world.data(instance) == task.data
    assert set(task.data["completed_by"]) == {"ask", "check"}


def test_it_is_held_by_whoever_did_it_last(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask", by="liu")
    back(world, instance, "check", "ask")
    assert world.task(instance, "ask").assignee_id == member("liu").id


def test_it_goes_to_the_pool_when_that_person_may_no_longer_have_it(world: World) -> None:
    from app.accounts import User

    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask", by="liu")
    with world.sessions() as session:
        session.get_one(User, member("liu").id).active = False
        session.commit()
    back(world, instance, "check", "ask")
    task = world.task(instance, "ask")
    assert (task.assignee_id, task.role) == (None, "dept_staff")


def test_the_returned_task_says_so_and_history_has_from_to_and_reason(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask")
    task = world.task(instance, "check")
    back(world, instance, "check", "ask")
    (returned,) = world.tasks(instance, "returned")
    assert (returned.id, returned.completed_by_id) == (task.id, member("zhao").id)
    (told,) = world.rows(History, instance, event="task.returned")
    assert (told.task_id, told.data["from"], told.data["to"], told.data["reason"]) == (
        task.id, "check", "ask", "材料不全",
    )  # fmt: skip
    with world.sessions() as session:
        assert world.engine.verify(session, instance) is None


def test_the_holder_of_the_earlier_step_is_told_once_and_why(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask", by="liu")
    world.engine.deliver_all()
    world.told.clear()
    back(world, instance, "check", "ask")
    world.engine.deliver_all()
    (letter,) = world.told
    assert (letter["event"], letter["task_id"], letter["reason"]) == (
        "task.returned", world.task(instance, "ask").id, "材料不全",
    )  # fmt: skip


def test_deadline_and_reminders_begin_anew_and_the_old_ones_are_over(world: World) -> None:
    world.deploy(
        d.package(
            "timed", step("ask", deadline="P3D", remind="-P1D"), step("check", deadline="P2D", remind="-P1D"), d.end(),
            files=FORM,
        )
    )  # fmt: skip
    instance = world.start("timed")
    first_due = world.task(instance, "ask").due_at
    world.complete(instance, "ask")
    world.advance(days=1)
    was_due = world.task(instance, "check").due_at
    back(world, instance, "check", "ask")
    task = world.task(instance, "ask")
    assert task.due_at == world.clock.now() + dt.timedelta(days=3)
    assert task.due_at != first_due
    assert {row.task_id for row in world.timers(instance, state="waiting")} == {task.id}
    (told,) = world.rows(History, instance, event="task.returned")
    assert was_due is not None
    assert told.data["due_at"] == was_due.isoformat()


# -- drawn timers, loops


def test_timers_drawn_on_what_was_undone_never_fire_and_those_of_the_step_wait_again(
    world: World, again: Callable[[], World]
) -> None:
    world.deploy(
        d.package(
            "drawn", step("ask"), d.boundary("slow", "ask", d.timer("timeDuration", "P5D")), step("check"),
            d.boundary("late", "check", d.timer("timeDuration", "P1D"), interrupting=False), d.end(),
            d.user("note_slow"), d.end("e2"), d.user("note_late"), d.end("e3"), files=FORM,
            flows=[
                d.Flow("ask", "check"), d.Flow("check", "end"), d.Flow("slow", "note_slow"),
                d.Flow("note_slow", "e2"), d.Flow("late", "note_late"), d.Flow("note_late", "e3"),
            ],
        )
    )  # fmt: skip
    instance = world.start("drawn")
    world.complete(instance, "ask")
    back(world, instance, "check", "ask")
    assert [row.node_id for row in world.timers(instance, state="waiting")] == ["slow"]
    restarted = again()
    restarted.advance(days=3)
    assert restarted.open_nodes(instance) == ["ask"]
    restarted.advance(days=3)
    assert restarted.open_nodes(instance) == ["note_slow"]


def test_in_a_loop_each_step_is_offered_as_it_was_done_last(world: World) -> None:
    world.deploy(
        d.package(
            "loop", step("plan"), step("do"), step("look"), d.exclusive("ok", default="f_ok_do"), d.end(), files=FORM,
            flows=[d.Flow("plan", "do"), d.Flow("do", "look"), d.Flow("look", "ok"), d.Flow("ok", "do"),
                   d.Flow("ok", "end", "good")],
        )
    )  # fmt: skip
    instance = world.start("loop", {"good": False})
    for node in ("plan", "do", "look", "do", "look"):
        world.complete(instance, node)
    assert targets(world, instance, "do") == ["look", "plan"]
    back(world, instance, "do", "look")
    assert targets(world, instance, "look") == ["do", "plan"]
    world.complete(instance, "look", good=True)
    assert world.instance(instance).status == "ended"


# -- parallel branches


FORK = d.package(
    "fork", step("plan"), d.parallel("split"), step("a1"), step("a2"), step("b1"), step("b2"), d.parallel("join"),
    step("sum"), step("sign"), d.end(), files=FORM,
    flows=[
        d.Flow("plan", "split"), d.Flow("split", "a1"), d.Flow("a1", "a2"), d.Flow("a2", "join"),
        d.Flow("split", "b1"), d.Flow("b1", "b2"), d.Flow("b2", "join"), d.Flow("join", "sum"),
        d.Flow("sum", "sign"), d.Flow("sign", "end"),
    ],
)  # fmt: skip


def forked(world: World, *nodes: str) -> str:
    world.deploy(FORK)
    instance = world.start("fork")
    for node in ("plan", *nodes):
        world.complete(instance, node, by="zhao", **{node: 1})
    return instance


def test_inside_a_branch_work_goes_back_in_the_branch_and_not_before_the_split(world: World) -> None:
    instance = forked(world, "a1", "b1")
    assert targets(world, instance, "a2") == ["a1"]
    with pytest.raises(errors.Invalid):
        back(world, instance, "a2", "plan")
    back(world, instance, "a2", "a1")
    assert world.open_nodes(instance) == ["a1", "b2"]
    for node in ("b2", "a1", "a2"):
        world.complete(instance, node, by="zhao", **{node: 2})
    assert world.open_nodes(instance) == ["sum"]
    assert {name: world.data(instance)[name] for name in ("a1", "a2", "b1", "b2")} == {
        "a1": 2, "a2": 2, "b1": 1, "b2": 2,
    }  # fmt: skip


def test_not_before_the_split_while_the_other_branch_waits_at_the_join(world: World) -> None:
    instance = forked(world, "a1", "a2", "b1")
    assert targets(world, instance, "b2") == ["b1"]
    back(world, instance, "b2", "b1")
    for node in ("b1", "b2"):
        world.complete(instance, node)
    assert world.open_nodes(instance) == ["sum"]


@pytest.mark.parametrize("order", [("a1", "a2", "b1", "b2"), ("b1", "b2", "a1", "a2")])
def test_past_a_join_work_goes_back_before_the_split_or_after_the_join_but_into_no_branch(
    world: World, order: tuple[str, ...]
) -> None:
    instance = forked(world, *order, "sum")
    assert targets(world, instance, "sign") == ["sum", "plan"]
    back(world, instance, "sign", "plan")
    assert world.open_nodes(instance) == ["plan"]
    for node in ("plan", "a1", "b1", "b2", "a2"):
        world.complete(instance, node)
    assert world.open_nodes(instance) == ["sum"]
    back(world, instance, "sum", "plan")
    for node in ("plan", "b1", "b2", "a1", "a2", "sum", "sign"):
        assert node in world.open_nodes(instance)
        world.complete(instance, node)
    assert world.instance(instance).status == "ended"


def test_resetting_past_the_join_as_spiffworkflow_does_leaves_two_tokens(world: World) -> None:
    """The naive control."""
    from app.audit import SYSTEM
    from app.engine.running.checkout import load_turn

    instance = forked(world, "a1", "a2", "b1", "b2")
    with world.sessions() as session:
        turn = load_turn(world.engine, session, instance, SYSTEM)
        workflow = turn.workflow
        workflow.surroundings = turn
        (a1,) = [task for task in workflow.tasks.values() if task.task_spec.bpmn_id == "a1"]
        workflow.reset_from_task_id(a1.id)
        while (task := workflow.next_ready()) is not None:
            task.run()
        ready = [t for t in workflow.tasks.values() if t.state == TaskState.READY and t.task_spec.manual]
    assert sorted(task.task_spec.bpmn_id for task in ready) == ["a1", "sum"]


def test_what_a_branch_that_ended_beside_found_out_is_kept(world: World) -> None:
    world.deploy(
        d.package(
            "ended", step("plan"), d.parallel("split"), step("a"), d.end("end_a"), step("b"), d.end(), files=FORM,
            flows=[d.Flow("plan", "split"), d.Flow("split", "a"), d.Flow("a", "end_a"), d.Flow("split", "b"),
                   d.Flow("b", "end")],
        )
    )  # fmt: skip
    instance = world.start("ended")
    world.complete(instance, "plan")
    assert targets(world, instance, "b") == []
    world.complete(instance, "a", found=7)
    back(world, instance, "b", "plan")
    assert world.open_nodes(instance) == ["plan"]
    assert world.task(instance, "plan").data["found"] == 7
    for node in ("plan", "b", "a"):
        world.complete(instance, node)
    assert world.instance(instance).status == "ended"


def test_a_branch_that_a_timer_opened_beside_must_be_over(world: World) -> None:
    world.deploy(
        d.package(
            "beside", step("ask"), step("check"),
            d.boundary("slow", "check", d.timer("timeDuration", "P1D"), interrupting=False), step("explain"),
            d.end("e2"), d.end(), files=FORM,
            flows=[d.Flow("ask", "check"), d.Flow("check", "end"), d.Flow("slow", "explain"), d.Flow("explain", "e2")],
        )
    )  # fmt: skip
    instance = world.start("beside")
    world.complete(instance, "ask")
    world.advance(days=2)
    assert world.open_nodes(instance) == ["check", "explain"]
    assert targets(world, instance, "check") == targets(world, instance, "explain") == []
    world.complete(instance, "explain")
    assert targets(world, instance, "check") == ["ask"]
    back(world, instance, "check", "ask")
    assert world.open_nodes(instance) == ["ask"]


# -- sub-processes


INNER = d.package(
    "nested", step("plan"),
    d.subprocess("inner", d.start("s"), step("x"), step("y"), d.end("e")),
    d.boundary("stop", "inner", d.timer("timeDuration", "P9D")), step("sign"), d.end(), d.end("e2"), files=FORM,
    flows=[d.Flow("plan", "inner"), d.Flow("inner", "sign"), d.Flow("sign", "end"), d.Flow("stop", "e2")],
)  # fmt: skip


def test_work_goes_back_inside_a_sub_process_and_out_of_it_but_not_into_one_that_is_over(world: World) -> None:
    world.deploy(INNER)
    instance = world.start("nested")
    world.complete(instance, "plan")
    world.complete(instance, "x", found=1)
    assert targets(world, instance, "y") == ["x", "plan"]
    back(world, instance, "y", "x")
    assert world.open_nodes(instance) == ["x"]
    world.complete(instance, "x")
    back(world, instance, "y", "plan")
    assert world.open_nodes(instance) == ["plan"]
    assert world.task(instance, "plan").data["found"] == 1
    assert world.timers(instance, state="waiting") == []
    for node in ("plan", "x", "y"):
        world.complete(instance, node)
    assert targets(world, instance, "sign") == ["plan"]
    back(world, instance, "sign", "plan")
    for node in ("plan", "x", "y", "sign"):
        world.complete(instance, node)
    assert world.instance(instance).status == "ended"


def test_not_out_of_a_sub_process_in_which_something_else_runs(world: World) -> None:
    inner = d.subprocess(
        "inner", d.start("s"), d.parallel("split"), step("x"), step("y"), d.end("e"), d.end("f"),
        flows=[d.Flow("s", "split"), d.Flow("split", "x"), d.Flow("split", "y"), d.Flow("x", "e"), d.Flow("y", "f")],
    )  # fmt: skip
    world.deploy(d.package("two", step("plan"), inner, d.end(), files=FORM))
    instance = world.start("two")
    world.complete(instance, "plan")
    assert targets(world, instance, "x") == []
    world.complete(instance, "y")
    assert targets(world, instance, "x") == ["plan"]


# -- service tasks


def test_service_tasks_between_run_again_on_the_way_forward(world: World) -> None:
    calls = []

    @world.engine.service_task("books.enter")
    def enter(_call: Any) -> None:
        calls.append(1)

    world.deploy(d.package("books", step("ask"), d.service("put", "books.enter"), step("check"), d.end(), files=FORM))
    instance = world.start("books")
    world.complete(instance, "ask")
    back(world, instance, "check", "ask")
    world.complete(instance, "ask")
    assert len(calls) == 2


def test_work_is_never_sent_back_past_a_service_task_that_may_not_be_repeated(world: World) -> None:
    @world.engine.service_task("money.pay", repeatable=False)
    def pay(_call: Any) -> None:
        """Once."""

    inner = d.subprocess("inner", d.start("s"), d.service("pay", "money.pay"), d.end("e"))
    world.deploy(d.package("pay", step("ask"), step("order"), inner, step("check"), step("sign"), d.end(), files=FORM))
    instance = world.start("pay")
    for node in ("ask", "order", "check"):
        world.complete(instance, node)
    assert targets(world, instance, "sign") == ["check"]
    with pytest.raises(errors.Invalid):
        back(world, instance, "sign", "order")


# -- what is stored


def test_a_tree_that_was_cut_is_stored_only_if_it_comes_back_as_it_went_guard_5(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engine.running import serializing

    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask")
    honest = serializing.load
    loaded = []

    def forgetful(text: bytes, specs: Any) -> Any:
        workflow = honest(text, specs)
        loaded.append(text)
        if len(loaded) > 1:  # the check's own
            workflow.task_tree.data["more"] = 1
        return workflow

    monkeypatch.setattr(serializing, "load", forgetful)
    with pytest.raises(ValueError, match="would not be restored"):
        back(world, instance, "check", "ask")
    monkeypatch.undo()
    assert world.open_nodes(instance) == ["check"]


def test_nothing_is_left_for_verify_to_find(world: World) -> None:
    instance = forked(world, "a1", "a2", "b1", "b2", "sum")
    back(world, instance, "sign", "plan")
    world.complete(instance, "plan")
    with world.sessions() as session:
        assert list(world.engine.verify_everything(session)) == []


# -- who may not, and when


def test_only_the_holder_returns_and_only_where_the_step_allows_it(world: World) -> None:
    world.deploy(d.package("words", step("ask"), d.user("plain"), step("check"), d.end(), files=FORM))
    instance = world.start("words")
    world.complete(instance, "ask")
    assert targets(world, instance, "plain") == []
    with pytest.raises(errors.Forbidden):
        back(world, instance, "plain", "ask")
    world.complete(instance, "plain")
    with pytest.raises(errors.Forbidden):
        back(world, instance, "check", "ask", by="root")
    world.engine.claim(world.task(instance, "check").id, by=world.person("liu"))
    with pytest.raises(errors.Conflict):
        back(world, instance, "check", "ask", by="zhao")
    with world.sessions() as session:
        task = world.task(instance, "check")
        assert "return" in world.engine.permitted(session, task, member("liu").id)
        assert "return" not in world.engine.permitted(session, task, member("zhao").id)
    assert world.open_nodes(instance) == ["check"]


def test_a_second_return_of_the_same_task_is_refused(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask")
    task = world.task(instance, "check")
    back(world, instance, "check", "ask")
    with pytest.raises(errors.Conflict) as refused:
        world.engine.send_back(task.id, "ask", "再次", by=world.person("zhao"))
    assert refused.value.extra["status"] == "returned"
    with pytest.raises(errors.Conflict):
        world.engine.complete(task.id, {}, by=world.person("zhao"))


def test_a_return_needs_a_reason_and_a_running_instance(world: World) -> None:
    world.deploy(line("ask", "check"))
    instance = world.start("line")
    world.complete(instance, "ask")
    with pytest.raises(errors.Invalid):
        back(world, instance, "check", "ask", reason=" ")
    world.engine.suspend(instance, "核查", by=world.person("zhao"))
    with pytest.raises(errors.Conflict):
        back(world, instance, "check", "ask")
