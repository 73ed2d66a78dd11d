"""Circles that never rest, processes that call themselves, and parallel branches that multiply."""

from __future__ import annotations

import pytest
from SpiffWorkflow.bpmn import BpmnWorkflow

from app.engine.checking.size import _predicted
from app.engine.packages.compiling import compile_package
from app.engine.running.serializing import restore_specs
from tests.checking.desks import desk
from tests.checking.packages import (
    boundary,
    chain,
    condition,
    diagram,
    end,
    flow,
    node,
    only,
    package,
    problems,
    process,
    script,
    simple,
    start,
    timer,
    user,
)


def circle(inside: str, id: str = "work") -> str:
    return (
        start() + node("exclusiveGateway", "back") + inside + node("exclusiveGateway", "again", default="enough") + end()
        + chain("begin", "back", id, "again") + flow("again", "back", "amount > 3") + flow("again", "finish", id="enough")
    )  # fmt: skip


WAITS = {
    "a user task": user("work"),
    "a timer": node("intermediateCatchEvent", "work", timer("timeDuration", "PT1H")),
    "a condition": node("intermediateCatchEvent", "work", condition("agreed")),
    "a sub-process with a user task": node(
        "subProcess", "work", start("b2") + user("u2") + end("e2") + chain("b2", "u2", "e2")
    ),
}
RUNS = {
    "a script": script("work", "x = amount"),
    "a sub-process that only calculates": node(
        "subProcess", "work", start("b2") + script("s2", "x = 1") + end("e2") + chain("b2", "s2", "e2")
    ),
    "a sub-process with a way around its user task": node(
        "subProcess",
        "work",
        start("b2") + node("exclusiveGateway", "g2", default="fast") + user("u2") + end("e2")
        + chain("b2", "g2") + flow("g2", "u2", "agreed") + flow("g2", "e2", id="fast") + chain("u2", "e2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WAITS)
def test_a_loop_that_waits_passes(what: str) -> None:
    assert problems(circle(WAITS[what])) == []


@pytest.mark.parametrize("what", RUNS)
def test_a_loop_that_never_waits_is_named_with_its_nodes(what: str) -> None:
    problem = only(problems(circle(RUNS[what])), "endless_loop", "back")
    assert "again" in problem.en


def test_a_loop_through_the_error_of_a_sub_process_that_never_waits_is_named() -> None:
    inner = start("b2") + script("s2", "x = 1") + end("e2", "<bpmn:errorEventDefinition/>") + chain("b2", "s2", "e2")
    body = start() + node("exclusiveGateway", "back") + node("subProcess", "part", inner) + end()
    body += boundary("failed", "part", "<bpmn:errorEventDefinition/>")
    body += chain("begin", "back", "part", "finish") + chain("failed", "back")
    only(problems(body), "endless_loop")


def test_a_process_that_calls_itself_through_another_is_named() -> None:
    def calling(key: str, other: str, n: int) -> str:
        inside = start(f"b{n}") + user(f"u{n}") + node("callActivity", f"c{n}", calledElement=other) + end(f"e{n}")
        return process(inside + chain(f"b{n}", f"u{n}", f"c{n}", f"e{n}"), key=key)

    found = problems(package(xml=diagram(calling("sample", "other", 1) + calling("other", "sample", 2))))
    only(found, "recursion", "c1")
    only(found, "recursion", "c2")


def test_a_called_process_that_is_not_there_is_named() -> None:
    only(problems(simple(node("callActivity", "step", calledElement="elsewhere"))), "called_missing", "step")
    only(problems(simple(node("callActivity", "step"))), "called_missing", "step")


def pairs(count: int, width: int) -> str:
    body, before = start(), "begin"
    for n in range(count):
        body += node("parallelGateway", f"fork{n}") + node("parallelGateway", f"join{n}")
        body += chain(before, f"fork{n}")
        for branch in range(width):
            body += user(f"u{n}_{branch}") + chain(f"fork{n}", f"u{n}_{branch}", f"join{n}")
        before = f"join{n}"
    return body + end() + chain(before, "finish")


def test_parallel_pairs_that_multiply_are_named_with_the_number_of_nodes() -> None:
    problem = only(problems(pairs(8, 3)), "explosion")
    assert problem.element_id == "fork0" and "42644" in problem.en


def test_a_few_parallel_pairs_pass() -> None:
    assert problems(pairs(3, 3)) == []


@pytest.mark.parametrize("count", [1, 3, 5])
def test_the_estimate_is_what_spiffworkflow_really_lays_out(count: int) -> None:
    made = package(pairs(count, 3))
    specs = restore_specs(compile_package(made), "x")
    workflow = BpmnWorkflow(specs.process, dict(specs.subprocesses))
    estimated, _widest = _predicted(desk(made), desk(made).diagram.nodes["begin"])
    assert estimated == pytest.approx(len(workflow.tasks), abs=3)


def test_forty_choices_in_a_row_are_not_taken_for_an_explosion() -> None:
    body, before = start(), "begin"
    for n in range(40):
        body += node("exclusiveGateway", f"x{n}", default=f"d{n}") + user(f"u{n}") + node("exclusiveGateway", f"m{n}")
        body += chain(before, f"x{n}") + flow(f"x{n}", f"u{n}", "agreed") + flow(f"x{n}", f"m{n}", id=f"d{n}")
        body += chain(f"u{n}", f"m{n}")
        before = f"m{n}"
    assert problems(body + end() + chain(before, "finish")) == []


def joined(split: str, join: str) -> str:
    """Two user tasks between a split and a join."""
    body = start() + node(f"{split}Gateway", "split", **({} if split == "parallel" else {"default": "split_b"}))
    body += user("a") + user("b") + node(f"{join}Gateway", "join") + end() + chain("begin", "split")
    body += flow("split", "a", None if split == "parallel" else "agreed") + chain("split", "b", "join", "finish")
    return body + chain("a", "join")


@pytest.mark.parametrize("split", ["exclusive", "inclusive"])
def test_a_parallel_join_of_branches_that_exclude_each_other_is_named(split: str) -> None:
    assert only(problems(joined(split, "parallel")), "deadlock", "join").severity == "error"


@pytest.mark.parametrize(
    ("split", "join"),
    [("parallel", "parallel"), ("exclusive", "exclusive"), ("inclusive", "inclusive"), ("parallel", "exclusive")],
)
def test_joins_that_come_about_pass(split: str, join: str) -> None:
    assert problems(joined(split, join)) == []


def test_a_parallel_join_that_a_boundary_event_starves_is_named() -> None:
    body = joined("parallel", "parallel") + boundary("late", "a", timer("timeDuration", "P1D")) + end("gone")
    only(problems(body + chain("late", "gone")), "deadlock", "join")


def test_a_boundary_event_beside_its_step_starves_no_join() -> None:
    body = joined("parallel", "parallel") + end("gone") + chain("late", "gone")
    body += boundary("late", "a", timer("timeDuration", "P1D"), interrupting=False)
    assert problems(body) == []


def test_a_loop_inside_a_branch_starves_no_join() -> None:
    body = joined("parallel", "parallel").replace(chain("a", "join"), "")
    body += node("exclusiveGateway", "again", default="good") + chain("a", "again") + flow("again", "join", id="good")
    assert problems(body + flow("again", "a", "not agreed")) == []


def test_an_end_that_terminates_everything_leaves_nothing_waiting() -> None:
    body = joined("parallel", "parallel").replace(chain("a", "join"), "")
    body += node("exclusiveGateway", "x", default="good") + chain("a", "x") + flow("x", "join", id="good")
    body += end("stop", "<bpmn:terminateEventDefinition/>") + flow("x", "stop", "not agreed")
    assert problems(body) == []
    plain = body.replace("<bpmn:terminateEventDefinition/>", "")
    only(problems(plain), "deadlock", "join")
