"""Deadlines from limits: each function gives one `Due`. Pure arithmetic on an `Office`."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.calendars.office import Office, end_of_day
from app.calendars.rules import Rule
from app.clock import SHANGHAI, local
from app.engine import Due

AMBER = 0.8  # share of the limit after which a deadline is due soon (临期)
_UNITS = {
    "work_days": ("工作日", "work day"),
    "days": ("天", "day"),
    "hours": ("小时", "hour"),
    "months": ("个月", "month"),
}
_CLOCKS = {
    "work_days": "work",
    "days": "calendar",
    "hours": "hours",
    "months": "calendar",
}


@dataclass(frozen=True)
class Limit:
    """An amount of a unit, where its last day ends, and whether a last day off moves on."""

    amount: int
    unit: str
    end: str
    roll_forward: bool = False


def by_limit(office: Office, limit: Limit, start: dt.datetime, **basis: Any) -> Due:
    """The deadline a limit gives. The day it starts on is not counted (hours run from the instant itself)."""
    if limit.unit == "hours":
        at = start + dt.timedelta(hours=limit.amount)
    else:
        at = _at_end(office, limit, _last_day(office, limit, local(start).date()), start)
    if at <= start:  # “today” said after hours: the next office day
        at = office.end_of_office(office.add_work_days(local(start).date(), 1))
    zh, en = _UNITS[limit.unit]
    plural = "" if limit.amount == 1 else "s"
    texts = {
        "text_zh": f"限 {limit.amount} {zh}",
        "text_en": f"{limit.amount} {en}{plural}",
    }
    counts_days_off = limit.unit == "work_days" or limit.roll_forward
    return _due(
        office,
        start,
        at,
        _CLOCKS[limit.unit],
        limit.end,
        counts_days_off,
        **texts,
        **basis,
    )


def by_rule(office: Office, rule: Rule, start: dt.datetime) -> Due:
    """The deadline of a named rule, with its name and legal basis."""
    limit = Limit(rule.amount, rule.unit, rule.day_end, rule.roll_forward)
    return by_limit(
        office,
        limit,
        start,
        rule=rule.code,
        rule_zh=rule.name_zh,
        rule_en=rule.name_en,
        legal_basis=rule.legal_basis,
    )


def before(office: Office, rule: Rule, due: dt.datetime) -> dt.datetime:
    """The end of the last day that lies so long before a due instant; hours are counted from the instant itself."""
    day = local(due).date()
    if rule.unit == "hours":
        return due - dt.timedelta(hours=rule.amount)
    if rule.unit == "work_days":
        return end_of_day(office.add_work_days(day, -rule.amount))
    if rule.unit == "months":
        return end_of_day(add_months(day, -rule.amount))
    return end_of_day(day - dt.timedelta(rule.amount))


def by_instant(office: Office, value: dt.datetime | dt.date, start: dt.datetime) -> Due:
    """A given day (to its end) or instant. A naive instant is office time."""
    if isinstance(value, dt.datetime):
        at, end = (
            (value if value.tzinfo else value.replace(tzinfo=SHANGHAI)).astimezone(dt.UTC),
            "exact",
        )
    else:
        at, end = end_of_day(value), "day"
    moment = local(at)
    time = "24:00" if end == "day" or at == end_of_day(moment.date()) else f"{moment:%H:%M}"
    texts = {
        "text_zh": f"至 {moment.month}月{moment.day}日 {time}",
        "text_en": f"by {moment.day} {moment:%b} {time}",
    }
    return _due(office, start, at, "calendar", end, False, **texts)


def by_duration(office: Office, at: dt.datetime, start: dt.datetime, text: str, *, whole_days: bool) -> Due:
    """An exact duration that the engine has added already; days of 24 hours, months of the calendar."""
    zh, en = _duration_words(text)
    return _due(
        office,
        start,
        at,
        "calendar" if whole_days else "hours",
        "exact",
        False,
        text_zh=f"限 {zh}",
        text_en=en,
    )


def elapsed(office: Office, unit: str, start: dt.datetime, end: dt.datetime) -> int:
    """Seconds between two instants on the clock that counts a deadline."""
    return office.work_seconds(start, end) if unit == "work" else int((end - start).total_seconds())


def run_on(
    office: Office, basis: Mapping[str, Any], start: dt.datetime, seconds: int, *, roll_forward: bool = False
) -> dt.datetime:
    """The end of a limit that has `seconds` left at `start`, on its own clock.

    Work days stay work days. A limit that ends with a day or with office hours still does: the last day is used up
    in full. Where a last day off moves on (`roll_forward`), it moves on again.
    """
    unit, end = str(basis.get("unit") or "calendar"), str(basis.get("end") or "exact")
    left = max(0, seconds)
    at = office.add_work_seconds(start, left) if unit == "work" else start + dt.timedelta(seconds=left)
    day = local(at).date()
    if end not in ("day", "office"):
        return at
    if unit == "work" or roll_forward or end == "office":
        day = office.next_work_day(day)
    if end == "day":
        return end_of_day(day)
    closing = office.end_of_office(day)
    return closing if closing >= at else office.end_of_office(office.add_work_days(day, 1))


def by_decision(office: Office, basis: Mapping[str, Any], start: dt.datetime, at: dt.datetime) -> Due:
    """A deadline that somebody decided at `start`. It stays on the clock of the one before, and is not estimated."""
    moment, unit = local(at), str(basis.get("unit") or "calendar")
    end = "exact"
    if at == end_of_day(moment.date()):
        end = "day"
    elif at == office.end_of_office(moment.date()):
        end = "office"
    time = "24:00" if end == "day" or at == end_of_day(moment.date()) else f"{moment:%H:%M}"
    texts = {
        "text_zh": f"延至 {moment.month}月{moment.day}日 {time}",
        "text_en": f"extended to {moment.day} {moment:%b} {time}",
    }
    full = dict(basis) | texts | {"unit": unit, "end": end, "estimated": False}
    return Due(at=at, amber_at=_amber_at(office, start, at, unit), basis=full)


def _last_day(office: Office, limit: Limit, first: dt.date) -> dt.date:
    if limit.unit == "work_days":
        day = office.add_work_days(first, limit.amount)
        return office.next_work_day(day)
    day = add_months(first, limit.amount) if limit.unit == "months" else first + dt.timedelta(limit.amount)
    return office.next_work_day(day) if limit.roll_forward else day


def _at_end(office: Office, limit: Limit, day: dt.date, start: dt.datetime) -> dt.datetime:
    if limit.end == "office":
        return office.end_of_office(day)
    if limit.end == "exact":
        return dt.datetime.combine(day, local(start).time(), tzinfo=SHANGHAI).astimezone(dt.UTC)
    return end_of_day(day)


def add_months(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _due(
    office: Office,
    start: dt.datetime,
    at: dt.datetime,
    unit: str,
    end: str,
    counts_days_off: bool,
    **basis: Any,
) -> Due:
    full: dict[str, Any] = {
        "unit": unit,
        "end": end,
        "rule": None,
        "legal_basis": "",
        **basis,
    }
    full["estimated"] = counts_days_off and office.estimated_between(local(start).date(), local(at).date())
    return Due(at=at, amber_at=_amber_at(office, start, at, unit), basis=full)


def _amber_at(office: Office, start: dt.datetime, at: dt.datetime, unit: str) -> dt.datetime:
    """When 80 % of the limit is used on the clock that counts it."""
    if at <= start:
        return at
    if unit == "work" and (limit := office.work_seconds(start, at)) > 0:
        return min(at, office.add_work_seconds(start, round(limit * AMBER)))
    return start + dt.timedelta(seconds=round((at - start).total_seconds() * AMBER))


def _duration_words(text: str) -> tuple[str, str]:
    """P3D → (3 天, 3 days); PT24H → (24 小时, 24 hours)."""
    import re

    words = {
        "Y": ("年", "year"),
        "M": ("个月", "month"),
        "W": ("周", "week"),
        "D": ("天", "day"),
    }
    times = {"H": ("小时", "hour"), "M": ("分钟", "minute"), "S": ("秒", "second")}
    date, _sep, time = text.strip().upper().lstrip("P").partition("T")
    parts = [(n, words[u]) for n, u in re.findall(r"(\d+)([YMWD])", date)]
    parts += [(n, times[u]) for n, u in re.findall(r"(\d+)([HMS])", time)]
    zh = " ".join(f"{n} {unit[0]}" for n, unit in parts)
    en = " ".join(f"{n} {unit[1]}{'' if n == '1' else 's'}" for n, unit in parts)
    return zh, en
