from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id
from app.i18n import lazy_

Id = sa.String(32)

KINDS = {"extension": lazy_("申请延期"), "appeal": lazy_("提出异议"), "infeasible": lazy_("无法整改")}
# open, then one of the others. `moot`: decided when nothing was left to decide about.
REQUEST_STATUSES = {
    "open": lazy_("办理中"),
    "granted": lazy_("准予"),
    "refused": lazy_("不予"),
    "ended": lazy_("已终止"),
    "moot": lazy_("未执行"),
}
OUTCOMES = {
    "extended": lazy_("延期"),
    "revoked": lazy_("撤销隐患"),
    "long_term": lazy_("转长期治理"),
    "shutdown": lazy_("停产停用，中止计时"),
    "transfer": lazy_("移送"),
}


class HazardRequest(Base):
    """What the rectifying side asked for (整改申请): more time, that it is no hazard, or that it cannot be rectified.

    Seen by whoever sees the hazard. `instance_id` is the process that decides it, `task_id` the step it is about.
    """

    __tablename__ = "hazard_request"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    hazard_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("hazard.id"), index=True)
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    task_id: Mapped[str] = mapped_column(Id)
    number: Mapped[str] = mapped_column(sa.String(30))  # YH-2026-0001-1
    kind: Mapped[str] = mapped_column(sa.String(12))
    round: Mapped[int]
    status: Mapped[str] = mapped_column(sa.String(12), default="open", index=True)
    outcome: Mapped[str] = mapped_column(sa.String(12), default="")
    level: Mapped[str] = mapped_column(sa.String(12), default="")  # who decides: department, office, leader
    reason: Mapped[str] = mapped_column(sa.Text)
    interim_measures: Mapped[str] = mapped_column(sa.Text, default="")
    explanation: Mapped[str] = mapped_column(sa.Text, default="")
    evidence: Mapped[list[str]] = mapped_column(default=list)  # file ids
    late: Mapped[bool] = mapped_column(default=False)  # asked after the last day for asking
    due_before: Mapped[dt.datetime | None]
    asked_on: Mapped[str | None] = mapped_column(sa.String(10))  # the new last day that is asked for
    granted_due_at: Mapped[dt.datetime | None]
    reply_due_at: Mapped[dt.datetime | None]  # by when an answer was owed at first
    escalations: Mapped[int] = mapped_column(default=0)  # how often a superior had to be asked
    requested_at: Mapped[dt.datetime]
    requested_by_id: Mapped[str | None] = mapped_column(Id)
    requested_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    requested_org_id: Mapped[str | None] = mapped_column(Id)
    decided_at: Mapped[dt.datetime | None]
    decided_by_id: Mapped[str | None] = mapped_column(Id)
    decided_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    opinion: Mapped[str] = mapped_column(sa.Text, default="")

    @property
    def kind_name(self) -> str:
        return str(KINDS.get(self.kind, self.kind))

    @property
    def status_name(self) -> str:
        return str(REQUEST_STATUSES.get(self.status, self.status))

    @property
    def outcome_name(self) -> str:
        return str(OUTCOMES.get(self.outcome, self.outcome))
