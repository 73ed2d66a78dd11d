from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id
from app.i18n import lazy_

Id = sa.String(32)

SCALES = {
    "overall": lazy_("总体行动"),
    "annual": lazy_("年度大专项"),
    "monthly": lazy_("月度小专项"),
    "minor": lazy_("小专项"),
    "special_period": lazy_("特殊时期保障"),
}
PARENTS = ("overall", "annual")  # what other campaigns can be part of, the widest kind first
TRIGGERS = {
    "deploy": lazy_("上级部署"),
    "lesson": lazy_("事故教训"),
    "season": lazy_("季节特点"),
    "leader": lazy_("领导批示"),
}
# In the order in which a campaign runs through them. Only its process moves it.
STATUSES = {
    "approving": lazy_("待审签"),
    "revising": lazy_("退回修改"),
    "running": lazy_("推进中"),
    "archived": lazy_("已归档"),
    "voided": lazy_("已撤销"),
}
LIVE = ("running", "archived")  # issued: sector plans and phases count
PHASE_STATUSES = {
    "planned": lazy_("未开始"),
    "running": lazy_("推进中"),
    "assessing": lazy_("待评估"),
    "extending": lazy_("报批延长"),
    "passed": lazy_("已过关"),
    "conditional": lazy_("有条件过关"),
}
DECIDED = ("passed", "conditional")
GATE_RESULTS = {"pass": lazy_("通过"), "conditional": lazy_("有条件通过"), "extend": lazy_("延长")}
PLAN_STATUSES = {
    "drafting": lazy_("起草中"),
    "reviewing": lazy_("待审核"),
    "running": lazy_("推进中"),
    "ended": lazy_("已报送"),
    "voided": lazy_("已撤销"),
}
APPROVED = ("running", "ended")
TASK_STATUSES = {"open": lazy_("办理中"), "done": lazy_("已完成"), "voided": lazy_("已撤销")}
# What a task's target may be tied to; the figures of the campaign come from the slices that own them.
METRICS = {
    "": lazy_("不挂钩，以反馈为准"),
    "inspections": lazy_("检查家次"),
    "hazards_found": lazy_("排查隐患"),
    "hazards_closed": lazy_("隐患销号"),
}


class Campaign(Base):
    """A special campaign (专项行动). `instance_id` is its one process instance, which alone moves `status`."""

    __tablename__ = "campaign"
    # Departments and towns see it through their plans and tasks as well (queries.seen).
    __scope__ = Scope(region="region_code", orgs=("owner_org_id",), instance="instance_id")
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)  # ZX-2026-001
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    scale: Mapped[str] = mapped_column(sa.String(20), index=True)
    trigger: Mapped[str] = mapped_column(sa.String(12), default="deploy")
    status: Mapped[str] = mapped_column(sa.String(12), index=True)
    parent_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("campaign.id"), index=True)
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"), index=True)
    owner_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    topic: Mapped[str] = mapped_column(sa.String(200), default="")
    slogan: Mapped[str] = mapped_column(sa.String(120), default="")
    special_period: Mapped[str] = mapped_column(sa.String(60), default="")
    goals: Mapped[str] = mapped_column(sa.Text, default="")
    document_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    start_on: Mapped[dt.date]
    end_on: Mapped[dt.date]
    original_end_on: Mapped[dt.date]
    weekly: Mapped[bool] = mapped_column(default=True)  # sector plans report every week
    drafted_at: Mapped[dt.datetime]
    drafted_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    issued_at: Mapped[dt.datetime | None]
    approved_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    ended_at: Mapped[dt.datetime | None]
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    figures: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # as they stood when it was archived
    guards: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # 包保: {person, name, subject, text, at}
    void_reason: Mapped[str] = mapped_column(sa.Text, default="")

    @property
    def status_name(self) -> str:
        return str(STATUSES.get(self.status, self.status))

    @property
    def scale_name(self) -> str:
        return str(SCALES.get(self.scale, self.scale))

    @property
    def trigger_name(self) -> str:
        return str(TRIGGERS.get(self.trigger, self.trigger))


class CampaignPhase(Base):
    """A phase and the gate (关口) at its end. Original dates stay: an extension is measured against them."""

    __tablename__ = "campaign_phase"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "seq"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("campaign.id"), index=True)
    seq: Mapped[int]  # from 1
    name: Mapped[str] = mapped_column(sa.String(40))
    start_on: Mapped[dt.date]
    end_on: Mapped[dt.date]
    original_start_on: Mapped[dt.date]
    original_end_on: Mapped[dt.date]
    overlap: Mapped[bool] = mapped_column(default=False)  # 压茬: begins on its day though the gate before is open
    condition: Mapped[str] = mapped_column(sa.Text, default="")  # an expression over the gate's figures
    status: Mapped[str] = mapped_column(sa.String(12), default="planned")
    began_at: Mapped[dt.datetime | None]
    extensions: Mapped[int] = mapped_column(default=0)
    extended_days: Mapped[int] = mapped_column(default=0)
    gate_result: Mapped[str] = mapped_column(sa.String(12), default="")
    gate_note: Mapped[str] = mapped_column(sa.Text, default="")
    gate_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    gate_at: Mapped[dt.datetime | None]
    figures: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {name, label, value} at the decision
    holds: Mapped[bool | None]  # whether the condition held then
    leftovers: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {text, sector}: of this gate
    carried: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {text, sector, from}: of gates before

    @property
    def status_name(self) -> str:
        return str(PHASE_STATUSES.get(self.status, self.status))

    @property
    def result_name(self) -> str:
        return str(GATE_RESULTS.get(self.gate_result, ""))

    @property
    def decided(self) -> bool:
        return self.status in DECIDED


class SectorPlan(Base):
    """The plan (实施方案) of a lead department for its sector in a campaign."""

    __tablename__ = "sector_plan"
    __scope__ = Scope(region="region_code", sector="sector_code", orgs=("lead_org_id",), instance="instance_id")
    __table_args__ = (sa.UniqueConstraint("campaign_id", "sector_code"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("campaign.id"), index=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"), index=True)
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"))
    lead_org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    co_org_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    instance_id: Mapped[str | None] = mapped_column(Id, unique=True)
    status: Mapped[str] = mapped_column(sa.String(12), default="drafting")
    content: Mapped[str] = mapped_column(sa.Text, default="")
    goals: Mapped[str] = mapped_column(sa.Text, default="")
    checklist_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    document_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    phase_offsets: Mapped[list[int]] = mapped_column(Json, default=list)  # days that its phases begin later
    returned: Mapped[int] = mapped_column(default=0)
    review_opinion: Mapped[str] = mapped_column(sa.Text, default="")
    draft_due_at: Mapped[dt.datetime | None]
    submitted_at: Mapped[dt.datetime | None]
    approved_at: Mapped[dt.datetime | None]
    approved_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    self_assessment: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {seq, text, level, at, by}
    report: Mapped[str] = mapped_column(sa.Text, default="")
    ended_at: Mapped[dt.datetime | None]

    @property
    def status_name(self) -> str:
        return str(PLAN_STATUSES.get(self.status, self.status))

    @property
    def approved(self) -> bool:
        return self.status in APPROVED


class CampaignTask(Base):
    """What a town or co-department has to do for a sector plan, with a target that may be tied to a figure."""

    __tablename__ = "campaign_task"
    __scope__ = Scope(
        region="region_code", sector="sector_code", orgs=("lead_org_id", "org_id"), instance="instance_id"
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("campaign.id"), index=True)
    plan_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("sector_plan.id"), index=True)
    seq: Mapped[int]  # within the plan
    phase_seq: Mapped[int] = mapped_column(default=1)
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"))
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"), index=True)
    lead_org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    instance_id: Mapped[str | None] = mapped_column(Id, unique=True)
    title: Mapped[str] = mapped_column(sa.String(120))
    due_on: Mapped[dt.date]
    due_at: Mapped[dt.datetime]
    metric: Mapped[str] = mapped_column(sa.String(40), default="")
    target: Mapped[int] = mapped_column(default=0)  # 0: nothing is counted, it is done or not
    actual: Mapped[int] = mapped_column(default=0)  # as last reported; tied to a figure, the figure counts
    status: Mapped[str] = mapped_column(sa.String(12), default="open")
    result: Mapped[str] = mapped_column(sa.Text, default="")
    done_at: Mapped[dt.datetime | None]
    done_by_name: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def status_name(self) -> str:
        return str(TASK_STATUSES.get(self.status, self.status))

    @property
    def late(self) -> bool:
        return self.done_at is not None and self.done_at > self.due_at

    def overdue(self, now: dt.datetime) -> bool:
        return self.status == "open" and now > self.due_at


class CampaignProgress(Base):
    """One week's report on a sector plan. A week without one is missed: it stays in the table and counts."""

    __tablename__ = "campaign_progress"
    __scope__ = Scope(region="region_code", sector="sector_code", orgs=("lead_org_id",))
    __table_args__ = (sa.UniqueConstraint("plan_id", "due_on"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("campaign.id"), index=True)
    plan_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("sector_plan.id"), index=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"))
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"))
    lead_org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    due_on: Mapped[dt.date]
    due_at: Mapped[dt.datetime]
    phase_seq: Mapped[int] = mapped_column(default=1)
    percent: Mapped[int | None]  # of the phase's work, as the department sees it
    text: Mapped[str] = mapped_column(sa.Text, default="")
    problems: Mapped[str] = mapped_column(sa.Text, default="")
    figures: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {title, org, target, actual} a task
    reported_at: Mapped[dt.datetime | None]
    reported_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    late: Mapped[bool] = mapped_column(default=False)

    @property
    def missed(self) -> bool:
        return self.reported_at is None


class CampaignNote(Base):
    """A remark on the wall (挂图备注), on the campaign as a whole or on one sector in one phase."""

    __tablename__ = "campaign_note"
    __scope__ = Scope(region="region_code", sector="sector_code", orgs=("org_id",))
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("campaign.id"), index=True)
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"))
    sector_code: Mapped[str | None] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"))
    phase_seq: Mapped[int | None]
    text: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[dt.datetime]
    by_id: Mapped[str] = mapped_column(Id)
    by_name: Mapped[str] = mapped_column(sa.String(80))
    org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))


class CampaignNumber(Base):
    """The last number given in a year. Taken in the transaction that uses it, so that none is left out."""

    __tablename__ = "campaign_number"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
