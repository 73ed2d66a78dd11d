from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, like, scope_condition, visible
from app.engine import HumanTask
from app.errors import NotFound
from app.subjects import name_key
from app.supervision.models import (
    OPEN,
    RUNNING,
    Instruction,
    Interview,
    SupervisionCircular,
    SupervisionFeedback,
    SupervisionItem,
    SupervisionRung,
)

LIGHTS = ("red", "amber", "green")
_OFFICE = "awc_office"


def items(user: Any, filters: Mapping[str, str], now: dt.datetime) -> sa.Select[Any]:
    """The items a person may see, narrowed by the list's filters: what is open first, the earliest last day on top."""
    select = visible(sa.select(SupervisionItem), SupervisionItem, user).where(*conditions(user, filters, now))
    over = sa.case((SupervisionItem.status.in_(OPEN), 0), else_=1)
    due = SupervisionItem.due_at
    return select.order_by(over, due.is_(None), due, SupervisionItem.number.desc())


def conditions(user: Any, filters: Mapping[str, str], now: dt.datetime) -> list[sa.ColumnElement[bool]]:
    """The filters as conditions. What has no meaning is left out."""
    item, found = SupervisionItem, list[sa.ColumnElement[bool]]()
    if q := name_key(filters.get("q", "")):
        found.append(item.search_text.like(like(q), escape="\\"))
    status = filters.get("status")
    if status == "open":
        found.append(item.status.in_(OPEN))
    elif status:
        found.append(item.status == status)
    for name, column in (
        ("source", item.source),
        ("org", item.addressee_org_id),
        ("campaign", item.campaign_id),
        ("matter", item.matter_id),
    ):
        if filters.get(name):
            found.append(column == filters[name])
    if (filters.get("level") or "").isdigit():
        found.append(item.level == int(filters["level"]))
    if filters.get("light") in LIGHTS:
        found.append(_lights(now)[filters["light"]])
    return found


def overdue(now: dt.datetime) -> sa.ColumnElement[bool]:
    """Past its last day without a final feedback. Derived, so that no job has to keep it true."""
    item = SupervisionItem
    return sa.and_(item.status.in_(RUNNING), item.due_at < now, item.paused_at.is_(None))


def _lights(now: dt.datetime) -> dict[str, sa.ColumnElement[bool]]:
    item = SupervisionItem
    running = sa.and_(item.status.in_(RUNNING), item.paused_at.is_(None))
    return {
        "red": overdue(now),
        "amber": sa.and_(running, item.due_at >= now, item.amber_at <= now),
        "green": sa.and_(running, item.due_at >= now, item.amber_at > now),
    }


def light_counts(session: Session, user: Any, filters: Mapping[str, str], now: dt.datetime) -> dict[str, int]:
    """How many items each light has under the other filters, scoped like the list. "" counts all."""
    others = {name: value for name, value in filters.items() if name != "light"}
    sums = [sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0) for condition in _lights(now).values()]
    select = sa.select(sa.func.count(), *sums).select_from(SupervisionItem)
    scoped = scope_condition(SupervisionItem, user)
    row = session.execute(select.where(scoped, *conditions(user, others, now))).one()
    return dict(zip(("", *LIGHTS), row, strict=True))


def overdue_count(session: Session, user: Any, now: dt.datetime) -> int:
    """For every page's menu, hence by the index on status and last day alone."""
    select = sa.select(sa.func.count()).select_from(SupervisionItem)
    return session.scalar(select.where(overdue(now), scope_condition(SupervisionItem, user))) or 0


def get(session: Session, item_id: str, user: Any) -> SupervisionItem:
    """The item, if the person may see it; else NotFound."""
    found = session.scalar(
        visible(sa.select(SupervisionItem).where(SupervisionItem.id == item_id), SupervisionItem, user)
    )
    if found is None:
        raise NotFound()
    return found


def of_instance(session: Session, instance_id: str) -> SupervisionItem | None:
    """Inside the process: no scope, the engine has decided already who acts."""
    return session.scalar(sa.select(SupervisionItem).where(SupervisionItem.instance_id == instance_id))


def open_of_matter(session: Session, key: str) -> SupervisionItem | None:
    """The item that is open about this matter, held until the transaction ends: one matter, one slip."""
    return _held(session, SupervisionItem.open_key == key)


def held(session: Session, item_id: str) -> SupervisionItem | None:
    """As it is now, until the transaction ends: rungs are asked for by processes that do not hold the item's own."""
    return _held(session, SupervisionItem.id == item_id)


def _held(session: Session, which: sa.ColumnElement[bool]) -> SupervisionItem | None:
    select = sa.select(SupervisionItem).where(which).with_for_update()
    return session.scalar(select.execution_options(populate_existing=True))


def of_request(session: Session, key: str | None, user: Any) -> SupervisionItem | None:
    """What this form opened when it was sent the first time."""
    if not key:
        return None
    select = sa.select(SupervisionItem).where(SupervisionItem.request_key == key)
    return session.scalar(visible(select, SupervisionItem, user))


def office_of(session: Session) -> Organisation:
    """The committee office that supervises: the first one. LookupError where the city has none."""
    select = sa.select(Organisation).where(Organisation.kind == _OFFICE).order_by(Organisation.code)
    found = session.scalars(select).first()
    if found is None:
        raise LookupError("no organisation is a committee office")
    return found


def region_of(office: Organisation) -> str:
    """The city that the office looks after; LookupError where none is entered."""
    if not office.region_code:
        raise LookupError(f"{office.name} has no region")
    return office.region_code


def kind_of(org: Organisation) -> str:
    """Which lane answers for an organisation: towns and villages, enterprises and contractors, else a department."""
    if org.kind in ("town", "village"):
        return "town"
    return "enterprise" if org.kind in ("enterprise", "contractor", "insurer") else "department"


def last_feedback(session: Session, item: SupervisionItem) -> SupervisionFeedback | None:
    """The final one that is to be reviewed."""
    of_item = sa.and_(SupervisionFeedback.item_id == item.id, SupervisionFeedback.kind == "final")
    select = sa.select(SupervisionFeedback).where(of_item)
    return session.scalars(select.order_by(SupervisionFeedback.at.desc(), SupervisionFeedback.id.desc())).first()


def feedbacks(session: Session, item: SupervisionItem) -> list[SupervisionFeedback]:
    select = sa.select(SupervisionFeedback).where(SupervisionFeedback.item_id == item.id)
    return list(session.scalars(select.order_by(SupervisionFeedback.at.desc(), SupervisionFeedback.id.desc())))


def rungs(session: Session, item: SupervisionItem) -> list[SupervisionRung]:
    """Climbed ones, oldest first, over all rounds of the clock."""
    select = sa.select(SupervisionRung).where(SupervisionRung.item_id == item.id)
    return list(session.scalars(select.order_by(SupervisionRung.clock_round, SupervisionRung.level)))


def interviews(session: Session, item: SupervisionItem) -> list[Interview]:
    select = sa.select(Interview).where(Interview.item_id == item.id)
    return list(session.scalars(select.order_by(Interview.decided_at.desc())))


def interview(session: Session, item: SupervisionItem, interview_id: str) -> Interview:
    """One of an item that was found through `visible`; NotFound where there is none that was announced."""
    found = session.get(Interview, interview_id)
    if found is None or found.item_id != item.id or found.noticed_at is None:
        raise NotFound()
    return found


def circulars(session: Session, item: SupervisionItem) -> list[SupervisionCircular]:
    select = sa.select(SupervisionCircular).where(SupervisionCircular.item_id == item.id)
    return list(session.scalars(select.order_by(SupervisionCircular.issued_at.desc())))


def instructions(session: Session, item: SupervisionItem) -> list[Instruction]:
    select = sa.select(Instruction).where(Instruction.item_id == item.id)
    return list(session.scalars(select.order_by(Instruction.at.desc())))


def open_tasks(session: Session, instance_ids: Iterable[str]) -> dict[str, list[HumanTask]]:
    """Open tasks of items that were found through `visible`, by instance."""
    select = sa.select(HumanTask).where(HumanTask.instance_id.in_(list(instance_ids)), HumanTask.status == "open")
    found: dict[str, list[HumanTask]] = {}
    for task in session.scalars(select.order_by(HumanTask.created_at)):
        found.setdefault(task.instance_id, []).append(task)
    return found


def organisations(session: Session, rows: Iterable[SupervisionItem]) -> dict[str, Organisation]:
    """Organisations that the rows name, for a page."""
    ids = {o for row in rows for o in (row.addressee_org_id, row.planned_org_id, row.office_org_id) if o}
    return {o.id: o for o in session.scalars(sa.select(Organisation).where(Organisation.id.in_(ids)))}


def search_text(item: SupervisionItem) -> str:
    """What a search looks through: numbers, the matter, what it rests on."""
    return " ".join(name_key(part) for part in (item.number, item.matter_no, item.title, item.basis) if part)
