"""Dates and spans of time in words, in the present language."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date

from app.clock import local
from app.i18n import ENGLISH, _, get_locale

LAST_MOMENT = dt.time(23, 59, 59)


def day_text(day: dt.date, today: dt.date | None = None) -> str:
    """4月9日; with the year where it is another than this one."""
    other_year = today is not None and day.year != today.year
    if get_locale() == ENGLISH:
        return format_date(day, "d MMM yyyy" if other_year else "d MMM", locale="en")
    return f"{day.year}年{day.month}月{day.day}日" if other_year else f"{day.month}月{day.day}日"


def month_text(number: int) -> str:
    return format_date(dt.date(2024, number, 1), "MMMM", locale="en") if get_locale() == ENGLISH else f"{number}月"


def weekday_text(day: dt.date) -> str:
    names = (
        _("周一"),
        _("周二"),
        _("周三"),
        _("周四"),
        _("周五"),
        _("周六"),
        _("周日"),
    )
    return names[day.weekday()]


def time_text(at: dt.datetime) -> str:
    """17:30; the last moment of a day is 24:00."""
    moment = local(at)
    return "24:00" if moment.time().replace(microsecond=0) == LAST_MOMENT else f"{moment:%H:%M}"


def instant_text(at: dt.datetime, now: dt.datetime | None = None) -> str:
    """4月7日 16:05"""
    today = local(now).date() if now else None
    return f"{day_text(local(at).date(), today)} {time_text(at)}"


def due_text(at: dt.datetime, now: dt.datetime) -> str:
    """今日 17:30 止, 明日 12:00 止, 4月15日 24:00 止"""
    day, today = local(at).date(), local(now).date()
    if day == today:
        return _("今日 %(time)s 止", time=time_text(at))
    if day == today + dt.timedelta(1):
        return _("明日 %(time)s 止", time=time_text(at))
    return _("%(instant)s 止", instant=instant_text(at, now))


def work_days_text(count: int) -> str:
    return _("1 工作日") if count == 1 else _("%(n)s 工作日", n=count)


def days_text(count: int) -> str:
    return _("1 天") if count == 1 else _("%(n)s 天", n=count)


def work_span(seconds: int, day_seconds: int) -> str:
    """Office time: 2 工作日 3 时, 3 时 10 分, 50 分. Minutes are dropped beside days."""
    minutes = max(0, seconds) // 60
    days, minutes = divmod(minutes, day_seconds // 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        return " ".join([work_days_text(days), *([_("%(n)s 时", n=hours)] if hours else [])])
    if hours:
        return " ".join([_("%(n)s 时", n=hours), *([_("%(n)s 分", n=minutes)] if minutes else [])])
    return _("%(n)s 分", n=minutes) if minutes else _("不足 1 分")


def clock_span(seconds: int) -> str:
    """Time that runs on at night and on holidays: 20 小时 15 分钟, 15 分钟."""
    minutes = max(0, seconds) // 60
    hours, minutes = divmod(minutes, 60)
    if hours:
        return " ".join(
            [
                _("%(n)s 小时", n=hours),
                *([_("%(n)s 分钟", n=minutes)] if minutes else []),
            ]
        )
    return _("%(n)s 分钟", n=minutes) if minutes else _("不足 1 分钟")


def answered_text(due_at: dt.datetime, at: dt.datetime) -> str:
    """Answering ends the addressee's clock, not the case: 提前 1 天反馈, never 办结."""
    days = (local(due_at).date() - local(at).date()).days
    if days > 0:
        return _("提前 %(n)s 天反馈", n=days)
    return _("按期反馈") if at <= due_at else _("逾期 %(n)s 天反馈", n=max(1, -days))
