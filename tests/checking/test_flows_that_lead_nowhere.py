"""Processes, starts and ends, splits and conditions, nodes that are on no way."""

from __future__ import annotations

import pytest

from app.engine.checking.desk import MAX_PROBLEMS
from tests.checking.packages import (
    boundary,
    chain,
    diagram,
    end,
    extensions,
    flow,
    node,
    only,
    package,
    problems,
    process,
    properties,
    simple,
    start,
    timer,
    user,
)

CHOICE = start() + user("ask") + node("exclusiveGateway", "choice", default="choice_no") + end() + end("no")
WAYS = chain("begin", "ask", "choice") + flow("choice", "finish", "agreed") + flow("choice", "no")


def test_a_choice_with_a_default_passes() -> None:
    assert problems(CHOICE + WAYS) == []


BROKEN: dict[str, tuple[str, str, str]] = {
    "no start event": (user("step") + end() + chain("step", "finish"), "no_start", "sample"),
    "two start events": (
        start() + start("again") + user("step") + end() + chain("begin", "step", "finish") + chain("again", "step"),
        "several_starts",
        "again",
    ),
    "no end event": (start() + user("step") + chain("begin", "step"), "no_end", "sample"),
    "a sub-process without a start": (
        simple(node("subProcess", "step", user("inner") + end("e2") + chain("inner", "e2"))),
        "no_start",
        "step",
    ),
    "a sub-process without an end": (
        simple(node("subProcess", "step", start("b2") + user("inner") + chain("b2", "inner"))),
        "no_end",
        "step",
    ),
    "a split after a user task of which nothing may hold": (
        start() + user("step") + end() + end("other") + chain("begin", "step") + flow("step", "finish", "agreed")
        + flow("step", "other", "amount > 1"),
        "default_missing",
        "step",
    ),
    "a default without conditions": (
        start() + node("userTask", "step", extensions(properties(role="dept_staff", name_en="x")), name="办",
                       default="step_other")
        + end() + end("other") + chain("begin", "step", "finish") + chain("step", "other"),
        "default_ignored",
        "step",
    ),
    "a condition after the start": (
        start() + user("step") + end() + end("other") + chain("begin", "step", "finish")
        + flow("begin", "other", "amount > 1"),
        "condition_ignored",
        "begin_other",
    ),
    "two flows to the same node": (
        start() + user("step") + end() + chain("begin", "step", "finish") + flow("step", "finish", id="again"),
        "flow_twice",
        "step",
    ),
    "a branch that comes twice to a parallel join": (
        start() + node("parallelGateway", "fork") + user("both") + node("parallelGateway", "again") + user("a") + user("b")
        + node("parallelGateway", "join") + end() + chain("begin", "fork", "both", "again", "a", "join", "finish")
        + user("c") + chain("fork", "c", "both") + chain("again", "b", "join"),
        "join_overrun",
        "join",
    ),
    "a gateway without a default": (
        CHOICE.replace(' default="choice_no"', "") + WAYS.replace(flow("choice", "no"), flow("choice", "no", "not agreed")),
        "default_missing",
        "choice",
    ),
    "an inclusive gateway without a default": (
        CHOICE.replace(' default="choice_no"', "").replace("exclusive", "inclusive")
        + WAYS.replace(flow("choice", "no"), flow("choice", "no", "not agreed")),
        "default_missing",
        "choice",
    ),
    "a flow without a condition": (
        CHOICE + WAYS + end("third") + chain("choice", "third"),
        "flow_condition_missing",
        "choice_third",
    ),
    "a condition on the default": (
        CHOICE + WAYS.replace(flow("choice", "no"), flow("choice", "no", "not agreed")),
        "default_conditional",
        "choice_no",
    ),
    "a default of another gateway": (
        CHOICE.replace('default="choice_no"', 'default="begin_ask"') + WAYS,
        "default_elsewhere",
        "choice",
    ),
    "a default after a task": (
        simple(node("userTask", "step", default="step_finish")),
        "default_ignored",
        "step",
    ),
    "a condition after a task": (
        start() + user("step") + end() + chain("begin", "step") + flow("step", "finish", "agreed"),
        "condition_ignored",
        "step_finish",
    ),
    "a condition after a parallel gateway": (
        start() + node("parallelGateway", "fork") + end() + chain("begin", "fork") + flow("fork", "finish", "agreed"),
        "condition_ignored",
        "fork_finish",
    ),
    "a node that nothing leads to": (
        simple(user("step"), more=user("lost") + chain("lost", "finish")),
        "unreachable",
        "lost",
    ),
    "a node that nothing follows": (
        start() + node("parallelGateway", "fork") + user("step") + user("stuck") + end()
        + chain("begin", "fork", "step", "finish") + chain("fork", "stuck"),
        "dead_end",
        "stuck",
    ),
    "a circle without a way out": (
        start() + node("parallelGateway", "fork") + user("a") + user("b") + end()
        + chain("begin", "fork", "finish") + chain("fork", "a", "b", "a"),
        "no_way_out",
        "a",
    ),
    "a flow out of an end": (
        simple(user("step"), more=user("after") + end("e2") + chain("finish", "after", "e2")),
        "flow_out",
        "finish",
    ),
    "a flow into the start": (
        CHOICE + WAYS + user("back") + flow("choice", "back", "amount > 1") + chain("back", "begin"),
        "flow_into",
        "begin",
    ),
    "a flow into a boundary event": (
        simple(
            user("step"),
            more=boundary("late", "step", timer("timeDuration", "P1D")) + user("x") + chain("late", "x", "late"),
        ),
        "flow_into",
        "late",
    ),
    "a flow out of a sub-process": (
        start() + node("subProcess", "part", start("b2") + user("inner") + end("e2") + chain("b2", "inner", "e2"))
        + end() + chain("begin", "part", "finish") + flow("inner", "finish"),
        "flow_crosses",
        "inner_finish",
    ),
    "a boundary event on nothing": (
        simple(user("step"), more=node("boundaryEvent", "late", timer("timeDuration", "P1D")) + chain("late", "finish")),
        "boundary_loose",
        "late",
    ),
    "an id of the engine": (simple(user("End"), id="End"), "id_reserved", "End"),
    "a flow without an id": (
        simple(user("step")).replace('id="step_finish" ', ""),
        "id_missing",
        "sample",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_it_is_named_at_its_element(what: str) -> None:
    body, code, element = BROKEN[what]
    assert only(problems(body), code, element).severity == "error"


def test_a_missing_flow_is_named_once_where_the_way_breaks_off() -> None:
    body = start() + user("a") + user("b") + user("c") + end() + chain("begin", "a") + chain("b", "c", "finish")
    found = [(problem.code, problem.element_id) for problem in problems(body) if problem.code == "unreachable"]
    assert found == [("unreachable", "b")]
    circle = simple(user("step"), more=user("x") + user("y") + chain("x", "y", "x") + chain("y", "finish"))
    assert [problem.element_id for problem in problems(circle) if problem.code == "unreachable"] == ["x"]


def test_a_diagram_without_a_process_is_named() -> None:
    only(problems(package(xml=diagram("<!-- <bpmn:process -->"))), "no_process")


def test_a_process_that_is_not_executable_is_named() -> None:
    for executable in ("false", ""):
        found = problems(package(xml=diagram(process(simple(user("step")), executable=executable))))
        only(found, "not_executable", "sample")


def test_a_process_with_another_id_than_the_folder_is_named_with_what_to_do() -> None:
    problem = only(problems(package(xml=diagram(process(simple(user("step")), key="other")))), "key_mismatch", "other")
    assert problem.fix is not None and "sample" in problem.fix[1]


def test_a_process_that_nothing_calls_is_named() -> None:
    more = process(start("b2") + user("u2") + end("e2") + chain("b2", "u2", "e2"), key="spare")
    only(problems(package(xml=diagram(process(simple(user("step"))) + more))), "process_unused", "spare")


def test_everything_is_named_at_once_with_its_place_on_the_canvas() -> None:
    body = start() + user("step") + node("complexGateway", "odd", name="怪") + end() + end("other")
    body += chain("begin", "step", "finish") + flow("begin", "odd", "nobody > 1") + chain("odd", "other")
    found = problems(body)
    assert {"condition_ignored", "element_unsupported", "variable_unknown"} <= {p.code for p in found}
    assert only(found, "element_unsupported").position == (30.0, 10.0)
    assert only(found, "element_unsupported").as_dict()["position"] == {"x": 30.0, "y": 10.0}
    assert only(found, "element_unsupported").element_name == "怪"


def test_an_activity_may_split_by_itself() -> None:
    """Several flows are all taken; those with conditions where they hold, or else the default."""
    both = start() + user("step") + user("a") + user("b") + end() + end("e2") + chain("begin", "step", "a", "finish")
    assert problems(both + chain("step", "b", "e2")) == []
    assert problems(both + flow("step", "b", "agreed") + chain("b", "e2")) == []


def test_a_file_made_of_mistakes_is_told_up_to_a_bound() -> None:
    lost = "".join(flow(f"from{number}", "nowhere") for number in range(2_000))
    found = problems(simple(user("step"), more=lost))
    assert only(found, "more").severity == "error" and len(found) == MAX_PROBLEMS + 1
