"""The register (台账): list, fragment for other pages, files."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import Response, request, url_for

from app import files, web
from app.accounts import organisation_options, sector_options, town_options
from app.audit import record
from app.calendars import answered_text, deadline_view, this_office
from app.clock import local
from app.engine import HumanTask
from app.errors import NotFound
from app.hazards import access, queries
from app.hazards.models import GRADES, SOURCES, STATUSES, Hazard
from app.hazards.schemas import HazardFilter
from app.hazards.views import blueprint
from app.i18n import _, bilingual
from app.subjects import csv_file, xlsx_file

_EXPORTED = 20_000
_PAGE = 20
_EMBEDDED = 8
_ABOUT = ("subject", "campaign", "plan", "inspection", "consultation")  # records whose pages show their hazards
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("")
def index() -> Response:
    """The list. Asked for by the page of another record (`?subject=`, `?inspection=`) it answers with rows only."""
    filters, session, user, now = filters_now(), web.db.session(), web.current_user(), web.clock().now()
    select = queries.hazards(user, filters, now, request.args.get("sort"))
    if web.is_partial() and any(filters[name] for name in _ABOUT) and "open" not in request.args:
        return _embedded(web.paginate(select, 1, _EMBEDDED), filters)
    page = web.paginate(select, web.page_number(), _PAGE)
    return web.render(
        "hazards/_list.html" if web.is_partial() else "hazards/index.html",
        page=page,
        filters=filters,
        link=link,
        tabs=_tabs(queries.tab_counts(session, user, now, _month(now))),
        lights=queries.light_counts(session, user, filters, now),
        facets=_facets(session, user, filters, now),
        periods=_periods(now, filters),
        orgs=organisation_options(session, user, kind="sector_dept"),
        words={"statuses": STATUSES, "grades": GRADES, "sources": SOURCES},
        sectors=sector_options(session),
        towns=town_options(session),
        may_register=access.may_register(user),
        **rows_context(page.items),
        opened=_opened(page.items),
    )


def _embedded(page: web.Page[Hazard], filters: dict[str, str]) -> Response:
    return web.render("hazards/_embedded.html", page=page, filters=filters, link=link, **rows_context(page.items))


def rows_context(rows: list[Hazard]) -> dict[str, Any]:
    """What a row needs beside the record."""
    session = web.db.session()
    tasks = queries.open_tasks(session, [row.instance_id for row in rows])
    return {"names": queries.names_of(session, rows), "tasks": tasks, "limit": limit_of, "day_of": day_of, "mine": mine}


def mine(tasks: list[HumanTask]) -> list[HumanTask]:
    """The tasks that this person can do now."""
    engine, session, user = web.engine(), web.db.session(), web.current_user()
    return [task for task in tasks if {"claim", "complete"} & engine.permitted(session, task, user.id)]


def limit_of(hazard: Hazard) -> Any:
    """The deadline component of the rectification; nothing where no limit was set."""
    if hazard.due_at is None:
        return None
    view = deadline_view(
        this_office(),
        web.clock().now(),
        due_at=hazard.due_at,
        amber_at=hazard.amber_at,
        started_at=hazard.ordered_at,
        original_due_at=hazard.original_due_at,
        finished_at=hazard.finished_at,
        paused_at=hazard.paused_at if hazard.finished_at is None else None,
        pause_reason=hazard.pause_reason,
    )
    return view if hazard.finished_at is None else replace(view, text=answered_text(hazard.due_at, hazard.finished_at))


def _opened(rows: list[Hazard]) -> dict[str, Any] | None:
    """The row that is open in place, with its photos."""
    hazard = next((row for row in rows if row.id == request.args.get("open")), None)
    if hazard is None:
        return None
    session = web.db.session()
    after = queries.latest_photos(session, [hazard]).get(hazard.id, [])
    return {
        "id": hazard.id,
        "before": files.named(session, hazard.photos_before[:1]),
        "after": files.named(session, after[:1]),
    }


def _month(now: dt.datetime) -> dt.datetime:
    return local(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _periods(now: dt.datetime, filters: dict[str, str]) -> list[tuple[str, str]]:
    """When it was found, as offices ask: this month, this quarter, this year; and the day that a link brought."""
    day = local(now).date()
    starts = {
        day.replace(day=1): _("发现：本月"),
        day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1): _("发现：本季度"),
        day.replace(month=1, day=1): _("发现：今年以来"),
    }
    found = [(start.isoformat(), text) for start, text in reversed(starts.items())]
    given = filters["found_from"]
    known = not given or given in dict(found)
    return found if known else [*found, (given, _("发现：%(day)s 起", day=given))]


def _tabs(counts: dict[str, int]) -> list[tuple[str, str, int, bool]]:
    """Tabs are filters with a name; which one is current follows from the filters."""
    now = local(web.clock().now())
    month = now.replace(day=1).date().isoformat()
    tabs: dict[str, tuple[str, dict[str, Any]]] = {
        "all": (_("全部"), {}),
        "open": (_("未销号"), {"status": "open"}),
        "major": (_("重大隐患"), {"status": "open", "grade": "major"}),
        "overdue": (_("超期"), {"overdue": "1"}),
        "closed": (_("本月销号"), {"status": "closed", "closed_from": month}),
        "mine": (_("我登记和在办"), {"mine": "1"}),
    }
    shown = {"status", "grade", "overdue", "closed_from", "mine"}
    present = {name: value for name, value in filters_now().items() if value and name in shown}
    return [
        (url_for("hazards.index", **filters), text, counts[key], present == filters)
        for key, (text, filters) in tabs.items()
    ]


def _facets(session: Any, user: Any, filters: dict[str, str], now: dt.datetime) -> list[tuple[str, list[Any]]]:
    towns, sectors = town_options(session), sector_options(session)
    counts = queries.facet_counts(session, user, filters, now)
    groups = (
        ("town", _("属地"), towns),
        ("sector", _("领域"), sectors),
        ("grade", _("等级"), GRADES.items()),
        ("source", _("来源"), SOURCES.items()),
    )
    return [(title, _facet(name, list(options), counts[name], filters)) for name, title, options in groups]


def _facet(name: str, options: list[Any], counts: dict[str, int], filters: dict[str, str]) -> list[Any]:
    """Values that occur, and the one chosen, which a second click takes away again."""
    chosen = filters[name]
    return [
        (link(**{name: "" if chosen == value else value}), text, counts.get(value, 0), chosen == value)
        for value, text in options
        if counts.get(value) or chosen == value
    ]


@blueprint.get("/export.<kind>")
@web.writes
def export_list(kind: str) -> Response:
    """The filtered list as a file; who took it is recorded."""
    if kind not in ("csv", "xlsx"):
        raise NotFound()
    session, user, filters, now = web.db.session(), web.current_user(), filters_now(), web.clock().now()
    rows = list(session.scalars(queries.hazards(user, filters, now, request.args.get("sort")).limit(_EXPORTED)))
    head, table = _table(rows)
    content = csv_file(head, table) if kind == "csv" else xlsx_file(_("隐患台账"), head, table)
    used = {name: value for name, value in filters.items() if value}
    record(session, now, web.actor(), "hazards.exported", "hazard", rows=len(rows), filters=used)
    response = Response(content, mimetype="text/csv" if kind == "csv" else XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="hazards.{kind}"'
    return response


def _table(rows: list[Hazard]) -> tuple[list[str], list[list[object]]]:
    names, now = queries.names_of(web.db.session(), rows), web.clock().now()
    head = [
        _("编号"), _("隐患"), _("单位（对象）"), _("位置"), _("属地"), _("领域"), _("类别"), _("等级"), _("来源"),
        _("发现时间"), _("整改要求"), _("整改期限"), _("原期限"), _("轮次"), _("提交时间"), _("销号时间"), _("状态"),
        _("超期"), _("监管单位"), _("责任单位"), _("台账编号"),
    ]  # fmt: skip
    return head, [_cells(row, names, now) for row in rows]


def _cells(row: Hazard, names: dict[str, dict[str, Any]], now: dt.datetime) -> list[object]:
    def called(kind: str, key: str | None) -> str:
        found = names[kind].get(key or "")
        return bilingual(found.name, found.name_en) if found else ""

    return [
        row.number, row.summary, names["subject"][row.subject_id].name, row.location,
        called("region", row.region_code), called("sector", row.sector_code), row.category_name, row.grade_name,
        row.source_name, _minute(row.found_at), "；".join(row.requirements), _day(row.due_at),
        _day(row.original_due_at), row.round, _minute(row.submitted_at), _minute(row.closed_at), row.status_name,
        _("是") if row.overdue(now) else "", called("org", row.supervising_org_id),
        called("org", row.responsible_org_id), row.external_no,
    ]  # fmt: skip


def day_of(at: dt.datetime) -> str:
    """04-09, with the year where it is another: dense tables have no room for more."""
    day, today = local(at).date(), local(web.clock().now()).date()
    return f"{day:%m-%d}" if day.year == today.year else day.isoformat()


def _day(at: dt.datetime | None) -> str:
    return local(at).date().isoformat() if at else ""


def _minute(at: dt.datetime | None) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}" if at else ""


def filters_now() -> dict[str, str]:
    return dict(HazardFilter().load(request.args.to_dict()))


def link(**changes: Any) -> str:
    """The list with one filter changed; an empty value drops it, and every change goes back to page 1."""
    endpoint = changes.pop("_endpoint", "hazards.index")
    kept = filters_now() | {"sort": request.args.get("sort", "")}
    if "open" in changes and "page" not in changes:
        kept["page"] = request.args.get("page", "")
    merged = {name: value for name, value in {**kept, **changes}.items() if value}
    return url_for(endpoint, **merged)
