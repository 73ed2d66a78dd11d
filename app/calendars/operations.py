"""Writes of the calendar. None of them commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.calendars.models import (
    OFFICIAL,
    CalendarDay,
    CalendarVersion,
    CalendarYear,
    DeadlineRule,
    OfficeHours,
)
from app.calendars.office import STANDARD_HOURS
from app.calendars.rules import Rule, shipped_rules
from app.calendars.shipped import BASIS, SOURCE, shipped_days, shipped_years
from app.db import new_id


def touch(session: Session) -> None:
    """Make every process read the calendar anew."""
    session.merge(CalendarVersion(id=1, token=new_id()))
    session.flush()


def seed(session: Session) -> None:
    """Write what ships and is missing: work days, years, office hours, rules. What the office changed stays."""
    if any([_seed_days(session), _seed_hours(session), _seed_rules(session)]):
        touch(session)


def _seed_days(session: Session) -> bool:
    known = set(session.scalars(sa.select(CalendarYear.year)))
    years = [year for year in shipped_years() if year not in known]
    for year in years:
        session.add(
            CalendarYear(
                year=year,
                status=OFFICIAL,
                basis=f"{BASIS}（{SOURCE}）",
                updated_at=None,
            )
        )
    session.add_all(
        CalendarDay(date=day, is_workday=worked, note=note, source=SOURCE)
        for day, (worked, note) in shipped_days().items()
        if day.year in years
    )
    return bool(years)


def _seed_hours(session: Session) -> bool:
    if session.scalar(sa.select(sa.func.count()).select_from(OfficeHours)):
        return False
    periods = [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in STANDARD_HOURS.periods]
    session.add(
        OfficeHours(
            effective_from=STANDARD_HOURS.effective_from,
            periods=periods,
            firing=f"{STANDARD_HOURS.firing:%H:%M}",
        )
    )
    return True


def _seed_rules(session: Session) -> bool:
    known = {tuple(row) for row in session.execute(sa.select(DeadlineRule.code, DeadlineRule.effective_from))}
    missing = [rule for rule in shipped_rules() if (rule.code, rule.effective_from) not in known]
    columns = Rule.__dataclass_fields__
    session.add_all(DeadlineRule(**{name: getattr(rule, name) for name in columns}) for rule in missing)
    return bool(missing)


def publish_year(
    session: Session,
    year: int,
    days: Mapping[dt.date, tuple[bool, str]],
    *,
    basis: str,
    source: str,
    by: Actor,
    now: dt.datetime,
) -> bool:
    """Take the notice's days as the year's whole list and mark the year official; False if nothing changed.

    The list replaces what was there: a day that the notice does not name is worked as its weekday says.
    """
    wanted = {day: entry for day, entry in days.items() if day.year == year}
    span = CalendarDay.date.between(dt.date(year, 1, 1), dt.date(year, 12, 31))
    present = {row.date: (row.is_workday, row.note) for row in session.scalars(sa.select(CalendarDay).where(span))}
    row = session.get(CalendarYear, year)
    if present == wanted and row is not None and row.status == OFFICIAL:
        return False
    session.execute(sa.delete(CalendarDay).where(span))
    session.add_all(
        CalendarDay(date=day, is_workday=worked, note=note, source=source) for day, (worked, note) in wanted.items()
    )
    session.merge(CalendarYear(year=year, status=OFFICIAL, basis=basis, updated_at=now))
    touch(session)
    record(
        session,
        now,
        by,
        "calendars.published",
        "calendar_year",
        str(year),
        days=len(wanted),
        basis=basis,
    )
    return True


def publish(
    session: Session,
    days: Mapping[dt.date, tuple[bool, str]],
    *,
    basis: str,
    source: str,
    by: Actor,
    now: dt.datetime,
    years: Iterable[int] = (),
) -> list[int]:
    """`publish_year` for every year that the days name; the years that changed."""
    named = sorted({day.year for day in days} | set(years))
    return [year for year in named if publish_year(session, year, days, basis=basis, source=source, by=by, now=now)]
