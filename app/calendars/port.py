"""The engine's calendar (`app.engine.ports.Calendar`) on the office's work days and the dated rules."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.calendars import limits
from app.calendars.limits import Limit
from app.calendars.office import Office
from app.calendars.queries import Snapshot, snapshot
from app.calendars.rules import pick, shipped_rules
from app.clock import SHANGHAI, local
from app.engine import Due

_CALL = re.compile(r"(work_days|days|until)\((.*)\)", re.DOTALL)
_OFFSET = re.compile(r"([+-]?)\s*(\d+)\s*(work_days|days)")
_DURATION = re.compile(r"([+-]?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class DeadlineError(ValueError):
    """A deadline text that gives no deadline here; the message is for the incident."""


class OfficeCalendar:
    """Computes deadlines, reminders and rungs. Stateless: everything is read through the session given."""

    def due(
        self,
        session: Session,
        text: str,
        start: dt.datetime,
        evaluate: Callable[[str], Any],
    ) -> Due:
        """The deadline a text gives for a clock that starts at `start`; its forms are listed in docs.

        Raises DeadlineError for an unknown rule and for an expression that gives no day.
        """
        text = text.strip()
        now = snapshot(session)
        if call := _CALL.fullmatch(text):
            return self._called(now.office, call[1], call[2], start, evaluate)
        if text.startswith("P"):
            whole_days = "T" not in text
            return limits.by_duration(
                now.office,
                _add_duration(text, start),
                start,
                text,
                whole_days=whole_days,
            )
        if text[:1].isdigit():
            return limits.by_instant(now.office, _instant(text), start)
        return self._ruled(now, text, start)

    def offset(self, session: Session, text: str, base: dt.datetime) -> dt.datetime:
        """The instant of a reminder or rung: work-day and day offsets go out at the firing hour (08:30)."""
        text = text.strip()
        if found := _OFFSET.fullmatch(text):
            count = int(found[2]) * (-1 if found[1] == "-" else 1)
            office, day = snapshot(session).office, local(base).date()
            moved = office.add_work_days(day, count) if found[3] == "work_days" else day + dt.timedelta(count)
            return office.at_firing_hour(moved)
        return _add_duration(text, base)

    def rules(self) -> frozenset[str]:
        """Names of the rules that ship; the check works without a database."""
        return frozenset(rule.code for rule in shipped_rules())

    def _called(
        self,
        office: Office,
        name: str,
        argument: str,
        start: dt.datetime,
        evaluate: Callable[[str], Any],
    ) -> Due:
        if name == "until":
            return limits.by_instant(office, _instant(evaluate(argument)), start)
        count = int(argument) if argument.strip().isdigit() else evaluate(argument)
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 3660:
            raise DeadlineError(f"{name}({argument}): {count!r} is no number of days")
        end = "office" if name == "work_days" else "day"
        return limits.by_limit(office, Limit(count, name, end), start)

    def _ruled(self, now: Snapshot, code: str, start: dt.datetime) -> Due:
        rule = pick(now.rules, code, local(start).date())
        if rule is None:
            raise DeadlineError(f"no deadline rule {code!r}")
        return limits.by_rule(now.office, rule, start)


def _instant(value: Any) -> dt.datetime | dt.date:
    if isinstance(value, str):
        text = value.strip()
        try:
            return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
        except ValueError as wrong:
            raise DeadlineError(f"{text!r} is neither a day nor an instant") from wrong
    if isinstance(value, (dt.datetime, dt.date)):
        return value
    raise DeadlineError(f"{value!r} is neither a day nor an instant")


def _add_duration(text: str, start: dt.datetime) -> dt.datetime:
    found = _DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise DeadlineError(f"{text!r} is no duration")
    sign = -1 if found[1] == "-" else 1
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) * sign for part in found.groups()[1:])
    at = local(start)
    moved = limits.add_months(at.date(), years * 12 + months) + dt.timedelta(days=weeks * 7 + days)
    whole = dt.datetime.combine(moved, at.time(), tzinfo=SHANGHAI).astimezone(dt.UTC)
    return whole + dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
