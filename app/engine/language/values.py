"""What a value is, how it is copied, and the form in which it leaves the language."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any

from app.engine.language.errors import ExpressionFailed, UnsafeExpression
from app.engine.language.limits import MAX_BITS, MAX_CHARACTERS, MAX_ITEMS, MAX_OUT_CHARACTERS
from app.engine.running.plain import MAX_DEPTH, MAX_TEXT, MAX_VALUES, RESERVED

if TYPE_CHECKING:
    from app.engine.language.budget import Run

# Exactly these types, no subclasses: a subclass may carry behaviour of its own into an operator.
NUMBERS = frozenset({bool, int, float, Decimal})
DAYS = frozenset({dt.date, dt.datetime})
LISTS = frozenset({list, tuple, set, frozenset})  # tuples and sets come from outside; lists are made here
SCALARS = NUMBERS | DAYS | {NoneType, str, dt.timedelta, dt.time}
_VALUES = SCALARS | LISTS | {dict}

_WORDS: dict[type, tuple[str, str]] = {
    NoneType: ("空值", "nothing"),
    bool: ("是否值", "a yes/no value"),
    int: ("数值", "a number"),
    float: ("数值", "a number"),
    Decimal: ("数值", "a number"),
    str: ("文本", "text"),
    dt.date: ("日期", "a date"),
    dt.datetime: ("时间", "an instant"),
    dt.timedelta: ("时长", "a span of time"),
    dt.time: ("钟点", "a time of day"),
    dict: ("记录", "a record"),
}


def words(value: Any) -> tuple[str, str]:
    """What kind of value it is, in both languages."""
    return _WORDS.get(type(value), ("列表", "a list"))


def known(value: Any) -> Any:
    """The value itself if it is data. Every value is looked at when it comes into reach, not before."""
    if type(value) not in _VALUES:
        name = type(value).__name__
        raise UnsafeExpression(f"{name} 不是流程数据", f"a {name} is no process data")
    return value


def number(value: Any) -> Any:
    """The result of a calculation, within bounds."""
    if type(value) is int and value.bit_length() > MAX_BITS:
        raise UnsafeExpression("数值过大", "the number is too large")
    return value


def text(value: str) -> str:
    if len(value) > MAX_CHARACTERS:
        raise UnsafeExpression("文本过长", f"a text of more than {MAX_CHARACTERS} characters")
    return value


def items(run: Run, value: Any) -> list[Any]:
    """The items of a list, the field names of a record, as a list of its own that a loop may walk."""
    if type(value) not in LISTS and type(value) is not dict:
        zh, en = words(value)
        raise ExpressionFailed(f"{zh}不能逐项处理", f"{en} has no items")
    if len(value) > MAX_ITEMS:
        raise UnsafeExpression("列表过长", f"a list of more than {MAX_ITEMS} items")
    run.charge(len(value))
    return [known(item) for item in value]


def copied(run: Run, value: Any, depth: int = 0) -> Any:
    """A copy that shares nothing with the value: what a script assigns never changes what it was taken from."""
    run.charge(1)
    if type(known(value)) in SCALARS:
        return value
    if depth > MAX_DEPTH:
        raise _too_much()
    if type(value) is dict:
        return {key: copied(run, item, depth + 1) for key, item in value.items()}
    return [copied(run, item, depth + 1) for item in value]


def leaving(value: Any) -> Any:
    """A copy in the form that process data has: dates as ISO text, lists for all sequences, nothing shared."""
    kind = type(value)
    if kind is bool or value is None:
        return value
    return _Leaving().copy(value, 0)


class _Leaving:
    """Counts while it copies, so that a value which shares its parts many times over is stopped in time."""

    def __init__(self) -> None:
        self.values, self.characters = MAX_VALUES, MAX_OUT_CHARACTERS

    def copy(self, value: Any, depth: int) -> Any:
        self.values -= 1
        if self.values < 0 or depth > MAX_DEPTH:
            raise _too_much()
        kind = type(known(value))
        if kind is str:
            return self._text(value)
        if kind is dict:
            return {self._key(key): self.copy(item, depth + 1) for key, item in value.items()}
        if kind in LISTS:
            return [self.copy(item, depth + 1) for item in value]
        return _scalar(value)

    def _text(self, value: str) -> str:
        self.characters -= len(value)
        if self.characters < 0 or len(value) > MAX_TEXT:
            raise _too_much()
        return value

    def _key(self, key: Any) -> str:
        if type(key) is not str:
            raise UnsafeExpression("栏目名必须是文本", "a field is named by text")
        if key in RESERVED:
            raise UnsafeExpression(f"不能使用“{key}”作为栏目名", f"'{key}' cannot name a field")
        return self._text(key)


def _scalar(value: Any) -> Any:
    kind = type(value)
    if kind is dt.timedelta:
        raise ExpressionFailed("结果是时长，请取其天数 .days", "a span of time is no result; take its .days")
    if kind in DAYS or kind is dt.time:
        return value.isoformat()
    if (kind is float and not math.isfinite(value)) or (kind is Decimal and not value.is_finite()):
        raise ExpressionFailed("结果不是有限的数值", "the result is no finite number")
    return number(value)


def _too_much() -> UnsafeExpression:
    return UnsafeExpression("结果过大或层级过深", "the result is too large or nested too deeply")


def pairs(run: Run, first: Any, second: Any) -> Iterator[tuple[Any, Any]]:
    """Two lists of the same length, item by item."""
    return zip(items(run, first), items(run, second), strict=True)
