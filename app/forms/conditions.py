"""Conditions of form files: small comparison trees, computed on the server over answers and the process's data.

{"field": "grade", "op": "==", "value": "major"}
{"all": [...]}   {"any": [...]}   {"not": {...}}   true   false
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.forms.kinds import MAX_CONDITION_DEPTH

ALIASES = {
    "=": "==", "eq": "==", "ne": "!=", "<>": "!=", "gt": ">", "ge": ">=", "gte": ">=", "lt": "<", "le": "<=",
    "lte": "<=", "not in": "not_in", "not_empty": "filled",
}  # fmt: skip
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
WITHOUT_VALUE = ("filled", "empty")
OPERATORS = frozenset({"==", "!=", *_ORDER, "in", "not_in", "contains", *WITHOUT_VALUE})


def lookup(values: Mapping[str, Any], name: str) -> Any:
    """The value of a name, dots leading into it (`starter.org_id`); None where there is nothing."""
    found: Any = values
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def text_of(value: Any) -> str:
    """How a value is written in HTML: true and false in small letters, numbers without a needless fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def holds(condition: Any, values: Mapping[str, Any]) -> bool:
    """Whether a condition is fulfilled. Comparing what cannot be compared is false, never an error."""
    if isinstance(condition, bool):
        return condition
    if "all" in condition:
        return all(holds(part, values) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, values) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], values)
    value = lookup(values, condition["field"])
    return _compare(ALIASES.get(condition["op"], condition["op"]), value, condition.get("value"))


def _compare(op: str, value: Any, other: Any) -> bool:
    if op in WITHOUT_VALUE:
        return (value in (None, "", [], {})) is (op == "empty")
    if op in _ORDER:
        return _comparable(value, other) and _ORDER[op](value, other)
    if op in ("in", "not_in"):
        wanted = other if isinstance(other, list) else [other]
        mine = value if isinstance(value, list) else [value]
        return any(_same(a, b) for a in mine for b in wanted) is (op == "in")
    if op == "contains":
        if isinstance(value, list):
            return any(_same(item, other) for item in value)
        return isinstance(value, str) and text_of(other) in value
    return _same(value, other) is (op == "==")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, (list, dict)) or isinstance(b, (list, dict)) or a is None or b is None:
        return bool(a == b)
    return text_of(a) == text_of(b)


def _comparable(a: Any, b: Any) -> bool:
    numbers = (int, float)
    if isinstance(a, bool) or isinstance(b, bool):
        return False
    return (isinstance(a, numbers) and isinstance(b, numbers)) or (
        isinstance(a, str) and isinstance(b, str) and bool(a)
    )


def names(condition: Any) -> Iterator[str]:
    """The names that a condition reads, without what follows a dot; of one that is not well-formed as far as it is."""
    if isinstance(condition, Mapping):
        for parts in (condition.get("all"), condition.get("any")):
            for part in parts if isinstance(parts, list) else ():
                yield from names(part)
        if "not" in condition:
            yield from names(condition["not"])
        if isinstance(condition.get("field"), str):
            yield condition["field"].split(".")[0]


def problems(condition: Any, path: str, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a condition, as (path, Chinese, English)."""
    if isinstance(condition, bool):
        return
    if depth >= MAX_CONDITION_DEPTH:
        yield (
            path,
            f"条件嵌套不得超过 {MAX_CONDITION_DEPTH} 层",
            f"a condition nests at most {MAX_CONDITION_DEPTH} deep",
        )
        return
    if not isinstance(condition, Mapping):
        yield path, "条件应为 {field, op, value} 或 {all|any|not}", "a condition is {field, op, value} or {all|any|not}"
        return
    words = set(condition)
    if words in ({"all"}, {"any"}):
        (word,) = words
        parts = condition[word]
        if not isinstance(parts, list) or not 1 <= len(parts) <= 20:
            yield f"{path}.{word}", "应为 1 至 20 个条件的列表", "a list of 1 to 20 conditions is needed"
            return
        for i, part in enumerate(parts):
            yield from problems(part, f"{path}.{word}[{i}]", depth + 1)
    elif words == {"not"}:
        yield from problems(condition["not"], f"{path}.not", depth + 1)
    else:
        yield from _comparison_problems(condition, path)


def _comparison_problems(condition: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    if extra := sorted(set(condition) - {"field", "op", "value"}):
        yield path, f"条件里没有 {'、'.join(extra)} 这一项", f"a condition has no {', '.join(extra)}"
    if not isinstance(condition.get("field"), str) or not condition["field"]:
        yield f"{path}.field", "写明比较哪一项", "say which field is compared"
    op = condition.get("op")
    known = ALIASES.get(op, op) if isinstance(op, str) else None
    if known not in OPERATORS:
        listed = " ".join(sorted(OPERATORS))
        yield f"{path}.op", f"没有 {op} 这种比较，可用：{listed}", f"there is no comparison {op}; use one of {listed}"
    elif known not in WITHOUT_VALUE and "value" not in condition:
        yield f"{path}.value", "写明与什么比较", "say what is compared with"
    elif known in ("in", "not_in") and not isinstance(condition.get("value"), list):
        yield f"{path}.value", "应为列表", "a list is needed"
