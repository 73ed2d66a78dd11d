"""When people work: so many hours of every work day, from the opening of the office. Seconds since 1970 throughout."""

from __future__ import annotations

import datetime as dt
from functools import cache

from app.clock import SHANGHAI
from app.engine.ports import OfficeDays

Span = tuple[int, int]
FAR = 4000  # work days that one piece of work may take: then it never ends


class Shifts:
    """The working hours of people who give so many hours of each work day; the office's own hours by default."""

    def __init__(self, office: OfficeDays) -> None:
        self._office = office
        self.spans = cache(self._spans)

    def is_work_day(self, day: dt.date) -> bool:
        return self._office.is_work_day(day)

    def capacity(self, day: dt.date, hours: float | None) -> int:
        """Seconds that one person works on a day."""
        return sum(end - start for start, end in self.spans(day, hours))

    def work(self, at: int, seconds: int, hours: float | None) -> tuple[int, int, list[tuple[dt.date, int]]]:
        """Work begun at the earliest at `at`: when it begins and ends, and how much of it lies on each day."""
        day, left, begun = day_of(at), max(1, seconds), 0
        parts: list[tuple[dt.date, int]] = []
        for _day in range(FAR):
            here = 0
            for opens, closes in self.spans(day, hours):
                start = max(opens, at)
                if closes <= start:
                    continue
                begun = begun or start
                used = min(left, closes - start)
                here, left = here + used, left - used
                if not left:
                    return begun, start + used, [*parts, (day, here)]
            if here:
                parts.append((day, here))
            day += dt.timedelta(1)
        return begun or at, at + FAR * 86400, parts

    def between(self, start: int, end: int) -> int:
        """Seconds of office time between two instants."""
        day, last, found = day_of(start), day_of(end), 0
        while day <= last:
            found += sum(max(0, min(end, closes) - max(start, opens)) for opens, closes in self.spans(day, None))
            day += dt.timedelta(1)
        return found

    def _spans(self, day: dt.date, hours: float | None) -> tuple[Span, ...]:
        """Cut after `hours`, or with the last one drawn out until midnight at most."""
        if not self._office.is_work_day(day):
            return ()
        spans = [(_at(day, start), _at(day, end)) for start, end in self._office.hours(day).periods]
        if hours is None:
            return tuple(spans)
        left, found = round(hours * 3600), []
        for start, end in spans:
            if left > 0:
                found.append((start, min(end, start + left)))
                left -= end - start
        if left > 0:
            start, end = found[-1]
            found[-1] = (start, min(end + left, _at(day, dt.time(23, 59, 59))))
        return tuple(found)


def day_of(at: int) -> dt.date:
    return dt.datetime.fromtimestamp(at, SHANGHAI).date()


def _at(day: dt.date, time: dt.time) -> int:
    return int(dt.datetime.combine(day, time, tzinfo=SHANGHAI).timestamp())
