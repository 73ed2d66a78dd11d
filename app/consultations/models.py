"""A consultation (安全会诊), its visits to enterprises, and what came of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id
from app.i18n import lazy_

Id = sa.String(32)

KINDS = {"annual": lazy_("年度大专项"), "monthly": lazy_("月度小专项")}
# In the order in which a consultation runs through them; only the process moves it.
STATUSES = {
    "planned": lazy_("待选专家"),
    "visiting": lazy_("会诊中"),
    "reporting": lazy_("待出报告"),
    "evaluating": lazy_("待评价结费"),
    "done": lazy_("已办结"),
    "voided": lazy_("已撤销"),
}
# Of one visit.
VISIT_STATUSES = {
    "planned": lazy_("待安排"),
    "notified": lazy_("已通知"),
    "visited": lazy_("待交意见"),
    "opined": lazy_("待转化"),
    "converted": lazy_("待复诊"),
    "done": lazy_("已复诊"),
    "voided": lazy_("已撤销"),
}
DIAGNOSED = ("visited", "opined", "converted", "done")
METHODS = {"draw": lazy_("随机抽取"), "pick": lazy_("按专业选定")}


class Consultation(Base):
    """One topic for a few enterprises of a sector. `instance_id` is its process; each visit is an instance of its own.

    `candidates`, `seed` and `drawn` are what the draw was made of: whoever has them can repeat it.
    """

    __tablename__ = "consultation"
    __scope__ = Scope(region="region_code", sector="sector_code", orgs=("supervising_org_id", "organising_org_id"))
    __table_args__ = (sa.Index("ix_consultation_status_planned", "status", "planned_on"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)  # HZ-2026-0001
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    topic: Mapped[str] = mapped_column(sa.String(120))
    focus: Mapped[str] = mapped_column(sa.Text, default="")
    kind: Mapped[str] = mapped_column(sa.String(12))
    status: Mapped[str] = mapped_column(sa.String(12), default="planned")
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"), index=True)
    region_code: Mapped[str | None] = mapped_column(sa.String(12), index=True)
    organising_org_id: Mapped[str | None] = mapped_column(Id, index=True)
    supervising_org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    campaign_id: Mapped[str | None] = mapped_column(Id, index=True)
    plan_id: Mapped[str | None] = mapped_column(Id, index=True)
    planned_on: Mapped[dt.date]
    method: Mapped[str] = mapped_column(sa.String(8), default="")
    seed: Mapped[str] = mapped_column(sa.String(32), default="")
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {id, name, out: reason or ""}
    drawn: Mapped[list[str]] = mapped_column(default=list)  # expert ids in the order of the draw
    chosen_at: Mapped[dt.datetime | None]
    chosen_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    reported_at: Mapped[dt.datetime | None]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)  # summary, common problems, suggestions
    fee_yuan: Mapped[int | None]
    fee_proposed_by_id: Mapped[str | None] = mapped_column(Id)
    fee_approved_at: Mapped[dt.datetime | None]
    fee_approved_by_id: Mapped[str | None] = mapped_column(Id)
    fee_approved_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    created_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    closed_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    void_reason: Mapped[str] = mapped_column(sa.Text, default="")
    updated_at: Mapped[dt.datetime]

    @property
    def status_name(self) -> str:
        return str(STATUSES.get(self.status, self.status))

    @property
    def kind_name(self) -> str:
        return str(KINDS.get(self.kind, self.kind))

    @property
    def method_name(self) -> str:
        return str(METHODS.get(self.method, ""))


class Visit(Base):
    """One enterprise in a consultation: announced, diagnosed with scores, followed up within thirty days.

    Seen by whom the enterprise concerns; experts see the visits they are engaged for (queries.visits).
    """

    __tablename__ = "consultation_visit"
    __scope__ = Scope(
        region="region_code",
        sector="sector_code",
        orgs=("supervising_org_id",),
        responsible="responsible_org_id",
    )
    __table_args__ = (sa.UniqueConstraint("consultation_id", "subject_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    consultation_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("consultation.id"), index=True)
    instance_id: Mapped[str | None] = mapped_column(Id, unique=True)
    position: Mapped[int]
    number: Mapped[str] = mapped_column(sa.String(24), unique=True)  # HZ-2026-0001-1
    subject_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("subject.id"), index=True)
    status: Mapped[str] = mapped_column(sa.String(12), default="planned", index=True)
    region_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), index=True)
    supervising_org_id: Mapped[str] = mapped_column(Id, index=True)
    town_org_id: Mapped[str | None] = mapped_column(Id)
    responsible_org_id: Mapped[str | None] = mapped_column(Id, index=True)
    visit_at: Mapped[dt.datetime | None]  # as announced
    prepare: Mapped[str] = mapped_column(sa.Text, default="")
    notified_at: Mapped[dt.datetime | None]
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(sa.String(40), default="")
    visited_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    supervisors: Mapped[list[str]] = mapped_column(default=list)  # user ids
    supervisor_names: Mapped[list[str]] = mapped_column(default=list)
    received_by: Mapped[str] = mapped_column(sa.String(40), default="")  # for the enterprise, on site
    remark: Mapped[str] = mapped_column(sa.Text, default="")
    photos: Mapped[list[str]] = mapped_column(default=list)
    score_before: Mapped[float | None]  # 0 to 100, one decimal
    score_after: Mapped[float | None]
    converted_at: Mapped[dt.datetime | None]
    converted_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    revisited_at: Mapped[dt.datetime | None]
    revisit_names: Mapped[list[str]] = mapped_column(default=list)
    revisit_remark: Mapped[str] = mapped_column(sa.Text, default="")
    updated_at: Mapped[dt.datetime]

    @property
    def status_name(self) -> str:
        return str(VISIT_STATUSES.get(self.status, self.status))


class Diagnosis(Base):
    """One line of a score sheet: a dimension, its weight then, and the score before or after rectification."""

    __tablename__ = "consultation_diagnosis"
    __table_args__ = (sa.UniqueConstraint("visit_id", "stage", "code"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("consultation_visit.id"), index=True)
    stage: Mapped[str] = mapped_column(sa.String(8))  # before, after
    position: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(40))
    name_en: Mapped[str] = mapped_column(sa.String(60))
    weight: Mapped[int]  # of 100
    score: Mapped[int]  # 0 to 100
    note: Mapped[str] = mapped_column(sa.String(300), default="")


class ConsultationNumber(Base):
    """The last number given in a year. Taken in the transaction that uses it, so that no number is left out."""

    __tablename__ = "consultation_number"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
