"""Windows (口径窗口): which instants a figure counts. Periods begin and end at midnight on the office's clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.clock import SHANGHAI, local
from app.errors import Invalid
from app.i18n import _, lazy_

KINDS: dict[str, Any] = {
    "week": lazy_("本周"),
    "month": lazy_("本月"),
    "quarter": lazy_("本季度"),
    "year": lazy_("今年以来"),
    "campaign": lazy_("专项行动以来"),
    "special": lazy_("特殊时段"),
    "between": lazy_("起止日期"),
    "all": lazy_("建库以来"),
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Window:
    """From `start` up to, but not including, `end`; None is open on that side. `key` names a campaign or period."""

    kind: str
    text: str
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    key: str = ""


@dataclass(frozen=True)
class Period:
    """A span of days with a name that a slice knows of: a campaign, a special period (两会)."""

    key: str
    name: str
    first: dt.date
    last: dt.date | None  # None or in the future: it still runs
    about: str = ""  # which special period it is: 全国两会


@dataclass(frozen=True)
class Question:
    """What is asked of a figure beside its own rule. Empty: the figure's usual window, at this moment."""

    kind: str = ""
    at: dt.date | None = None  # a day in the period meant; without it today
    first: dt.date | None = None
    last: dt.date | None = None
    period: str = ""  # which campaign or special period; without it the first one there is
    given: Mapping[str, str] = field(default_factory=dict)  # values for "@name" in conditions

    @property
    def args(self) -> dict[str, str]:
        """The same as a query string's values."""
        days = {"at": self.at, "from": self.first, "to": self.last}
        texts = {"window": self.kind, "period": self.period, **{n: d.isoformat() for n, d in days.items() if d}}
        return {name: value for name, value in {**texts, **self.given}.items() if value}


Periods = Callable[[Session, Any], list[Period]]  # those that the person may see, the most important one first
_providers: dict[str, Periods] = {}


def offer_periods(kind: str, provider: Periods) -> None:
    """A slice says which periods of a kind (`campaign`, `special`) there are."""
    if kind not in ("campaign", "special"):
        raise ValueError(f"unknown kind of period {kind}")
    _providers[kind] = provider


def periods(session: Session, user: Any, kind: str) -> list[Period]:
    provider = _providers.get(kind)
    return provider(session, user) if provider else []


def resolve(
    session: Session, user: Any, question: Question, usual: str, now: dt.datetime, about: str = ""
) -> Window | None:
    """The window that is meant; None where a campaign or period is meant that there is not.

    `about` narrows the usual window where no period is asked for: of a figure of the Two Sessions the first one that
    speaks of them is meant, not whichever special period comes first.
    """
    kind = question.kind or usual
    if kind not in KINDS:
        raise Invalid({"window": [_("没有这种统计窗口")]})
    if kind == "all":
        return Window("all", str(KINDS["all"]))
    if kind == "between":
        return _between(question)
    if kind in _providers or kind in ("campaign", "special"):
        found = periods(session, user, kind)
        wanted = about if kind == usual else ""
        meant = [p for p in found if (p.key == question.period if question.period else wanted in p.about)]
        period = meant[0] if meant else None
        return _of_period(kind, period, local(now).date()) if period else None
    return _calendar(kind, question.at or local(now).date(), local(now).date())


def _between(question: Question) -> Window:
    if question.first is None or question.last is None:
        raise Invalid({"from": [_("起止日期都要填写")]})
    if question.last < question.first:
        raise Invalid({"to": [_("止期不能早于起期")]})
    text = f"{_day(question.first)}—{_day(question.last)}"
    return Window("between", text, midnight(question.first), midnight(question.last + dt.timedelta(1)))


def _of_period(kind: str, period: Period, today: dt.date) -> Window:
    over = period.last is not None and period.last < today
    end = midnight(period.last + dt.timedelta(1)) if period.last and over else None
    return Window(kind, period.name, midnight(period.first), end, period.key)


def _calendar(kind: str, day: dt.date, today: dt.date) -> Window:
    if kind == "week":
        first = day - dt.timedelta(day.weekday())
        last = first + dt.timedelta(6)
    else:
        months = _MONTHS[kind]
        first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
        last = _months_on(first, months) - dt.timedelta(1)
    text = str(KINDS[kind]) if first <= today <= last else _past(kind, first, last)
    return Window(kind, text, midnight(first), midnight(last + dt.timedelta(1)))


def _past(kind: str, first: dt.date, last: dt.date) -> str:
    if kind == "year":
        return _("%(year)s年", year=first.year)
    if kind == "quarter":
        return _("%(year)s年第 %(quarter)s 季度", year=first.year, quarter=(first.month + 2) // 3)
    if kind == "month":
        return _("%(year)s年%(month)s月", year=first.year, month=first.month)
    return f"{_day(first)}—{_day(last)}"


def _months_on(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + year, month=month + 1)


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=SHANGHAI)


def _day(day: dt.date) -> str:
    return day.isoformat()
