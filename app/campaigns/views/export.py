"""Campaigns as files: the list, and one campaign's sector plans and tasks. Who took them is recorded."""

from __future__ import annotations

import datetime as dt

from flask import Response

from app import web
from app.audit import record
from app.campaigns import queries
from app.campaigns.figures import actuals
from app.campaigns.models import Campaign
from app.campaigns.views import blueprint
from app.campaigns.views.register import filters_now
from app.clock import local
from app.errors import NotFound
from app.i18n import _, bilingual
from app.subjects import csv_file, xlsx_file

_EXPORTED = 5_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Table = tuple[list[str], list[list[object]]]


@blueprint.get("/export.<kind>")
@web.writes
def export_list(kind: str) -> Response:
    session, user = web.db.session(), web.current_user()
    rows = list(session.scalars(queries.campaigns(user, filters_now()).limit(_EXPORTED)))
    head = [_("编号"), _("名称"), _("类型"), _("缘由"), _("开始日期"), _("结束日期"), _("原结束日期"), _("状态")]
    cells: list[list[object]] = [
        [row.code, row.name, row.scale_name, row.trigger_name, row.start_on.isoformat(), row.end_on.isoformat(),
         row.original_end_on.isoformat(), row.status_name]
        for row in rows
    ]  # fmt: skip
    record(session, web.clock().now(), web.actor(), "campaigns.exported", "campaign", rows=len(rows))
    return _file(kind, _("专项行动"), (head, cells), "campaigns")


@blueprint.get("/<campaign_id>/export.<kind>")
@web.writes
def export(campaign_id: str, kind: str) -> Response:
    session, user = web.db.session(), web.current_user()
    campaign = queries.get(session, campaign_id, user)
    table = _tasks(campaign)
    record(session, web.clock().now(), web.actor(), "campaigns.exported", "campaign", campaign.id, rows=len(table[1]))
    return _file(kind, campaign.name, table, campaign.code.lower())


def _tasks(campaign: Campaign) -> Table:
    """The tasks that the person sees, one a row, with the sector and its lead department."""
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    tasks = queries.tasks(session, user, campaign_id=campaign.id)
    done, sectors = actuals(session, tasks), queries.sector_names(session)
    orgs = queries.names(session, [one for task in tasks for one in (task.org_id, task.lead_org_id)])
    head = [_("领域"), _("牵头部门"), _("阶段"), _("任务"), _("承办单位"), _("完成期限"), _("目标数"), _("完成数"),
            _("状态"), _("完成时间"), _("超期")]  # fmt: skip

    def called(key: str) -> str:
        return bilingual(orgs[key].name, orgs[key].name_en) if key in orgs else ""

    cells: list[list[object]] = [
        [bilingual(sectors[t.sector_code].name, sectors[t.sector_code].name_en), called(t.lead_org_id), t.phase_seq,
         t.title, called(t.org_id), t.due_on.isoformat(), t.target or "", done[t.id] if t.target else "",
         t.status_name, _minute(t.done_at), _("是") if t.overdue(now) else ""]
        for t in tasks
    ]  # fmt: skip
    return head, cells


def _minute(at: dt.datetime | None) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}" if at else ""


def _file(kind: str, title: str, table: Table, name: str) -> Response:
    if kind not in ("csv", "xlsx"):
        raise NotFound()
    content = csv_file(*table) if kind == "csv" else xlsx_file(title[:30], *table)
    response = Response(content, mimetype="text/csv" if kind == "csv" else XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
