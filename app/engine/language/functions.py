"""What a text may call: the functions and methods that the language has, and those given to it from outside.

The language knows no clock: what today is, and what a work day is, comes from outside.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from app.engine.language import operations
from app.engine.language.budget import Run
from app.engine.language.errors import ExpressionFailed, UnsafeExpression
from app.engine.language.limits import (
    CALL_WORK,
    MAX_DECIMALS,
    MAX_ITEMS,
    MAX_NUMBER_TEXT,
    MAX_SPAN_DAYS,
)
from app.engine.language.values import DAYS, LISTS, NUMBERS, copied, items, number, text, words

ANY_NUMBER = 100  # of arguments: more do not fit into one text


@dataclass(frozen=True)
class Function:
    """Something callable: it is given the run and from `least` to `most` values."""

    call: Callable[..., Any]
    least: int
    most: int


# -- numbers and text


def as_text(value: Any) -> str:
    """How a value reads inside a text. Nothing reads as nothing."""
    if value is None:
        return ""
    if type(value) in NUMBERS or type(value) in DAYS or type(value) in {str, dt.time}:
        return text(str(value))
    raise ExpressionFailed(f"{words(value)[0]}不能写成文本", f"{words(value)[1]} cannot be written as text")


def _text(run: Run, value: Any) -> str:
    result = as_text(value)
    operations.charge_text(run, result)
    return result


def _whole(_run: Run, value: Any) -> Any:
    return number(int(_readable(value)))


def _float(_run: Run, value: Any) -> float:
    result = float(_readable(value))
    if not math.isfinite(result):
        raise ExpressionFailed("不是有限的数值", "no finite number")
    return result


def _readable(value: Any) -> Any:
    """What int() and float() may be given: a number of ordinary size, or short text."""
    if type(value) is str and len(value) > MAX_NUMBER_TEXT:
        raise UnsafeExpression("数值文本过长", "the text is too long for a number")
    if type(value) is Decimal and value.is_finite() and abs(value.adjusted()) > MAX_NUMBER_TEXT:
        raise UnsafeExpression("数值过大", "the number is too large")
    if type(value) not in NUMBERS and type(value) is not str:
        raise ExpressionFailed(f"{words(value)[0]}不是数值", f"{words(value)[1]} is no number")
    return value


def _numeric(value: Any) -> Any:
    if type(value) not in NUMBERS:
        raise ExpressionFailed(f"{words(value)[0]}不是数值", f"{words(value)[1]} is no number")
    return _readable(value)


def _round(_run: Run, value: Any, digits: Any = 0) -> Any:
    if type(digits) is not int or abs(digits) > MAX_DECIMALS:
        raise UnsafeExpression("小数位数过多", "too many digits")
    result = round(_numeric(value), digits)
    return number(int(result) if digits <= 0 else result)


def _absolute(_run: Run, value: Any) -> Any:
    return number(abs(_numeric(value)))


def _truth(_run: Run, value: Any) -> bool:
    return bool(value)


# -- lists


def _length(_run: Run, value: Any) -> int:
    if type(value) not in LISTS and type(value) not in {dict, str}:
        raise ExpressionFailed(f"{words(value)[0]}没有长度", f"{words(value)[1]} has no length")
    return len(value)


def _sum(run: Run, value: Any) -> Any:
    total: Any = 0
    for item in items(run, value):
        total = operations.add(run, total, _numeric(item))
    return total


def _any(run: Run, value: Any) -> bool:
    return any(items(run, value))


def _all(run: Run, value: Any) -> bool:
    return all(items(run, value))


def _list(run: Run, value: Any) -> list[Any]:
    return items(run, value)


def _sorted(run: Run, value: Any) -> list[Any]:
    """By our own `<`, so that every comparison is charged and one without meaning is refused."""

    def compare(first: Any, second: Any) -> int:
        run.charge(1)
        return int(operations.less(run, second, first)) - int(operations.less(run, first, second))

    return sorted(items(run, value), key=functools.cmp_to_key(compare))


def _least(run: Run, *values: Any) -> Any:
    return _extreme(run, values, operations.less)


def _greatest(run: Run, *values: Any) -> Any:
    return _extreme(run, values, operations.greater)


def _extreme(run: Run, values: tuple[Any, ...], better: operations.Binary) -> Any:
    found = items(run, values[0] if len(values) == 1 else values)
    if not found:
        raise ExpressionFailed("空列表没有最大或最小值", "an empty list has no least or greatest")
    best = found[0]
    for item in found[1:]:
        if better(run, item, best):
            best = item
    return best


def _range(run: Run, first: Any, last: Any = None) -> list[int]:
    if type(first) is not int or (last is not None and type(last) is not int):
        raise ExpressionFailed("range() 需要整数", "range() needs whole numbers")
    numbers = range(first) if last is None else range(first, last)
    if numbers and (numbers[-1] - numbers[0] >= MAX_ITEMS):
        raise UnsafeExpression("列表过长", f"a list of more than {MAX_ITEMS} items")
    run.charge(len(numbers))
    return list(numbers)


def _join(run: Run, value: Any, separator: Any = "、") -> str:
    found = [as_text(item) for item in items(run, value)]
    between = as_text(separator)
    run.charge(sum(map(len, found)) // 8 + len(between) * len(found) // 8)
    return text(between.join(found))


# -- days


def _date(_run: Run, value: Any) -> dt.date:
    found = operations.as_day(value)
    if found is None:
        raise ExpressionFailed("不是日期", "no date")
    return operations.day_of(found)


def _datetime(_run: Run, value: Any) -> dt.datetime:
    found = operations.as_day(value)
    if not isinstance(found, dt.datetime):
        raise ExpressionFailed("不是时间", "no instant")
    return found


def _span(unit: str, largest: int) -> Callable[[Run, Any], dt.timedelta]:
    def span(_run: Run, count: Any) -> dt.timedelta:
        if type(count) not in {int, float} or not abs(count) <= largest:
            raise ExpressionFailed("不是可用的时长", "no usable span of time")
        return dt.timedelta(**{unit: count})

    return span


BUILT_IN: Mapping[str, Function] = MappingProxyType(
    {
        "len": Function(_length, 1, 1),
        "sum": Function(_sum, 1, 1),
        "any": Function(_any, 1, 1),
        "all": Function(_all, 1, 1),
        "sorted": Function(_sorted, 1, 1),
        "min": Function(_least, 1, ANY_NUMBER),
        "max": Function(_greatest, 1, ANY_NUMBER),
        "list": Function(_list, 1, 1),
        "range": Function(_range, 1, 2),
        "join": Function(_join, 1, 2),
        "abs": Function(_absolute, 1, 1),
        "round": Function(_round, 1, 2),
        "int": Function(_whole, 1, 1),
        "float": Function(_float, 1, 1),
        "bool": Function(_truth, 1, 1),
        "str": Function(_text, 1, 1),
        "date": Function(_date, 1, 1),
        "datetime": Function(_datetime, 1, 1),
        "days": Function(_span("days", MAX_SPAN_DAYS), 1, 1),
        "hours": Function(_span("hours", MAX_SPAN_DAYS * 24), 1, 1),
    }
)
# `default(x, 0)` is no function: its first part may name what does not exist.
DEFAULT = "default"


# -- methods: of text, records, lists and dates


def _of_text(name: str) -> Callable[..., Any]:
    method = getattr(str, name)

    def call(run: Run, value: str, *given: Any) -> Any:
        if any(type(one) is not str for one in given):
            raise ExpressionFailed(f"{name}() 需要文本", f"{name}() needs text")
        operations.charge_text(run, value)
        return method(value, *given)

    return call


def _split(run: Run, value: str, *separator: Any) -> list[Any]:
    if any(type(one) is not str for one in separator):
        raise ExpressionFailed("split() 需要文本", "split() needs text")
    run.charge(len(value) + 1)
    return items(run, value.split(*separator))


def _get(_run: Run, record: dict[str, Any], key: Any, otherwise: Any = None) -> Any:
    return operations.item_of(record, key) if operations.contains(_run, key, record) else otherwise


def _keys(run: Run, record: dict[str, Any]) -> list[Any]:
    return items(run, record)


def _record_values(run: Run, record: dict[str, Any]) -> list[Any]:
    return items(run, list(record.values()))


def _record_items(run: Run, record: dict[str, Any]) -> list[Any]:
    return [[key, operations.item_of(record, key)] for key in items(run, record)]


def _count(run: Run, value: Any, item: Any) -> int:
    return sum(operations.equal(run, item, one) for one in items(run, value))


def _weekday(_run: Run, value: Any) -> int:
    return operations.day_of(value).weekday()


def _iso(_run: Run, value: Any) -> str:
    return str(value.isoformat())


METHODS: Mapping[tuple[type, str], Function] = MappingProxyType(
    {
        **{(str, name): Function(_of_text(name), 1, 1) for name in ("startswith", "endswith", "count", "find")},
        **{(str, name): Function(_of_text(name), 0, 0) for name in ("lower", "upper", "strip", "isdigit")},
        (str, "split"): Function(_split, 0, 1),
        (dict, "get"): Function(_get, 1, 2),
        (dict, "keys"): Function(_keys, 0, 0),
        (dict, "values"): Function(_record_values, 0, 0),
        (dict, "items"): Function(_record_items, 0, 0),
        (list, "count"): Function(_count, 1, 1),
        (dt.date, "weekday"): Function(_weekday, 0, 0),
        (dt.datetime, "weekday"): Function(_weekday, 0, 0),
        (dt.date, "isoformat"): Function(_iso, 0, 0),
        (dt.datetime, "isoformat"): Function(_iso, 0, 0),
        (dt.datetime, "date"): Function(_date, 0, 0),
    }
)
METHOD_NAMES = frozenset(name for _kind, name in METHODS)


def call_method(run: Run, value: Any, name: str, given: list[Any]) -> Any:
    method = METHODS.get((type(value), name))
    if method is None:
        zh, en = words(value)
        raise UnsafeExpression(f"{zh}没有方法“{name}”", f"{en} has no method '{name}'")
    if not method.least <= len(given) <= method.most:
        raise ExpressionFailed(f"{name}() 的参数个数不对", f"{name}() is given a wrong number of values")
    return method.call(run, value, *given)


# -- functions from outside


def frozen(functions: Mapping[str, Callable[..., Any]]) -> Mapping[str, Function]:
    """All functions of one language. Later changes to the mapping given change nothing here."""
    every = dict(BUILT_IN)
    for name, function in functions.items():
        if name in every or name == DEFAULT or not name.isidentifier() or name.startswith("_"):
            raise ValueError(f"{name!r} cannot name a function of the expression language")
        every[name] = _from_outside(function)
    return MappingProxyType(every)


def _from_outside(function: Callable[..., Any]) -> Function:
    """It is given copies, and what it gives back is copied: neither side can reach into the other's values."""

    def call(run: Run, *given: Any) -> Any:
        run.charge(CALL_WORK)
        return copied(run, function(*[copied(run, value) for value in given]))

    least = most = 0
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            most = ANY_NUMBER
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            most += 1
            least += parameter.default is parameter.empty
    return Function(call, least, most)
