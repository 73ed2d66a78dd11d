"""What a diagram refers to: forms, decision tables, service tasks."""

from __future__ import annotations

import pytest

from app.forms import check as form_check
from tests.checking.packages import (
    FORM,
    MANIFEST,
    decision,
    extensions,
    node,
    only,
    package,
    problems,
    properties,
    rule,
    service,
    simple,
    user,
)


def test_a_form_that_is_missing_is_named_with_the_one_that_was_meant() -> None:
    problem = only(problems(simple(user("step", form="registre"))), "form_missing", "step")
    assert problem.fix == ("是否为 register？", "Is it register?")


def test_a_start_form_that_is_missing_is_named() -> None:
    assert only(problems(forms={}), "form_missing", "start_form").file == "process.toml"


def test_every_problem_of_a_form_is_named_with_its_path() -> None:
    broken = {"title": {"zh": "登记"}, "fields": [{"name": "a", "kind": "colour", "label": "x"}]}
    found = problems(forms={"register": broken}, form_check=form_check)
    assert {p.element_id for p in found if p.code == "form"} >= {"title", "fields[0].kind"}
    assert all(p.file == "forms/register.json" and p.zh and p.en for p in found if p.code == "form")


def test_a_form_that_is_no_json_is_named() -> None:
    for content in ("{", "[1]", "[" * 100_000):
        only(problems(forms={"register": content}), "form")


def test_a_form_that_no_step_uses_is_a_warning() -> None:
    found = problems(forms={"register": FORM, "spare": FORM})
    assert only(found, "form_unused").severity == "warning"


@pytest.mark.parametrize(
    "name", ["typename", "self", "data_objects", "instance_id", "starter", "completed_by", "class"]
)
def test_a_field_may_not_have_the_engines_names(name: str) -> None:
    form = FORM | {"fields": [*FORM["fields"], {"name": name, "kind": "text"}]}
    assert only(problems(forms={"register": form}), "name_reserved", name).file == "forms/register.json"


def with_decision(text: str, body: str | None = None) -> list[object]:
    return list(problems(body or simple(rule("step", "grading")), files={"decisions/grading.dmn": text}))


def test_a_decision_that_is_there_passes() -> None:
    assert with_decision(decision()) == []
    assert with_decision(decision((('"a"', "1"), ("-", "2")), column="summary", policy="COLLECT")) == []


def test_a_decision_that_is_missing_is_named_with_those_there_are() -> None:
    found = problems(simple(rule("step", "rating")), files={"decisions/grading.dmn": decision()})
    problem = only(found, "decision_missing", "step")
    assert problem.fix is not None and "grading" in problem.fix[1]
    assert only(found, "decision_unused", "grading").severity == "warning"


def test_a_business_rule_task_without_a_decision_is_named() -> None:
    only(problems(simple(node("businessRuleTask", "step", name="判"))), "decision_missing", "step")


BROKEN_TABLES = {
    "another hit policy": (decision(policy="RULE ORDER"), "decision_policy", "table"),
    "an aggregation": (
        decision(policy="COLLECT").replace('hitPolicy="COLLECT"', 'hitPolicy="COLLECT" aggregation="SUM"'),
        "decision_policy",
        "table",
    ),
    "no table": (
        decision().split("<decisionTable")[0] + "</decision></definitions>",
        "decision_table",
        "grading",
    ),
    "two decisions": (
        decision().replace("</definitions>", '<decision id="second" name="second"/></definitions>'),
        "decision_count",
        None,
    ),
    "a row with a cell too few": (
        decision().replace('<inputEntry id="cell0"><text>&gt; 5</text></inputEntry>', ""),
        "decision_row",
        "row0",
    ),
    "an input without an expression": (decision(column=""), "expression_empty", "column"),
    "an output without a name": (decision(output=""), "name_reserved", "output"),
    "an output with the engine's name": (decision(output="starter"), "name_reserved", "output"),
    "a cell that does not parse": (decision([("> > 5", "1")]), "expression", "cell0"),
    "a cell that breaks out": (decision([("1) or (True", "1")]), "expression", "cell0"),
    "a cell that runs into its input": (decision([("in [1, 2]", "1")]), "expression", "cell0"),
    "a cell of 501 characters": (decision([("? " * 250 + "?", "1")]), "expression", "cell0"),
    "an output that does not parse": (decision([("-", "'a")]), "expression", "out0"),
}


@pytest.mark.parametrize("what", BROKEN_TABLES)
def test_a_table_that_would_not_be_carried_out_is_named(what: str) -> None:
    text, code, element = BROKEN_TABLES[what]
    problem = only(with_decision(text), code, element)  # type: ignore[arg-type]
    assert problem.file == "decisions/grading.dmn" and problem.line is not None


def test_the_same_decision_in_two_files_is_named() -> None:
    found = problems(
        simple(rule("step", "grading")), files={"decisions/a.dmn": decision(), "decisions/b.dmn": decision()}
    )
    assert only(found, "decision_twice", "grading").file == "decisions/b.dmn"


def test_a_service_with_sound_parameters_passes() -> None:
    assert problems(simple(service("step", "sample.grade", {"number": "amount", "note": "'x'"}))) == []
    assert problems(simple(service("step", "sample.void", result="outcome"))) == []


BROKEN_SERVICES = {
    "an unknown service": (service("step", "sample.grad", {"number": "1"}), "service_unknown"),
    "an unknown parameter": (
        service("step", "sample.grade", {"number": "1", "notes": "'x'"}),
        "service_parameter_unknown",
    ),
    "a missing parameter": (service("step", "sample.grade", {"note": "'x'"}), "service_parameter_missing"),
    "a value of the wrong kind": (service("step", "sample.grade", {"number": "'many'"}), "service_parameter_value"),
    "a parameter without a value": (
        service("step", "sample.grade", {"number": "1"}).replace(' value="1"', ""),
        "service_parameter",
    ),
    "a parameter without a type": (
        service("step", "sample.grade", {"number": "1"}).replace(' type="str"', ""),
        "service_parameter",
    ),
    "a parameter twice": (
        service("step", "sample.grade", {"number": "1"}).replace(
            "</spiffworkflow:parameters>",
            '<spiffworkflow:parameter id="number" type="str" value="2"/></spiffworkflow:parameters>',
        ),
        "service_parameter",
    ),
    "no operator": (node("serviceTask", "step", extensions(properties(name_en="x")), name="调用"), "service_operator"),
    "a result with the engine's name": (service("step", "sample.void", result="starter"), "name_reserved"),
}


@pytest.mark.parametrize("what", BROKEN_SERVICES)
def test_a_service_task_that_would_fail_is_named(what: str) -> None:
    body, code = BROKEN_SERVICES[what]
    assert only(problems(simple(body)), code, "step").severity == "error"


def test_a_service_that_was_nearly_meant_is_offered() -> None:
    problem = only(problems(simple(service("step", "sample.grad"))), "service_unknown", "step")
    assert problem.fix == ("是否为 sample.grade？", "Is it sample.grade?")


@pytest.mark.parametrize("hook", ["on_cancel", "on_amend"])
def test_the_services_of_process_toml_are_looked_at(hook: str) -> None:
    assert problems(manifest=MANIFEST + f'{hook} = "sample.void"\n') == []
    only(problems(manifest=MANIFEST + f'{hook} = "sample.nothing"\n'), "service_unknown", hook)
    only(problems(manifest=MANIFEST + f'{hook} = "sample.grade"\n'), "service_parameter_missing", hook)


def test_without_a_form_check_forms_are_only_read() -> None:
    assert problems(package(forms={"register": FORM})) == []
