"""Whatever a text says, it comes to an end soon: sizes, loops, numbers, lists that share their parts."""

from __future__ import annotations

import sys
import threading
import time
import tracemalloc
import types
from decimal import Decimal
from typing import Any

import pytest

from app.engine.language import ExpressionFailed, Language, UnsafeExpression
from app.engine.language.limits import (
    CALL_WORK,
    MAX_CACHED,
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_NODES,
    MAX_SOURCE,
    MAX_WORK,
)

SECONDS = 10.0  # the bound is a quarter of a second on a quiet machine
LANGUAGE = Language({})
BOMBS = [
    "for i in range(10 ** 9):\n    x = 1",
    "for i in range(1000000000):\n    x = 1",
    "x = [i for i in range(10000) for j in range(10000)]",
    "x = {str(i): j for i in range(10000) for j in range(10000)}",
    "x = 99999999999999999999999",
    "x = 999999999 * 999999999 * 999999999",
    "x = 2\nfor i in range(60):\n    x = x * x",
    "x = 2\nfor i in range(9999):\n    x = x + x",
    "x = 2\nfor i in range(9999):\n    x += x",
    "x = 'a' * 10000000000",
    "x = [0] * 10000000000",
    "x = 'a'\nfor i in range(60):\n    x = x + x",
    "x = 'a'\nfor i in range(60):\n    x = f'{x}{x}'",
    "x = 'a'\nfor i in range(60):\n    x = join([x, x], x)",
    "x = [1]\nfor i in range(60):\n    x = x + x",
    "x = [1]\nfor i in range(60):\n    x = [x, x]",
    "x = {}\nfor i in range(60):\n    x = {'a': x, 'b': x}",
    "x = [1]\nfor i in range(60):\n    x[0] = x",
    "x = {}\nfor i in range(9999):\n    x[str(i)] = range(9999)",
    "x = range(9999)\nfor i in range(9999):\n    y = list(x)",
    "x = range(9999)\nfor i in range(9999):\n    y = sum(x)",
    "x = range(9999)\nfor i in range(9999):\n    y = 7000 in x",
    "x = range(9999)\nfor i in range(9999):\n    y = x.count(1)",
    "x = range(9999)\nfor i in range(9999):\n    y = sorted(x)",
    "x = range(9999)\nfor i in range(9999):\n    y = max(x)",
    "x = range(9999)\nfor i in range(9999):\n    y = x[0:9998]",
    "x = range(9999)\ny = range(9999)\nfor i in range(9999):\n    z = x == y",
    "x = [[i] for i in range(9999)]\nfor i in range(9999):\n    y = x == x",
    "x = [i for i in range(9999)]\ny = [x for i in range(9999)]\nz = y == y",
    "x = [[range(999) for i in range(99)] for j in range(99)]",
    "x = join(range(9999))\nfor i in range(9999):\n    y = x.find('no')",
    "x = join(range(9999))\nfor i in range(9999):\n    y = x.upper()",
    "x = join(range(9999))\nfor i in range(9999):\n    y = x.split()",
    "x = join(range(9999))\nfor i in range(9999):\n    y = x + x",
    "x = join(range(9999))\nfor i in range(9999):\n    y = 'no' in x",
    "x = join(range(9999))\nfor i in range(9999):\n    y = x == x + ''",
    "x = join(range(9999))\nfor i in range(9999):\n    y = str(x)",
    "x = join(range(9999))\nfor i in range(9999):\n    y = f'{x}'",
    "x = [join(range(9999)) for i in range(9999)]",
    "for a in range(9999):\n    for b in range(9999):\n        for c in range(9999):\n            x = 1",
    "x = 0\nfor i in range(9999):\n    x = " + "+".join(["1"] * 30),
    "x = [" + "+".join(["1"] * 30) + " for i in range(9999)]",
    "x = any([all([j < 0 or True for j in range(9999)]) for i in range(9999)])",
    "x = round(100000, -1000000000)",
    "x = round(1.5, 1000000000)",
    "x = int('" + "9" * 3000 + "')",
    "x = float('" + "9" * 3000 + "')",
    "x = " + "(" * 300 + "1" + ")" * 300,
    "x = " + "(" * 150 + "1" + ")" * 150 + " + " + "-" * 100 + "1",
    "x = " + "-" * 3000 + "1",
    "x = " + "not " * 900 + "1",
    "x = " + "[" * 190 + "]" * 190,
    "x = a" + ".a" * 1900,
    "x = a" + "[0]" * 900,
    "x = " + "+".join(["1"] * 900),
    "x = " + " if 1 else ".join(["1"] * 300),
    "x = [" + "for i in [1] ".join(["1 "] * 90) + "]",
    "x = f'" + "{1}" * 900 + "'",
    "if 1:\n x = 1\n" + "".join(f"elif {i}:\n x = 1\n" for i in range(120)),
    "".join(" " * i + "if 1:\n" for i in range(60)) + " " * 60 + "x = 1",
    "x = 1\n" * 390,
    "x = '" + "a" * 5000 + "'",
    "x = 1e999",
    "days(10 ** 9)",
    "x = days(999999999)",
    "x = date('9999-12-31') + days(9999)",
    "x = -9223372036854775807 - 9223372036854775807",
    "x = abs(-9223372036854775807 - 9)",
]


@pytest.mark.parametrize("script", BOMBS, ids=lambda text: text[:60])
def test_a_bomb_is_refused_in_time_and_changes_nothing(script: str) -> None:
    data = {"a": {"a": 1}}
    began = time.process_time()
    with pytest.raises((UnsafeExpression, ExpressionFailed)):
        LANGUAGE.execute(script, data)
    assert time.process_time() - began < SECONDS
    assert data == {"a": {"a": 1}}


@pytest.mark.parametrize("script", BOMBS, ids=lambda text: text[:60])
def test_a_bomb_uses_little_memory(script: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises((UnsafeExpression, ExpressionFailed)):
            LANGUAGE.execute(script, {"a": {"a": 1}})
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


HUGE = Decimal("1E+999999")


@pytest.mark.parametrize(
    "text",
    [
        "int(huge)",
        "round(huge)",
        "round(huge, 2)",
        "huge * huge",
        "huge // 3",
        "huge % 7",
        "7 % huge",
        "1 / huge",
        "float(huge)",
        "abs(huge)",
        "sum([huge, 1])",
        "days(huge)",
        "range(huge)",
        "big * 2",
        "big + 0",
    ],
)
def test_numbers_of_enormous_size_in_the_data_are_not_calculated_with(text: str) -> None:
    began = time.process_time()
    with pytest.raises((UnsafeExpression, ExpressionFailed)):
        LANGUAGE.evaluate(text, {"huge": HUGE, "big": 10**5000})
    assert time.process_time() - began < 0.1


def _tree(depth: int) -> list[Any]:
    """2 ** depth leaves in a few hundred bytes: every level holds the one below twice."""
    tree: list[Any] = [1]
    for _level in range(depth):
        tree = [tree, tree]
    return tree


@pytest.mark.parametrize("text", ["a == b", "a in [b]", "[a].count(b)", "a", "[a]", "f(a)", "a != b", "{'x': a}"])
def test_values_that_share_their_parts_are_counted_as_often_as_they_are_seen(text: str) -> None:
    """Python itself would compare or print these for longer than the universe is old."""
    language = Language({"f": lambda value: value})
    for depth in (19, 60, 2_000):
        began = time.process_time()
        with pytest.raises(UnsafeExpression):
            language.evaluate(text, {"a": _tree(depth), "b": _tree(depth)})
        assert time.process_time() - began < SECONDS


def test_the_limits_themselves_are_allowed() -> None:
    assert LANGUAGE.evaluate(f"len(range({MAX_ITEMS}))", {}) == MAX_ITEMS
    assert LANGUAGE.evaluate("1" + " " * (MAX_SOURCE - 1), {}) == 1
    assert LANGUAGE.evaluate(" and ".join(["a"] * (MAX_NODES // 3)), {"a": 1}) == 1
    assert LANGUAGE.evaluate("[" * (MAX_DEPTH - 20) + "1" + "]" * (MAX_DEPTH - 20), {}) is not None
    assert LANGUAGE.evaluate("len(a + a)", {"a": "x" * (MAX_CHARACTERS // 2)}) == MAX_CHARACTERS
    assert LANGUAGE.evaluate("9223372036854775807", {}) == 2**63 - 1


def test_a_function_from_outside_cannot_be_called_without_end() -> None:
    calls = []
    language = Language({"ask": lambda: calls.append(1)})
    with pytest.raises(UnsafeExpression):
        language.evaluate("[ask() for i in range(10000)]", {})
    assert len(calls) <= MAX_WORK // CALL_WORK


def test_each_evaluation_has_a_budget_of_its_own_in_every_thread() -> None:
    """One thread that wastes its own takes nothing from the others, and one that ends leaves nothing behind."""
    good, bad = "sum([i for i in range(3000)])", "sum([i for i in range(9999) for j in range(9999)])"
    answers: list[Any] = []

    def work(text: str) -> None:
        for _time in range(10):
            try:
                answers.append(LANGUAGE.evaluate(text, {}))
            except UnsafeExpression:
                answers.append("refused")

    threads = [threading.Thread(target=work, args=(text,)) for text in (good, bad) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(sum(range(3000))) == 30
    assert answers.count("refused") == 30


def test_nested_text_does_not_overflow_the_small_stack_of_a_thread() -> None:
    """Half a megabyte is what the worst text of this length was seen to need; usual threads have eight."""
    found: list[Any] = []

    def work() -> None:
        for text in BOMBS:
            found.append(LANGUAGE.script_problem(text))

    size = threading.stack_size(1024 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert len(found) == len(BOMBS)


def test_deep_callers_get_a_refusal_and_no_crash() -> None:
    """Close to Python's own limit of recursion an evaluation is refused, not half done."""
    data: dict[str, Any] = {"x": 0}

    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        else:
            LANGUAGE.execute("x = " + "[" * 19 + "1" + "]" * 19, data)

    depth = len(_frames())
    with pytest.raises((UnsafeExpression, RecursionError)):
        deeper(sys.getrecursionlimit() - depth - 30)
    assert data == {"x": 0}


def _frames() -> list[types.FrameType]:
    frame: types.FrameType | None = sys._getframe()
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def test_translated_texts_are_kept_in_bounded_number() -> None:
    language = Language({})
    for number in range(MAX_CACHED + 50):
        language.evaluate(str(number), {})
    assert language._expressions.cache_info().currsize == MAX_CACHED


@pytest.mark.parametrize("text", ["amount > 10000", 'amount > 10000 and dept in ["A", "B"] and len(items) > 1'])
def test_an_ordinary_condition_takes_some_millionths_of_a_second(text: str) -> None:
    data = {"amount": 12000, "dept": "A", "items": [1, 2], **{f"v{i}": i for i in range(500)}}
    LANGUAGE.evaluate(text, data)
    began = time.process_time()
    for _time in range(1000):
        LANGUAGE.evaluate(text, data)
    assert (time.process_time() - began) / 1000 < 0.0001
