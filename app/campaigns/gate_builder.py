"""The builder of gate conditions in forms: rows that are added and removed by buttons, with what each figure is now.

Every button is a submit of the form with `_step=condition:<field>:<what>`, so it works without a script; with one
only the form is drawn anew (static/js/forms.js).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from app import forms
from app.campaigns import figures
from app.campaigns.conditions import Conditions
from app.campaigns.gate_rows import COMPARISONS, JOINS, Group, Row, parse

MOST_ROWS = 12
_PLACE = re.compile(r"__(\d{1,2})(?:_(\d{1,2}))?_(?:figure|join)$")


@dataclass(frozen=True)
class Line:
    """A row as it is drawn. `place` is part of its inputs' names, `number` what the page calls it."""

    place: str
    number: str
    row: Row
    now: str
    met: bool | None


@dataclass(frozen=True)
class Block:
    """A group as it is drawn."""

    place: str
    number: str
    join: str
    lines: list[Line]


@dataclass(frozen=True)
class Built:
    """`rows` None: the expression says more than rows can, and stands as text."""

    text: str
    rows: list[Line | Block] | None
    join: str
    words: str
    names: Mapping[str, Any]
    rates: tuple[str, ...]
    comparisons: Mapping[str, Any]
    joins: Mapping[str, Any]
    full: bool


class GateBuilder:
    template = "campaigns/_condition.html"

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions

    def tidy(self, text: str) -> str:
        rows = parse(text)
        return text if rows is None else rows.tidied().expression

    def problem(self, text: str) -> str:
        return self._conditions.problem(text)

    def read(self, sent: MultiDict[str, str], name: str, step: str) -> str:
        if written := sent.get(f"{name}__text", "").strip():
            text = written
        elif f"{name}__join" in sent:
            text = _sent_rows(sent, name).expression
        else:
            text = sent.get(name, "")
        word, _colon, what = step.partition(f":{name}:")
        return self._stepped(text, what) if word == "condition" and what else text

    def _stepped(self, text: str, what: str) -> str:
        """The text after a button: add, group, clear, add:<group>, remove:<row>, remove:<group>_<row>."""
        rows = parse(text)
        word, _colon, place = what.partition(":")
        if word == "clear" or rows is None:
            return "" if word == "clear" else text
        items = list(rows.items)
        outer, _line, inner = place.partition("_")
        n = int(outer) if outer.isdecimal() and int(outer) < len(items) else None
        if word == "add" and not place:
            items.append(Row())
        elif word == "group":
            items.append(Group("or" if rows.join == "and" else "and", (Row(), Row())))
        elif n is None:
            return text
        elif word == "add":
            items[n] = _within(items[n], lambda found: [*found, Row()])
        elif word == "remove" and inner.isdecimal():
            items[n] = _within(items[n], lambda found: [one for m, one in enumerate(found) if m != int(inner)])
        elif word == "remove":
            items.pop(n)
        kept = [one for one in items if not isinstance(one, Group) or one.items]
        return Group(rows.join, tuple(kept[:MOST_ROWS])).expression

    def draw(self, text: str, situation: forms.Situation) -> Built:
        rows = parse(text)
        known = present(situation, rows) if rows is not None and rows.items else {}
        drawn = [self._drawn(one, n, known) for n, one in enumerate(rows.items)] if rows is not None else None
        words = "" if rows is None or rows.blank else rows.tidied().words
        full = rows is not None and len(rows.items) >= MOST_ROWS
        join = rows.join if rows is not None else "and"
        return Built(text, drawn, join, words, figures.NAMES, figures.RATES, COMPARISONS, JOINS, full)

    def _drawn(self, one: Row | Group, n: int, known: Mapping[str, Any]) -> Line | Block:
        if isinstance(one, Row):
            return self._line(one, f"{n}", f"{n + 1}", known)
        inner = [row for row in one.items if isinstance(row, Row)]
        lines = [self._line(row, f"{n}_{m}", f"{n + 1}.{m + 1}", known) for m, row in enumerate(inner)]
        return Block(f"{n}", f"{n + 1}", one.join, lines)

    def _line(self, row: Row, place: str, number: str, known: Mapping[str, Any]) -> Line:
        value = known.get(row.figure)
        now = figures.as_text(row.figure, value) if value is not None else ""
        met = None if value is None or row.wrong else self._conditions.holds(row.expression, known)
        return Line(place, number, row, now, met)


def _within(one: Row | Group, change: Any) -> Row | Group:
    return replace(one, items=tuple(change(one.items))[:MOST_ROWS]) if isinstance(one, Group) else one


def _sent_rows(sent: MultiDict[str, str], name: str) -> Group:
    """The rows as their inputs stand on the page, in the order of their places."""
    places: dict[int, set[int]] = {}
    for key in sent:
        if key.startswith(f"{name}__") and (found := _PLACE.match(key, len(name))):
            places.setdefault(int(found[1]), set()).update({int(found[2])} if found[2] else set())
    items: list[Row | Group] = []
    for n, inner in sorted(places.items())[:MOST_ROWS]:
        if inner:
            rows = tuple(_sent_row(sent, f"{name}__{n}_{m}_") for m in sorted(inner)[:MOST_ROWS])
            items.append(Group(_join(sent.get(f"{name}__{n}_join")), rows))
        else:
            items.append(_sent_row(sent, f"{name}__{n}_"))
    return Group(_join(sent.get(f"{name}__join")), tuple(items))


def _sent_row(sent: MultiDict[str, str], prefix: str) -> Row:
    figure, comparison = sent.get(f"{prefix}figure", ""), sent.get(f"{prefix}comparison", "")
    value = sent.get(f"{prefix}value", "")[:20]
    return Row(figure if figure in figures.NAMES else "", comparison if comparison in COMPARISONS else ">=", value)


def _join(text: str | None) -> str:
    return text if text in JOINS else "and"


def present(situation: forms.Situation, rows: Group) -> figures.Figures:
    """What the figures of these rows are this year, over all that the person sees: the plan's own are still to come."""
    if situation.session is None or situation.user is None:
        return {}
    asked = {row.figure for _n, row in rows.numbered()}
    return figures.everywhere(situation.session, situation.user, situation.now, asked)


def register(conditions: Conditions) -> None:
    forms.builders["gate_condition"] = GateBuilder(conditions)
