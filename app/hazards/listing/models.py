from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id
from app.i18n import lazy_

Id = sa.String(32)

# In the order in which a listing runs through them. Only the process moves it from one to the next.
LISTING_STATUSES = {
    "reported": lazy_("待复核"),
    "planning": lazy_("编制方案"),
    "reviewing": lazy_("审查方案"),
    "approving": lazy_("待批准挂牌"),
    "listed": lazy_("挂牌治理"),
    "accepting": lazy_("待验收"),
    "auditing": lazy_("待摘牌"),
    "delisted": lazy_("已摘牌"),
    "declined": lazy_("不予挂牌"),
    "withdrawn": lazy_("已撤销"),
}
LISTING_OPEN = ("reported", "planning", "reviewing", "approving", "listed", "accepting", "auditing")
# The six elements of a treatment plan (湖北省办法第七条, 原安全监管总局令第 16 号第十五条), in their order.
ELEMENTS = {
    "plan_goals": lazy_("治理的目标和任务"),
    "plan_measures": lazy_("采取的方法和措施"),
    "plan_resources": lazy_("经费和物资的落实"),
    "plan_people": lazy_("负责治理的机构和人员"),
    "plan_schedule": lazy_("治理的时限和要求"),
    "plan_safety": lazy_("安全措施和应急预案"),
}


class MajorListing(Base):
    """Listed supervision (挂牌督办) of one major hazard; `instance_id` runs it beside the hazard's own process.

    Terms are fixed once, when the act they follow is done: `file_by` and `publicise_by` with the listing, `accept_by`
    with the application, `delist_publicise_by` with the delisting.
    """

    __tablename__ = "major_listing"
    __scope__ = Scope(
        region="region_code",
        sector="sector_code",
        orgs=("supervising_org_id",),
        responsible="responsible_org_id",
        instance="instance_id",
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    hazard_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("hazard.id"), index=True)
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)  # GP-2026-0001
    status: Mapped[str] = mapped_column(sa.String(12), default="reported", index=True)
    region_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), index=True)
    supervising_org_id: Mapped[str | None] = mapped_column(Id, index=True)
    responsible_org_id: Mapped[str | None] = mapped_column(Id, index=True)
    reported_at: Mapped[dt.datetime]
    verified_at: Mapped[dt.datetime | None]
    verified_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    verify_opinion: Mapped[str] = mapped_column(sa.Text, default="")
    interim_measures: Mapped[str] = mapped_column(sa.Text, default="")
    stopped: Mapped[bool] = mapped_column(default=False)
    reported_superior: Mapped[bool] = mapped_column(default=False)
    plan: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # ELEMENTS, and plan_funds_yuan
    plan_files: Mapped[list[str]] = mapped_column(default=list)
    planned_at: Mapped[dt.datetime | None]
    planned_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    plan_opinion: Mapped[str] = mapped_column(sa.Text, default="")
    orderer_name: Mapped[str] = mapped_column(sa.String(80), default="")
    listing_opinion: Mapped[str] = mapped_column(sa.Text, default="")
    listed_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    due_at: Mapped[dt.datetime | None]
    amber_at: Mapped[dt.datetime | None]
    original_due_at: Mapped[dt.datetime | None]
    file_by: Mapped[dt.datetime | None]
    filed_at: Mapped[dt.datetime | None]
    filed_to: Mapped[str] = mapped_column(sa.String(120), default="")
    filing_no: Mapped[str] = mapped_column(sa.String(80), default="")
    publicise_by: Mapped[dt.datetime | None]
    publicised_at: Mapped[dt.datetime | None]
    media: Mapped[str] = mapped_column(sa.String(200), default="")
    link: Mapped[str] = mapped_column(sa.String(300), default="")
    publicity_text: Mapped[str] = mapped_column(sa.Text, default="")
    applied_at: Mapped[dt.datetime | None]
    accept_by: Mapped[dt.datetime | None]
    accepted_at: Mapped[dt.datetime | None]
    accepted_by_id: Mapped[str | None] = mapped_column(Id)
    accepted_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    acceptance_result: Mapped[str] = mapped_column(sa.String(12), default="")  # passed, failed
    acceptance_opinion: Mapped[str] = mapped_column(sa.Text, default="")
    acceptance_files: Mapped[list[str]] = mapped_column(default=list)
    experts: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)  # {name, organisation, title}
    failures: Mapped[int] = mapped_column(default=0)  # acceptances that failed
    resumption_agreed: Mapped[bool] = mapped_column(default=False)
    audit_opinion: Mapped[str] = mapped_column(sa.Text, default="")
    audited_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    delisted_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    delisted_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    delist_publicise_by: Mapped[dt.datetime | None]
    delist_publicised_at: Mapped[dt.datetime | None]
    delist_media: Mapped[str] = mapped_column(sa.String(200), default="")
    ended_reason: Mapped[str] = mapped_column(sa.Text, default="")
    updated_at: Mapped[dt.datetime]

    @property
    def status_name(self) -> str:
        return str(LISTING_STATUSES.get(self.status, self.status))

    @property
    def is_open(self) -> bool:
        return self.status in LISTING_OPEN

    @property
    def finished_at(self) -> dt.datetime | None:
        """When the treatment's clock stopped: the application for acceptance, until it fails."""
        return self.applied_at if self.status in ("accepting", "auditing", "delisted") else None


class ListingProgress(Base):
    """One monthly report of a listed hazard's treatment."""

    __tablename__ = "major_listing_progress"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    listing_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("major_listing.id"), index=True)
    report_key: Mapped[str] = mapped_column(sa.String(120), unique=True)  # the step it was given in
    percent: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    problems: Mapped[str] = mapped_column(sa.Text, default="")
    funds_yuan: Mapped[int | None]
    photos: Mapped[list[str]] = mapped_column(default=list)
    at: Mapped[dt.datetime]
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")


class ListingNumber(Base):
    """The last number given in a year. Taken in the transaction that uses it, so that no number is left out."""

    __tablename__ = "major_listing_number"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
