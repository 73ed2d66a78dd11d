from __future__ import annotations

import calendar as months
import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from app import web
from app.accounts import requires
from app.calendars import queries, words
from app.calendars.imports import MAX_BYTES, Notice, read_notice
from app.calendars.models import OFFICIAL
from app.calendars.office import Office
from app.calendars.year import publish_notice
from app.clock import local
from app.errors import Invalid
from app.i18n import _, lazy_

blueprint = Blueprint("calendars", __name__, url_prefix="/admin/calendar")
_FIRST, _LAST = 2004, 2199


@dataclass(frozen=True)
class Day:
    """One cell of the year's grid. kind: work, off, holiday (a work day off), adjusted (a weekend worked), or blank."""

    day: dt.date | None
    kind: str = ""
    note: str = ""
    today: bool = False


@dataclass(frozen=True)
class Month:
    number: int
    name: str
    weeks: list[list[Day]]
    work_days: int


def register_menu() -> None:
    web.menu.add(
        web.MenuItem(
            "administration",
            40,
            "calendars.index",
            lazy_("工作日历"),
            icon="calendar",
            shown=lambda user: user.has("admin", "coordinator"),
        )
    )


@blueprint.get("")
@requires("admin", "coordinator")
def index() -> Response:
    return _page(_year_asked())


@blueprint.post("/imports")
@requires("admin")
def import_year() -> Response:
    """Read a notice; without `confirm` only say what it would change (预检)."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid({"file": [_("没有选择文件")]})
    notice = read_notice(upload.stream.read(MAX_BYTES + 1), upload.filename)
    basis = request.form.get("basis", "").strip()[:200] or _("国务院办公厅节假日安排")
    if notice.errors or "confirm" not in request.form:
        year = notice.years[0] if notice.years else _year_asked()
        return _page(year, 422 if notice.errors else 200, notice=notice, changes=_changes(notice))
    outcome = publish_notice(notice, basis=basis, source=upload.filename[:120], by=web.actor())
    if outcome.years:
        flash(
            _(
                "已导入 %(years)s 年，重算期限 %(n)s 项",
                years="、".join(map(str, outcome.years)),
                n=outcome.recomputed,
            )
        )
    else:
        flash(_("与现有日历一致，没有变化"), "info")
    return web.see_other(url_for("calendars.index", year=(notice.years or [_year_asked()])[0]))


def _year_asked() -> int:
    this_year = local(web.clock().now()).year
    return max(_FIRST, min(_LAST, request.values.get("year", this_year, type=int)))


def _page(year: int, status: int = 200, **context: Any) -> Response:
    session = web.db.session()
    office = queries.office(session)
    row = queries.year_status(session, year)
    return web.render(
        "calendars/index.html",
        status,
        year=year,
        first=_FIRST,
        last=_LAST,
        official=row is not None and row.status == OFFICIAL,
        row=row,
        months=[_month(office, year, number) for number in range(1, 13)],
        weekdays=[words.weekday_text(dt.date(2024, 1, n)) for n in range(1, 8)],
        days=queries.days_of(session, year),
        day_text=lambda day: f"{words.day_text(day)} {words.weekday_text(day)}",
        total=len(office.work_days(year)),
        rules=queries.snapshot(session).rules,
        hours=office.hours(dt.date(year, 12, 31)),
        **context,
    )


def _changes(notice: Notice) -> list[str]:
    """How the file's days differ from what stands, in words."""
    office = queries.office(web.db.session())
    named = set(notice.days) | {day for day in office.notes if day.year in notice.years}
    lines = []
    for day in sorted(named):
        worked, note = notice.days.get(day, (day.weekday() < 5, ""))
        if worked != office.is_work_day(day):
            kind = _("改为上班") if worked else _("改为休息")
            lines.append(f"{words.day_text(day)} {words.weekday_text(day)} {kind} {note}".strip())
    return lines


def _month(office: Office, year: int, number: int) -> Month:
    weeks = [
        [_day(office, dt.date(year, number, n)) if n else Day(None) for n in week]
        for week in months.Calendar().monthdayscalendar(year, number)
    ]
    return Month(number, words.month_text(number), weeks, sum(day.month == number for day in office.work_days(year)))


def _day(office: Office, day: dt.date) -> Day:
    worked, weekend = office.is_work_day(day), day.weekday() > 4
    note = office.notes.get(day, "")
    if worked:
        kind = "adjusted" if weekend else "work"
    else:
        kind = "holiday" if note or not weekend else "off"
    return Day(day, kind, note, day == local(web.clock().now()).date())
