"""What an administrator can say in a condition, a parameter, a title or a decision cell."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app.calendars import expression_functions
from app.clock import SHANGHAI
from app.config import ROOT
from app.engine.language import ExpressionFailed, Language, UnknownName, UnsafeExpression
from app.engine.language.functions import METHODS
from app.i18n import ENGLISH, set_locale

FUNCTIONS = {**expression_functions(), "today": lambda: dt.date(2026, 4, 9)}
LANGUAGE = Language(FUNCTIONS)
DATA: dict[str, Any] = {
    "amount": 12000,
    "grade": "重大",
    "隐患编号": "AW-2026-0031",
    "items": [{"name": "配电箱", "score": 3}, {"name": "消防通道", "score": 9}],
    "form": {"result": "同意", "days": 3, "items": 2},
    "due_on": "2026-04-20",
    "served_at": "2026-04-08T23:30:00+08:00",
    "rate": Decimal("0.15"),
    "empty": None,
    "tags": ("a", "b"),
    "roles": {"clerk"},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("amount > 10000 and grade in ['重大', '较大'] and len(items) > 1", True),
        ("grade in ('重大', '较大')", True),
        ("grade not in ['一般'] or 1 / 0", True),
        ("form.result == '同意'", True),
        ("form['days'] * 2 + 1", 7),
        ("form.items", 2),
        ("form.get('missing') is None", True),
        ("form.get('missing', '无')", "无"),
        ("form.keys()", ["result", "days", "items"]),
        ("[pair[0] for pair in form.items()][0]", "result"),
        ("'result' in form", True),
        ("10000 < amount <= 12000", True),
        ("5 if amount % 2 else 7", 7),
        ("-amount // 7", -1715),
        ("sum(i.score for i in items) / len(items)", 6.0),
        ("[i.name for i in items if i.score > 5]", ["消防通道"]),
        ("{i.name: i.score for i in items}", {"配电箱": 3, "消防通道": 9}),
        ("any(i['score'] > 8 for i in items)", True),
        ("max([i.score for i in items])", 9),
        ("min(3, 2, 5)", 2),
        ("sorted(['b', 'a', 'c'])[-1]", "c"),
        ("items[0].name[0:2]", "配电"),
        ("'P' + str(form.days) + 'D'", "P3D"),
        ("f'{隐患编号}：{len(items)} 处'", "AW-2026-0031：2 处"),
        ("f'{empty}'", ""),
        ("join([i.name for i in items])", "配电箱、消防通道"),
        ("join(['a', 1], ', ')", "a, 1"),
        ("隐患编号.split('-')[1]", "2026"),
        ("隐患编号.startswith('AW') and 隐患编号.lower() == 'aw-2026-0031'", True),
        ("{1: '低', 2: '中', 3: '高'}[form.days]", "高"),
        ("round(2 / 3, 2)", 0.67),
        ("round(2.6)", 3),
        ("int('12') + int(3.9)", 15),
        ("abs(-3)", 3),
        ("rate * 2 < 1", True),
        ("rate", Decimal("0.15")),
        ("len(tags) + len(roles)", 3),
        ("'clerk' in roles", True),
        ("tags", ["a", "b"]),
        ("default(reviewer, '未指定')", "未指定"),
        ("default(form.note, '')", ""),
        ("default(form.days, 1)", 3),
        ("not empty", True),
        ("True and None", None),
        ("range(2, 5)", [2, 3, 4]),
        ("[x * y for x in range(3) for y in range(3) if x != y]", [0, 0, 0, 2, 0, 2]),
        ("[default([x.name for x in [1]], 0) for x in items]", "refused"),
        ("[[x, default([x for x in none], x)] for x in [1, 2]]", [[1, 1], [2, 2]]),
    ],
)
def test_conditions_calculations_lists_and_text(text: str, value: Any) -> None:
    if value == "refused":
        with pytest.raises(UnsafeExpression):
            LANGUAGE.evaluate(text, DATA)
    else:
        assert LANGUAGE.evaluate(text, DATA) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("today()", "2026-04-09"),
        ("due_on < today()", False),
        ("today() < due_on", True),
        ("today() == '2026-04-09'", True),
        ("today() != '2026-04-10' and today() != 'no day'", True),
        ("today() in ['2026-04-09']", True),
        ("date(due_on) - days(11) == today()", True),
        ("(date(due_on) - today()).days", 11),
        ("(due_on - today()).days", 11),
        ("date(due_on).year * 100 + date(due_on).month", 202604),
        ("date(due_on).weekday()", 0),
        ("datetime(served_at) + hours(1)", "2026-04-09T00:30:00+08:00"),
        ("datetime('2026-04-09T08:30')", "2026-04-09T08:30:00+08:00"),
        ("date(served_at)", "2026-04-08"),
        ("datetime(served_at) < today()", True),
        ("datetime('2026-04-08T16:30:00+00:00') == today()", True),  # already the 9th in the office
        ("datetime('2026-04-08T15:30:00+00:00') == datetime(served_at)", True),
        ("add_work_days(today(), 3)", "2026-04-14"),
        ("add_days(due_on, -1)", "2026-04-19"),
        ("work_days_between(today(), due_on)", 7),
        ("is_work_day('2026-04-11')", False),
        ("[add_days(today(), n) for n in [1, 2]]", ["2026-04-10", "2026-04-11"]),
    ],
)
def test_days_are_compared_and_counted_and_come_out_as_iso_text(text: str, value: Any) -> None:
    assert LANGUAGE.evaluate(text, DATA) == value


@pytest.mark.parametrize(
    "text", ["missing", "form.missing", "form['missing']", "items[0].missing + 1", "[x for x in missing]"]
)
def test_what_is_not_there_yet_can_be_told_from_a_mistake(text: str) -> None:
    with pytest.raises(UnknownName) as caught:
        LANGUAGE.evaluate(text, DATA)
    assert isinstance(caught.value, NameError)
    assert "missing" in caught.value.zh and "missing" in caught.value.en
    assert not isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "text",
    [
        "grade > 3",
        "empty + 1",
        "grade + 1",
        "today() + 1",
        "today() + today()",
        "days(1) * 2",
        "1 / 0",
        "amount % 0",
        "items[9]",
        "items['a']",
        "grade['a']",
        "amount[0]",
        "amount[0:1]",
        "form[today()]",
        "len(amount)",
        "int('x')",
        "int(empty)",
        "float('nan')",
        "float('inf')",
        "date('2026-02-30')",
        "date(3)",
        "datetime('2026-04-09')",
        "max([])",
        "max(1, 'a')",
        "sorted([1, 'a'])",
        "sum(['a'])",
        "str(items)",
        "f'{items}'",
        "1 in grade",
        "1 in amount",
        "[x for x in 3]",
        "1e308 * 10",
        "today() - days(1) - today()",
        "add_days('x', 1)",
        "add_days(due_on, 99999999)",
        "'a'.find(1)",
        "'a'.split(1)",
        "grade.startswith(3)",
        "'a'.upper('b')",
        "-grade",
    ],
)
def test_values_that_do_not_fit_fail_in_words(text: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        LANGUAGE.evaluate(text, DATA)
    assert caught.value.zh and caught.value.en


@pytest.mark.parametrize(
    ("text", "en"),
    [
        ("", "there is nothing here"),
        ("   ", "there is nothing here"),
        ("amount >", "line 1, character 9: invalid syntax"),
        ("eval('1')", "line 1: there is no function 'eval'"),
        ("form.append(1)", "line 1: there is no method 'append'"),
        ("add_days(due_on)", "line 1: add_days() is given a wrong number of values"),
        ("len(1, 2)", "line 1: len() is given a wrong number of values"),
        ("lambda: 1", "line 1: lambda is not in the language"),
        ("amount ** 2", "line 1: the power ** is not in the language"),
        ("{1, 2}", "line 1: a set {…} (use a list […]) is not in the language"),
        ("a is b", "line 1: `is` compares with None, True or False only"),
        ("_hidden", "line 1: the name '_hidden' is not allowed"),
        ("x.__class__", "line 1: the name '__class__' is not allowed"),
        ("f'{x:>9}'", "line 1: {…} in a text takes no format"),
        ("x = 1", None),
    ],
)
def test_the_check_says_what_is_wrong_in_both_languages(text: str, en: str | None) -> None:
    problem = LANGUAGE.problem(text)
    assert problem is not None
    zh, english = problem
    assert en is None or english == en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)


def test_a_refusal_reads_in_the_language_of_the_reader() -> None:
    refusal = UnsafeExpression("不行", "no")
    try:
        assert str(refusal) == "不行"
        set_locale(ENGLISH)
        assert str(refusal) == "no"
    finally:
        set_locale("zh_Hans_CN")


@pytest.mark.parametrize("text", [None, 5, ["a"], b"1", {"a": 1}])
def test_what_is_no_text_is_a_problem_and_no_crash(text: Any) -> None:
    assert LANGUAGE.problem(text) is not None
    assert LANGUAGE.script_problem(text) is not None
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate(text, {})


def test_good_expressions_have_no_problem_and_tell_their_names() -> None:
    text = "amount > limit and any(i.score > least for i in items) and default(note, '') == form.note"
    assert LANGUAGE.problem(text) is None
    assert LANGUAGE.names(text) == {"amount", "limit", "items", "least", "note", "form"}
    assert LANGUAGE.names("[x for x in x]") == {"x"}
    assert LANGUAGE.names("today() > due_on") == {"due_on"}


def test_the_data_of_the_process_comes_before_what_spiffworkflow_adds() -> None:
    assert LANGUAGE.evaluate("x + y", {"x": 1}, {"x": 100, "y": 2}) == 3


def test_functions_are_fixed_when_the_language_is_made() -> None:
    functions = {"one": lambda: 1}
    language = Language(functions)
    functions["two"] = lambda: 2
    functions["one"] = lambda: 99
    assert language.evaluate("one()", {}) == 1
    assert language.problem("two()") is not None
    with pytest.raises(TypeError):
        language.functions["two"] = language.functions["one"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        language.functions.update({})  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["len", "default", "_x", "a b", "", "1a"])
def test_a_function_cannot_take_the_place_of_one_of_the_language(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        Language({name: lambda: 1})


def test_the_language_has_no_clock_of_its_own() -> None:
    bare = Language({})
    for text in ("today()", "now()", "datetime.now()", "date.today()", "datetime()"):
        assert bare.problem(text) is not None


def test_an_error_that_is_not_about_values_is_not_swallowed() -> None:
    """A locked database must reach the engine as what it is."""

    class Locked(Exception):
        pass

    def ask() -> None:
        raise Locked

    with pytest.raises(Locked):
        Language({"ask": ask}).evaluate("default(ask(), 1)", {})


def test_a_time_stays_aware() -> None:
    at = dt.datetime(2026, 4, 9, 8, 30, tzinfo=SHANGHAI)
    assert LANGUAGE.evaluate("at", {"at": at}) == "2026-04-09T08:30:00+08:00"
    assert LANGUAGE.evaluate("at.hour * 60 + at.minute", {"at": at}) == 510


def test_the_manual_lists_every_function_and_method() -> None:
    manual = (ROOT / "docs" / "expressions.md").read_text(encoding="utf-8")
    for name in [*LANGUAGE.functions, "default"]:
        assert f"`{name}(" in manual, name
    for name in {name for _kind, name in METHODS}:
        assert f".{name}(" in manual, name


def test_the_manual_s_example_does_what_it_says() -> None:
    manual = (ROOT / "docs" / "expressions.md").read_text(encoding="utf-8")
    script = manual.split("```python\n")[1].split("```")[0]
    data: dict[str, Any] = {"items": [{"score": 3}], "form": {}}
    LANGUAGE.execute(script, data)
    assert data == {"items": [{"score": 3}], "form": {"grade": "一般"}, "total": 3, "grade": "一般"}
