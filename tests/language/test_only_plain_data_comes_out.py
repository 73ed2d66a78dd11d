"""Properties over random texts: a refusal or plain data, in bounded time, and nothing else changes."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import time
from collections.abc import Callable
from typing import Any, NoReturn

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.engine.language import ExpressionFailed, Language, UnknownName, UnsafeExpression
from tests.language.payloads import EXPRESSIONS as PAYLOADS
from tests.language.payloads import SCRIPTS as STATEMENTS
from tests.language.programs import COMMON, EXPRESSIONS, SCRIPTS

MANY = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
OURS = (UnsafeExpression, ExpressionFailed, UnknownName)
LANGUAGE = Language({"today": lambda: dt.date(2026, 4, 9), "echo": lambda value: value})


class Canary:
    """An object that must not be touched, wherever it lies. Our own data never holds one; a mistake might."""

    touched: list[str] = []

    def __getattribute__(self, name: str) -> NoReturn:
        Canary.touched.append(name)
        raise RuntimeError(f"touched: {name}")

    def _touch(self, *_given: object) -> NoReturn:
        Canary.touched.append("operator")
        raise RuntimeError("touched by an operator")

    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __add__ = __radd__ = __mul__ = __rmul__ = _touch
    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = __call__ = __str__ = __format__ = _touch
    __hash__ = __int__ = __float__ = __index__ = __neg__ = __sub__ = __mod__ = __truediv__ = __repr__ = _touch


class Text(str):
    """A subclass brings behaviour of its own into an operator."""

    def __add__(self, other: str) -> NoReturn:
        Canary.touched.append("text")
        raise RuntimeError("touched")

    __eq__ = __contains__ = upper = split = __add__  # type: ignore[assignment]
    __hash__ = str.__hash__


def _data(*, canaries: bool = True) -> dict[str, Any]:
    data: dict[str, Any] = {
        "a": {"x": 1, "k": [1, 2], "days": "2026-04-09"},
        "b": "text",
        "items": [{"x": 1}, {"x": 2.5}],
        "x": 3,
        "day": "2026-04-20",
    }
    if canaries:
        data |= {"canary": Canary(), "hidden": {"x": [Canary(), Text("s")], "k": Text("t")}}
    return data


def _plain(value: Any) -> bool:
    if type(value) is dict:
        return all(type(key) is str and _plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(_plain, value))
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in {bool, int, str}


def _bounded(action: Callable[[], Any]) -> Any:
    """The value; None for a refusal. Fails when it takes long or ends in any other way."""
    Canary.touched.clear()
    began = time.process_time()
    try:
        return action()
    except OURS:
        return None
    finally:
        assert time.process_time() - began < 10
        assert Canary.touched == []


@MANY
@given(EXPRESSIONS)
def test_an_expression_gives_plain_data_or_a_refusal(text: str) -> None:
    value = _bounded(lambda: LANGUAGE.evaluate(text, _data()))
    assert _plain(value), value
    json.dumps(value, allow_nan=False)


@MANY
@given(SCRIPTS)
def test_a_script_leaves_plain_data_or_everything_as_it_was(text: str) -> None:
    data, before = _data(canaries=False), _data(canaries=False)
    done = _bounded(lambda: (LANGUAGE.execute(text, data), True)[1])  # type: ignore[func-returns-value]
    if done:
        assert _plain(data), data
        assert {name for name in data if name not in before or data[name] != before[name]} <= LANGUAGE.script_names(
            text
        )[1]
    else:
        assert data == before


@MANY
@given(SCRIPTS)
def test_a_script_touches_no_object_that_is_no_data(text: str) -> None:
    _bounded(lambda: LANGUAGE.execute(text, _data()))


@MANY
@given(EXPRESSIONS)
def test_an_expression_changes_nothing_and_shares_nothing(text: str) -> None:
    data = _data(canaries=False)
    value = _bounded(lambda: LANGUAGE.evaluate(text, data))
    assert data == _data(canaries=False)
    _spoil(value)
    assert data == _data(canaries=False)


def _spoil(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _spoil(item)
        value.clear()
    elif isinstance(value, list):
        for item in value:
            _spoil(item)
        value.clear()


@MANY
@given(EXPRESSIONS)
def test_an_expression_reads_only_the_names_it_says(text: str) -> None:
    data = _data(canaries=False)
    if LANGUAGE.problem(text):
        return
    only = {name: value for name, value in data.items() if name in LANGUAGE.names(text)}
    assert _outcome(lambda: LANGUAGE.evaluate(text, data)) == _outcome(lambda: LANGUAGE.evaluate(text, only))


@MANY
@given(SCRIPTS)
def test_a_script_needs_only_the_names_it_says(text: str) -> None:
    if LANGUAGE.script_problem(text):
        return
    reads, assigns = LANGUAGE.script_names(text)
    whole = _data(canaries=False)
    part = {name: copy.deepcopy(value) for name, value in whole.items() if name in reads}
    assert _outcome(lambda: LANGUAGE.execute(text, whole)) == _outcome(lambda: LANGUAGE.execute(text, part))
    common = reads | assigns
    assert {n: v for n, v in whole.items() if n in common and (n in part or n in reads)} == part


def _outcome(action: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "value", action()
    except OURS as refusal:
        return type(refusal).__name__, refusal.en


@MANY
@given(COMMON)
@example("(1 < 2 < 3 == 3)")
def test_what_python_and_the_language_share_means_the_same(text: str) -> None:
    data = {"x": 4, "y": 0.5}
    try:
        expected = eval(text, {**data})
    except ArithmeticError:
        expected = None
    try:
        assert LANGUAGE.evaluate(text, data) == expected
    except UnsafeExpression:
        assert not isinstance(expected, (int, float)) or abs(expected) >= 2**63 or "**" in text or len(text) > 150
    except ExpressionFailed:
        assert expected is None or not math.isfinite(expected)


@MANY
@given(
    st.one_of(
        st.text(max_size=200),
        st.sampled_from([*PAYLOADS, *STATEMENTS]).flatmap(
            lambda text: st.tuples(st.integers(0, len(text)), st.text(max_size=4)).map(
                lambda p: text[: p[0]] + p[1] + text[p[0] :]
            )
        ),
    )
)
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    assert _plain(_bounded(lambda: LANGUAGE.evaluate(text, _data())))
    _bounded(lambda: LANGUAGE.execute(text, _data()))
    for problem in (LANGUAGE.problem(text), LANGUAGE.script_problem(text)):
        assert problem is None or all(problem)
