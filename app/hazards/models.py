from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id
from app.i18n import lazy_

Id = sa.String(32)

# In the order in which a hazard runs through them. Only the process moves a hazard from one to the next.
STATUSES = {
    "registered": lazy_("待核查"),
    "graded": lazy_("待下达"),
    "ordered": lazy_("待签收"),
    "rectifying": lazy_("整改中"),
    "reviewing": lazy_("待复查"),
    "verified": lazy_("待销号"),
    "closed": lazy_("已销号"),
    "voided": lazy_("已作废"),
}
OPEN = ("registered", "graded", "ordered", "rectifying", "reviewing", "verified")
RECTIFYING = frozenset({"rectify", "proxy_rectify", "dept_rectify"})  # the steps whose clock the record follows
RUNNING = ("ordered", "rectifying")  # the rectification clock runs: only these can be overdue
GRADES = {"general": lazy_("一般隐患"), "major": lazy_("重大隐患")}
CATEGORIES = {
    "person": lazy_("人的不安全行为"),
    "object": lazy_("物的不安全状态"),
    "management": lazy_("管理缺陷"),
    "environment": lazy_("环境不良"),
}
SOURCES = {
    "inspection": lazy_("执法检查"),
    "campaign": lazy_("专项检查"),
    "consultation": lazy_("专家会诊"),
    "online_patrol": lazy_("线上巡查"),
    "self_check": lazy_("企业自查"),
    "tip": lazy_("群众举报"),
    "patrol": lazy_("巡查督导"),
    "superior": lazy_("上级交办"),
    "import": lazy_("台账导入"),
}
ORIGINS = ("campaign_id", "plan_id", "inspection_id", "consultation_id")
MODES = {"on_site": lazy_("当场整改"), "limited": lazy_("限期整改")}


class Hazard(Base):
    """A safety hazard (隐患) and where its process has brought it. `instance_id` is its one process instance.

    Overdue is not stored: it follows from `due_at` and the clock (queries.overdue).
    """

    __tablename__ = "hazard"
    __scope__ = Scope(
        region="region_code",
        sector="sector_code",
        orgs=("supervising_org_id",),
        responsible="responsible_org_id",
        instance="instance_id",
    )
    __table_args__ = (
        sa.Index("ix_hazard_status_due", "status", "due_at"),
        sa.Index("ix_hazard_found", "found_at", "id"),
        sa.Index("ix_hazard_supervised", "supervising_org_id", "sector_code"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)  # YH-2026-0001
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    subject_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("subject.id"), index=True)
    status: Mapped[str] = mapped_column(sa.String(12), default="registered")
    summary: Mapped[str] = mapped_column(sa.String(120))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    location: Mapped[str] = mapped_column(sa.String(200), default="")
    category: Mapped[str] = mapped_column(sa.String(20))
    source: Mapped[str] = mapped_column(sa.String(20))
    external_no: Mapped[str] = mapped_column(sa.String(60), default="", index=True)  # number in the ledger it came from
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"), index=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"), index=True)
    supervising_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    town_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    responsible_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    found_at: Mapped[dt.datetime]
    found_by: Mapped[str] = mapped_column(sa.String(80), default="")
    photos_before: Mapped[list[str]] = mapped_column(default=list)
    registered_at: Mapped[dt.datetime]
    registered_by_id: Mapped[str | None] = mapped_column(Id)
    registered_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    grade: Mapped[str | None] = mapped_column(sa.String(12), index=True)
    grade_basis: Mapped[str] = mapped_column(sa.Text, default="")
    graded_at: Mapped[dt.datetime | None]
    graded_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    rectify_mode: Mapped[str | None] = mapped_column(sa.String(12))
    handled_by: Mapped[str] = mapped_column(sa.String(12), default="department")  # department, town
    requirements: Mapped[list[str]] = mapped_column(default=list)  # items of the order in force
    legal_basis: Mapped[str] = mapped_column(sa.Text, default="")
    ordered_at: Mapped[dt.datetime | None]
    ordered_by_id: Mapped[str | None] = mapped_column(Id)
    received_at: Mapped[dt.datetime | None]
    due_at: Mapped[dt.datetime | None]
    amber_at: Mapped[dt.datetime | None]  # 80 % of the limit
    original_due_at: Mapped[dt.datetime | None]  # of the first order; what “rectified on time” is measured by
    extensions: Mapped[int] = mapped_column(default=0, server_default="0")  # how often an extension was granted
    paused_at: Mapped[dt.datetime | None]  # the rectification clock stands still since then
    pause_reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    round: Mapped[int] = mapped_column(default=1)
    submitted_at: Mapped[dt.datetime | None]  # of the present round
    reviewed_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    closed_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    prior_hazard_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("hazard.id"), index=True)  # 反弹
    # Where it was found. Plain keys: their records belong to slices that know nothing of hazards.
    campaign_id: Mapped[str | None] = mapped_column(Id, index=True)
    plan_id: Mapped[str | None] = mapped_column(Id, index=True)
    inspection_id: Mapped[str | None] = mapped_column(Id, index=True)
    consultation_id: Mapped[str | None] = mapped_column(Id, index=True)
    void_reason: Mapped[str] = mapped_column(sa.Text, default="")
    request_key: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # a form sent twice registers once
    search_text: Mapped[str] = mapped_column(sa.Text, default="")
    updated_at: Mapped[dt.datetime]

    @property
    def status_name(self) -> str:
        return str(STATUSES.get(self.status, self.status))

    @property
    def grade_name(self) -> str:
        return str(GRADES.get(self.grade or "", ""))

    @property
    def category_name(self) -> str:
        return str(CATEGORIES.get(self.category, self.category))

    @property
    def source_name(self) -> str:
        return str(SOURCES.get(self.source, self.source))

    @property
    def mode_name(self) -> str:
        return str(MODES.get(self.rectify_mode or "", ""))

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def finished_at(self) -> dt.datetime | None:
        """When the rectification clock stopped: the submission of the present round."""
        return self.submitted_at or (self.closed_at if self.status == "closed" else None)

    def overdue(self, now: dt.datetime) -> bool:
        running = self.status in RUNNING and self.paused_at is None
        return running and self.due_at is not None and now > self.due_at


class HazardRound(Base):
    """One round of rectification and its re-inspection. A failed re-inspection begins the next."""

    __tablename__ = "hazard_round"
    __table_args__ = (sa.UniqueConstraint("hazard_id", "round"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    hazard_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("hazard.id"), index=True)
    round: Mapped[int]
    due_at: Mapped[dt.datetime | None]
    requirements: Mapped[list[str]] = mapped_column(default=list)
    measures: Mapped[str] = mapped_column(sa.Text, default="")
    responsible_person: Mapped[str] = mapped_column(sa.String(40), default="")
    funds_yuan: Mapped[int | None]
    photos_after: Mapped[list[str]] = mapped_column(default=list)
    submitted_at: Mapped[dt.datetime | None]
    submitted_by_id: Mapped[str | None] = mapped_column(Id)
    submitted_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    submitted_org_id: Mapped[str | None] = mapped_column(Id)
    review_method: Mapped[str] = mapped_column(sa.String(12), default="")
    inspectors: Mapped[list[str]] = mapped_column(default=list)  # user ids
    inspector_names: Mapped[list[str]] = mapped_column(default=list)
    conclusions: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {requirement, result, note}
    result: Mapped[str | None] = mapped_column(sa.String(12))  # passed, failed
    opinion: Mapped[str] = mapped_column(sa.Text, default="")
    photos_review: Mapped[list[str]] = mapped_column(default=list)
    served: Mapped[str] = mapped_column(sa.String(12), default="")  # signed, refused
    served_to: Mapped[str] = mapped_column(sa.String(40), default="")
    reviewed_at: Mapped[dt.datetime | None]
    reviewed_by_id: Mapped[str | None] = mapped_column(Id)
    reviewed_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    reviewed_org_id: Mapped[str | None] = mapped_column(Id)

    @property
    def late(self) -> bool:
        return self.submitted_at is not None and self.due_at is not None and self.submitted_at > self.due_at


class HazardNumber(Base):
    """The last number given in a year. Taken in the transaction that uses it, so that no number is left out."""

    __tablename__ = "hazard_number"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class HazardDraft(Base):
    """A registration that somebody has begun; one a person, gone once it is registered."""

    __tablename__ = "hazard_draft"
    __scope__ = Scope(owner="user_id")
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"), primary_key=True)
    values: Mapped[dict[str, Any]]
    saved_at: Mapped[dt.datetime]
