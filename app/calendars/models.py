from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, new_id

OFFICIAL, ESTIMATED = "official", "estimated"


class CalendarDay(Base):
    """A day that is not what its weekday says, or that has a name: public holidays and adjusted work days (调休)."""

    __tablename__ = "calendar_day"
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    is_workday: Mapped[bool]
    note: Mapped[str] = mapped_column(sa.String(80), default="")
    source: Mapped[str] = mapped_column(sa.String(120), default="")


class CalendarYear(Base):
    """What is known of a year. A year without a row is estimated: Monday to Friday, with a warning."""

    __tablename__ = "calendar_year"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(sa.String(12))  # official, estimated
    basis: Mapped[str] = mapped_column(sa.String(200), default="")
    updated_at: Mapped[dt.datetime | None]


class OfficeHours(Base):
    """Office hours from a day on, as local times; `firing` is when reminders and rungs by the day go out."""

    __tablename__ = "office_hours"
    effective_from: Mapped[dt.date] = mapped_column(primary_key=True)
    periods: Mapped[list[list[str]]] = mapped_column(Json())
    firing: Mapped[str] = mapped_column(sa.String(5))


class DeadlineRule(Base):
    """A named time limit, dated: the version in force on the day a clock starts counts."""

    __tablename__ = "deadline_rule"
    code: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    effective_from: Mapped[dt.date] = mapped_column(primary_key=True)
    effective_to: Mapped[dt.date | None]
    name_zh: Mapped[str] = mapped_column(sa.String(120))
    name_en: Mapped[str] = mapped_column(sa.String(120))
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(sa.String(12))  # work_days, days, hours, months
    day_end: Mapped[str] = mapped_column(sa.String(8))  # day, office, exact
    start: Mapped[str] = mapped_column(sa.String(12), default="next_day")  # next_day: the first day is not counted
    roll_forward: Mapped[bool] = mapped_column(default=False)
    legal_basis: Mapped[str] = mapped_column(sa.String(200), default="")


class CalendarVersion(Base):
    """One row whose token changes with every change of days, hours or rules; memory caches are keyed by it."""

    __tablename__ = "calendar_version"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(sa.String(32), default=new_id)
