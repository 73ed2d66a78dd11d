"""Work days and office time as pure arithmetic: no database, no request, no machine time zone."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.clock import SHANGHAI, local

MIN_YEAR, MAX_YEAR = 1990, 2200


class CalendarRangeError(ValueError):
    """A day before 1990 or after 2200: no deadline means that."""


@dataclass(frozen=True)
class Hours:
    """One regime of office hours. `periods` are local times in order, without overlap."""

    effective_from: dt.date
    periods: tuple[tuple[dt.time, dt.time], ...]
    firing: dt.time

    @property
    def end(self) -> dt.time:
        return self.periods[-1][1]

    @cached_property
    def seconds(self) -> int:
        return sum(_seconds(end) - _seconds(start) for start, end in self.periods)

    def before(self, at: dt.time) -> int:
        """Seconds of office time of the day that lie before a time of day."""
        moment = _seconds(at)
        return sum(max(0, min(moment, _seconds(end)) - _seconds(start)) for start, end in self.periods)

    def after_seconds(self, used: int) -> dt.time:
        """The time of day at which `used` seconds of the day's office time have passed (0 < used ≤ seconds)."""
        for start, end in self.periods:
            length = _seconds(end) - _seconds(start)
            if used <= length:
                return _time(_seconds(start) + used)
            used -= length
        raise ValueError("longer than the office day")


STANDARD_HOURS = Hours(
    dt.date(MIN_YEAR, 1, 1),
    ((dt.time(8, 30), dt.time(12)), (dt.time(13, 30), dt.time(17, 30))),
    dt.time(8, 30),
)


class Office:
    """The office's calendar: which days are worked, and at what hours. Immutable once made; years are cached."""

    def __init__(
        self,
        exceptions: Mapping[dt.date, bool],
        official_years: frozenset[int],
        hours: Sequence[Hours] = (STANDARD_HOURS,),
        notes: Mapping[dt.date, str] | None = None,
    ) -> None:
        self._exceptions = dict(exceptions)
        self.official_years = official_years
        self._hours = sorted(hours, key=lambda regime: regime.effective_from)
        self._since = [regime.effective_from for regime in self._hours]
        self.notes = dict(notes or {})
        self._years: dict[int, list[dt.date]] = {}

    # -- days

    def is_work_day(self, day: dt.date) -> bool:
        return self._exceptions.get(day, day.weekday() < 5)

    def is_estimated(self, day: dt.date) -> bool:
        return day.year not in self.official_years

    def estimated_between(self, first: dt.date, last: dt.date) -> bool:
        """Whether any year the span touches is only estimated."""
        return any(year not in self.official_years for year in range(first.year, last.year + 1))

    def work_days(self, year: int) -> list[dt.date]:
        if year not in self._years:
            if not MIN_YEAR <= year <= MAX_YEAR:
                raise CalendarRangeError(f"year {year}")
            first = dt.date(year, 1, 1)
            days = (first + dt.timedelta(n) for n in range((dt.date(year, 12, 31) - first).days + 1))
            self._years[year] = [day for day in days if self.is_work_day(day)]
        return self._years[year]

    def add_work_days(self, day: dt.date, count: int) -> dt.date:
        """The count-th work day after `day` (before it, if negative). The day itself is never counted; 0 is the day."""
        if count == 0:
            return day
        year, left = day.year, abs(count)
        while True:
            days = self.work_days(year)
            if count > 0:
                rest = days[bisect_right(days, day) :] if year == day.year else days
            else:
                rest = days[: bisect_left(days, day)][::-1] if year == day.year else days[::-1]
            if left <= len(rest):
                return rest[left - 1]
            left -= len(rest)
            year += 1 if count > 0 else -1

    def work_days_between(self, first: dt.date, last: dt.date) -> int:
        """Work days after `first` up to and including `last`; negative if `last` lies before `first`."""
        if last < first:
            return -self.work_days_between(last, first)
        total = sum(len(self.work_days(year)) for year in range(first.year, last.year))
        return total - bisect_right(self.work_days(first.year), first) + bisect_right(self.work_days(last.year), last)

    def next_work_day(self, day: dt.date) -> dt.date:
        """The day itself if it is worked, else the next that is."""
        return day if self.is_work_day(day) else self.add_work_days(day, 1)

    # -- hours

    def hours(self, day: dt.date) -> Hours:
        index = bisect_right(self._since, day) - 1
        return self._hours[max(0, index)]

    def at_firing_hour(self, day: dt.date) -> dt.datetime:
        return on(day, self.hours(day).firing)

    def end_of_office(self, day: dt.date) -> dt.datetime:
        return on(day, self.hours(day).end)

    def work_seconds(self, start: dt.datetime, end: dt.datetime) -> int:
        """Office time between two instants; negative if `end` lies before `start`."""
        if end < start:
            return -self.work_seconds(end, start)
        a, b = local(start), local(end)
        return self._seconds_until(a.date(), b) - self._seconds_until(a.date(), a)

    def _seconds_until(self, origin: dt.date, at: dt.datetime) -> int:
        """Office time from the beginning of the day `origin` to `at`, which lies on that day or later."""
        day = at.date()
        today = self.hours(day).before(at.time()) if self.is_work_day(day) else 0
        yesterday, before = day - dt.timedelta(1), origin - dt.timedelta(1)
        return today + sum(
            self.work_days_between(first, last) * regime.seconds
            for first, last, regime in self._spans(before, yesterday)
        )

    def _spans(self, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date, Hours]]:
        """Cut (first, last] where office hours change."""
        while first < last:
            regime = self.hours(first + dt.timedelta(1))
            later = [r.effective_from for r in self._hours if r.effective_from > first + dt.timedelta(1)]
            stop = min(last, later[0] - dt.timedelta(1)) if later else last
            yield first, stop, regime
            first = stop

    def add_work_seconds(self, start: dt.datetime, seconds: int) -> dt.datetime:
        """The instant at which `seconds` ≥ 0 of office time have passed since `start`."""
        at = local(start)
        day, used = at.date(), 0
        if self.is_work_day(day):
            used = self.hours(day).before(at.time())
        if seconds <= 0:
            return start
        left = seconds + used
        if not self.is_work_day(day):
            day = self.add_work_days(day, 1)
        while left > self.hours(day).seconds:
            left -= self.hours(day).seconds
            day = self.add_work_days(day, 1)
        return on(day, self.hours(day).after_seconds(left))


def on(day: dt.date, at: dt.time) -> dt.datetime:
    """A local day and time as an instant."""
    return dt.datetime.combine(day, at, tzinfo=SHANGHAI).astimezone(dt.UTC)


def end_of_day(day: dt.date) -> dt.datetime:
    """23:59:59 local: the last moment of a statutory day."""
    return on(day, dt.time(23, 59, 59))


def _seconds(at: dt.time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _time(seconds: int) -> dt.time:
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60)
