from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id
from app.i18n import lazy_

Id = sa.String(32)
CHECKLIST_STATUSES = {
    "draft": lazy_("草稿"),
    "published": lazy_("已发布"),
    "superseded": lazy_("旧版本"),
    "withdrawn": lazy_("已停用"),
}


class Checklist(Base):
    """One version of a checklist (检查清单). What is published never changes: a new version is drawn up beside it.

    `series_id` holds the versions of one list together. Not row-scoped: what is to be checked is no secret between
    offices; queries.open_to says who reads drafts.
    """

    __tablename__ = "checklist"
    __table_args__ = (sa.UniqueConstraint("series_id", "version"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    series_id: Mapped[str] = mapped_column(Id, index=True)
    version: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(40), default="", index=True)  # of a shipped list
    title: Mapped[str] = mapped_column(sa.String(120))
    sector_code: Mapped[str | None] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"), index=True)
    campaign_id: Mapped[str | None] = mapped_column(Id, index=True)
    plan_id: Mapped[str | None] = mapped_column(Id, index=True)
    legal_basis: Mapped[str] = mapped_column(sa.Text, default="")
    scope_note: Mapped[str] = mapped_column(sa.String(300), default="")  # 适用范围
    status: Mapped[str] = mapped_column(sa.String(12), default="draft", index=True)
    org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    rev: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    published_at: Mapped[dt.datetime | None]
    published_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    updated_at: Mapped[dt.datetime]

    @property
    def status_name(self) -> str:
        return str(CHECKLIST_STATUSES.get(self.status, self.status))


class ChecklistItem(Base):
    __tablename__ = "checklist_item"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    checklist_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("checklist.id"), index=True)
    position: Mapped[int]
    category: Mapped[str] = mapped_column(sa.String(60), default="")
    content: Mapped[str] = mapped_column(sa.String(300))
    legal_basis: Mapped[str] = mapped_column(sa.String(500), default="")
    method: Mapped[str] = mapped_column(sa.String(300), default="")
    criteria: Mapped[str] = mapped_column(sa.String(300), default="")
    finding_hint: Mapped[str] = mapped_column(sa.String(120), default="")  # the hazard's words when it fails
    requirement: Mapped[str] = mapped_column(sa.String(500), default="")  # what an order says then
    severity_hint: Mapped[str] = mapped_column(sa.String(12), default="general")  # general, major
    hazard_kind: Mapped[str] = mapped_column(sa.String(20), default="object")
