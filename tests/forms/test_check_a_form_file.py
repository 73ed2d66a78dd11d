"""A form file's problems are all named at once, with their place, in both languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.forms import check
from tests.forms.conftest import FORM

BOTH = {"zh": "项", "en": "Item"}


def paths(form: Any) -> list[str]:
    content = form if isinstance(form, bytes) else json.dumps(form).encode()
    found = check("test", content)
    assert all(zh and en for _path, zh, en in found)
    return [path for path, _zh, _en in found]


def one(**field: Any) -> dict[str, Any]:
    return {"title": BOTH, "fields": [{"name": "a", "kind": "text", "label": BOTH} | field]}


def test_the_form_with_all_kinds_has_no_problem() -> None:
    assert check("all_kinds", json.dumps(FORM).encode()) == []


def test_all_problems_are_named_at_once() -> None:
    form = {
        "title": {"zh": "表"},
        "fields": [
            {"name": "self", "kind": "text", "label": BOTH},
            {"name": "b", "kind": "slider", "label": BOTH},
            {"name": "c", "kind": "select", "label": BOTH},
            {"name": "c", "kind": "text", "label": BOTH, "colour": "red"},
        ],
        "footer": 1,
    }
    assert paths(form) == [
        "footer",
        "title",
        "fields[0].name",
        "fields[1].kind",
        "fields[2].options",
        "fields[3].colour",
        "fields[3].name",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "typename",
        "self",
        "data_objects",
        "instance_id",
        "starter",
        "completed_by",
        "class",
        "csrf_token",
        "Grade",
        "a__b",
        "1a",
        "字段",
        "",
    ],
)
def test_a_name_that_would_break_something_is_refused(name: str) -> None:
    assert paths(one(name=name)) == ["fields[0].name"]


def test_a_text_needs_both_languages() -> None:
    assert paths(one(label="项", help={"zh": "说明"})) == ["fields[0].label", "fields[0].help"]


def test_a_condition_reads_only_fields_before_it() -> None:
    later = {"field": "b", "op": "==", "value": 1}
    form = one(visible_if=later)
    form["fields"].append({"name": "b", "kind": "number", "label": BOTH, "required": {"field": "a", "op": "filled"}})
    assert paths(form) == ["fields[0].visible_if"]


def test_a_condition_may_read_the_data_of_the_process() -> None:
    assert paths(one(visible_if={"field": "starter.org_id", "op": "==", "value": "x"})) == []


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ({"field": "b", "op": "like", "value": "x"}, ".op"),
        ({"field": "b", "op": "=="}, ".value"),
        ({"op": "==", "value": 1}, ".field"),
        ({"all": []}, ".all"),
        ({"field": "b", "op": "in", "value": "x"}, ".value"),
        ({"any": [{"not": 3}]}, ".any[0].not"),
        ("b == 1", ""),
    ],
)
def test_a_broken_condition_is_named_where_it_breaks(condition: Any, place: str) -> None:
    assert paths(one(visible_if=condition)) == ["fields[0].visible_if" + place]


def test_a_condition_does_not_nest_without_end() -> None:
    condition: Any = {"field": "b", "op": "filled"}
    for _i in range(10):
        condition = {"not": condition}
    assert paths(one(visible_if=condition)) == ["fields[0].visible_if" + ".not" * 6]


def test_groups_do_not_nest() -> None:
    inner = {"name": "g2", "kind": "group", "label": BOTH, "fields": [{"name": "x", "kind": "text", "label": BOTH}]}
    form = {"title": BOTH, "fields": [{"name": "g", "kind": "group", "label": BOTH, "fields": [inner]}]}
    assert paths(form) == ["fields[0].fields[0].kind"]


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*b", "(", "a*a*a*a*b", "x" * 300, "(?:a){2,}"])
def test_a_pattern_that_is_broken_or_may_run_for_ever_is_refused(pattern: str) -> None:
    assert paths(one(pattern=pattern)) == ["fields[0].pattern"]


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ({"max_length": 100_000}, "max_length"),
        ({"min_length": 9, "max_length": 3}, "min_length"),
        ({"kind": "money", "min": 0.5}, "min"),
        ({"kind": "date", "min": "soon"}, "min"),
        ({"kind": "number", "default": "x"}, "default"),
        ({"kind": "date", "default": {"form": "x"}}, "default"),
        ({"kind": "photos", "max_items": 3000}, "max_items"),
        ({"kind": "number", "max_length": 3}, "max_length"),
        ({"kind": "select", "options": [{"value": "x", "label": BOTH}], "default": "y"}, "default"),
        (
            {"kind": "select", "options": [{"value": 1, "label": BOTH}, {"value": "1", "label": BOTH}]},
            "options[1].value",
        ),
    ],
)
def test_a_bound_or_default_that_makes_no_sense_is_refused(field: dict[str, Any], place: str) -> None:
    assert paths(one(**field)) == [f"fields[0].{place}"]


def test_what_is_fixed_must_come_from_somewhere() -> None:
    inner = [{"name": "x", "kind": "text", "label": BOTH, "fixed": True}]
    assert paths(one(fixed=True)) == ["fields[0].fixed"]
    assert paths(one(fixed=True, default={"from": "x"})) == []
    assert paths(one(kind="photos", fixed=True)) == ["fields[0].fixed"]
    rows = {"name": "g", "kind": "group", "label": BOTH, "repeat": True, "fields": inner}
    assert paths(one(**rows)) == ["fields[0].fields[0].fixed"]
    assert paths(one(**rows, fixed=True)) == ["fields[0].fixed"]
    assert paths(one(**rows, fixed=True, default={"from": "rows"})) == []


def test_what_is_no_json_or_far_too_large_is_said_so() -> None:
    assert paths(b"{") == [""]
    assert paths(b"[" * 60_000) == [""]
    assert paths(b" " * 200_000) == [""]
    assert paths(b"\xff\xfe") == [""]
    assert paths([]) == [""]


def test_only_users_and_their_names_are_taken_from_the_person_who_fills_in() -> None:
    assert paths(one(kind="user", default={"from": "me"})) == []
    assert paths(one(default={"from": "me"})) == []
    assert paths(one(kind="textarea", default={"from": "me"})) == ["fields[0].default"]
    inner = [{"name": "who", "kind": "user", "label": BOTH}, {"name": "x", "kind": "textarea", "label": BOTH}]
    rows = {"name": "g", "kind": "group", "label": BOTH, "repeat": True, "fields": inner}
    assert paths(one(**rows, default=[{"who": {"from": "me"}, "x": {"from": "title"}}])) == []
    assert paths(one(**rows, default=[{"x": {"from": "me"}}, {"y": "1"}])) == [
        "fields[0].default[0].x",
        "fields[0].default[1].y",
    ]
