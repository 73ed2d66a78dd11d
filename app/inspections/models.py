from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id
from app.inspections.words import DEADLINES, MODES, PURPOSES, RESULTS, SELECTIONS, SERVED, STATUSES, UNDONE

Id = sa.String(32)


class InspectedSubject(Base):
    """One subject of an inspection (被检对象): 家次 counts these rows, 家 the subjects in them.

    The `open_…` columns decide who may see the row. What is concealed opens to nobody by place or line, and to the
    enterprise itself nothing ever opens before the inspection has been carried out: `disclosed_org_id` is empty.
    """

    __tablename__ = "inspected_subject"
    __scope__ = Scope(
        region="open_region_code",
        sector="open_sector_code",
        orgs=("inspecting_org_id", "open_supervising_org_id"),
        responsible="disclosed_org_id",
        instance="instance_id",
    )
    __table_args__ = (sa.UniqueConstraint("inspection_id", "subject_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    inspection_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("inspection.id"), index=True)
    instance_id: Mapped[str] = mapped_column(Id, index=True)
    subject_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("subject.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(120))  # as it was called then
    region_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), index=True)
    supervising_org_id: Mapped[str | None] = mapped_column(Id)
    inspecting_org_id: Mapped[str] = mapped_column(Id, index=True)
    open_region_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    open_sector_code: Mapped[str] = mapped_column(sa.String(40), default="", index=True)
    open_supervising_org_id: Mapped[str | None] = mapped_column(Id, index=True)
    disclosed_org_id: Mapped[str | None] = mapped_column(Id, index=True)
    drawn: Mapped[bool] = mapped_column(default=False)
    scene: Mapped[str] = mapped_column(sa.String(200), default="")  # 检查场所
    remarks: Mapped[str] = mapped_column(sa.Text, default="")
    served: Mapped[str] = mapped_column(sa.String(12), default="")  # signed, refused, absent
    signed_by: Mapped[str] = mapped_column(sa.String(40), default="")
    signed_title: Mapped[str] = mapped_column(sa.String(40), default="")
    refused_reason: Mapped[str] = mapped_column(sa.String(300), default="")
    evidence: Mapped[list[str]] = mapped_column(default=list)  # photos of the scene
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    accuracy_m: Mapped[int | None]
    site_rev: Mapped[int] = mapped_column(default=0)  # of scene, signature, evidence, position
    inspected_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    result: Mapped[str] = mapped_column(sa.String(20), default="")  # compliant, noncompliant
    findings: Mapped[int] = mapped_column(default=0)

    @property
    def served_name(self) -> str:
        return str(SERVED.get(self.served, ""))

    @property
    def located(self) -> bool:
        return self.longitude is not None and self.latitude is not None


class Inspection(Base):
    """An inspection (检查) of one or more subjects by one team. `instance_id` is its one process instance."""

    __tablename__ = "inspection"
    __scope__ = Scope(
        region="open_region_code",
        sector="open_sector_code",
        orgs=("org_id",),
        instance="instance_id",
        parts=((InspectedSubject, "inspection_id"),),
    )
    __table_args__ = (sa.Index("ix_inspection_planned", "planned_on", "id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)  # JC-2026-0001
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    mode: Mapped[str] = mapped_column(sa.String(20), index=True)
    purpose: Mapped[str] = mapped_column(sa.String(20), default="")
    topic: Mapped[str] = mapped_column(sa.String(120), default="")
    campaign_id: Mapped[str | None] = mapped_column(Id, index=True)
    plan_id: Mapped[str | None] = mapped_column(Id, index=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), index=True)
    region_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    open_region_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    open_sector_code: Mapped[str] = mapped_column(sa.String(40), default="", index=True)
    status: Mapped[str] = mapped_column(sa.String(12), index=True)
    selection: Mapped[str] = mapped_column(sa.String(12), default="hand")
    checklist_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("checklist.id"))
    checklist_title: Mapped[str] = mapped_column(sa.String(120), default="")
    leader_id: Mapped[str] = mapped_column(Id)
    leader_name: Mapped[str] = mapped_column(sa.String(80))
    team_key: Mapped[str] = mapped_column(sa.String(64), default="", index=True)  # the same people: the same team
    planned_on: Mapped[dt.date]
    started_at: Mapped[dt.datetime | None]
    executed_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    recorded_late: Mapped[bool] = mapped_column(default=False)
    subjects: Mapped[int] = mapped_column(default=0)
    findings: Mapped[int] = mapped_column(default=0)
    conclusion: Mapped[str] = mapped_column(sa.Text, default="")
    sampled: Mapped[bool] = mapped_column(default=False)  # nothing was found, and somebody looks at it again
    second_look: Mapped[str] = mapped_column(sa.String(12), default="")  # confirmed, doubtful
    second_look_note: Mapped[str] = mapped_column(sa.Text, default="")
    order_served_at: Mapped[dt.datetime | None]
    order_served: Mapped[str] = mapped_column(sa.String(12), default="")
    violation: Mapped[str] = mapped_column(sa.Text, default="")  # what looks like an offence
    referral: Mapped[str] = mapped_column(sa.String(20), default="")  # what the department made of it
    referral_note: Mapped[str] = mapped_column(sa.Text, default="")
    referred_at: Mapped[dt.datetime | None]
    void_reason: Mapped[str] = mapped_column(sa.Text, default="")
    request_key: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # a form sent twice plans once
    search_text: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[dt.datetime]
    created_by_id: Mapped[str | None] = mapped_column(Id)
    created_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    updated_at: Mapped[dt.datetime]

    @property
    def status_name(self) -> str:
        return str(STATUSES.get(self.status, self.status))

    @property
    def mode_name(self) -> str:
        return str(MODES.get(self.mode, self.mode))

    @property
    def purpose_name(self) -> str:
        return str(PURPOSES.get(self.purpose, self.purpose))

    @property
    def selection_name(self) -> str:
        return str(SELECTIONS.get(self.selection, self.selection))

    @property
    def undone(self) -> bool:
        return self.status in UNDONE


class Inspector(Base):
    """One of an inspection's team, as he or she was then."""

    __tablename__ = "inspector"
    __table_args__ = (sa.UniqueConstraint("inspection_id", "user_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    inspection_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("inspection.id"), index=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(80))
    org_id: Mapped[str] = mapped_column(Id)
    org_name: Mapped[str] = mapped_column(sa.String(120))
    cert_no: Mapped[str] = mapped_column(sa.String(40), default="")
    role: Mapped[str] = mapped_column(sa.String(12), default="member")  # leader, member
    drawn: Mapped[bool] = mapped_column(default=False)


class InspectionItem(Base):
    """One item as it was asked of one subject: a snapshot of the checklist's item, or a finding of its own."""

    __tablename__ = "inspection_item"
    __table_args__ = (
        sa.UniqueConstraint("inspected_subject_id", "client_id"),
        sa.Index("ix_inspection_item_order", "inspected_subject_id", "position"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    inspection_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("inspection.id"), index=True)
    inspected_subject_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("inspected_subject.id"))
    client_id: Mapped[str] = mapped_column(sa.String(64))  # what the phone calls it; of listed items the item's own id
    checklist_item_id: Mapped[str | None] = mapped_column(Id)
    position: Mapped[int]
    category: Mapped[str] = mapped_column(sa.String(60), default="")
    content: Mapped[str] = mapped_column(sa.String(300), default="")
    legal_basis: Mapped[str] = mapped_column(sa.String(500), default="")
    method: Mapped[str] = mapped_column(sa.String(300), default="")
    criteria: Mapped[str] = mapped_column(sa.String(300), default="")
    severity_hint: Mapped[str] = mapped_column(sa.String(12), default="")
    finding_hint: Mapped[str] = mapped_column(sa.String(120), default="")  # the hazard's words when it fails
    hazard_kind: Mapped[str] = mapped_column(sa.String(20), default="object")
    result: Mapped[str] = mapped_column(sa.String(20), default="")
    finding: Mapped[str] = mapped_column(sa.String(120), default="")  # the hazard in a line
    detail: Mapped[str] = mapped_column(sa.Text, default="")
    location: Mapped[str] = mapped_column(sa.String(200), default="")
    requirement: Mapped[str] = mapped_column(sa.Text, default="")
    severity: Mapped[str] = mapped_column(sa.String(12), default="")  # the inspector's suggestion of a grade
    deadline: Mapped[str] = mapped_column(sa.String(12), default="")  # on_site, 3, 7, 15, 30 days
    due_on: Mapped[dt.date | None]
    measures: Mapped[str] = mapped_column(sa.Text, default="")  # what was done on the spot
    photos: Mapped[list[str]] = mapped_column(default=list)
    photos_after: Mapped[list[str]] = mapped_column(default=list)
    rev: Mapped[int] = mapped_column(default=0)
    answered_at: Mapped[dt.datetime | None]
    answered_by_id: Mapped[str | None] = mapped_column(Id)
    answered_by_name: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def result_name(self) -> str:
        return str(RESULTS.get(self.result, ""))

    @property
    def deadline_name(self) -> str:
        return str(DEADLINES.get(self.deadline, ""))

    @property
    def failed(self) -> bool:
        return self.result == "noncompliant"

    @property
    def own(self) -> bool:
        """A finding that stands on no list."""
        return self.checklist_item_id is None


class Draw(Base):
    """A draw as it was made (双随机): whoever has candidates and seed comes to the same result. Never changed."""

    __tablename__ = "inspection_draw"
    __table_args__ = (sa.UniqueConstraint("inspection_id", "kind"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    inspection_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("inspection.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(12))  # subjects, inspectors
    criteria: Mapped[dict[str, Any]]
    candidates: Mapped[list[str]]  # ids, sorted, frozen before the seed was made
    candidates_hash: Mapped[str] = mapped_column(sa.String(64))
    excluded: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # {id, reason}
    seed: Mapped[str] = mapped_column(sa.String(64))
    count: Mapped[int]
    drawn: Mapped[list[str]]
    made_at: Mapped[dt.datetime]
    made_by_id: Mapped[str | None] = mapped_column(Id)
    made_by_name: Mapped[str] = mapped_column(sa.String(80), default="")


class Avoidance(Base):
    """Whom an inspector must not inspect (回避), and why; stands until it is ended."""

    __tablename__ = "inspector_avoidance"
    __table_args__ = (sa.UniqueConstraint("user_id", "subject_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"), index=True)
    subject_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("subject.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.String(300))
    made_at: Mapped[dt.datetime]
    made_by_name: Mapped[str] = mapped_column(sa.String(80), default="")


class InspectionNumber(Base):
    """The last number given in a year. Taken in the transaction that uses it, so that no number is left out."""

    __tablename__ = "inspection_number"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
