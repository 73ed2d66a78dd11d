"""The conditions of catalogue entries: a small typed grammar over a source's columns, checked when the program starts.

    where = { status = "closed", source = ["consultation", "tip"], closed_at = { until = "window" } }

docs/writing-a-metric.md lists the forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from app.metrics.sources import Column, Source
from app.metrics.windows import Window

Where = Mapping[str, Any]
_FORMS = {
    "not": {"text", "number", "sector", "region", "town", "organisation"},
    "set": {"text", "number", "instant", "flag", "sector", "region", "town", "organisation"},
    "starts": {"text", "region"},
    "least": {"number"},
    "most": {"number"},
    "until": {"instant"},
}


def problems(source: Source, where: Where) -> Iterator[str]:
    """What is wrong with the conditions, in English: only whoever edits the catalogue reads it."""
    for name, value in where.items():
        column = source.by_name.get(name)
        if column is None:
            yield f"unknown column {name} (there are {', '.join(sorted(source.by_name))})"
        elif isinstance(value, dict):
            yield from _form_problems(column, value)
        else:
            for one in value if isinstance(value, list) else [value]:
                yield from _value_problems(column, one)


def _form_problems(column: Column, form: Mapping[str, Any]) -> Iterator[str]:
    for word, value in form.items():
        if word not in _FORMS:
            yield f"{column.name}: unknown condition {word}"
        elif column.kind not in _FORMS[word]:
            yield f"{column.name}: {word} does not go with a {column.kind}"
        elif word == "set" and not isinstance(value, bool):
            yield f"{column.name}: set is true or false"
        elif word == "until" and value != "window":
            yield f'{column.name}: until is "window"'
        elif word == "not":
            for one in value if isinstance(value, list) else [value]:
                yield from _value_problems(column, one)


def _value_problems(column: Column, value: Any) -> Iterator[str]:
    if parameter(value):
        return
    wanted: Any = {"number": (int, float), "flag": bool}.get(column.kind, str)
    if column.kind == "instant":
        yield f"{column.name}: an instant takes set or until, not a value"
    elif not isinstance(value, wanted) or (column.kind == "number" and isinstance(value, bool)):
        yield f"{column.name}: {value!r} is no {column.kind}"
    elif column.words is not None and value not in column.words:
        yield f"{column.name}: {value!r} is none of {', '.join(column.words)}"


def parameter(value: Any) -> str | None:
    """The name in "@name"."""
    return value[1:] if isinstance(value, str) and value.startswith("@") else None


def conditions(source: Source, where: Where, window: Window | None, given: Mapping[str, str]) -> list[Any]:
    """The conditions as SQL. A parameter that is not given lets its condition fall away."""
    found: list[Any] = []
    for name, value in where.items():
        expression = source.named(name).expression
        if isinstance(value, dict):
            found += [_form(expression, word, one, window) for word, one in value.items()]
            continue
        wanted = _filled(value, given)
        if wanted:
            found.append(_equal(expression, wanted))
    return found


def _filled(value: Any, given: Mapping[str, str]) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    filled = [given.get(name) if (name := parameter(one)) else one for one in values]
    return [one for one in filled if one is not None and one != ""]


def _equal(expression: Any, values: list[Any]) -> Any:
    if isinstance(values[0], bool):
        return expression if values[0] else sa.not_(expression)
    return expression == values[0] if len(values) == 1 else expression.in_(values)


def _form(expression: Any, word: str, value: Any, window: Window | None) -> Any:
    if word == "not":
        values = value if isinstance(value, list) else [value]
        return sa.or_(expression.is_(None), expression.not_in(values))
    if word == "set":
        return expression.is_not(None) if value else expression.is_(None)
    if word == "starts":
        return expression.startswith(value, autoescape=True)
    if word in ("least", "most"):
        return expression >= value if word == "least" else expression <= value
    end = window.end if window else None
    return expression.is_not(None) if end is None else expression < end


def within(expression: Any, window: Window) -> list[Any]:
    """The instant lies in the window. One that is missing lies in none, unless the window is open on both sides."""
    found: list[Any] = []
    if window.start is not None:
        found.append(expression >= window.start)
    if window.end is not None:
        found.append(expression < window.end)
    return found
