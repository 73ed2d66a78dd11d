"""The rows that figures may count: campaigns, sector plans, tasks, weekly reports, phases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import url_for

from app import metrics
from app.campaigns.models import (
    APPROVED,
    LIVE,
    PHASE_STATUSES,
    PLAN_STATUSES,
    SCALES,
    STATUSES,
    TASK_STATUSES,
    TRIGGERS,
    Campaign,
    CampaignPhase,
    CampaignProgress,
    CampaignTask,
    SectorPlan,
)
from app.campaigns.queries import seen
from app.i18n import lazy_

C = metrics.Column
_OF_CAMPAIGN = ((Campaign, Campaign.id == SectorPlan.campaign_id),)


def _names(session: Any, keys: list[str]) -> dict[str, str]:
    rows = session.execute(sa.select(Campaign.id, Campaign.name).where(Campaign.id.in_(keys)))
    return {key: name for key, name in rows}


def register() -> None:
    for source in (_campaigns(), _phases(), _plans(), _tasks(), _reports()):
        metrics.register(source)
    for kind in ("campaign", "special"):
        metrics.offer_periods(kind, periods(kind))


def _campaign(column: Any) -> metrics.Column:
    return C("campaign_id", "text", column, lazy_("专项行动"), names=_names)


def _campaigns() -> metrics.Source:
    return metrics.Source(
        key="campaigns",
        model=Campaign,
        label=lazy_("专项行动"),
        columns=(
            C("code", "text", Campaign.code, lazy_("编号")),
            C("name", "text", Campaign.name, lazy_("名称")),
            C("campaign_id", "text", Campaign.id, lazy_("专项行动"), names=_names),
            C("scale", "text", Campaign.scale, lazy_("类型"), words=SCALES),
            C("trigger", "text", Campaign.trigger, lazy_("缘由"), words=TRIGGERS),
            C("status", "text", Campaign.status, lazy_("状态"), words=STATUSES),
            C("special_period", "text", Campaign.special_period, lazy_("特殊时期")),
            C("owner_org_id", "organisation", Campaign.owner_org_id, lazy_("牵头单位")),
            C("issued_at", "instant", Campaign.issued_at, lazy_("印发时间")),
            C("ended_at", "instant", Campaign.ended_at, lazy_("归档时间")),
        ),
        only=(Campaign.status != "voided",),
        scope=seen,
        shown=("code", "name", "scale", "status", "issued_at"),
        group=("scale", "status"),
        order="issued_at",
        link=lambda row: url_for("campaigns.show", campaign_id=row["id"]),
    )


def _phases() -> metrics.Source:
    return metrics.Source(
        key="campaign_phases",
        model=CampaignPhase,
        label=lazy_("专项行动阶段"),
        columns=(
            C("name", "text", CampaignPhase.name, lazy_("阶段")),
            _campaign(CampaignPhase.campaign_id),
            C("scale", "text", Campaign.scale, lazy_("类型"), words=SCALES),
            C("status", "text", CampaignPhase.status, lazy_("状态"), words=PHASE_STATUSES),
            C("extensions", "number", CampaignPhase.extensions, lazy_("延长次数")),
            C("extended_days", "number", CampaignPhase.extended_days, lazy_("延长天数")),
            C("began_at", "instant", CampaignPhase.began_at, lazy_("启动时间")),
            C("gate_at", "instant", CampaignPhase.gate_at, lazy_("过关时间")),
        ),
        joins=((Campaign, Campaign.id == CampaignPhase.campaign_id),),
        only=(Campaign.status != "voided",),
        scope=seen,
        shown=("campaign_id", "name", "status", "gate_at"),
        group=("status",),
        order="gate_at",
        link=lambda row: url_for("campaigns.show", campaign_id=row["campaign_id"]),
    )


def _weeks() -> Any:
    """From the first to the last day, in weeks, rounded: n sevenths are never half of one, so + 3 rounds exactly."""
    return (metrics.days_between(Campaign.start_on, Campaign.end_on) + 3) // 7


def _plans() -> metrics.Source:
    return metrics.Source(
        key="sector_plans",
        model=SectorPlan,
        label=lazy_("实施方案"),
        columns=(
            _campaign(SectorPlan.campaign_id),
            C("plan_id", "text", SectorPlan.id, lazy_("实施方案")),
            C("scale", "text", Campaign.scale, lazy_("类型"), words=SCALES),
            C("topic", "text", Campaign.topic, lazy_("主题")),
            C("sector_code", "sector", SectorPlan.sector_code, lazy_("领域")),
            C("lead_org_id", "organisation", SectorPlan.lead_org_id, lazy_("牵头部门")),
            C("status", "text", SectorPlan.status, lazy_("状态"), words=PLAN_STATUSES),
            C("approved", "flag", SectorPlan.status.in_(APPROVED), lazy_("已印发")),
            C("returned", "number", SectorPlan.returned, lazy_("退回次数")),
            C("checklist_ids", "text", sa.type_coerce(SectorPlan.checklist_ids, sa.Text), lazy_("检查清单")),
            C("planned_weeks", "number", _weeks(), lazy_("计划周数")),
            C("issued_at", "instant", Campaign.issued_at, lazy_("行动印发时间")),
            C("approved_at", "instant", SectorPlan.approved_at, lazy_("印发时间")),
            C("ended_at", "instant", SectorPlan.ended_at, lazy_("报送时间")),
        ),
        joins=_OF_CAMPAIGN,
        only=(SectorPlan.status != "voided",),
        shown=("campaign_id", "sector_code", "lead_org_id", "status", "approved_at"),
        group=("sector_code", "status"),
        order="approved_at",
        link=lambda row: url_for("campaigns.plan", plan_id=row["id"]),
    )


def _tasks() -> metrics.Source:
    on_time = sa.and_(CampaignTask.done_at.is_not(None), CampaignTask.done_at <= CampaignTask.due_at)
    return metrics.Source(
        key="campaign_tasks",
        model=CampaignTask,
        label=lazy_("专项任务"),
        columns=(
            C("title", "text", CampaignTask.title, lazy_("任务")),
            _campaign(CampaignTask.campaign_id),
            C("plan_id", "text", CampaignTask.plan_id, lazy_("实施方案")),
            C("sector_code", "sector", CampaignTask.sector_code, lazy_("领域")),
            C("town", "town", metrics.town_of(CampaignTask.region_code), lazy_("属地")),
            C("org_id", "organisation", CampaignTask.org_id, lazy_("承办单位")),
            C("status", "text", CampaignTask.status, lazy_("状态"), words=TASK_STATUSES),
            C("on_time", "flag", on_time, lazy_("按期完成")),
            C("target", "number", CampaignTask.target, lazy_("目标数")),
            C("actual", "number", CampaignTask.actual, lazy_("完成数")),
            C("due_at", "instant", CampaignTask.due_at, lazy_("完成期限")),
            C("done_at", "instant", CampaignTask.done_at, lazy_("完成时间")),
        ),
        only=(CampaignTask.status != "voided",),
        shown=("title", "sector_code", "org_id", "status", "due_at", "done_at"),
        group=("sector_code", "town"),
        order="due_at",
        link=lambda row: url_for("campaigns.task", task_id=row["id"]),
    )


def _reports() -> metrics.Source:
    reported = CampaignProgress.reported_at
    return metrics.Source(
        key="campaign_reports",
        model=CampaignProgress,
        label=lazy_("每周进度"),
        columns=(
            _campaign(CampaignProgress.campaign_id),
            C("plan_id", "text", CampaignProgress.plan_id, lazy_("实施方案")),
            C("sector_code", "sector", CampaignProgress.sector_code, lazy_("领域")),
            C("lead_org_id", "organisation", CampaignProgress.lead_org_id, lazy_("牵头部门")),
            C("percent", "number", CampaignProgress.percent, lazy_("完成（%）")),
            C("on_time", "flag", sa.and_(reported.is_not(None), ~CampaignProgress.late), lazy_("按时报送")),
            C("late", "flag", CampaignProgress.late, lazy_("迟报")),
            C("missed", "flag", reported.is_(None), lazy_("缺报")),
            C("due_at", "instant", CampaignProgress.due_at, lazy_("应报时间")),
            C("reported_at", "instant", reported, lazy_("报送时间")),
        ),
        shown=("campaign_id", "sector_code", "lead_org_id", "due_at", "reported_at", "on_time"),
        group=("sector_code", "on_time"),
        order="due_at",
        link=lambda row: url_for("campaigns.show", campaign_id=row["campaign_id"]),
    )


def periods(kind: str) -> Any:
    """Campaigns as windows of figures: from the first day to now, or to the end of one that is over."""

    def provider(session: Any, user: Any) -> list[metrics.Period]:
        wanted = sa.select(Campaign).where(Campaign.status.in_(LIVE))
        if kind == "special":
            wanted = wanted.where(Campaign.scale == "special_period")
        if user is not None:
            wanted = wanted.where(seen(user))
        order = (sa.case((Campaign.scale == "annual", 0), else_=1), Campaign.start_on.desc(), Campaign.code)
        rows = session.scalars(wanted.order_by(*order))
        return [metrics.Period(row.id, row.name, row.start_on, row.end_on, row.special_period) for row in rows]

    return provider
