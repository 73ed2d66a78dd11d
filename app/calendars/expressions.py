"""What diagrams may ask the calendar: a closed list of small functions over days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import current_app, has_app_context

from app import web
from app.calendars.office import Office
from app.calendars.queries import office
from app.calendars.shipped import shipped_office
from app.clock import local


def expression_functions() -> dict[str, Callable[..., Any]]:
    """Names for the expression language: today(), add_days, add_work_days, work_days_between, is_work_day."""
    return {
        "today": today,
        "add_days": add_days,
        "add_work_days": add_work_days,
        "work_days_between": work_days_between,
        "is_work_day": is_work_day,
    }


def today() -> dt.date:
    """The office's present day."""
    return local(web.clock().now()).date()


def add_days(day: Any, count: int) -> dt.date:
    """So many calendar days after a day (before it, if negative)."""
    return _day(day) + dt.timedelta(_count(count))


def add_work_days(day: Any, count: int) -> dt.date:
    """The count-th work day after a day; the day itself is not counted."""
    return _office().add_work_days(_day(day), _count(count))


def work_days_between(first: Any, last: Any) -> int:
    """Work days after the first day up to and including the last."""
    return _office().work_days_between(_day(first), _day(last))


def is_work_day(day: Any) -> bool:
    return _office().is_work_day(_day(day))


def _office() -> Office:
    """A session of its own: an expression is evaluated in the middle of the engine's transaction."""
    if not has_app_context():
        return shipped_office()
    with current_app.extensions["duban.sessions"]() as session:
        return office(session)


def _day(value: Any) -> dt.date:
    """A date, an instant (its local day) or ISO text of either."""
    if isinstance(value, str):
        text = value.strip()
        value = dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
    if isinstance(value, dt.datetime):
        return local(value).date() if value.tzinfo else value.date()
    if isinstance(value, dt.date):
        return value
    raise ValueError("a day is expected")


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10_000:
        raise ValueError("a number of days up to 10000 is expected")
    return value
