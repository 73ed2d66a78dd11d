"""The calendar as it stands in the database, kept in memory until its version token changes."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from app.calendars.models import (
    OFFICIAL,
    CalendarDay,
    CalendarVersion,
    CalendarYear,
    DeadlineRule,
    OfficeHours,
)
from app.calendars.office import STANDARD_HOURS, Hours, Office
from app.calendars.rules import Rule, shipped_rules
from app.calendars.shipped import shipped_office
from app.prepared import Prepared

_KEPT = 8
_VERSION = CalendarVersion.__table__
_TOKEN = Prepared(sa.select(_VERSION.c.token).where(_VERSION.c.id == 1))


@dataclass(frozen=True)
class Snapshot:
    """The calendar and the rules of one version."""

    office: Office
    rules: tuple[Rule, ...]


_shipped: list[Snapshot] = []
_snapshots: OrderedDict[str, Snapshot] = OrderedDict()
_with_table: WeakSet[Engine] = WeakSet()
_lock = Lock()


def snapshot(session: Session) -> Snapshot:
    """The calendar this session sees; one small query when nothing changed.

    The token is random, not counted: what a rolled-back transaction put into memory can never be taken for
    the next version. A database without the tables (a check, a scenario) works with what ships.
    """
    token = _token(session)
    if token is None:
        if not _shipped:
            _shipped.append(Snapshot(shipped_office(), shipped_rules()))
        return _shipped[0]
    with _lock:
        if found := _snapshots.get(token):
            return found
    loaded = Snapshot(_load_office(session), _load_rules(session))
    with _lock:
        _snapshots[token] = loaded
        while len(_snapshots) > _KEPT:
            _snapshots.popitem(last=False)
    return loaded


def office(session: Session) -> Office:
    return snapshot(session).office


def _token(session: Session) -> str | None:
    bind = session.get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    if engine not in _with_table:
        if not sa.inspect(session.connection()).has_table(CalendarVersion.__tablename__):
            return None
        _with_table.add(engine)
    token: str | None = _TOKEN.scalar(session, {})
    return token


def _load_office(session: Session) -> Office:
    days = session.execute(sa.select(CalendarDay.date, CalendarDay.is_workday, CalendarDay.note)).all()
    official = session.scalars(sa.select(CalendarYear.year).where(CalendarYear.status == OFFICIAL))
    return Office(
        {row.date: row.is_workday for row in days},
        frozenset(official),
        _load_hours(session) or (STANDARD_HOURS,),
        {row.date: row.note for row in days},
    )


def _load_hours(session: Session) -> list[Hours]:
    rows = session.execute(sa.select(OfficeHours.effective_from, OfficeHours.periods, OfficeHours.firing))
    return [
        Hours(
            row.effective_from,
            tuple((dt.time.fromisoformat(start), dt.time.fromisoformat(end)) for start, end in row.periods),
            dt.time.fromisoformat(row.firing),
        )
        for row in rows
    ]


def _load_rules(session: Session) -> tuple[Rule, ...]:
    columns = [getattr(DeadlineRule, name) for name in Rule.__dataclass_fields__]
    return tuple(Rule(**row._mapping) for row in session.execute(sa.select(*columns)))


def year_status(session: Session, year: int) -> CalendarYear | None:
    return session.get(CalendarYear, year)


def days_of(session: Session, year: int) -> list[CalendarDay]:
    """Holidays and adjusted days of a year, in order."""
    span = sa.select(CalendarDay).where(CalendarDay.date.between(dt.date(year, 1, 1), dt.date(year, 12, 31)))
    return list(session.scalars(span.order_by(CalendarDay.date)))
