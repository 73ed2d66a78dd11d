"""The values of an input, cut into regions in which no cell changes its answer; one value stands for each."""

from __future__ import annotations

import ast
import datetime as dt
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.designer.decisions.cells import ORDERED, TRUTH, Constant

TEXT, NUMBER, INTEGER, BOOLEAN, DATE = "text", "number", "integer", "boolean", "date"
DECLARED = {
    "string": TEXT,
    "number": NUMBER,
    "double": NUMBER,
    "float": NUMBER,
    "integer": INTEGER,
    "long": INTEGER,
    "boolean": BOOLEAN,
    "date": DATE,
}
_RANGE = re.compile(r"\[\s*(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)\s*\]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Domain:
    """What values there are. `closed`: these and no others. `low`, `high` bound numbers. `empty`: it may be None."""

    kind: str | None = None  # None: to be seen from the cells
    closed: tuple[Constant, ...] | None = None
    low: float | None = None
    high: float | None = None
    empty: bool = False
    form: str | None = None  # the form whose field it is, where that is what is known

    @property
    def open(self) -> bool:
        return self.closed is None


@dataclass(frozen=True)
class Region:
    """`value` stands for all values in it. `low` and `high` say of an interval between which values it lies."""

    value: Constant
    other: bool = False  # whatever is not named
    low: Constant = None
    high: Constant = None


def allowed(text: str) -> Domain | None:
    """`"a", "b"` or `[0..100]`, as a column may say what values there are; None for anything else."""
    if found := _RANGE.fullmatch(text.strip()):
        low, high = float(found[1]), float(found[2])
        return Domain(None, None, low, high) if low <= high else None
    try:
        values = ast.literal_eval(f"[{text}]")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not values or not all(isinstance(value, (str, int, float, bool)) for value in values):
        return None
    return Domain(None, tuple(dict.fromkeys(values)))


def regions(domain: Domain, constants: Collection[tuple[str, Constant]]) -> list[Region] | None:
    """All regions; None where the cells do not fit the kind of value, or it is not known which kind that is."""
    kinds = {kind for kind, _value in constants}
    named = {value for kind, value in constants if kind in ("int", "float")}
    texts = {value for kind, value in constants if kind == "str"}
    empty = domain.empty or (domain.open and "NoneType" in kinds)
    if domain.closed is not None:
        found = [Region(value) for value in domain.closed]
    else:
        if not constants and domain.kind is None:
            return [Region(None, True)]
        kind = domain.kind or _seen(kinds)
        open_regions = None if kind is None else _open(kind, named, texts, kinds, domain)
        if open_regions is None:
            return None
        found = open_regions
    return [*found, Region(None)] if empty else found


def _seen(kinds: set[str]) -> str | None:
    """The kind of value that the cells are about, where they agree."""
    ofs = {"int": NUMBER, "float": NUMBER, "str": TEXT, "bool": BOOLEAN}
    found = {ofs[kind] for kind in kinds if kind in ofs}
    if not found and TRUTH in kinds:
        return BOOLEAN
    return found.pop() if len(found) == 1 else None


def _open(
    kind: str, named: set[Constant], texts: set[Constant], kinds: set[str], domain: Domain
) -> list[Region] | None:
    """The regions of all values of a kind."""
    numeric = kind in (NUMBER, INTEGER)
    if (texts and kind not in (TEXT, DATE)) or (named and not numeric):
        return None
    if kind == BOOLEAN:
        return [Region(True), Region(False)]
    if kind == DATE:
        return _days(texts)
    if kind == TEXT:
        return _texts(texts | ({""} if TRUTH in kinds else set()), ordered=ORDERED in kinds)
    points = {float(value) for value in named if value is not None and math.isfinite(float(value))}
    points |= {0.0, 1.0} if "bool" in kinds else {0.0} if TRUTH in kinds else set()
    return _numbers(points, domain, whole=kind == INTEGER)


def _texts(texts: set[Constant], *, ordered: bool) -> list[Region]:
    """Where they are compared in their order, there are others before, between and after them."""
    known = sorted(str(text) for text in texts)
    other = "…"
    while other in known:
        other += "…"
    if not ordered:
        return [*(Region(text) for text in known), Region(other, True)]
    found: list[Region] = []
    for place, text in enumerate(known):
        between = f"{known[place - 1]}\0" if place else ""
        if between < text:
            found.append(Region(between, False, known[place - 1] if place else None, text))
        found.append(Region(text))
    last = known[-1] if known else ""
    return [*found, Region(f"{last}…", True, last or None)]


def _days(texts: set[Constant]) -> list[Region] | None:
    try:
        if not all(_DAY.fullmatch(str(text)) for text in texts):
            return None
        days = sorted(dt.date.fromisoformat(str(text)) for text in texts)
        numbers = _numbers({float(day.toordinal()) for day in days}, Domain(low=1.0, high=3_652_059.0), whole=True)
    except ValueError:
        return None

    def day(value: Constant) -> Constant:
        return None if value is None else dt.date.fromordinal(int(float(value))).isoformat()

    return [Region(day(one.value), one.other, day(one.low), day(one.high)) for one in numbers]


def _numbers(points: set[float], domain: Domain, *, whole: bool) -> list[Region]:
    """The points themselves, and what lies before, between and after them within the bounds of the domain."""
    bounds = {bound for bound in (domain.low, domain.high) if bound is not None}
    ordered = sorted(
        point
        for point in points | bounds
        if (domain.low is None or point >= domain.low) and (domain.high is None or point <= domain.high)
    )
    if not ordered:
        return [Region(0, True)]
    found: list[Region] = []
    if domain.low is None:
        found.append(
            Region(_number(math.ceil(ordered[0]) - 1 if whole else ordered[0] - 1), False, None, _number(ordered[0]))
        )
    for place, point in enumerate(ordered):
        if not whole or point.is_integer():
            found.append(Region(_number(point)))
        if place + 1 < len(ordered):
            between = _between(point, ordered[place + 1], whole=whole)
            if between is not None:
                found.append(Region(_number(between), False, _number(point), _number(ordered[place + 1])))
    if domain.high is None:
        found.append(
            Region(_number(math.floor(ordered[-1]) + 1 if whole else ordered[-1] + 1), False, _number(ordered[-1]))
        )
    return found


def _between(low: float, high: float, *, whole: bool) -> float | None:
    if not whole:
        middle = (low + high) / 2
        return middle if low < middle < high else None
    first = math.floor(low) + 1
    return float(first) if first < high else None


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


def subtract(box: Sequence[frozenset[int]], other: Sequence[frozenset[int]]) -> list[tuple[frozenset[int], ...]]:
    """What of a box lies outside another, as boxes that do not overlap."""
    common = [a & b for a, b in zip(box, other, strict=True)]
    if not all(common):
        return [tuple(box)]
    found = []
    for place, side in enumerate(box):
        if rest := side - common[place]:
            found.append((*common[:place], rest, *box[place + 1 :]))
    return found
