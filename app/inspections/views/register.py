"""The list of inspections: filters, fragment for other pages, files."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Response, request, url_for

from app import web
from app.accounts import organisation_options, scope_condition, sector_options, town_options
from app.audit import record
from app.clock import local
from app.errors import NotFound
from app.i18n import _, bilingual
from app.inspections import access, queries
from app.inspections.models import Inspection
from app.inspections.schemas import InspectionFilter
from app.inspections.views import blueprint
from app.inspections.words import MODES, PURPOSES, STATUSES, UNDONE
from app.subjects import csv_file, xlsx_file

_EXPORTED = 20_000
_PAGE = 20
_EMBEDDED = 8
_ABOUT = ("subject", "campaign", "plan")  # records whose pages show their inspections
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def late_count(user: Any) -> int | None:
    """The number beside the entry: what should have been carried out and was not."""
    late = queries.late(local(web.clock().now()).date())
    select = sa.select(sa.func.count()).select_from(Inspection).where(late, scope_condition(Inspection, user))
    return web.db.session().scalar(select) or None


@blueprint.get("")
def index() -> Response:
    """The list. Asked for by the page of another record (`?subject=`, `?campaign=`) it answers with rows only."""
    filters, session, user, now = filters_now(), web.db.session(), web.current_user(), web.clock().now()
    select = queries.inspections(user, filters, request.args.get("sort"))
    if web.is_partial() and any(filters[name] for name in _ABOUT):
        page = web.paginate(select, 1, _EMBEDDED)
        return web.render(
            "inspections/_embedded.html", page=page, filters=filters, link=link, **rows_context(page.items)
        )
    page = web.paginate(select, web.page_number(), _PAGE)
    return web.render(
        "inspections/_list.html" if web.is_partial() else "inspections/index.html",
        page=page,
        filters=filters,
        link=link,
        tabs=_tabs(queries.tab_counts(session, user, now), official=access.is_official(user)),
        sums=queries.sums(session, user, filters),
        facets=_facets(session, user, filters),
        words={"statuses": _statuses(user), "modes": MODES, "purposes": PURPOSES},
        sectors=sector_options(session),
        towns=town_options(session),
        may_plan=access.may_plan(user),
        **rows_context(page.items),
    )


def rows_context(rows: list[Inspection]) -> dict[str, Any]:
    """What a row needs beside the record."""
    session, user = web.db.session(), web.current_user()
    ids = [row.id for row in rows]
    return {
        "official": access.is_official(user),
        "names": queries.names_of(session, rows),
        "teams": queries.teams_of(session, ids),
        "subject_names": queries.subject_names(session, ids, user),
        "tasks": queries.open_tasks(session, [row.instance_id for row in rows]),
        "today": local(web.clock().now()).date(),
        "day_of": day_of,
    }


def day_of(row: Inspection) -> str:
    """The day it was carried out, or for which it is planned: 04-09, with the year where it is another."""
    day = local(row.executed_at).date() if row.executed_at else row.planned_on
    return f"{day:%m-%d}" if day.year == local(web.clock().now()).date().year else day.isoformat()


def _statuses(user: Any) -> dict[str, Any]:
    """To narrow by; whoever is inspected reads of what is over only."""
    if access.is_official(user):
        return dict(STATUSES)
    return {name: text for name, text in STATUSES.items() if name not in UNDONE}


def _tabs(counts: dict[str, int], *, official: bool) -> list[tuple[str, str, int, bool]]:
    month = local(web.clock().now()).date().replace(day=1).isoformat()
    yesterday = (local(web.clock().now()).date() - dt.timedelta(1)).isoformat()
    tabs: dict[str, tuple[str, dict[str, Any]]] = {
        "all": (_("全部"), {}),
        "open": (_("待检查"), {"status": "open"}),
        "late": (_("逾期未查"), {"status": "open", "to": yesterday}),
        "done": (_("本月完成"), {"status": "done", "from": month}),
        "mine": (_("我计划和参加"), {"mine": "1"}),
    }
    shown = {"status": "status", "from_day": "from", "to_day": "to", "mine": "mine"}
    present = {shown[name]: value for name, value in filters_now().items() if value and name in shown}
    return [
        (url_for("inspections.index", **filters), text, counts[key], present == filters)
        for key, (text, filters) in tabs.items()
        if official or key in ("all", "done")
    ]


def _facets(session: Any, user: Any, filters: dict[str, str]) -> list[tuple[str, list[Any]]]:
    counts = queries.facet_counts(session, user, filters)
    orgs = [one for one in organisation_options(session, user) if counts["org"].get(one[0])]
    groups = (
        ("mode", _("方式"), list(MODES.items())),
        ("sector", _("领域"), sector_options(session)),
        ("org", _("检查单位"), orgs),
    )
    return [(title, _facet(name, options, counts[name], filters)) for name, title, options in groups]


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
    """The filtered list as a file, a line a visit (家次); who took it is recorded."""
    if kind not in ("csv", "xlsx"):
        raise NotFound()
    session, user, filters, now = web.db.session(), web.current_user(), filters_now(), web.clock().now()
    rows = list(session.scalars(queries.inspections(user, filters, request.args.get("sort")).limit(_EXPORTED)))
    head, table = _table(rows)
    content = csv_file(head, table) if kind == "csv" else xlsx_file(_("检查台账"), head, table)
    used = {name: value for name, value in filters.items() if value}
    record(session, now, web.actor(), "inspections.exported", "inspection", rows=len(table), filters=used)
    response = Response(content, mimetype="text/csv" if kind == "csv" else XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="inspections.{kind}"'
    return response


def _table(rows: list[Inspection]) -> tuple[list[str], list[list[object]]]:
    session, user, context = web.db.session(), web.current_user(), rows_context(rows)
    head = [
        _("编号"), _("单位（对象）"), _("方式"), _("时期"), _("主题"), _("检查清单"), _("领域"), _("检查单位"),
        _("检查人员"),
        _("计划日期"), _("检查时间"), _("结果"), _("隐患（项）"), _("签字"), _("状态"),
    ]  # fmt: skip
    table = []
    for row in rows:
        for one in queries.subjects_of(session, row, user):
            table.append(_cells(row, one, context))
    return head, table


def _cells(row: Inspection, one: Any, context: dict[str, Any]) -> list[object]:
    def called(kind: str, key: str) -> str:
        found = context["names"][kind].get(key)
        return bilingual(found.name, found.name_en) if found else ""

    team = _("、").join(member.name for member in context["teams"].get(row.id, []))
    result = {"compliant": _("符合"), "noncompliant": _("不符合")}.get(one.result, "")
    return [
        row.number, one.name, row.mode_name, row.purpose_name, row.topic, row.checklist_title,
        called("sector", row.sector_code), called("org", row.org_id), team, row.planned_on.isoformat(),
        f"{local(row.executed_at):%Y-%m-%d %H:%M}" if row.executed_at else "", result,
        one.findings if row.executed_at else "", one.served_name, row.status_name,
    ]  # fmt: skip


def filters_now() -> dict[str, str]:
    return dict(InspectionFilter().load(request.args.to_dict()))


def link(**changes: Any) -> str:
    """The list with one filter changed; an empty value drops it, and every change goes back to page 1."""
    endpoint = changes.pop("_endpoint", "inspections.index")
    sent = InspectionFilter().dump(filters_now())
    kept = {name: value for name, value in sent.items() if value} | {"sort": request.args.get("sort", "")}
    merged = {name: value for name, value in {**kept, **changes}.items() if value}
    return url_for(endpoint, **merged)
