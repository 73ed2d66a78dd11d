"""A call that starts processes of their own: its words fit together, and the process takes what it is given."""

from __future__ import annotations

import pytest

from app.engine import Package, package_from_files, run_scenarios
from tests.checking.engines import engine
from tests.checking.packages import (
    boundary,
    chain,
    diagram,
    end,
    extensions,
    node,
    package,
    process,
    properties,
    simple,
    start,
    timer,
    user,
)

CHILD = "child"


def call(id: str = "step", process: str = CHILD, **words: str) -> str:
    return node(
        "callActivity",
        id,
        extensions(properties(**{"detached": "true", **words})),
        name="各自办理",
        calledElement=process,
    )


def neighbour(inputs: str = '["n"]', body: str = "", key: str = CHILD) -> Package:
    manifest = f'key = "{key}"\ntitle = {{ zh = "子", en = "Child" }}\nstarters = []\ninputs = {inputs}\n'
    xml = diagram(process(body or simple(user("own"), "own"), key=key))
    return package_from_files(key, {"process.toml": manifest, "process.bpmn": xml})


def codes(body: str, *neighbours: Package) -> list[str]:
    known = {one.key: one for one in neighbours or (neighbour(),)}
    return [p.code for p in engine().check(package(body), known=known) if p.severity == "error"]


def test_a_call_with_all_its_words_is_sound() -> None:
    words = {
        "for_each": "[1, 2]",
        "inputs": '{"n": item}',
        "outputs": "light, score",
        "result": "found",
        "complete_when": "finished > total / 2",
    }
    assert codes(simple(call(**words))) == []


BROKEN = {
    "an unknown process": ("called_unknown", simple(call(process="nobody"))),
    "no process": ("called_missing", simple(call(process=""))),
    "a flag that is none": ("property_value", simple(call(wait="no"))),
    "a list that is no expression": ("expression", simple(call(for_each="import os"))),
    "data that nobody knows": ("variable_unknown", simple(call(inputs='{"n": summry}'))),
    "an item without a list": ("variable_unknown", simple(call(inputs='{"n": item}'))),
    "data that the child does not take": ("call_inputs", simple(call(inputs='{"m": 1}'))),
    "results without a variable": ("call_result", simple(call(outputs="light"))),
    "a result that is there anyway": ("call_outputs", simple(call(outputs="status", result="found"))),
    "results of nobody waited for": ("property_misplaced", simple(call(wait="false", result="found"))),
    "a variable of the engine": ("name_reserved", simple(call(result="starter"))),
    "a condition over something else": ("variable_unknown", simple(call(complete_when="summary == 'x'"))),
    "words without detached": ("property_misplaced", simple(call(detached="false", for_each="[1]"))),
    "a word on a user task": ("property_misplaced", simple(user("step", for_each="[1]"))),
    "itself": ("call_circle", simple(call(process="sample"))),
    "a wait that is none, with an edge": (
        "boundary_host",
        simple(call(wait="false"), more=boundary("late", "step", timer("timeDuration", "P1D")) + end("e2"))
        + chain("late", "e2"),
    ),
    "a loop without a rest": (
        "endless_loop",
        start()
        + call(wait="false")
        + node("exclusiveGateway", "again", default="again_finish")
        + end()
        + chain("begin", "step", "again", "finish")
        + '<bpmn:sequenceFlow id="back" sourceRef="again" targetRef="step">'
        "<bpmn:conditionExpression>agreed</bpmn:conditionExpression></bpmn:sequenceFlow>",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_fit_is_named(what: str) -> None:
    code, body = BROKEN[what]
    assert code in codes(body)


def test_processes_that_wait_for_one_another_in_a_circle_are_refused() -> None:
    back = neighbour(body=simple(call("c", process="sample"), "c"))
    assert "call_circle" in codes(simple(call()), back)


def test_a_chain_longer_than_the_engine_allows_is_refused() -> None:
    line = [neighbour("[]", simple(call("c", process=f"p{n + 1}"), "c"), key=f"p{n}") for n in range(11)]
    assert "call_circle" in codes(simple(call(process="p0")), *line)
    assert codes(simple(call(process="p4")), *line[4:10], neighbour("[]", key="p10")) == []


SCENARIO = """title = "样例"
clock = "2026-04-09T14:20"
[start]
by = "zhao"
data = { summary = "x" }
[[step]]
child = "step"
index = 1
data = { light = "red" }
[[step]]
child = "step"
status = "cancelled"
expect_open = ["sum_up"]
[[step]]
complete = "sum_up"
[expect]
children = { step = 2 }
path = ["step", "sum_up", "finish"]
end = "finish"
"""


def _played(scenario: str) -> list[str]:
    words = {"for_each": '["a", "b"]', "inputs": '{"n": item}', "outputs": "light", "result": "found"}
    body = start() + call(**words) + user("sum_up") + end() + chain("begin", "step", "sum_up", "finish")
    made = package(body, files={"scenarios/one.toml": scenario})
    assert [p.as_text() for p in engine().check(made, known={CHILD: neighbour()}) if p.severity == "error"] == []
    return [problem.en for problem in run_scenarios(engine(), made)]


def test_a_scenario_says_how_children_end() -> None:
    assert _played(SCENARIO) == []
    assert _played(SCENARIO.replace('status = "cancelled"', 'status = "failed"')) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{ step = 2 }", "{ step = 3 }", "number of children"),
        ("index = 1", "index = 2", "no such child"),
        ('end = "finish"', "data = { found = [] }", "variable found"),
    ],
)
def test_what_children_do_otherwise_is_told(old: str, new: str, said: str) -> None:
    assert said in _played(SCENARIO.replace(old, new))[0]
