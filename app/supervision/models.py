from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Scope, new_id
from app.i18n import lazy_

Id = sa.String(32)

# In the order in which an item runs through them. Only the process moves it from one to the next.
STATUSES = {
    "drafting": lazy_("拟办"),
    "issued": lazy_("待签收"),
    "handling": lazy_("办理中"),
    "reviewing": lazy_("待复核"),
    "ended": lazy_("已办结"),
    "declined": lazy_("不予督办"),
    "withdrawn": lazy_("已撤销"),
}
OPEN = ("drafting", "issued", "handling", "reviewing")
RUNNING = ("issued", "handling")  # the addressee's clock runs: only these can be overdue
# The ladder (domain 2.7). 0: an approved extension has set it back, nothing was climbed since.
LEVELS = {
    0: lazy_("重新起算"),
    1: lazy_("提醒"),
    2: lazy_("督办单"),
    3: lazy_("约谈"),
    4: lazy_("通报"),
    5: lazy_("提级"),
}
REMINDER, SLIP, INTERVIEW, CIRCULAR, LEADER = 1, 2, 3, 4, 5
SOURCES = {
    "leader": lazy_("领导批示"),
    "meeting": lazy_("会议决定"),
    "patrol": lazy_("巡查问题"),
    "hazard": lazy_("隐患超期"),
    "overdue": lazy_("事项超期"),
    "risk": lazy_("风险研判"),
    "superior": lazy_("上级交办"),
}
COLOURS = {"blue": lazy_("蓝单"), "yellow": lazy_("黄单"), "red": lazy_("红单")}
FEEDBACKS = {"progress": lazy_("阶段反馈"), "final": lazy_("申请办结")}


class SupervisionItem(Base):
    """A supervised matter (督办件): one matter, one slip. `instance_id` is the process instance that runs it.

    Until the slip is issued `addressee_org_id` is empty and `region_code` is the office's own: how the office
    deliberates is not for the addressee to read. `planned_org_id` is whom the office means to address.
    `target` is the rung that has been asked for, `level` the one that was carried out: it never falls, but for an
    approved extension, which begins a new `clock_round` (rungs climbed before stay on record).
    """

    __tablename__ = "supervision_item"
    __scope__ = Scope(
        region="region_code",
        orgs=("addressee_org_id",),
        responsible="addressee_org_id",
        instance="instance_id",
    )
    __table_args__ = (
        sa.Index("ix_supervision_item_status_due", "status", "due_at"),
        sa.Index("ix_supervision_item_matter", "matter_kind", "matter_id"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)  # DB-2026-0001
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    source: Mapped[str] = mapped_column(sa.String(12), index=True)
    status: Mapped[str] = mapped_column(sa.String(12), default="drafting")
    title: Mapped[str] = mapped_column(sa.String(200))
    content: Mapped[str] = mapped_column(sa.Text, default="")
    requirement: Mapped[str] = mapped_column(sa.Text, default="")
    basis: Mapped[str] = mapped_column(sa.Text, default="")  # the meeting, the letter, the instruction it rests on
    level: Mapped[int] = mapped_column(default=0)
    target: Mapped[int] = mapped_column(default=0)
    clock_round: Mapped[int] = mapped_column(default=0)
    colour: Mapped[str] = mapped_column(sa.String(8), default="")
    office_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    planned_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    addressee_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    region_code: Mapped[str] = mapped_column(sa.String(12), sa.ForeignKey("region.code"), index=True)
    sector_code: Mapped[str | None] = mapped_column(sa.String(40), index=True)
    campaign_id: Mapped[str | None] = mapped_column(Id, index=True)
    matter_kind: Mapped[str | None] = mapped_column(sa.String(40))
    matter_id: Mapped[str | None] = mapped_column(sa.String(64))
    matter_no: Mapped[str] = mapped_column(sa.String(80), default="")
    origin_task_id: Mapped[str | None] = mapped_column(Id)
    origin_instance_id: Mapped[str | None] = mapped_column(Id, index=True)
    origin_step: Mapped[str] = mapped_column(sa.String(120), default="")
    origin_due_at: Mapped[dt.datetime | None]
    open_key: Mapped[str | None] = mapped_column(sa.String(120), unique=True)  # the matter, while its item is open
    due_at: Mapped[dt.datetime | None]
    amber_at: Mapped[dt.datetime | None]
    original_due_at: Mapped[dt.datetime | None]
    extensions: Mapped[int] = mapped_column(default=0)
    paused_at: Mapped[dt.datetime | None]
    pause_reason: Mapped[str] = mapped_column(sa.Text, default="")
    round: Mapped[int] = mapped_column(default=1)  # of feedback: sent back begins the next
    opened_at: Mapped[dt.datetime]
    opened_by_id: Mapped[str | None] = mapped_column(Id)
    opened_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    issued_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    issued_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    received_at: Mapped[dt.datetime | None]
    received_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    answered_at: Mapped[dt.datetime | None]  # the last final feedback
    ended_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    ended_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    conclusion: Mapped[str] = mapped_column(sa.Text, default="")
    request_key: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # a form sent twice opens one item
    search_text: Mapped[str] = mapped_column(sa.Text, default="")
    updated_at: Mapped[dt.datetime]

    @property
    def status_name(self) -> str:
        return str(STATUSES.get(self.status, self.status))

    @property
    def source_name(self) -> str:
        return str(SOURCES.get(self.source, self.source))

    @property
    def level_name(self) -> str:
        return str(LEVELS.get(self.level, self.level))

    @property
    def colour_name(self) -> str:
        return str(COLOURS.get(self.colour, ""))

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def finished_at(self) -> dt.datetime | None:
        """When the addressee's clock stopped: the final feedback, until it is sent back."""
        return None if self.status in ("drafting", *RUNNING) else (self.answered_at or self.ended_at)

    def overdue(self, now: dt.datetime) -> bool:
        running = self.status in RUNNING and self.paused_at is None
        return running and self.due_at is not None and now > self.due_at


class SupervisionRung(Base):
    """One rung of an item's ladder that was climbed: each once in a round of its clock. Never deleted."""

    __tablename__ = "supervision_rung"
    __table_args__ = (sa.UniqueConstraint("item_id", "clock_round", "level"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("supervision_item.id"), index=True)
    clock_round: Mapped[int]
    level: Mapped[int]
    at: Mapped[dt.datetime]
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def level_name(self) -> str:
        return str(LEVELS.get(self.level, self.level))


class SupervisionFeedback(Base):
    """One feedback of the addressee, and what the office said to it where it asked for the end."""

    __tablename__ = "supervision_feedback"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("supervision_item.id"), index=True)
    answer_key: Mapped[str] = mapped_column(sa.String(120), unique=True)  # round, kind, instant: a repeat finds it
    round: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(12))
    content: Mapped[str] = mapped_column(sa.Text)
    attachments: Mapped[list[str]] = mapped_column(default=list)
    at: Mapped[dt.datetime]
    by_id: Mapped[str | None] = mapped_column(Id)
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    org_id: Mapped[str | None] = mapped_column(Id)
    due_at: Mapped[dt.datetime | None]
    result: Mapped[str] = mapped_column(sa.String(12), default="")  # done, back
    opinion: Mapped[str] = mapped_column(sa.Text, default="")
    reviewed_at: Mapped[dt.datetime | None]
    reviewed_by_name: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def kind_name(self) -> str:
        return str(FEEDBACKS.get(self.kind, self.kind))

    @property
    def late(self) -> bool:
        return self.due_at is not None and self.at > self.due_at


class Interview(Base):
    """约谈: notice, talk, minutes, written feedback within five work days. Held within a week of being decided."""

    __tablename__ = "supervision_interview"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("supervision_item.id"), index=True)
    clock_round: Mapped[int]
    decided_at: Mapped[dt.datetime]
    hold_by: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    talk_at: Mapped[dt.datetime | None]
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    chair: Mapped[str] = mapped_column(sa.String(80), default="")
    persons: Mapped[str] = mapped_column(sa.String(300), default="")  # who must come in person, nobody in their place
    noticed_at: Mapped[dt.datetime | None]
    noticed_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    held_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    attendees: Mapped[str] = mapped_column(sa.Text, default="")
    minutes: Mapped[str] = mapped_column(sa.Text, default="")
    requirements: Mapped[str] = mapped_column(sa.Text, default="")
    feedback_due_at: Mapped[dt.datetime | None]
    feedback: Mapped[str] = mapped_column(sa.Text, default="")
    feedback_at: Mapped[dt.datetime | None]
    feedback_by_name: Mapped[str] = mapped_column(sa.String(80), default="")

    @property
    def is_open(self) -> bool:
        return self.noticed_at is not None and self.feedback_at is None


class SupervisionCircular(Base):
    """通报: what was said to whom about the matter. The official document is made elsewhere."""

    __tablename__ = "supervision_circular"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("supervision_item.id"), index=True)
    clock_round: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    recipients: Mapped[str] = mapped_column(sa.Text, default="")
    issued_at: Mapped[dt.datetime] = mapped_column(index=True)
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")


class Instruction(Base):
    """批示: what a leader said, about a matter or beside a page; the item it became is `item_id`."""

    __tablename__ = "supervision_instruction"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("supervision_item.id"), index=True)
    clock_round: Mapped[int]
    text: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    leader_id: Mapped[str | None] = mapped_column(Id)
    leader_name: Mapped[str] = mapped_column(sa.String(80), default="")
    subject_kind: Mapped[str | None] = mapped_column(sa.String(40))
    subject_id: Mapped[str | None] = mapped_column(sa.String(64), index=True)


class SupervisionRequest(Base):
    """The addressee asks for more time, before the last day; no answer is no consent."""

    __tablename__ = "supervision_request"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    item_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("supervision_item.id"), index=True)
    instance_id: Mapped[str] = mapped_column(Id, unique=True)
    task_id: Mapped[str] = mapped_column(Id)
    number: Mapped[str] = mapped_column(sa.String(30))
    status: Mapped[str] = mapped_column(sa.String(12), default="open")  # open, granted, refused, moot, ended
    level: Mapped[str] = mapped_column(sa.String(12), default="office")  # office, leader
    reason: Mapped[str] = mapped_column(sa.Text)
    progress: Mapped[str] = mapped_column(sa.Text, default="")
    asked_on: Mapped[str] = mapped_column(sa.String(10))
    due_before: Mapped[dt.datetime | None]
    granted_due_at: Mapped[dt.datetime | None]
    requested_at: Mapped[dt.datetime]
    requested_by_id: Mapped[str | None] = mapped_column(Id)
    requested_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    decided_at: Mapped[dt.datetime | None]
    decided_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    opinion: Mapped[str] = mapped_column(sa.Text, default="")


class SupervisionNumber(Base):
    """The last number given in a year. Taken in the transaction that uses it, so that no number is left out."""

    __tablename__ = "supervision_number"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
