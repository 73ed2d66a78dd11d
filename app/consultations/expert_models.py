"""Experts (专家库), their engagement for visits, what they hand in, and the links by which outsiders do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id
from app.i18n import lazy_

Id = sa.String(32)

CHOSEN = {"drawn": lazy_("抽取"), "picked": lazy_("选定"), "replacement": lazy_("更换")}
ENGAGEMENTS = {
    "engaged": lazy_("待交意见"),
    "submitted": lazy_("已交意见"),
    "replaced": lazy_("已更换"),
    "excused": lazy_("未交意见"),
}
SEVERITIES = {"general": lazy_("一般"), "major": lazy_("重大")}
OPINIONS = {
    "draft": lazy_("未提交"),
    "pending": lazy_("待转化"),
    "converted": lazy_("已转为隐患"),
    "merged": lazy_("已并入"),
    "rejected": lazy_("未采纳"),
}
FEE_UNITS = {"visit": lazy_("每次"), "half_day": lazy_("每半天")}


class Expert(Base):
    """A person of the expert pool. The committee office keeps the pool; departments see the experts of their sectors.

    `conflicts` are organisations and subjects to avoid: {kind: organisation | subject | name, id, name, reason}.
    `user_id` where the person has an account; without one a single-visit link serves.
    """

    __tablename__ = "expert"
    __scope__ = Scope(region="region_code", owner="user_id")
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(40))
    search_text: Mapped[str] = mapped_column(sa.Text, default="")
    region_code: Mapped[str | None] = mapped_column(sa.String(12), index=True)
    organisation: Mapped[str] = mapped_column(sa.String(120), default="")
    org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    user_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("user.id"), unique=True)
    title: Mapped[str] = mapped_column(sa.String(60), default="")
    certificate: Mapped[str] = mapped_column(sa.String(120), default="")
    phone: Mapped[str] = mapped_column(sa.String(20), default="")
    topics: Mapped[list[str]] = mapped_column(default=list)
    conflicts: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    fee_rate_yuan: Mapped[int] = mapped_column(default=0)
    fee_unit: Mapped[str] = mapped_column(sa.String(12), default="visit")
    active: Mapped[bool] = mapped_column(default=True, index=True)
    rating_sum: Mapped[int] = mapped_column(default=0)
    rating_count: Mapped[int] = mapped_column(default=0)
    rev: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    updated_by: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def rating(self) -> float | None:
        """Average of the evaluations, of 5; None before the first."""
        return round(self.rating_sum / self.rating_count, 1) if self.rating_count else None

    @property
    def fee_unit_name(self) -> str:
        return str(FEE_UNITS.get(self.fee_unit, self.fee_unit))


class ExpertSector(Base):
    """A sector that an expert is a specialist of."""

    __tablename__ = "expert_sector"
    __scope__ = Scope(sector="sector_code")
    expert_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("expert.id"), primary_key=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"), primary_key=True, index=True)


class Engagement(Base):
    """An expert at one visit (人次): how chosen, what was handed in, fee and evaluation.

    `access_until`: how long the expert may still read the visit after it is over.
    """

    __tablename__ = "consultation_expert"
    __scope__ = Scope(owner="user_id")
    __table_args__ = (sa.UniqueConstraint("visit_id", "expert_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    consultation_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("consultation.id"), index=True)
    visit_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("consultation_visit.id"), index=True)
    expert_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("expert.id"), index=True)
    user_id: Mapped[str | None] = mapped_column(Id, index=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    chosen: Mapped[str] = mapped_column(sa.String(12))
    avoidance_checked_at: Mapped[dt.datetime]
    status: Mapped[str] = mapped_column(sa.String(12), default="engaged")
    instance_id: Mapped[str | None] = mapped_column(Id, index=True)  # the process that asks for the opinions
    due_at: Mapped[dt.datetime | None]
    submitted_at: Mapped[dt.datetime | None]
    handed_in: Mapped[str] = mapped_column(sa.String(12), default="")  # account, link, paper
    reason: Mapped[str] = mapped_column(sa.Text, default="")  # why replaced or excused
    replaces_id: Mapped[str | None] = mapped_column(Id)
    fee_yuan: Mapped[int | None]
    rating: Mapped[int | None]  # 1 to 5
    evaluation: Mapped[str] = mapped_column(sa.String(500), default="")
    access_until: Mapped[dt.datetime | None]

    @property
    def status_name(self) -> str:
        return str(ENGAGEMENTS.get(self.status, self.status))

    @property
    def chosen_name(self) -> str:
        return str(CHOSEN.get(self.chosen, self.chosen))


class Opinion(Base):
    """A finding of an expert. It binds nobody: only the supervising department makes a hazard of it (domain 2.13)."""

    __tablename__ = "consultation_opinion"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("consultation_visit.id"), index=True)
    consultation_id: Mapped[str] = mapped_column(Id, index=True)
    engagement_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("consultation_expert.id"), index=True)
    number: Mapped[str | None] = mapped_column(sa.String(30), unique=True)  # HZ-2026-0001-1-03, once handed in
    position: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(sa.String(12), default="pending")
    summary: Mapped[str] = mapped_column(sa.String(120))
    location: Mapped[str] = mapped_column(sa.String(200), default="")
    severity: Mapped[str] = mapped_column(sa.String(12), default="general")
    basis: Mapped[str] = mapped_column(sa.Text, default="")
    suggestion: Mapped[str] = mapped_column(sa.Text, default="")
    photos: Mapped[list[str]] = mapped_column(default=list)
    submitted_at: Mapped[dt.datetime | None]
    grade: Mapped[str] = mapped_column(sa.String(12), default="")  # as converted
    merged_into: Mapped[str] = mapped_column(sa.String(30), default="")  # number of another opinion
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    decided_at: Mapped[dt.datetime | None]
    decided_by_name: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def status_name(self) -> str:
        return str(OPINIONS.get(self.status, self.status))

    @property
    def severity_name(self) -> str:
        return str(SEVERITIES.get(self.severity, self.severity))


class VisitLink(Base):
    """One outside expert's way into one visit, without an account. Only a hash of the token is kept."""

    __tablename__ = "consultation_visit_link"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    engagement_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("consultation_expert.id"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]  # the opinions were handed in
    openings: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[dt.datetime | None]

    def usable(self, now: dt.datetime) -> bool:
        return self.revoked_at is None and self.used_at is None and now < self.expires_at


class LinkAttempt(Base):
    """One request to a visit link, kept while it counts towards the limit of its address."""

    __tablename__ = "consultation_link_attempt"
    __table_args__ = (sa.Index("ix_consultation_link_attempt_address", "address", "at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    address: Mapped[str] = mapped_column(sa.String(64))  # HMAC
    known: Mapped[bool]
    at: Mapped[dt.datetime]
