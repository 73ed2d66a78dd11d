"""The engine's calendar (`app.engine.ports.Calendar`) on the office's work days and the dated rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.calendars import limits
from app.calendars.limits import Limit
from app.calendars.office import Office
from app.calendars.queries import Snapshot, snapshot
from app.calendars.rules import pick, shipped_rules
from app.clock import local
from app.engine import Due, add_duration, checked_count, parse_deadline, parse_instant, parse_offset


class DeadlineError(ValueError):
    """A deadline text that gives no deadline here; the message is for the incident."""


class OfficeCalendar:
    """Computes deadlines, reminders and rungs. Stateless: everything is read through the session given.

    One that is `standing` counts by what was read once.
    """

    def __init__(self, standing: Snapshot | None = None) -> None:
        self._standing = standing

    def standing(self, session: Session) -> tuple[OfficeCalendar, Office]:
        now = self._now(session)
        return OfficeCalendar(now), now.office

    def _now(self, session: Session) -> Snapshot:
        return self._standing or snapshot(session)

    def due(
        self,
        session: Session,
        text: str,
        start: dt.datetime,
        evaluate: Callable[[str], Any],
    ) -> Due:
        """The deadline a text gives for a clock that starts at `start`; its forms are those of the engine's parser.

        Raises DeadlineError for an unknown rule, the engine's DeadlineTextError for what cannot be read and for an
        expression that gives no day.
        """
        wanted = parse_deadline(text)
        now = self._now(session)
        if wanted.rule is not None:
            return self._ruled(now, wanted.rule, start)
        if wanted.duration is not None:
            at, whole_days = add_duration(start, wanted.duration), wanted.duration.whole_days
            return limits.by_duration(now.office, at, start, wanted.text, whole_days=whole_days)
        if wanted.instant is not None:
            return limits.by_instant(now.office, wanted.instant, start)
        value = wanted.count if wanted.expression is None else evaluate(wanted.expression)
        if wanted.kind == "until":
            return limits.by_instant(now.office, _instant(value), start)
        end = "office" if wanted.kind == "work_days" else "day"
        return limits.by_limit(now.office, Limit(checked_count(value), wanted.kind, end), start)

    def offset(self, session: Session, text: str, base: dt.datetime) -> dt.datetime:
        """The instant of a reminder or rung: work-day and day offsets go out at the firing hour (08:30)."""
        offset = parse_offset(text)
        if offset.duration is not None:
            return add_duration(base, offset.duration)
        office, day = self._now(session).office, local(base).date()
        if offset.unit == "work_days":
            return office.at_firing_hour(office.add_work_days(day, offset.count))
        return office.at_firing_hour(day + dt.timedelta(offset.count))

    def latest(self, session: Session, rule: str, due: dt.datetime) -> dt.datetime:
        """The last moment for what has to be done so long before `due`, as a rule says: 期满前 20 个工作日."""
        now = self._now(session)
        found = pick(now.rules, rule, local(due).date())
        if found is None:
            raise DeadlineError(f"no deadline rule {rule!r}")
        return limits.before(now.office, found, due)

    def rules(self) -> frozenset[str]:
        """Names of the rules that ship; the check works without a database."""
        return frozenset(rule.code for rule in shipped_rules())

    def elapsed(self, session: Session, unit: str, start: dt.datetime, end: dt.datetime) -> int:
        """Seconds on the deadline's own clock: work days run in office time, all others around the clock."""
        return limits.elapsed(self._now(session).office, unit, start, end)

    def run_on(self, session: Session, basis: Mapping[str, Any], start: dt.datetime, seconds: int) -> dt.datetime:
        """Where a clock ends that has `seconds` left at `start` (see limits.run_on)."""
        now = self._now(session)
        rule = pick(now.rules, str(basis.get("rule") or ""), local(start).date())
        return limits.run_on(now.office, basis, start, seconds, roll_forward=rule is not None and rule.roll_forward)

    def given(self, session: Session, basis: Mapping[str, Any], start: dt.datetime, at: dt.datetime) -> Due:
        """A day and time that somebody decided: amber when 80 % of what lies between is used."""
        return limits.by_decision(self._now(session).office, basis, start, at)

    def _ruled(self, now: Snapshot, code: str, start: dt.datetime) -> Due:
        rule = pick(now.rules, code, local(start).date())
        if rule is None:
            raise DeadlineError(f"no deadline rule {code!r}")
        return limits.by_rule(now.office, rule, start)


def _instant(value: Any) -> dt.datetime | dt.date:
    return value if isinstance(value, dt.date) else parse_instant(value)
