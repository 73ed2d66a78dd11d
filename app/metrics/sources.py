"""Fact sources: the rows that figures are counted from, as slices describe them.

Metrics stand below the slices and know none of them. A slice says in its `facts.py` what one row is, by which columns
it may be counted, which instants a window may lie on, who may see a row and where the row is to be read
(docs/writing-a-metric.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.accounts import scope_condition

# What a column holds. sector, region, town and organisation are text whose names the accounts package knows.
KINDS = ("text", "number", "flag", "instant", "sector", "region", "town", "organisation")


@dataclass(frozen=True)
class Column:
    """A column that figures may filter, group, sum or count by.

    `expression` is any SQL expression over the source's model and its joins. `words` names the values of a text
    column; `names` does the same for keys of another table (a subject's id, say): keys in, names out.
    """

    name: str
    kind: str
    expression: Any
    label: Any  # lazy text
    words: Mapping[str, Any] | None = None
    names: Callable[[Any, list[str]], Mapping[str, str]] | None = None  # (session, keys) → names

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: unknown kind {self.kind}")


@dataclass(frozen=True)
class Source:
    """What one row is and what is known of it.

    key       what catalogue entries call it: `hazards`
    model     the class whose rows are counted, one a fact
    label     what a row is called: 隐患
    columns   what may be counted by, by name
    joins     further tables that columns need, as (table, condition); never ones that double a row
    only      conditions that hold for every figure (voided records are no facts)
    scope     who may see a row: a model with `__scope__` (default: `model`), or a function of the person
    shown     the columns that the list of rows shows, in order
    link      where a row is read: its values (`id` and the shown columns) → address, or None
    order     the instant by which rows are listed, newest first
    """

    key: str
    model: Any
    label: Any
    columns: tuple[Column, ...]
    shown: tuple[str, ...]
    order: str
    link: Callable[[Mapping[str, Any]], str | None]
    joins: tuple[tuple[Any, Any], ...] = ()
    only: tuple[Any, ...] = ()
    scope: Any = None
    group: tuple[str, ...] = field(default=())

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def id(self) -> Any:
        """What tells rows apart."""
        return self.model.id

    def named(self, name: str) -> Column:
        """KeyError for a column that the source does not have."""
        return self.by_name[name]

    def visible(self, user: Any) -> sa.ColumnElement[bool]:
        """The rows this person may see. `user` None is the system itself (snapshots, the command line): all rows."""
        if user is None:
            return sa.true()
        if callable(self.scope) and not isinstance(self.scope, type):
            condition: sa.ColumnElement[bool] = self.scope(user)
            return condition
        return scope_condition(self.scope or self.model, user)

    def rows(self, *columns: Any) -> sa.Select[Any]:
        """A select over the facts, unscoped: whoever counts narrows by `visible`."""
        select = sa.select(*columns).select_from(self.model)
        for target, condition in self.joins:
            select = select.join(target, condition)
        return select.where(*self.only)


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Called by a slice while the application is built. Names that do not fit are a mistake in the program."""
    named = {"shown": source.shown, "order": (source.order,), "group": source.group}
    for what, names in named.items():
        if unknown := [name for name in names if name not in source.by_name]:
            raise ValueError(f"source {source.key}: {what} names unknown columns {', '.join(unknown)}")
    if source.named(source.order).kind != "instant":
        raise ValueError(f"source {source.key}: order is no instant")
    _sources[source.key] = source


def extend(key: str, columns: Callable[[Source], tuple[Column, ...]]) -> None:
    """A slice tells what it knows of the rows of another one, once that one has registered them.

    Of the other slice it knows no more than the source's key and columns: an inspection says of hazards how it was
    made, by the `inspection_id` that they carry. Each is a sub-query, so that no row is doubled or lost.
    """
    source = _sources.get(key)
    if source is None:
        raise ValueError(f"source {key} is not registered (yet)")
    more = columns(source)
    if doubled := [column.name for column in more if column.name in source.by_name]:
        raise ValueError(f"source {key}: has {', '.join(doubled)} already")
    _sources[key] = replace(source, columns=(*source.columns, *more))


def find(key: str) -> Source | None:
    return _sources.get(key)


def all_sources() -> list[Source]:
    return [_sources[key] for key in sorted(_sources)]


def town_of(region_code: Any) -> Any:
    """The town that a region belongs to: its first nine digits, zero-filled to a code."""
    return sa.func.substr(region_code, 1, 9).concat("000")


def village_of(region_code: Any) -> Any:
    """The village or community that a region is; nothing for a town or city, whose last three digits are zero."""
    return sa.case((sa.func.substr(region_code, 10, 3) != "000", region_code))


def industry_division(code: Any) -> Any:
    """行业大类: the two digits that a GB/T 4754 code begins with, whether or not the section's letter is written."""
    return sa.func.substr(sa.func.ltrim(sa.func.upper(code), "ABCDEFGHIJKLMNOPQRST"), 1, 2)


class days_between(FunctionElement[int]):  # noqa: N801 - reads like the SQL function that it is
    """`days_between(first, last)`: how many days later the second date is. Each database has its own arithmetic."""

    type = sa.Integer()
    inherit_cache = True


@compiles(days_between)
def _dates_subtracted(element: Any, compiler: Any, **options: Any) -> str:
    first, last = (compiler.process(one, **options) for one in element.clauses)
    return f"({last} - {first})"


@compiles(days_between, "sqlite")
def _dates_as_text(element: Any, compiler: Any, **options: Any) -> str:
    first, last = (compiler.process(one, **options) for one in element.clauses)
    return f"CAST(julianday({last}) - julianday({first}) AS INTEGER)"
