"""What the one deadline component shows. Colours are decided here, once, for every list and page.

Units tell the clock: 工作日/时/分 is office time, 天 is calendar days, 小时/分钟 runs on around the clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.calendars import words
from app.calendars.office import Office
from app.clock import local
from app.i18n import _, bilingual


@dataclass(frozen=True)
class DeadlineView:
    """state: red, amber, green, pause, done, late, none. pct: share of the limit used, 0–100, or None for no bar."""

    state: str
    text: str
    due_text: str = ""
    pct: int | None = None
    was_text: str = ""
    limit_text: str = ""  # 限 2 工作日
    legal_basis: str = ""
    estimated: bool = False  # counted on days that are not official yet


@dataclass(frozen=True)
class WorkingClock:
    """The clock of the top bar: 4月9日 周四 14:20　工作日　距下班 3 时 10 分"""

    now: str
    day: str
    left: str
    estimated: bool = False

    def __str__(self) -> str:
        return "　".join(part for part in (self.now, self.day, self.left) if part)


def light(
    now: dt.datetime,
    due_at: dt.datetime | None,
    amber_at: dt.datetime | None,
    paused_at: dt.datetime | None = None,
) -> str:
    """green, amber, red, paused or none: the light of the API and of the inbox's counts."""
    if due_at is None:
        return "none"
    if paused_at is not None:
        return "paused"
    if now > due_at:
        return "red"
    return "amber" if amber_at is not None and now >= amber_at else "green"


def deadline_view(
    office: Office,
    now: dt.datetime,
    *,
    due_at: dt.datetime | None,
    amber_at: dt.datetime | None = None,
    started_at: dt.datetime | None = None,
    basis: Mapping[str, Any] | None = None,
    original_due_at: dt.datetime | None = None,
    finished_at: dt.datetime | None = None,
    paused_at: dt.datetime | None = None,
    pause_reason: str = "",
) -> DeadlineView:
    """The deadline of anything that has one: a task, a hazard, a phase."""
    if due_at is None:
        return DeadlineView("none", _("不限时"))
    basis = basis or {}
    common: dict[str, Any] = {
        "limit_text": bilingual(basis.get("text_zh"), basis.get("text_en")),
        "legal_basis": str(basis.get("legal_basis") or ""),
        "estimated": bool(basis.get("estimated")) and finished_at is None,
    }
    unit = str(basis.get("unit") or "calendar")
    if finished_at is not None:
        return _finished(office, unit, due_at, finished_at, now, common)
    pct = _share(office, unit, started_at, due_at, paused_at or now)
    if original_due_at is not None and local(original_due_at).date() != local(due_at).date():
        common["was_text"] = words.day_text(local(original_due_at).date(), local(now).date())
    if paused_at is not None:
        day = (local(now).date() - local(paused_at).date()).days + 1
        common.pop("was_text", None)  # the reason stands where the due instant would
        return DeadlineView("pause", _("中止计时 第 %(n)s 日", n=day), pause_reason, pct, **common)
    state = light(now, due_at, amber_at)
    span = _span(office, unit, now, due_at)
    if state != "red":
        text = _("剩 %(span)s", span=span)
    elif unit == "work" and office.work_seconds(due_at, now) < 60:
        text = _("已超期")  # after hours: no office time has passed since
    else:
        text = _("超期 %(span)s", span=span)
    return DeadlineView(
        state,
        text,
        words.due_text(due_at, now),
        100 if state == "red" else pct,
        **common,
    )


def task_deadline(office: Office, now: dt.datetime, task: Any) -> DeadlineView:
    """The same for a row that has the columns of a human task."""
    return deadline_view(
        office,
        now,
        due_at=task.due_at,
        amber_at=task.amber_at,
        started_at=task.clock_started_at,
        basis=task.due_basis,
        original_due_at=task.original_due_at,
        finished_at=task.completed_at,
        paused_at=task.paused_at,
        pause_reason=task.pause_reason,
    )


def _finished(
    office: Office,
    unit: str,
    due_at: dt.datetime,
    at: dt.datetime,
    now: dt.datetime,
    common: dict[str, Any],
) -> DeadlineView:
    when = words.instant_text(at, now)
    if at > due_at:
        return DeadlineView(
            "late",
            _("逾期 %(span)s办结", span=_span(office, unit, due_at, at)),
            when,
            None,
            **common,
        )
    whole_days = (local(due_at).date() - local(at).date()).days
    if unit == "work":
        early = office.work_days_between(local(at).date(), local(due_at).date())
        span = words.work_days_text(early)
    else:
        early, span = whole_days, words.days_text(whole_days)
    text = _("提前 %(span)s办结", span=span) if early > 0 else _("按期办结")
    return DeadlineView("done", text, when, None, **common)


def _span(office: Office, unit: str, now: dt.datetime, other: dt.datetime) -> str:
    """How far apart two instants are, as a positive amount, on the clock that counts."""
    first, last = min(now, other), max(now, other)
    if unit == "work":
        seconds = office.work_seconds(first, last)
        return words.work_span(seconds, office.hours(local(last).date()).seconds)
    elapsed = int((last - first).total_seconds())
    days = (local(last).date() - local(first).date()).days
    if unit == "hours" and elapsed <= 72 * 3600:
        return words.clock_span(elapsed)
    return words.days_text(days) if days else words.clock_span(elapsed)


def _share(
    office: Office,
    unit: str,
    start: dt.datetime | None,
    due_at: dt.datetime,
    now: dt.datetime,
) -> int | None:
    """Per cent of the limit used, on the clock that counts it."""
    if start is None or start >= due_at:
        return None
    if unit == "work":
        used, limit = (
            float(office.work_seconds(start, now)),
            float(office.work_seconds(start, due_at)),
        )
    else:
        used, limit = (now - start).total_seconds(), (due_at - start).total_seconds()
    return max(0, min(100, round(100 * used / limit))) if limit else None


def working_clock(office: Office, now: dt.datetime) -> WorkingClock:
    """What time it is for the office."""
    at = local(now)
    day = at.date()
    text = f"{words.day_text(day)} {words.weekday_text(day)} {at:%H:%M}"
    estimated = office.is_estimated(day)
    if not office.is_work_day(day):
        following = words.day_text(office.add_work_days(day, 1), day)
        name = office.notes.get(day) or (_("休息日"))
        return WorkingClock(text, name, _("下一工作日 %(day)s", day=following), estimated)
    kind = _("工作日（调休）") if day.weekday() > 4 else _("工作日")
    hours = office.hours(day)
    if at.time() >= hours.end:
        return WorkingClock(text, kind, _("已下班"), estimated)
    if at.time() < hours.periods[0][0]:
        return WorkingClock(
            text,
            kind,
            _("%(time)s 上班", time=f"{hours.periods[0][0]:%H:%M}"),
            estimated,
        )
    left = words.work_span(office.work_seconds(now, office.end_of_office(day)), hours.seconds)
    return WorkingClock(text, kind, _("距下班 %(span)s", span=left), estimated)
