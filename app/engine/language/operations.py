"""What the operators do. Nothing here asks a value for an attribute that the text has named."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.clock import SHANGHAI, local
from app.engine.language.budget import Run
from app.engine.language.errors import ExpressionFailed, UnsafeExpression, no_field
from app.engine.language.limits import MAX_DEPTH, MAX_EXPONENT, MAX_ITEMS
from app.engine.language.values import DAYS, LISTS, NUMBERS, items, known, number, pairs, text, words

Binary = Callable[[Run, Any, Any], Any]
_SPANS = frozenset({dt.timedelta})
_SEQUENCES = frozenset({list, tuple})
# Characters that cost one unit: comparing, searching and joining text is fast.
_CHARACTERS_A_UNIT = 8


def charge_text(run: Run, value: str) -> None:
    run.charge(len(value) // _CHARACTERS_A_UNIT + 1)


def misfit(sign: str, left: Any, right: Any) -> ExpressionFailed:
    (left_zh, left_en), (right_zh, right_en) = words(left), words(right)
    return ExpressionFailed(f"{left_zh}与{right_zh}不能用 {sign} 运算", f"{left_en} {sign} {right_en} has no meaning")


# -- arithmetic


def add(run: Run, left: Any, right: Any) -> Any:
    kinds = {type(left), type(right)}
    if kinds <= NUMBERS:
        return number(left + right)
    if kinds == {str}:
        joined = text(left + right)
        charge_text(run, joined)
        return joined
    if kinds <= LISTS:
        if len(left) + len(right) > MAX_ITEMS:
            raise UnsafeExpression("列表过长", f"a list of more than {MAX_ITEMS} items")
        return items(run, left) + items(run, right)
    if dt.timedelta in kinds and kinds <= DAYS | _SPANS:
        return left + right
    raise misfit("+", left, right)


def subtract(_run: Run, left: Any, right: Any) -> Any:
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return number(left - right)
    if type(left) in DAYS | _SPANS and type(right) is dt.timedelta:
        return left - right
    if (moments := _same_days(left, right)) is not None:
        return moments[0] - moments[1]
    raise misfit("-", left, right)


def numeric(sign: str, compute: Callable[[Any, Any], Any]) -> Binary:
    """An operator that numbers have and nothing else: no repetition, no % formatting."""

    def apply(_run: Run, left: Any, right: Any) -> Any:
        if type(left) in NUMBERS and type(right) in NUMBERS:
            return number(compute(*_calculable(left, right)))
        if type(left) is str:  # repetition and formatting are what Python would do here
            raise UnsafeExpression(f"文本不能用 {sign} 运算", f"text has no {sign}")
        raise misfit(sign, left, right)

    return apply


def _calculable(left: Any, right: Any) -> tuple[Any, Any]:
    """A Decimal of huge exponent is small to write and endless to calculate with."""
    for value in (left, right):
        if type(value) is Decimal and value.is_finite() and abs(value.adjusted()) > MAX_EXPONENT:
            raise UnsafeExpression("数值过大", "the number is too large")
    return left, right


multiply = numeric("*", operator.mul)
divide = numeric("/", operator.truediv)
floor_divide = numeric("//", operator.floordiv)
remainder = numeric("%", operator.mod)


def negative(_run: Run, value: Any) -> Any:
    if type(value) in NUMBERS or type(value) is dt.timedelta:
        return number(-value)
    raise ExpressionFailed(f"{words(value)[0]}不能取负", f"{words(value)[1]} has no negative")


# -- comparison


def equal(run: Run, left: Any, right: Any, depth: int = 0) -> bool:
    """Item by item and charged: Python's own comparison of lists that share their parts can take for ever."""
    run.charge(1)
    left_kind, right_kind = type(known(left)), type(known(right))
    if left_kind is str and right_kind is str:
        charge_text(run, left)
        return bool(left == right)
    if left_kind in DAYS or right_kind in DAYS:
        moments = _same_days(left, right)
        return moments is not None and moments[0] == moments[1]
    if depth > MAX_DEPTH:
        raise UnsafeExpression("比较的内容层级过深", "what is compared is nested too deeply")
    if left_kind in LISTS and right_kind in LISTS:
        return len(left) == len(right) and all(equal(run, a, b, depth + 1) for a, b in pairs(run, left, right))
    if left_kind is dict and right_kind is dict:
        run.charge(len(left))
        return len(left) == len(right) and all(
            key in right and equal(run, value, right[key], depth + 1) for key, value in left.items()
        )
    if left_kind in LISTS or right_kind in LISTS or dict in {left_kind, right_kind}:
        return False
    return bool(left == right)


def unequal(run: Run, left: Any, right: Any) -> bool:
    return not equal(run, left, right)


def ordered(sign: str, compare: Callable[[Any, Any], Any]) -> Binary:
    """`<` and its like, over numbers, text, dates (ISO text counts as one beside a date) and spans of time."""

    def apply(run: Run, left: Any, right: Any) -> bool:
        kinds = {type(left), type(right)}
        if kinds <= NUMBERS or kinds == _SPANS:
            return bool(compare(left, right))
        if kinds == {str}:
            charge_text(run, left)
            return bool(compare(left, right))
        if (moments := _same_days(left, right)) is not None:
            return bool(compare(*moments))
        raise misfit(sign, left, right)

    return apply


less = ordered("<", operator.lt)
less_or_equal = ordered("<=", operator.le)
greater = ordered(">", operator.gt)
greater_or_equal = ordered(">=", operator.ge)


def contains(run: Run, item: Any, collection: Any) -> bool:
    """`item in collection`: a part of a text, an item of a list, a field of a record."""
    if type(collection) is str:
        if type(item) is not str:
            raise misfit("in", item, collection)
        charge_text(run, collection)
        return item in collection
    if type(collection) is dict:
        return type(item) in {str, int} and item in collection
    return any(equal(run, item, one) for one in items(run, collection))


def lacks(run: Run, item: Any, collection: Any) -> bool:
    return not contains(run, item, collection)


# -- days and instants


def as_day(value: Any) -> dt.date | dt.datetime | None:
    """A date or an aware instant; ISO text is read as either. None if it is neither."""
    if type(value) is str:
        kind = dt.date if len(value) == len("2026-04-09") else dt.datetime
        try:
            value = kind.fromisoformat(value)
        except ValueError:
            return None
    if type(value) is dt.datetime and value.tzinfo is None:
        return value.replace(tzinfo=SHANGHAI)
    return value if type(value) in DAYS else None


def day_of(value: dt.date | dt.datetime) -> dt.date:
    return local(value).date() if isinstance(value, dt.datetime) else value


def _same_days(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Both as instants, or, where one is a day, both as days of the office. None unless one of them is a date."""
    if type(left) not in DAYS and type(right) not in DAYS:
        return None
    first, second = as_day(left), as_day(right)
    if first is None or second is None:
        return None
    if isinstance(first, dt.datetime) and isinstance(second, dt.datetime):
        return first, second
    return day_of(first), day_of(second)


# -- access


def field_of(value: Any, name: str) -> Any:
    """`value.name`: a field of a record, or a part of a date. Never an attribute of a Python object."""
    if type(value) is dict:
        if name not in value:
            raise no_field(name)
        return known(value[name])
    part = _PARTS.get((type(value), name))
    if part is None:
        zh, en = words(value)
        raise UnsafeExpression(f"{zh}没有“{name}”", f"{en} has no '{name}'")
    return part(value)


_PARTS: dict[tuple[type, str], Callable[[Any], int]] = {
    (dt.timedelta, "days"): lambda span: span.days,
    **{(dt.date, name): operator.attrgetter(name) for name in ("year", "month", "day")},
    **{(dt.datetime, name): operator.attrgetter(name) for name in ("year", "month", "day", "hour", "minute")},
}


def item_of(value: Any, key: Any, written: str | None = None) -> Any:
    """`value[key]`: a field of a record, or the n-th of a list or text. `written`: the key, if the text has it."""
    if type(value) is dict:
        if type(key) not in {str, int}:
            raise ExpressionFailed("栏目名必须是文本", "a field is named by text")
        if key not in value:
            raise no_field(written)
        return known(value[key])
    if type(value) in _SEQUENCES or type(value) is str:
        return known(value[_position(key)])
    raise ExpressionFailed(f"{words(value)[0]}没有第几项", f"{words(value)[1]} has no items to choose from")


def part_of(run: Run, value: Any, first: Any, last: Any) -> Any:
    """`value[first:last]` of a list or text."""
    if type(value) not in _SEQUENCES and type(value) is not str:
        raise ExpressionFailed(f"{words(value)[0]}不能截取", f"{words(value)[1]} has no parts")
    bounds = [None if bound is None else _position(bound) for bound in (first, last)]
    run.charge(len(value))
    return value[slice(*bounds)]


def _position(key: Any) -> int:
    if type(key) is not int:
        raise ExpressionFailed("序号必须是整数", "a position is a whole number")
    return key


def set_item(container: Any, key: Any, value: Any) -> None:
    """Only ever called on a script's own copy."""
    if type(container) is dict and type(key) is str:
        container[key] = value
    elif type(container) is list:
        container[_position(key)] = value
    else:
        raise ExpressionFailed("只能给记录的栏目或列表的项赋值", "only a field of a record or an item of a list is set")
