"""When a phase opens and is assessed, when a week's report is due, when a plan is reviewed: arithmetic over days.

Service tasks use it with the records' dates, their stand-ins with the process's data, so that both give the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from app.calendars import Office
from app.campaigns.matrix import ASSESSED_BEFORE
from app.clock import SHANGHAI, local

REVIEWED_BEFORE = 5  # work days before a phase's end at which its departments review themselves
MISSED_AFTER = 2  # work days after which a week's report is not waited for any longer
MOST_EXTENSIONS, MOST_EXTENDED_DAYS = 2, 30  # of one phase
Record = dict[str, Any]


def day(value: Any) -> dt.date:
    """A day as a date, from ISO text of a day or an instant."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    return dt.date.fromisoformat(str(value)[:10])


def begins(on: dt.date) -> dt.datetime:
    return dt.datetime.combine(on, dt.time(), tzinfo=SHANGHAI)


def ends(on: dt.date) -> dt.datetime:
    """The last moment of a day."""
    return dt.datetime.combine(on, dt.time(23, 59, 59), tzinfo=SHANGHAI)


def text(at: dt.datetime) -> str:
    return local(at).isoformat()


def phase_record(office: Office, phase: Mapping[str, Any], now: dt.datetime) -> Record:
    """What the process knows of a phase: its dates, whether it still waits, whether its assessment is still early."""
    start, end = day(phase["start_on"]), day(phase["end_on"])
    opens, assessed = begins(start), office.at_firing_hour(office.add_work_days(end, -ASSESSED_BEFORE))
    return {
        "seq": phase["seq"],
        "name": phase["name"],
        "start_on": start.isoformat(),
        "end_on": end.isoformat(),
        "overlap": bool(phase.get("overlap")),
        "opens_at": text(opens),
        "waiting": now < opens,
        "assessed_at": text(assessed),
        "early": now < assessed,
    }


def first_week_after(approved: dt.date, start_on: dt.date) -> dt.date:
    """The day after which the first weekly report lies: nobody reports before the campaign has begun."""
    return max(approved, start_on - dt.timedelta(1))


def next_report(office: Office, after: dt.date, end_on: dt.date, now: dt.datetime, *, weekly: bool) -> Record:
    """The next weekly report after a day: due on the last work day of the week at the end of office, open the day
    before. Past the last one, or where nobody reports weekly, it waits for the campaign's end, which may move."""
    due_on = _week_end(office, after)
    if due_on > end_on or not weekly:
        after_all = begins(end_on + dt.timedelta(1))
        over, at = now >= after_all, text(after_all)
        return {"finished": over, "early": not over, "opens_at": at, "due_on": None, "due_at": at}
    opens = office.at_firing_hour(office.add_work_days(due_on, -1))
    due = office.end_of_office(due_on)
    missed = office.end_of_office(office.add_work_days(due_on, MISSED_AFTER))
    return {
        "finished": False,
        "early": now < opens,
        "opens_at": text(opens),
        "due_on": due_on.isoformat(),
        "due_at": text(due),
        "missed_at": text(missed),
    }


def _week_end(office: Office, after: dt.date) -> dt.date:
    """The last work day up to Friday of the first week in which one lies after the day; a week of holidays has none."""
    monday = after - dt.timedelta(after.weekday())
    while True:
        days = [monday + dt.timedelta(n) for n in range(5)]
        worked = [one for one in days if office.is_work_day(one)]
        if worked and worked[-1] > after:
            return worked[-1]
        monday += dt.timedelta(7)


def next_review(office: Office, phases: Sequence[Mapping[str, Any]], done: int, now: dt.datetime) -> Record:
    """The self-review of the next phase: opens five work days before its end, due when the gate is assessed."""
    if done >= len(phases):
        return {"finished": True, "early": False, "seq": done, "name": "", "opens_at": text(now), "due_at": text(now)}
    phase = phases[done]
    end = day(phase["end_on"])
    opens = office.at_firing_hour(office.add_work_days(end, -REVIEWED_BEFORE))
    due = office.end_of_office(office.add_work_days(end, -ASSESSED_BEFORE))
    return {
        "finished": False,
        "early": now < opens,
        "seq": done + 1,
        "name": phase["name"],
        "opens_at": text(opens),
        "due_at": text(due),
    }


def moved(phases: list[Record], seq: int, days: int) -> None:
    """Extend a phase by so many days. What comes after it moves along, unless its own assessment has begun; a phase
    that overlaps keeps its first day."""
    for phase in phases:
        if phase["seq"] == seq:
            phase["end_on"] = day(phase["end_on"]) + dt.timedelta(days)
        elif phase["seq"] > seq and phase.get("status", "planned") in ("planned", "running"):
            phase["end_on"] = day(phase["end_on"]) + dt.timedelta(days)
            if not phase.get("overlap") and phase.get("status", "planned") == "planned":
                phase["start_on"] = day(phase["start_on"]) + dt.timedelta(days)
