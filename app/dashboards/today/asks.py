"""What a leader has to look into (需要您过问): reason, fact, person, and what can be done; from the records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, addresses, scope_condition, visible
from app.calendars import deadline_view, office, task_deadline
from app.campaigns.matrix import Matrix
from app.campaigns.models import Campaign
from app.dashboards.wall.reading import late_hazards
from app.engine import HumanTask
from app.i18n import _, bilingual
from app.supervision.models import CIRCULAR, OPEN, RUNNING, SupervisionItem

_TASKS, _MAJOR, _ITEMS = 8, 8, 8


@dataclass(frozen=True)
class Ask:
    """One matter. `kind` and `key` say which record it is, for its link and for an instruction about it."""

    state: str  # red, amber
    why: str
    title: str
    note: str
    person: str
    org: str
    kind: str  # task, hazard, campaign, supervision
    key: str
    no: str = ""
    org_id: str = ""
    since: dt.datetime | None = None  # the last day it missed or will have; the earliest comes first

    @property
    def order(self) -> tuple[bool, dt.datetime]:
        return self.state != "red", self.since or dt.datetime.max.replace(tzinfo=dt.UTC)


def asks(session: Session, user: Any, now: dt.datetime, campaigns: list[tuple[Campaign, Matrix]]) -> list[Ask]:
    """Red ones first, then by their last day."""
    found = [
        *_tasks(session, user, now),
        *_major_hazards(session, user, now),
        *_gates(session, campaigns),
        *_raised(session, user, now),
    ]
    return sorted(found, key=lambda one: one.order)


def _tasks(session: Session, user: Any, now: dt.datetime) -> Iterator[Ask]:
    """Open tasks that the person holds or may take."""
    held = [HumanTask.assignee_id == user.id]
    for roles, orgs in addresses(user):
        there = HumanTask.org_id.is_(None) if orgs is None else HumanTask.org_id.in_(orgs)
        held.append(sa.and_(HumanTask.assignee_id.is_(None), HumanTask.role.in_(roles), there))
    due = HumanTask.due_at
    select = sa.select(HumanTask).where(HumanTask.status == sa.literal_column("'open'"), sa.or_(*held))
    calendar = office(session)
    for task in session.scalars(select.order_by(due.is_(None), due, HumanTask.id).limit(_TASKS)):
        view = task_deadline(calendar, now, task)
        words = {"text": view.text, "due": view.due_text}
        yield Ask(
            state="red" if view.state == "red" else "amber",
            why=_("待您办理，%(text)s，%(due)s") % words if view.due_text else _("待您办理，%(text)s") % words,
            title=task.title or bilingual(task.name_zh, task.name_en),
            note=f"{bilingual(task.process_zh, task.process_en)}　{bilingual(task.name_zh, task.name_en)}",
            person=user.name,
            org=bilingual(user.organisation.short_name, user.organisation.name_en),
            kind="task",
            key=task.id,
            since=task.due_at,
        )


def _major_hazards(session: Session, user: Any, now: dt.datetime) -> Iterator[Ask]:
    for one in late_hazards(session, user, now, None, _MAJOR, major=True):
        yield Ask(
            state="red",
            why=_("重大隐患%(text)s", text=one.deadline.text),
            title=f"{one.subject}{_('：')}{one.hazard.summary}",
            note=f"{one.hazard.number}　{one.hazard.status_name}，{one.deadline.due_text}",
            person=one.holder or one.org,
            org=one.org,
            kind="hazard",
            key=one.hazard.id,
            no=one.hazard.number,
            org_id=one.hazard.supervising_org_id or "",
            since=one.hazard.due_at,
        )


def _gates(session: Session, campaigns: list[tuple[Campaign, Matrix]]) -> Iterator[Ask]:
    """Gates past their day with sectors that have not passed, and those whose assessment is near."""
    owners = {campaign.owner_org_id for campaign, _matrix in campaigns if campaign.owner_org_id}
    orgs = {org.id: org for org in session.scalars(sa.select(Organisation).where(Organisation.id.in_(owners)))}
    for campaign, matrix in campaigns:
        owner = orgs.get(campaign.owner_org_id or "")
        for gate in matrix.gates:
            if gate.state not in ("red", "amber"):
                continue
            behind = [row.sector_name for row in matrix.rows if row.cells[gate.seq - 1].state in ("red", "amber")]
            late = gate.days < 0
            yield Ask(
                state="red" if late else "amber",
                why=_("阶段关口未过 %(n)s 天", n=-gate.days) if late else _("距阶段关口 %(n)s 天", n=gate.days),
                title=f"{campaign.name}{_('：')}{gate.name}",
                note=_("%(n)s 个领域未过关", n=gate.open_sectors)
                + (f"，{_('落后：')}{_('、').join(behind)}" if behind else ""),
                person=bilingual(owner.short_name, owner.name_en) if owner else "",
                org="",
                kind="campaign",
                key=campaign.id,
                no=campaign.code,
                org_id=campaign.owner_org_id or "",
                since=dt.datetime.combine(gate.end_on, dt.time(), tzinfo=dt.UTC),
            )


def _raised(session: Session, user: Any, now: dt.datetime) -> Iterator[Ask]:
    """Supervised matters that have come as far as a circular or a leader, or are overdue."""
    item = SupervisionItem
    overdue = sa.and_(item.status.in_(RUNNING), item.due_at < now, item.paused_at.is_(None))
    raised = sa.and_(item.status.in_(RUNNING), item.target >= CIRCULAR)
    select = visible(sa.select(item), item, user).where(sa.or_(overdue, raised))
    rows = list(session.scalars(select.order_by(item.due_at.is_(None), item.due_at, item.id).limit(_ITEMS)))
    ids = {row.addressee_org_id for row in rows}
    orgs = {org.id: org for org in session.scalars(sa.select(Organisation).where(Organisation.id.in_(ids)))}
    calendar = office(session)
    for row in rows:
        view = deadline_view(calendar, now, due_at=row.due_at, amber_at=row.amber_at, started_at=row.issued_at)
        org = orgs.get(row.addressee_org_id or "")
        yield Ask(
            state="red" if view.state == "red" else "amber",
            why=f"{row.level_name}{_('：')}{view.text}",
            title=row.title,
            note=f"{row.number}　{row.source_name}　{row.status_name}",
            person=row.received_by_name or (bilingual(org.short_name, org.name_en) if org else ""),
            org=bilingual(org.short_name, org.name_en) if org else "",
            kind="supervision",
            key=row.id,
            no=row.number,
            org_id=row.addressee_org_id or "",
            since=row.due_at,
        )


def open_items(session: Session, user: Any, now: dt.datetime) -> tuple[int, int]:
    """Supervised matters in hand as the list counts them (`?status=open`), and how many of them are overdue."""
    item = SupervisionItem
    overdue = sa.case((sa.and_(item.status.in_(RUNNING), item.due_at < now, item.paused_at.is_(None)), 1), else_=0)
    select = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(overdue), 0)).select_from(item)
    count, late = session.execute(select.where(item.status.in_(OPEN), scope_condition(item, user))).one()
    return int(count), int(late)
