"""Scenarios: what holds, and every way in which one does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.engine import Engine, load_folder, package_from_files, run_scenarios
from app.engine.checking import Problem
from app.engine.packages.package import Package
from tests.checking.engines import engine as make_engine
from tests.checking.packages import (
    FORM,
    boundary,
    chain,
    condition,
    decision,
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
    rule,
    script,
    service,
    simple,
    start,
    timer,
    user,
)

EXAMPLE = Path(__file__).parent.parent / "bpmn" / "examples" / "two_step_approval"
START = 'title = "样例"\nclock = "2026-04-09T14:20"\n[start]\nby = "zhao"\ndata = { summary = "x", amount = 7, agreed = true }\n'


@pytest.fixture(scope="module")
def engine() -> Engine:
    return make_engine()


def played(engine: Engine, body: str, scenario: str, **made: object) -> list[Problem]:
    files = {"scenarios/one.toml": START + scenario, **made.pop("files", {})}  # type: ignore[dict-item]
    given = package(body, files=files, **made)  # type: ignore[arg-type]
    assert [p.as_text() for p in problems(given)] == []
    return run_scenarios(engine, given)


def holds(engine: Engine, body: str, scenario: str, **made: object) -> None:
    assert [p.as_text() for p in played(engine, body, scenario, **made)] == []


def test_the_example_holds(engine: Engine) -> None:
    assert run_scenarios(engine, load_folder(EXAMPLE)) == []


CHANGES: dict[str, tuple[str, str, str, str]] = {  # file, old, new, what the problem says
    "another end": ("approved", 'end = "finished"', 'end = "refused"', "ends at"),
    "a node that was not passed": ("approved", '"agreed", "decide"', '"decide", "agreed"', "agreed"),
    "a node that was passed": ("approved", 'never = ["refused"]', 'never = ["decide"]', "decide"),
    "another fact": ("approved", "cost = 3000 }\nend", "cost = 1 }\nend", "cost"),
    "other open tasks": ("approved", 'expect_open = ["decide"]', "expect_open = []", "open tasks"),
    "a task that is not open": ("approved", 'complete = "decide"', 'complete = "review"', "no open task"),
    "a wrong answer": ("approved", '"approved" }\nexpect', '"maybe" }\nexpect', "decision"),
    "a timer that did not fire": ("refused_late", "expect_fired = [\"remind review\"]", "expect_fired = []", "timers fired"),
    "a timer of another node": ("refused_late", '"overdue review"', '"overdue decide"', "timers fired"),
    "a refusal that did not come": ("refused_late", "answers = {}", 'answers = { review = "refuse" }', "went through"),
    "a refusal for another field": ("refused_late", 'refused = ["review"]', 'refused = ["remark"]', "not accepted"),
    "a clock that goes back": ("refused_late", 'advance = "P1D"', 'until = "2026-04-12T08:00"', "go back"),
    "a start without an answer": ("approved", "amount = 20, ", "", "amount"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_an_expectation_that_does_not_hold_is_a_problem_with_its_step(engine: Engine, what: str) -> None:
    name, old, new, said = CHANGES[what]
    example = load_folder(EXAMPLE)
    file = f"scenarios/{name}.toml"
    text = example.files[file].decode()
    assert old in text
    changed = package_from_files(example.key, {**example.files, file: text.replace(old, new)})
    found = run_scenarios(engine, changed)
    problem = only(found, "scenario")
    assert problem.file == file and said in problem.en and problem.severity == "error"


def test_an_incident_on_the_way_fails_the_scenario_at_its_node(engine: Engine) -> None:
    body = simple(script("step", "x = amount / (amount - 7)"))
    problem = only(played(engine, body, '[expect]\nend = "finish"\n'), "scenario", "step")
    assert "incident" in problem.en and "异常" in problem.zh


def test_the_clock_of_a_scenario_is_what_today_means(engine: Engine) -> None:
    body = start() + script("day", "day = str(amount)") + user("step", deadline="work_days(2)") + end()
    body += chain("begin", "day", "step", "finish")
    holds(
        engine,
        body,
        '[[step]]\nadvance = "P3D"\n[[step]]\nadvance="P2D"\nexpect_fired = ["overdue step"]\n[expect]\nopen = ["step"]\n',
    )


def test_today_follows_the_clock_of_the_scenario(engine: Engine) -> None:
    text = START + '[expect]\ndata = { day = "2026-04-09" }\n'
    given = package(simple(script("step", "day = today()")), files={"scenarios/one.toml": text})
    assert run_scenarios(engine, given) == []


def test_a_rung_starts_its_process_and_fires_once(engine: Engine) -> None:
    body = simple(user("step", deadline="office_3d", ladder="+3 work_days: referral; +7 work_days: referral"))
    holds(
        engine,
        body,
        '[[step]]\nadvance = "P12D"\nexpect_fired = ["overdue step", "ladder step 1"]\n'
        '[[step]]\nadvance = "P14D"\nexpect_fired = ["ladder step 2"]\n'
        '[[step]]\ncomplete = "step"\n[[step]]\nadvance = "P60D"\nexpect_fired = []\n[expect]\nend = "finish"\n',
    )


def test_a_service_runs_as_its_stand_in(engine: Engine) -> None:
    body = simple(service("step", "sample.grade", {"number": "amount"}))
    holds(engine, body, '[expect]\ndata = { verdict = "ok" }\nend = "finish"\n')


def test_a_decision_decides(engine: Engine) -> None:
    body = simple(rule("step", "grading"))
    holds(engine, body, '[expect]\ndata = { grade = "big" }\n', files={"decisions/grading.dmn": decision()})
    rows = (("? in [1, 7]", "'seven'"), ("-", "'other'"))
    holds(engine, body, '[expect]\ndata = { grade = "seven" }\n', files={"decisions/grading.dmn": decision(rows)})


BROKEN = {
    "no TOML": "title = ",
    "an unknown word": START + '[expect]\nends = "finish"\n',
    "an unknown word of a step": START + '[[step]]\nfinish = "step"\n[expect]\nend = "finish"\n',
    "nothing expected": START,
    "no clock": '[start]\nby = "x"\n[expect]\nend = "finish"\n',
    "a step that does two things": START + '[[step]]\ncomplete = "step"\nadvance = "P1D"\n[expect]\nend = "finish"\n',
    "a clock that goes back": START + '[[step]]\nadvance = "-P1D"\n[expect]\nend = "finish"\n',
    "a time that is none": START + '[[step]]\nadvance = "soon"\n[expect]\nend = "finish"\n',
    "a node that is not there": START + '[[step]]\ncomplete = "stop"\n[expect]\nend = "finish"\n',
    "an end that is not there": START + '[expect]\nend = "finished"\n',
    "a text for a list": START + '[expect]\npath = "step"\n',
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_scenario_that_cannot_be_read_is_named_by_the_check(what: str) -> None:
    found = problems(package(files={"scenarios/one.toml": BROKEN[what]}))
    assert only(found, "scenario").file == "scenarios/one.toml"


def subprocess(inner: str) -> str:
    return node("subProcess", "part", inner)


def around(edge: str, interrupting: bool = True, before: str = "") -> str:
    return (
        start() + before + end() + end("caught") + boundary("edge", "part", edge, interrupting=interrupting)
        + chain("begin", "part", "finish") + chain("edge", "caught")
    )  # fmt: skip


ERROR = '<bpmn:errorEventDefinition errorRef="wrong"/>'
UP = '<bpmn:escalationEventDefinition escalationRef="up"/>'
DEFINED = '<bpmn:error id="wrong" errorCode="wrong"/>\n<bpmn:escalation id="up" escalationCode="up"/>\n'
INNER = start("b2") + user("u2") + chain("b2", "u2")


def test_an_error_out_of_a_sub_process_is_caught(engine: Engine) -> None:
    body = around(ERROR, before=subprocess(INNER + end("e2", ERROR) + chain("u2", "e2")))
    holds(
        engine, body, '[[step]]\ncomplete = "u2"\n[expect]\npath = ["u2", "caught"]\nend = "caught"\n', before=DEFINED
    )


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_escalation_out_of_a_sub_process_is_caught(engine: Engine, interrupting: bool) -> None:
    inner = INNER + node("intermediateThrowEvent", "raise", UP) + user("after") + end("e2")
    body = around(UP, interrupting, before=subprocess(inner + chain("u2", "raise", "after", "e2")))
    left = [] if interrupting else ["after"]
    holds(
        engine,
        body,
        f'[[step]]\ncomplete = "u2"\nexpect_open = {left}\n[expect]\npath = ["u2", "raise", "caught"]\n',
        before=DEFINED,
    )


def test_an_escalation_that_ends_a_sub_process_is_caught(engine: Engine) -> None:
    body = around(UP, False, before=subprocess(INNER + end("e2", UP) + chain("u2", "e2")))
    holds(engine, body, '[[step]]\ncomplete = "u2"\n[expect]\npath = ["u2", "caught"]\nopen = []\n', before=DEFINED)


def test_an_error_out_of_a_called_process_is_caught(engine: Engine) -> None:
    body = around(ERROR, before=node("callActivity", "part", calledElement="helper"))
    helper = process(INNER + end("e2", ERROR) + chain("u2", "e2"), key="helper")
    xml = diagram(process(body) + helper, before=DEFINED)
    text = START + '[[step]]\ncomplete = "u2"\n[expect]\npath = ["u2", "caught"]\nend = "caught"\n'
    given = package(xml=xml, files={"scenarios/one.toml": text})
    assert [p.as_text() for p in [*problems(given), *run_scenarios(engine, given)]] == []


def test_a_condition_on_the_boundary_interrupts(engine: Engine) -> None:
    body = start() + node("parallelGateway", "fork") + user("a") + user("b", form="register") + end("ea") + end("eb")
    body += boundary("edge", "a", condition("amount > 8")) + end("caught") + chain("edge", "caught")
    body += script("more", "amount = amount + 2") + chain("begin", "fork", "a", "ea") + chain("fork", "b", "eb")
    body = body.replace(chain("fork", "a"), chain("fork", "more", "a"))
    holds(engine, body, '[expect]\npath = ["more", "caught"]\nopen = ["b"]\n')


def test_a_repeating_timer_fires_beside_its_step(engine: Engine) -> None:
    body = simple(user("step"), more=boundary("late", "step", timer("timeCycle", "R2/P1D"), interrupting=False)
                  + script("note", "x = 1") + end("noted") + chain("late", "note", "noted"))  # fmt: skip
    holds(
        engine,
        body,
        '[[step]]\nadvance = "P1D"\nexpect_fired = ["event late"]\n[[step]]\nadvance = "P5D"\nexpect_open = ["step"]\n'
        '[[step]]\ncomplete = "step"\n[expect]\npath = ["note", "note", "step"]\nend = "finish"\n',
    )


def test_an_inclusive_gateway_takes_every_way_whose_condition_holds(engine: Engine) -> None:
    body = start() + node("inclusiveGateway", "any", default="d") + user("a") + user("b") + user("c")
    body += node("inclusiveGateway", "all") + end() + chain("begin", "any") + flow("any", "a", "amount > 5")
    body += flow("any", "b", "agreed") + flow("any", "c", id="d") + chain("a", "all", "finish")
    body += chain("b", "all") + chain("c", "all")
    holds(
        engine,
        body,
        '[[step]]\ncomplete = "a"\nexpect_open = ["b"]\n[[step]]\ncomplete = "b"\n[expect]\nnever = ["c"]\nend = "finish"\n',
    )


def test_scripts_before_and_after_a_step_run(engine: Engine) -> None:
    words = extensions(
        "<spiffworkflow:preScript>first = amount + 1</spiffworkflow:preScript>"
        "<spiffworkflow:postScript>second = first + amount</spiffworkflow:postScript>",
        properties(role="dept_staff", name_en="Handle", form="register"),
    )
    body = simple(node("userTask", "step", words, name="办理"))
    holds(
        engine,
        body,
        '[[step]]\ncomplete = "step"\nanswers = { summary = "y", amount = 10, agreed = false }\n'
        "[expect]\ndata = { first = 8, second = 18 }\n",
    )


def test_a_terminate_end_inside_a_sub_process_ends_only_that(engine: Engine) -> None:
    inner = start("b2") + node("parallelGateway", "f2") + user("u2") + user("v2") + end("e2")
    inner += end("stop", "<bpmn:terminateEventDefinition/>") + chain("b2", "f2", "u2", "stop") + chain("f2", "v2", "e2")
    body = start() + subprocess(inner) + user("after") + end() + chain("begin", "part", "after", "finish")
    holds(engine, body, '[[step]]\ncomplete = "u2"\nexpect_open = ["after"]\n[expect]\nopen = ["after"]\n')


WAITS = (
    start() + node("intermediateCatchEvent", "paid", extensions(properties(correlation="summary", variable="receipt"))
    + '<bpmn:messageEventDefinition messageRef="m"/>') + user("step") + end() + chain("begin", "paid", "step", "finish")
)  # fmt: skip
PAID = '<bpmn:message id="m" name="payment"/>\n'


def test_a_scenario_sends_a_message(engine: Engine) -> None:
    sends = '[[step]]\nmessage = "payment"\ncorrelation = "x"\npayload = { sum = 3 }\nexpect_waiting = []\nexpect_open = ["step"]\n'
    first = '[[step]]\nadvance = "P1D"\nexpect_waiting = ["paid"]\n'
    holds(engine, WAITS, first + sends + "[expect]\ndata = { receipt = { sum = 3 } }\n", before=PAID)


def test_a_message_that_nobody_gets_does_not_meet_the_expectation(engine: Engine) -> None:
    lost = '[[step]]\nmessage = "payment"\ncorrelation = "y"\nexpect_open = ["step"]\n[expect]\nopen = ["step"]\n'
    problem = only(played(engine, WAITS, lost, before=PAID), "scenario")
    assert "payment" in problem.zh and "step" in problem.en


def test_a_scenario_sends_a_signal(engine: Engine) -> None:
    body = WAITS.replace(extensions(properties(correlation="summary", variable="receipt")), "")
    body = body.replace('messageEventDefinition messageRef="m"', 'signalEventDefinition signalRef="m"')
    sends = '[[step]]\nsignal = "payment"\nexpect_open = ["step"]\n[expect]\nopen = ["step"]\n'
    holds(engine, body, sends, before='<bpmn:signal id="m" name="payment"/>\n')


def test_a_broken_scenario_is_left_to_the_check(engine: Engine) -> None:
    broken: Package = package(files={"scenarios/one.toml": "title = "})
    assert run_scenarios(engine, broken) == []
    assert FORM["title"]
