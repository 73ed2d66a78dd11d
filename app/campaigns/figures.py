"""Figures of a campaign: what its gates look at and its tasks are measured by.

Inspections and hazards belong to other slices: they are counted over the fact sources that these register, by the keys
that they carry. Where a source is missing its figures are nothing, and a condition over them does not hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import metrics
from app.accounts import Organisation
from app.campaigns.models import APPROVED, Campaign, CampaignPhase, CampaignProgress, CampaignTask, SectorPlan
from app.clock import local
from app.i18n import lazy_

# In the order in which the gate's form shows them; the names are what conditions are written in.
NAMES = {
    "inspections_done": lazy_("检查家次"),
    "hazards_found": lazy_("排查隐患（项）"),
    "hazards_closed": lazy_("隐患销号（项）"),
    "rectified_rate": lazy_("整改率"),
    "overdue": lazy_("超期未整改（项）"),
    "plans": lazy_("实施方案（个）"),
    "plans_missing": lazy_("未印发的实施方案（个）"),
    "tasks": lazy_("本阶段任务（项）"),
    "tasks_done": lazy_("已完成任务（项）"),
    "reports_due": lazy_("应报进度（次）"),
    "reports_late": lazy_("迟报、缺报进度（次）"),
}
RATES = ("rectified_rate",)  # shares: written in per cent, kept as parts of one
_SOURCES = {"inspections": "inspected_subjects", "hazards_found": "hazards", "hazards_closed": "hazards"}
Figures = dict[str, Any]


def of_phase(session: Session, campaign: Campaign, phase: CampaignPhase, now: dt.datetime) -> Figures:
    """Everything a gate looks at, over all rows of the campaign to date: a gate is decided for the whole city."""
    here = {"campaign_id": campaign.id}
    found = _count(session, "hazards", here)
    closed = _count(session, "hazards", here, status="closed")
    return {
        "inspections_done": _count(session, "inspected_subjects", here, status="done"),
        "hazards_found": found,
        "hazards_closed": closed,
        "rectified_rate": round(closed / found, 4) if found and closed is not None else None,
        "overdue": _overdue(session, here, now),
        **_plans(session, campaign),
        **_tasks(session, campaign, phase),
        **_reports(session, campaign, now),
    }


def everywhere(session: Session, user: Any, now: dt.datetime, names: Iterable[str]) -> Figures:
    """The present state of those figures that can be told without a campaign: what was found, inspected and closed
    this year, and what is overdue today, over all that the person sees."""
    first = local(now).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    asked, found = set(names), Figures()
    if "inspections_done" in asked:
        found["inspections_done"] = _this_year(session, "inspected_subjects", user, first, status="done")
    if asked & {"hazards_found", "rectified_rate"}:
        found["hazards_found"] = _this_year(session, "hazards", user, first)
    if asked & {"hazards_closed", "rectified_rate"}:
        found["hazards_closed"] = _this_year(session, "hazards", user, first, status="closed")
    if "rectified_rate" in asked and found["hazards_found"] and found["hazards_closed"] is not None:
        found["rectified_rate"] = round(found["hazards_closed"] / found["hazards_found"], 4)
    if "overdue" in asked:
        found["overdue"] = _overdue(session, {}, now, user)
    return found


def _this_year(session: Session, key: str, user: Any, first: dt.datetime, **equal: Any) -> int | None:
    source, select = _source(key), _counting(key, equal)
    if source is None or select is None:
        return None
    return session.scalar(select.where(source.visible(user), source.named(source.order).expression >= first)) or 0


def _plans(session: Session, campaign: Campaign) -> Figures:
    plans = session.scalars(sa.select(SectorPlan.status).where(SectorPlan.campaign_id == campaign.id)).all()
    counted = [status for status in plans if status != "voided"]
    return {"plans": len(counted), "plans_missing": sum(status not in APPROVED for status in counted)}


def _tasks(session: Session, campaign: Campaign, phase: CampaignPhase) -> Figures:
    mine = sa.select(CampaignTask.status).where(
        CampaignTask.campaign_id == campaign.id, CampaignTask.phase_seq == phase.seq, CampaignTask.status != "voided"
    )
    statuses = session.scalars(mine).all()
    return {"tasks": len(statuses), "tasks_done": statuses.count("done")}


def _reports(session: Session, campaign: Campaign, now: dt.datetime) -> Figures:
    due = sa.select(CampaignProgress).where(CampaignProgress.campaign_id == campaign.id, CampaignProgress.due_at <= now)
    rows = session.scalars(due).all()
    return {"reports_due": len(rows), "reports_late": sum(row.late or row.missed for row in rows)}


def _source(key: str) -> metrics.Source | None:
    return next((source for source in metrics.all_sources() if source.key == key), None)


def _counting(key: str, equal: Mapping[str, Any]) -> sa.Select[Any] | None:
    """A count over a source, narrowed; nothing where there is no such source or it does not know the columns."""
    source = _source(key)
    if source is None or any(name not in source.by_name for name in equal):
        return None
    conditions = [source.named(name).expression == value for name, value in equal.items()]
    return source.rows(sa.func.count()).where(*conditions)


def _count(session: Session, key: str, here: Mapping[str, Any], **equal: Any) -> int | None:
    select = _counting(key, {**here, **equal})
    return None if select is None else session.scalar(select) or 0


def _overdue(session: Session, here: Mapping[str, Any], now: dt.datetime, user: Any = None) -> int | None:
    """Hazards past their last day that are neither rectified nor closed."""
    source, select = _source("hazards"), _counting("hazards", here)
    if source is None or select is None or not {"due_at", "status"} <= source.by_name.keys():
        return None
    select = select.where(source.visible(user)) if user is not None else select
    running = source.named("status").expression.in_(("ordered", "rectifying"))
    return session.scalar(select.where(running, source.named("due_at").expression < now)) or 0


def as_rows(figures: Figures) -> list[dict[str, Any]]:
    """As forms and pages show them."""
    return [{"name": name, "label": str(label), "value": as_text(name, figures.get(name))} for name, label in _known()]


def _known() -> Iterable[tuple[str, Any]]:
    return NAMES.items()


def as_text(name: str, value: Any) -> str:
    if value is None:
        return "—"
    return f"{value * 100:.1f}%" if name in RATES else f"{value:,}"


def actuals(session: Session, tasks: Iterable[Any]) -> dict[str, int]:
    """What each task (or row of its figures) has come to: the figure it is tied to, else what was reported last."""
    tasks = list(tasks)
    found = {task.id: task.actual for task in tasks}
    kinds = _kinds(session, [task for task in tasks if task.metric])
    for metric, plan_id in {(t.metric, t.plan_id) for t in tasks if t.metric}:
        mine = [t for t in tasks if (t.metric, t.plan_id) == (metric, plan_id)]
        counts = _by_town(session, metric, plan_id)
        if counts is None:
            continue
        total = sum(counts.values())
        for task in mine:  # a town answers for its area, a department for the sector
            found[task.id] = counts.get(task.region_code, 0) if kinds.get(task.org_id) == "town" else total
    return found


def _kinds(session: Session, tasks: list[Any]) -> dict[str, str]:
    if not tasks:
        return {}
    ids = {task.org_id for task in tasks}
    return {i: kind for i, kind in session.execute(
        sa.select(Organisation.id, Organisation.kind).where(Organisation.id.in_(ids))
    )}  # fmt: skip


def _by_town(session: Session, metric: str, plan_id: str) -> dict[str, int] | None:
    equal = {"plan_id": plan_id}
    if metric == "hazards_closed":
        equal["status"] = "closed"
    elif metric == "inspections":
        equal["status"] = "done"
    source, select = _source(_SOURCES.get(metric, "")), _counting(_SOURCES.get(metric, ""), equal)
    town = None if source is None else source.by_name.get("town")
    if select is None or town is None:
        return None
    rows = session.execute(select.add_columns(town.expression).group_by(town.expression))
    return {str(code): int(count) for count, code in rows}
