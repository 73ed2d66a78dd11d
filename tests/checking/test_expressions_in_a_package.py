"""Text from a diagram is never Python: all 21 places are looked at, also in elements that are refused anyway."""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape

import pytest

from tests.checking.packages import (
    FORM,
    MANIFEST,
    boundary,
    chain,
    condition,
    decision,
    end,
    extensions,
    flow,
    node,
    only,
    package,
    problems,
    rule,
    script,
    service,
    simple,
    start,
    timer,
    user,
)

Files = dict[str, str]
Site = tuple[str, str, Files, str]  # body, before the process, other files, element


def gateway(kind: str, text: str) -> str:
    body = start() + node(kind, "choice", default="choice_other") + end() + end("other")
    return body + chain("begin", "choice") + flow("choice", "finish", text) + flow("choice", "other")


def looped(inner: str) -> str:
    return simple(node("scriptTask", "step", inner + "<bpmn:script>z = 1</bpmn:script>", name="算"))


def table(**parts: str) -> Files:
    return {
        "decisions/grading.dmn": decision(
            [(parts.get("cell", "> 5"), parts.get("result", "1"))], column=parts.get("column", "amount")
        )
    }


MESSAGE = '<bpmn:message id="m" name="m"/>\n'
CORRELATION = (
    '<bpmn:collaboration id="c"><bpmn:participant id="pp" processRef="sample"/><bpmn:correlationKey id="ck" name="ck">'
    "<bpmn:correlationPropertyRef>cp</bpmn:correlationPropertyRef></bpmn:correlationKey></bpmn:collaboration>"
    '<bpmn:correlationProperty id="cp" name="cp"><bpmn:correlationPropertyRetrievalExpression messageRef="m">'
    "<bpmn:messagePath>{}</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
)
SITES: dict[str, Callable[[str], Site]] = {
    "script task": lambda e: (simple(script("step", f"x = {e}")), "", {}, "step"),
    "pre-script": lambda e: (
        simple(user("step", inner="").replace("<spiffworkflow:properties>", f"<spiffworkflow:preScript>x = {escape(e)}</spiffworkflow:preScript><spiffworkflow:properties>")),
        "", {}, "step",
    ),
    "post-script": lambda e: (
        simple(user("step", inner="").replace("<spiffworkflow:properties>", f"<spiffworkflow:postScript>x = {escape(e)}</spiffworkflow:postScript><spiffworkflow:properties>")),
        "", {}, "step",
    ),
    "exclusive gateway condition": lambda e: (gateway("exclusiveGateway", e), "", {}, "choice_finish"),
    "inclusive gateway condition": lambda e: (gateway("inclusiveGateway", e), "", {}, "choice_finish"),
    "timer timeDuration": lambda e: (
        simple(node("intermediateCatchEvent", "step", timer("timeDuration", f"work_days({e})"))), "", {}, "step"),
    "timer timeDate": lambda e: (
        simple(node("intermediateCatchEvent", "step", timer("timeDate", f"until({e})"))), "", {}, "step"),
    "timer timeCycle": lambda e: (
        simple(user("step"), more=boundary("late", "step", timer("timeCycle", f"R3/until({e})/P1D".replace("//", "")), interrupting=False)
               + end("other") + chain("late", "other")), "", {}, "late"),
    "conditional event": lambda e: (simple(node("intermediateCatchEvent", "step", condition(e))), "", {}, "step"),
    "multi-instance cardinality": lambda e: (
        looped(f"<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{escape(e)}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"),
        "", {}, "step"),
    "multi-instance completion": lambda e: (
        looped("<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>"
               f"<bpmn:completionCondition>{escape(e)}</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>"),
        "", {}, "step"),
    "standard loop condition": lambda e: (
        looped(f'<bpmn:standardLoopCharacteristics loopMaximum="2"><bpmn:loopCondition>{escape(e)}</bpmn:loopCondition></bpmn:standardLoopCharacteristics>'),
        "", {}, "step"),
    "ad-hoc completion condition": lambda e: (
        simple(node("adHocSubProcess", "step", script("in1", "z = 1") + f"<bpmn:completionCondition>{escape(e)}</bpmn:completionCondition>")),
        "", {}, "step"),
    "correlation property": lambda e: (
        simple(node("sendTask", "step", messageRef="m")), CORRELATION.format(escape(e)) + MESSAGE, {}, "cp"),
    "message payload": lambda e: (
        simple(node("sendTask", "step", extensions(f"<spiffworkflow:messagePayload>{escape(e)}</spiffworkflow:messagePayload>"), messageRef="m")),
        MESSAGE, {}, "step"),
    "signal payload": lambda e: (
        simple(node("intermediateThrowEvent", "step", '<bpmn:signalEventDefinition signalRef="sg"/>')),
        f'<bpmn:signal id="sg" name="sg">{extensions(f"<spiffworkflow:payloadExpression>{escape(e)}</spiffworkflow:payloadExpression>")}</bpmn:signal>\n',
        {}, "sg"),
    "error payload": lambda e: (
        simple(user("step")),
        f'<bpmn:error id="er" errorCode="1">{extensions(f"<spiffworkflow:payloadExpression>{escape(e)}</spiffworkflow:payloadExpression>")}</bpmn:error>\n',
        {}, "er"),
    "service task parameter": lambda e: (simple(service("step", "sample.grade", {"number": e})), "", {}, "step"),
    "DMN input expression": lambda e: (simple(rule("step", "grading")), "", table(column=e), "column"),
    "DMN input cell": lambda e: (simple(rule("step", "grading")), "", table(cell=e), "cell0"),
    "DMN output cell": lambda e: (simple(rule("step", "grading")), "", table(result=e), "out0"),
}  # fmt: skip
ATTACKS = (
    "__import__('os').system('id')",
    "().__class__.__base__.__subclasses__()",
    "open('/etc/hostname').read()",
    "(lambda: 1)()",
    "[c for c in ().__class__.__mro__]",
    "f'{starter.__class__}'",
    "exec('1')",
    "1 if (",
)


def test_there_are_21_places() -> None:
    assert len(SITES) == 21


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("site", SITES)
def test_python_is_refused_in_this_place(site: str, attack: str) -> None:
    body, before, files, element = SITES[site](attack)
    found = problems(package(body, before=before, files=files))
    refused = {"expression", "timer", "timer_cycle"} if site.startswith("timer") else {"expression"}
    matching = [p for p in found if p.code in refused and p.element_id == element]
    assert matching, "\n".join(p.as_text() for p in found)
    assert all(p.severity == "error" and p.zh and p.en for p in matching)


@pytest.mark.parametrize("site", [s for s in SITES if "timer" not in s])
def test_an_unknown_variable_is_named_in_this_place(site: str) -> None:
    body, before, files, element = SITES[site]("amuont")
    problem = only(problems(package(body, before=before, files=files)), "variable_unknown", element)
    assert problem.fix == ("是否为 amount？", "Is it amount?")


def test_a_name_is_an_error_when_nobody_else_can_bring_it_in_and_a_warning_otherwise() -> None:
    body = gateway("exclusiveGateway", "level > 3")
    assert only(problems(body), "variable_unknown").severity == "error"
    own = MANIFEST + 'inputs = ["origin"]\n'
    assert only(problems(body, manifest=own), "variable_unknown").severity == "warning"
    assert problems(body, manifest=MANIFEST + 'inputs = ["level"]\n') == []


def test_what_a_late_task_hands_over_is_known_to_a_process_that_only_a_ladder_starts() -> None:
    manifest = MANIFEST.replace('starters = ["dept_staff"]', "starters = []")
    assert problems(gateway("exclusiveGateway", "level > 3 and amount > 1"), manifest=manifest) == []


def test_names_come_from_forms_scripts_services_decisions_and_the_engine() -> None:
    body = start() + user("ask", form="answer") + script("calc", "total = amount + size") + rule("judge", "grading")
    body += service("call", "sample.grade", {"number": "total"}) + service("void", "sample.void", result="outcome")
    body += node("exclusiveGateway", "choice", default="no") + end() + end("other")
    body += chain("begin", "ask", "calc", "judge", "call", "void", "choice") + flow("choice", "other", id="no")
    body += flow(
        "choice",
        "finish",
        "grade == 'big' and verdict == 'ok' and outcome and completed_by['ask']['id'] == starter.id and instance_id",
    )
    forms = {"register": FORM, "answer": {"fields": [{"name": "size", "kind": "number"}]}}
    assert problems(body, forms=forms, files={"decisions/grading.dmn": decision()}) == []


def test_an_empty_condition_is_named() -> None:
    only(problems(gateway("exclusiveGateway", " ")), "expression_empty", "choice_finish")


@pytest.mark.parametrize("name", ["typename", "starter", "instance_id", "completed_by", "data_objects"])
def test_a_script_may_not_assign_what_the_engine_sets(name: str) -> None:
    found = problems(simple(script("step", f"{name} = 1")))
    assert any(p.element_id == "step" and p.code in ("name_reserved", "expression") for p in found), found


def test_a_script_task_without_a_script_is_named() -> None:
    only(problems(simple(node("scriptTask", "step", name="算"))), "script_missing", "step")
    only(problems(simple(script("step", "  "))), "script_missing", "step")


def test_expressions_of_process_toml_are_looked_at() -> None:
    manifest = MANIFEST + 'instance_title = "open(1)"\n[facts]\ngrade = "summry"\n[scope]\nregion = "summary +"\n'
    found = problems(manifest=manifest)
    assert only(found, "expression", "instance_title").file == "process.toml"
    assert only(found, "expression", "scope.region").severity == "error"
    assert only(found, "variable_unknown", "facts.grade").fix == ("是否为 summary？", "Is it summary?")
