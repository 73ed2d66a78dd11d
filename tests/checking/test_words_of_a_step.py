"""Lanes, roles, properties, verbs, policies, names and places."""

from __future__ import annotations

import pytest

from tests.checking.packages import (
    chain,
    end,
    extensions,
    lane,
    lane_set,
    node,
    only,
    package,
    problems,
    properties,
    service,
    simple,
    start,
    user,
)

BROKEN: dict[str, tuple[str, str]] = {  # the properties of a user task → code
    "an unknown property": ("property_unknown", properties(dead_line="P3D", role="dept_staff", name_en="x")),
    "a property of later": ("property_unavailable", properties(subject="true", role="dept_staff", name_en="x")),
    "an extension process that does not exist": (
        "extension_process",
        properties(extension_process="extention", deadline="P3D", role="dept_staff", name_en="x"),
    ),
    "an extension of no deadline": (
        "deadline_missing",
        properties(extension_process="sample", role="dept_staff", name_en="x"),
    ),
    "an unknown role": ("role_unknown", properties(role="dept_stuff", name_en="x")),
    "a role in a copy that is unknown": ("role_unknown", properties(role="dept_staff", cc="mayor", name_en="x")),
    "an expression in a copy": (
        "expression",
        properties(role="dept_staff", cc="town_staff@import os", name_en="x"),
    ),
    "an unknown policy": ("property_value", properties(role="dept_staff", policy="maybe", name_en="x")),
    "an unknown verb": ("verb_unknown", properties(role="dept_staff", allow="claim, dance", name_en="x")),
    "a verb of later": ("verb_unavailable", properties(role="dept_staff", allow="claim, reschedule", name_en="x")),
    "an unknown check": ("check_unknown", properties(role="dept_staff", checks="sample.nothing", name_en="x")),
    "statutory maybe": ("property_value", properties(role="dept_staff", statutory="yes", name_en="x")),
    "an organisation that is Python": (
        "expression",
        properties(role="dept_staff", org="__import__('os').getpid()", name_en="x"),
    ),
    "an assignee that is Python": ("expression", properties(role="dept_staff", assignee="open('x')", name_en="x")),
    "nobody": ("role_missing", properties(name_en="x")),
    "one person alone": ("role_missing", properties(name_en="x", assignee="starter.id")),
    "a property without a value": (
        "property_empty",
        '<spiffworkflow:properties><spiffworkflow:property name="role"/></spiffworkflow:properties>',
    ),
    "a property twice": (
        "property_twice",
        properties(role="dept_staff").replace(
            "</spiffworkflow:properties>",
            '<spiffworkflow:property name="role" value="town_staff"/></spiffworkflow:properties>',
        ),
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_it_is_named_at_the_step(what: str) -> None:
    code, words = BROKEN[what]
    found = problems(simple(node("userTask", "step", extensions(words), name="办理")))
    assert only(found, code, "step").severity == "error"


def test_every_word_that_is_carried_out_passes() -> None:
    words = {
        "role": "town_staff", "org": "starter.org_id", "assignee": "starter.id", "policy": "pool", "form": "register",
        "deadline": "office_3d", "remind": "-3 work_days; -PT4H",
        "ladder": "+3 work_days: referral; +7 work_days: referral", "cc": "coordinator; dept_staff@starter.org_id",
        "checks": "sample.complete_evidence", "allow": "claim, urge", "statutory": "true",
    }  # fmt: skip
    assert problems(simple(user("step", **words))) == []


def test_a_step_word_on_a_service_task_is_named() -> None:
    body = simple(service("step", "sample.void")).replace(
        '<spiffworkflow:property name="name_en"',
        '<spiffworkflow:property name="deadline" value="P3D"/><spiffworkflow:property name="name_en"',
    )
    only(problems(body), "property_misplaced", "step")


def test_a_step_word_on_a_flow_is_named() -> None:
    body = simple(user("step")).replace(
        'targetRef="finish">', 'targetRef="finish">' + extensions(properties(role="dept_staff"))
    )
    only(problems(body), "property_misplaced", "step_finish")


def test_a_misspelt_property_comes_with_the_word_that_was_meant() -> None:
    problem = only(problems(simple(user("step", remindd="-1 days"))), "property_unknown", "step")
    assert problem.fix == ("是否为 remind？", "Is it remind?")


def in_lane(name: str, *more: str) -> str:
    step = node("userTask", "step", extensions(properties(name_en="Handle")), name="办理")
    lanes = lane_set(lane("lane1", name, "begin", "step", "finish"), *more)
    return lanes + start() + step + end() + chain("begin", "step", "finish")


@pytest.mark.parametrize("name", ["监管部门", "Supervising department"])
def test_a_lane_in_either_language_gives_the_role(name: str) -> None:
    assert problems(in_lane(name)) == []


def test_a_lane_that_is_no_role_is_named_with_the_one_that_was_meant() -> None:
    problem = only(problems(in_lane("监管部")), "lane_unknown", "lane1")
    assert problem.fix is not None and "监管部门" in problem.fix[0]


def test_a_lane_without_a_name_is_named() -> None:
    only(problems(in_lane("")), "lane_unknown", "lane1")


def test_a_node_in_two_lanes_is_named() -> None:
    only(problems(in_lane("监管部门", lane("lane2", "镇街", "step"))), "lane_twice", "step")


def test_a_step_inside_a_sub_process_belongs_to_the_lane_around_it() -> None:
    inner = start("b2") + node("userTask", "inner", extensions(properties(name_en="x")), name="办") + end("e2")
    body = lane_set(lane("lane1", "镇街", "begin", "part", "finish")) + start() + end()
    body += node("subProcess", "part", inner + chain("b2", "inner", "e2")) + chain("begin", "part", "finish")
    assert problems(body) == []


def test_missing_names_are_warnings() -> None:
    found = problems(simple(node("userTask", "step", extensions(properties(role="dept_staff")))))
    assert only(found, "name_missing", "step").severity == "warning"
    assert only(found, "name_en_missing", "step").severity == "warning"


def test_a_diagram_without_any_place_is_a_warning() -> None:
    found = problems(package(simple(user("step")), layout=False))
    assert only(found, "layout_missing", "sample").severity == "warning"
    assert [p.code for p in found] == ["layout_missing"]


def test_a_node_and_a_flow_without_a_place_are_warnings() -> None:
    made = package(simple(user("step")))
    xml = made.diagram.decode().replace('bpmnElement="step"', 'bpmnElement="sample"')
    xml = xml.replace('bpmnElement="begin_step"', 'bpmnElement="sample"')
    found = problems(package(xml=xml))
    assert {p.element_id for p in found if p.code == "layout_missing"} == {"step", "begin_step"}
    assert {p.severity for p in found} == {"warning"}
