"""A table as the page sends it, and what its buttons do to it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from app.designer.decisions.table import MOST_COLUMNS, MOST_ROWS, POLICIES, Column, Row, Table
from app.designer.drafts.editing import typed

T = TypeVar("T")


def sent(form: MultiDict[str, str]) -> Table:
    """All that stands in the fields; nothing is refused here, what is wrong is shown at its cell."""

    def text(name: str) -> str:
        return " ".join(typed(form.get(name, "")).split())[:4000]

    def columns(word: str) -> list[Column]:
        return [
            Column(*(text(f"{word}-{n}-{part}") for part in ("id", "label", "text", "type", "values")))
            for n in range(_count(form, word, MOST_COLUMNS))
        ]

    inputs, outputs = columns("in"), columns("out")
    rows = [
        Row(
            text(f"row-{r}-id"),
            [text(f"row-{r}-in-{c}") for c in range(len(inputs))],
            [text(f"row-{r}-out-{c}") for c in range(len(outputs))],
            text(f"row-{r}-note"),
        )
        for r in range(_count(form, "row", MOST_ROWS))
    ]
    policy = form.get("policy", "FIRST")
    return Table(text("name")[:200], policy if policy in POLICIES else "FIRST", inputs, outputs, rows)


def _count(form: MultiDict[str, str], word: str, most: int) -> int:
    given = form.get(f"{word}s", "0")
    return min(int(given), most) if given.isdecimal() else 0


def change(table: Table, do: str) -> None:
    """`row-add:3`, `in-left:0` …: the button that was pressed. What does not exist changes nothing."""
    what, _colon, where = do.partition(":")
    word, _dash, verb = what.partition("-")
    place = int(where) if where.isdecimal() and len(where) < 6 else -1
    if word == "row":
        _list(table.rows, verb, place, lambda: Row("", ["-"] * len(table.inputs), [""] * len(table.outputs)), MOST_ROWS)
    elif word == "in":
        _list(table.inputs, verb, place, Column, MOST_COLUMNS)
        for row in table.rows:
            _list(row.inputs, verb, place, lambda: "-", MOST_COLUMNS)
    elif word == "out":
        _list(table.outputs, verb, place, Column, MOST_COLUMNS)
        for row in table.rows:
            _list(row.outputs, verb, place, str, MOST_COLUMNS)


def _list(items: list[T], verb: str, place: int, new: Callable[[], T], most: int) -> None:
    there = 0 <= place < len(items)
    if verb == "add" and len(items) < most:
        items.insert(place + 1 if there else len(items), new())
    elif verb == "del" and there:
        del items[place]
    elif verb == "back" and there and place > 0:
        items[place - 1], items[place] = items[place], items[place - 1]
    elif verb == "on" and there and place + 1 < len(items):
        items[place + 1], items[place] = items[place], items[place + 1]


def value_of(text: str) -> Any:
    """What somebody types to try a table out: a number, yes or no, a list, nothing; anything else is text."""
    words = {"true": True, "false": False, "none": None, "null": None, "是": True, "否": False, "空": None}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, (str, int, float, list)) else text
