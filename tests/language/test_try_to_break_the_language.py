"""A second look at the language by somebody who wants out: each test is an attempt, and the wall it met."""

from __future__ import annotations

import ast
import builtins
import gc
import logging
import pickle
import sys
import types
from collections import OrderedDict, UserDict, defaultdict
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

import app.engine.language
from app.engine.language import ExpressionFailed, Language, UnknownName, UnsafeExpression
from app.engine.language.expressions import _NODES
from app.engine.language.functions import METHODS
from tests.language.places import decision, run_files

LANGUAGE = Language({"echo": lambda value: value})
SOURCES = sorted(Path(app.engine.language.__file__).parent.glob("*.py"))


# -- the walls themselves


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_of_the_language_hands_text_to_python(path: Path) -> None:
    """No eval, exec, compile, import by name; getattr only where the name is a constant of the module's own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert not {"eval", "exec", "compile", "__import__", "setattr", "delattr", "vars", "globals", "open"} & set(called)
    assert called.count("getattr") == {"functions.py": 1, "expressions.py": 1}.get(path.name, 0)


def test_every_kind_of_syntax_is_listed_or_refused() -> None:
    """A new Python with new syntax changes nothing: what is not listed is refused."""
    listed = {node.__name__ for node in _NODES}
    every = {name for name, node in vars(ast).items() if isinstance(node, type) and issubclass(node, ast.expr)}
    refused = {"Lambda", "NamedExpr", "Starred", "Set", "SetComp", "Await", "Yield", "YieldFrom"}
    inner = {"expr", "FormattedValue", "Slice"}  # only inside their parents
    old = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis"}  # forms that no parser makes any more
    assert every - old - inner - refused == listed - old


def test_what_is_built_holds_no_way_to_builtins_that_text_could_name() -> None:
    """All names that Python offers, asked for in every way there is."""
    for name in [*dir(builtins), *sys.modules]:
        if not name.isidentifier():
            continue
        for text in (name, f"{name}.x", f"{name}['x']", f"x.{name}", f"x.{name}.x"):
            with pytest.raises((UnsafeExpression, UnknownName, ExpressionFailed)):
                LANGUAGE.evaluate(text if name not in ("None", "True", "False") else "missing", {"x": {}})
        if name in LANGUAGE.functions or name == "default":
            continue
        assert LANGUAGE.problem(f"{name}(1)") is not None
        assert LANGUAGE.problem(f"x.{name}()") is not None or name in {method for _kind, method in METHODS}


def test_no_method_of_a_type_is_reached_but_those_listed() -> None:
    samples: dict[str, Any] = {"t": "s", "n": 1, "f": 1.5, "b": True, "l": [1], "d": {"a": 1}, "none": None, "tu": (1,)}
    for variable, value in samples.items():
        for name in dir(value):
            listed = (type(value), name) in METHODS
            with pytest.raises((UnsafeExpression, UnknownName)):
                LANGUAGE.evaluate(f"{variable}.{name}", samples)
            try:
                result = LANGUAGE.evaluate(f"{variable}.{name}()", samples)
            except (UnsafeExpression, ExpressionFailed):
                continue
            assert listed, f"{variable}.{name}() gave {result!r}"


def test_no_code_object_is_made_from_the_text() -> None:
    """After an evaluation there is no new code in memory that the text could have become."""
    text = "[marker_x.y for marker_x in items if marker_x.y > 1]"
    LANGUAGE.evaluate(text, {"items": [{"y": 2}]})
    for found in gc.get_objects():
        if isinstance(found, types.FunctionType):
            assert "marker_x" not in found.__code__.co_varnames + found.__code__.co_names


# -- names


def test_data_cannot_take_the_place_of_a_function() -> None:
    data = {"len": "data", "echo": "data", "default": "data", "@iter": 1, "__builtins__": {"eval": 1}}
    assert LANGUAGE.evaluate("[len([1]), len, echo(2), echo]", data) == [1, "data", 2, "data"]
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate("__builtins__", data)


@pytest.mark.parametrize(
    "text",
    [
        "ｌｅｎ.__self__",
        "x.__ｃｌａｓｓ__",
        "x.＿＿class＿＿",
        "x.\uff3f\uff3fclass__",
        "\uff3fx",
        "eval\u200b('1')",
        "ev\u00adal('1')",
        "x\x00",
        "x\ud800",
        "x\u2028y",
        "\ufeff__import__('os')",
        "x # \n, __import__('os')",
        "x;__import__('os')",
        "x\n__import__('os')",
        "x) + (__import__('os')",
        "# coding: unicode_escape\n__import__('os')",
        "1if 1else __import__('os')",
        "0x for x in [1]",
    ],
)
def test_disguised_names_and_characters_are_refused(text: str) -> None:
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate(text, {"x": {"a": 1}, "y": 1})


def test_wide_letters_mean_what_python_takes_them_for_and_no_more() -> None:
    assert LANGUAGE.evaluate("ｌｅｎ(ｘ)", {"x": [1]}) == 1
    assert LANGUAGE.names("ｘ + y") == {"x", "y"}


def test_a_name_of_great_length_is_refused() -> None:
    assert LANGUAGE.problem("a" * 81) is not None
    assert LANGUAGE.problem("a" * 80) is None
    assert len(str(LANGUAGE.problem("a" * 3000 + "()"))) < 400
    assert len(str(LANGUAGE.problem("x." + "a" * 3000 + "()"))) < 400


# -- values that carry behaviour


class Loud(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    "value",
    [
        object(),
        type,
        len,
        lambda: 1,
        Loud.ONE,
        OrderedDict(a=1),
        defaultdict(list),
        UserDict(a=1),
        b"bytes",
        bytearray(b"x"),
        range(3),
        iter([1]),
        (x for x in [1]),
        1j,
        Exception("x"),
        Path("/"),
        logging,
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "text", ["v", "v.x", "v[0]", "v()", "v == v", "[v]", "[x for x in v]", "[x for x in deep]", "deep[0]"]
)
def test_an_object_in_the_data_is_no_value(value: Any, text: str) -> None:
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate(text, {"v": value, "deep": [value]})
    with pytest.raises(UnsafeExpression):
        Language({"give": lambda: value}).evaluate("give()", {})


@pytest.mark.parametrize(
    "text", ["deep", "deep == deep", "1 in deep", "deep + deep", "echo(deep)", "len(deep) + deep[0]", "sorted(deep)"]
)
def test_an_object_deep_in_the_data_does_not_slip_through(text: str) -> None:
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate(text, {"deep": [[object()]] if text in {"deep", "echo(deep)"} else [object(), 1]})


def test_a_function_from_outside_sees_and_gives_copies() -> None:
    kept: list[Any] = []

    def keep(value: Any) -> Any:
        kept.append(value)
        return kept

    data = {"form": {"x": [1]}}
    result = Language({"keep": keep}).evaluate("keep(form)", data)
    kept[0]["x"].append(2)
    result.append("mine")
    assert data == {"form": {"x": [1]}}
    assert len(kept) == 1


def test_an_object_handed_to_a_function_from_outside_is_refused_before_the_call() -> None:
    calls: list[Any] = []
    with pytest.raises(UnsafeExpression):
        Language({"f": calls.append}).evaluate("f(deep)", {"deep": [[object()]]})
    assert calls == []


# -- what comes out


@pytest.mark.parametrize("key", ["typename", "self", "data_objects"])
def test_a_value_that_would_spoil_a_stored_state_does_not_come_out(key: str) -> None:
    """SpiffWorkflow makes objects of what looks like its own when a state is loaded."""
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate(f"{{'{key}': 'Task'}}", {})
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate("{k: 1 for k in [a + b]}", {"a": key[:3], "b": key[3:]})
    data: dict[str, Any] = {"x": {}}
    with pytest.raises(UnsafeExpression):
        LANGUAGE.execute(f"x['{key[:3]}' + '{key[3:]}'] = 1", data)
    assert data == {"x": {}}


def test_text_that_looks_like_code_stays_text() -> None:
    """A value is never read again as an expression."""
    assert LANGUAGE.evaluate("x", {"x": "__import__('os')"}) == "__import__('os')"
    assert LANGUAGE.evaluate("f'{x}'", {"x": "{y.__class__}"}) == "{y.__class__}"
    assert LANGUAGE.evaluate("x + '(1)'", {"x": "eval"}) == "eval(1)"


@pytest.mark.parametrize("value", ["' + __import__('os') + '", '"' * 3, "\\'", "{x}", "\n", "?", "x"])
def test_a_decision_table_without_a_question_quotes_the_data(value: str) -> None:
    """SpiffWorkflow then writes the data itself into an expression: there it stays a text."""
    done = run_files(decision("", "? == expected", "'yes'"), LANGUAGE.engine, l=value, expected=value)
    assert done.last_task.data["answer"] == "yes"
    assert LANGUAGE.evaluate(repr(value), {}) == value


# -- the log and the reader of messages


def test_every_refusal_is_logged_with_its_text_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "duban.language")
    forged = "x\n2026-04-09 INFO all is well\n__import__('os')" + "a" * 3000
    for attempt in (LANGUAGE.problem, LANGUAGE.script_problem):
        attempt(forged)
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate(forged, {})
    with pytest.raises(UnsafeExpression):
        LANGUAGE.execute(forged, {})
    with pytest.raises(UnsafeExpression):
        LANGUAGE.evaluate("x.append", {"x": [1]})
    assert len(caplog.records) == 5
    assert all("\n" not in message and len(message) < 500 for message in caplog.messages)
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO", "WARNING", "WARNING", "WARNING"]


def test_what_is_only_not_there_yet_is_no_refusal(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnknownName):
        LANGUAGE.evaluate("missing", {})
    with pytest.raises(ExpressionFailed):
        LANGUAGE.evaluate("1 / 0", {})
    assert caplog.records == []


def test_a_refusal_survives_the_border_of_a_process() -> None:
    """The check may run elsewhere; its message must arrive."""
    for error in (UnsafeExpression("不行", "no"), ExpressionFailed("不合", "no fit"), UnknownName("没有", "none")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.zh, again.en) == (type(error), error.zh, error.en)


def test_messages_do_not_carry_the_data() -> None:
    """An incident is read by administrators who may not read the case."""
    secret = "13800001111"
    for text in (
        "x > 1",
        "x + 1",
        "x.a",
        "x()",
        "int(x + 'a')",
        "date(x)",
        "[1][x]",
        "[1][int(x)]",
        "{int(x): 1}",
        "round(1.5, int(x))",
        "{'a': 1}.b",
        "1 / (len(x) - 11)",
    ):
        with pytest.raises((UnsafeExpression, ExpressionFailed, UnknownName)) as caught:
            LANGUAGE.evaluate(text, {"x": secret})
        assert secret not in caught.value.zh + caught.value.en
