"""Computes figures: one SQL query each, or one for a whole grouping; and lists the rows behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import is_postgresql
from app.metrics import filters, naming, rounding, windows
from app.metrics.entries import Metric
from app.metrics.sources import Column
from app.metrics.windows import Question, Window

_DAY = 86_400


@dataclass(frozen=True)
class Figure:
    """A value with what it was counted over. `value` None: nothing to divide by, or no such campaign or period."""

    metric: Metric
    window: Window | None
    value: Decimal | int | None
    count: int = 0  # rows, or different values, that stand behind it
    part: int | None = None  # of a ratio: the rows above the line; `count` is below it

    @property
    def text(self) -> str:
        return rounding.written(self.value, self.metric.style)


@dataclass(frozen=True)
class Scoped:
    """A figure's rule with its question answered: conditions, ready for any number of queries."""

    metric: Metric
    window: Window | None
    conditions: list[Any]
    part: list[Any]

    def rows(self, *columns: Any) -> sa.Select[Any]:
        return self.metric.source.rows(*columns).where(*self.conditions)


def scoped(session: Session, metric: Metric, user: Any, question: Question, now: dt.datetime) -> Scoped:
    """Conditions of the rule, the window and the person's row scope. `user` None: the system, all rows."""
    window = windows.resolve(session, user, question, metric.usual, now, metric.about)
    given = dict(question.given)
    if window is not None and window.kind in ("campaign", "special"):
        given.setdefault(window.kind, window.key)
    source, found = metric.source, [metric.source.visible(user)]
    if window is None:
        return Scoped(metric, None, [sa.false()], [])
    found += filters.conditions(source, metric.where, window, given)
    if metric.on:
        found += filters.within(source.named(metric.on).expression, window)
    if metric.measure == "duration":
        found += [source.named(name).expression.is_not(None) for name in (metric.start, metric.stop)]
    return Scoped(metric, window, found, filters.conditions(source, metric.part, window, given))


def figure(session: Session, metric: Metric, user: Any, question: Question, now: dt.datetime) -> Figure:
    asked = scoped(session, metric, user, question, now)
    if asked.window is None:
        return Figure(metric, None, None)
    value, count = session.execute(asked.rows(*_measures(session, asked))).one()
    return _figure(asked, value, count)


def grouped(
    session: Session, metric: Metric, by: str, user: Any, question: Question, now: dt.datetime
) -> list[tuple[str, str, Figure]]:
    """(key, name, figure) for each value of a column that the source allows to group by, in one query."""
    asked = scoped(session, metric, user, question, now)
    if asked.window is None:
        return []
    column = metric.source.named(by)
    select = asked.rows(column.expression, *_measures(session, asked)).group_by(column.expression)
    found = [
        (naming.key_of(column, key), _figure(asked, value, count)) for key, value, count in session.execute(select)
    ]
    names = naming.names(session, column, [key for key, _figure in found])
    return [(key, names.get(key, key), one) for key, one in sorted(found, key=lambda pair: pair[0])]


def _measures(session: Session, asked: Scoped) -> tuple[Any, Any]:
    """The measure's value, and the number of rows (or different values) behind it."""
    metric, every = asked.metric, sa.func.count()
    if metric.measure == "distinct":
        distinct = sa.func.count(metric.source.named(metric.column).expression.distinct())
        return distinct, distinct
    if metric.measure == "sum":
        return sa.func.coalesce(sa.func.sum(metric.source.named(metric.column).expression), 0), every
    if metric.measure == "ratio":
        return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(sa.true(), *asked.part), 1), else_=0)), 0), every
    if metric.measure == "duration":
        return sa.func.coalesce(sa.func.sum(seconds(session, metric)), 0), every
    return every, every


def seconds(session: Session, metric: Metric) -> Any:
    """From the one instant to the other."""
    start, stop = (metric.source.named(name).expression for name in (metric.start, metric.stop))
    if is_postgresql(session):
        return sa.extract("epoch", sa.type_coerce(stop, sa.DateTime) - sa.type_coerce(start, sa.DateTime))
    return (sa.func.julianday(stop) - sa.func.julianday(start)) * _DAY


def _figure(asked: Scoped, value: Any, count: int) -> Figure:
    metric, window = asked.metric, asked.window
    if metric.measure == "ratio":
        share = Decimal(100) * int(value) / count if count else None
        return Figure(metric, window, share, count, int(value))
    if metric.measure == "duration":
        return Figure(metric, window, Decimal(str(value)) / count / _DAY if count else None, count)
    if metric.measure == "sum":
        return Figure(metric, window, Decimal(str(value)) / metric.scale, count)
    return Figure(metric, window, int(value), count)


def rows(
    session: Session, metric: Metric, user: Any, question: Question, now: dt.datetime, narrowed: Mapping[str, str]
) -> sa.Select[Any]:
    """The rows behind a figure, newest first, with `id` and the shown columns; as many as the figure counts.

    Of a distinct figure there is one row a value: the newest of its records. `narrowed` is a group's column and
    value; `part` = "1" the rows above a ratio's line, "0" those that are only below it.
    """
    asked = scoped(session, metric, user, question, now)
    source, also = metric.source, _narrowing(asked, narrowed)
    columns = [source.id.label("id"), *(source.named(name).expression.label(name) for name in shown(metric))]
    order = [source.named(source.order).expression.desc(), source.id.desc()]
    if metric.measure != "distinct":
        return asked.rows(*columns).where(*also).order_by(*order)
    value = source.named(metric.column).expression
    newest = asked.rows(sa.func.max(source.id)).where(value.is_not(None), *also).group_by(value)
    return source.rows(*columns).where(source.id.in_(newest)).order_by(*order)


def shown(metric: Metric) -> list[str]:
    """The source's columns, and those that the figure is made of."""
    names = [*metric.source.shown, metric.column, metric.start, metric.stop]
    return list(dict.fromkeys(name for name in names if name))


def _narrowing(asked: Scoped, narrowed: Mapping[str, str]) -> list[Any]:
    source, found = asked.metric.source, []
    for name, value in narrowed.items():
        if name == "part":
            met = sa.and_(sa.true(), *asked.part)
            found.append(met if value == "1" else sa.not_(sa.func.coalesce(met, sa.false())))
        elif name in source.group:
            found.append(_is(source.named(name), value))
    return found


def _is(column: Column, key: str) -> Any:
    """The column has the value that `naming.key_of` told."""
    if not key:
        return column.expression.is_(None)
    if column.kind == "flag":
        return column.expression if key == naming.YES else sa.not_(column.expression)
    return column.expression == key


def ids(session: Session, metric: Metric, user: Any, question: Question, now: dt.datetime) -> list[str]:
    """What stands behind a figure, in a fixed order: the ids of its rows, of a distinct figure its values."""
    asked = scoped(session, metric, user, question, now)
    distinct = metric.measure == "distinct"
    what = metric.source.named(metric.column).expression.distinct() if distinct else metric.source.id
    return sorted(str(one) for one in session.scalars(asked.rows(what)) if one is not None)
