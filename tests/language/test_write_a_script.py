"""Script tasks: assignments, choices, loops over lists; all or nothing, and no value is shared."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.engine.language import ExpressionFailed, Language, UnknownName, UnsafeExpression

LANGUAGE = Language({"today": lambda: dt.date(2026, 4, 9), "echo": lambda value: value})


def run(script: str, **data: Any) -> dict[str, Any]:
    LANGUAGE.execute(script, data)
    return data


def test_totals_choices_and_fields_are_assigned() -> None:
    script = """
        # 分级
        total = 0
        for item in items:
            if item.score > 1:
                total += item.score
        if total > 10:
            level = "高"
        elif total > 5:
            level = "中"
        else:
            level = "低"
        form["level"] = level
        form.counts[1] = len(items)
        form.total = total
        form.total -= 1
    """
    data = run(script, items=[{"score": 3}, {"score": 9}, {"score": 1}], form={"counts": [0, 0]})
    assert data["total"] == 12
    assert data["level"] == "高"
    assert data["form"] == {"counts": [0, 3], "level": "高", "total": 11}
    assert "item" not in data  # the variable of a loop stays in its loop


def test_days_are_kept_as_iso_text_and_are_days_until_then() -> None:
    assert run("day = today()\nyear = day.year\nlate = day > due_on", due_on="2026-04-01") == {
        "due_on": "2026-04-01",
        "day": "2026-04-09",
        "year": 2026,
        "late": True,
    }


def test_an_assignment_takes_a_copy() -> None:
    original = {"x": 1, "list": [1]}
    data = {"form": original}
    LANGUAGE.execute("other = form\nother.x = 2\nother.list[0] = 5\nsame = form.x", data)
    assert data == {"form": {"x": 1, "list": [1]}, "other": {"x": 2, "list": [5]}, "same": 1}
    LANGUAGE.execute("form.x = 7\nnew = echo(form)\nnew.x = 8", data)
    assert data["form"]["x"] == 7
    assert original == {"x": 1, "list": [1]}  # history may hold it


def test_walking_a_list_while_it_is_changed_walks_the_list_as_it_was() -> None:
    assert run("for x in items:\n    items = items + [x]", items=[1, 2])["items"] == [1, 2, 1, 2]
    assert run("for key in form:\n    form[key + '2'] = 1", form={"a": 0})["form"] == {"a": 0, "a2": 1}


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("a = 2\nform.x = 2\nb = missing", UnknownName),
        ("form.x = 2\na = 1 / 0", ExpressionFailed),
        ("form.list[0] = 9\nform.list[7] = 9", ExpressionFailed),
        ("other = form\nother.x = 3\nb = '' + 1", ExpressionFailed),
        ("a = 5\nb = days(3)", ExpressionFailed),
        ("a = 5\nb = 1e308 * 10", ExpressionFailed),
        ("a = 5\nform.typename = 'datetime'", UnsafeExpression),
        ("a = 5\nb = {'data_objects': 1}", UnsafeExpression),
        ("a = 5\nb = {1: 2}", UnsafeExpression),
        ("a = 5\nfor i in range(9999):\n    for j in range(9999):\n        form.x = j", UnsafeExpression),
        ("a.x = 1", ExpressionFailed),
        ("new.x = 1", UnknownName),
        ("new += 1", UnknownName),
        ("form[today()] = 1", ExpressionFailed),
        ("form[1] = 1", ExpressionFailed),
        ("form.list.x = 1", ExpressionFailed),
    ],
)
def test_all_or_nothing(script: str, error: type[Exception]) -> None:
    data = {"a": 1, "form": {"x": 1, "list": [1, 2]}}
    with pytest.raises(error):
        LANGUAGE.execute(script, data)
    assert data == {"a": 1, "form": {"x": 1, "list": [1, 2]}}


def test_a_script_of_remarks_only_does_nothing() -> None:
    assert run("# nothing\npass") == {}
    assert run("# nothing") == {}
    assert LANGUAGE.script_problem("") is not None


def test_a_script_tells_what_it_needs_and_what_it_may_assign() -> None:
    script = """
total = start
total += extra
if total > 1:
    level = 1
    sure = 1
else:
    sure = 2
for item in items:
    best = item.score + level + sure
form.total = best
"""
    reads, assigns = LANGUAGE.script_names(script)
    assert reads == {"start", "extra", "items", "level", "form", "best"}
    assert assigns == {"total", "level", "sure", "best", "form"}


@pytest.mark.parametrize(
    ("script", "en"),
    [
        ("x = 1\nimport os", "line 2: import is not in the language"),
        ("x = 1\n\nwhile x:\n    x = 0", "line 3: while is not in the language"),
        ("def f():\n    pass", "line 1: a function of one's own is not in the language"),
        ("len(items)", "line 1: a line must assign something"),
        ("x == 1", "line 1: a line must assign something"),
        ("open('x')", "line 1: there is no function 'open'"),
        ("today = 1", "line 1: 'today' is a function"),
        ("typename = 1", "line 1: the name 'typename' is not allowed"),
        ("for i in x:\n    i.done = True", "line 2: 'i' is the variable of a loop"),
        ("a, b = [1, 2]", "line 1: this cannot be assigned"),
        ("a = b = 1", "line 1: one variable at a time is assigned"),
        ("[1][0] = 1", "line 1: this cannot be assigned"),
        ("f().x = 1", "line 1: this cannot be assigned"),
        ("x[0:1] = [1]", "line 1: a part of a list cannot be assigned"),
        ("x: int = 1", "line 1: AnnAssign is not in the language"),
        ("x **= 2", "line 1: the power ** is not in the language"),
    ],
)
def test_the_check_names_the_line(script: str, en: str) -> None:
    problem = LANGUAGE.script_problem(script)
    assert problem is not None
    assert problem[1] == en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in problem[0])
