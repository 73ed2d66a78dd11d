from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import like
from app.errors import NotFound
from app.inspections.access import is_official
from app.inspections.checklists.models import Checklist, ChecklistItem


def open_to(user: Any) -> sa.ColumnElement[bool]:
    """Officials read what is published; drafts only whoever keeps the lists of that organisation, and the office."""
    if not getattr(user, "is_authenticated", False) or not user.active or not is_official(user):
        return sa.false()
    if user.has("coordinator"):
        return sa.true()
    own = [grant.org_id for grant in user.grants]
    return sa.or_(Checklist.status != "draft", Checklist.org_id.in_(own))


def checklists(user: Any, filters: Mapping[str, str]) -> sa.Select[Any]:
    """The present version of each list and the drafts, narrowed by the filters; `status` opens older versions too."""
    select = sa.select(Checklist).where(open_to(user))
    status = filters.get("status") or ""
    select = select.where(Checklist.status == status if status else Checklist.status.in_(("draft", "published")))
    for name, column in (
        ("sector", Checklist.sector_code),
        ("campaign", Checklist.campaign_id),
        ("plan", Checklist.plan_id),
    ):
        if filters.get(name):
            select = select.where(column == filters[name])
    if q := (filters.get("q") or "").strip():
        select = select.where(Checklist.title.ilike(like(q), escape="\\"))
    return select.order_by(Checklist.sector_code, Checklist.title, Checklist.version.desc(), Checklist.id)


def usable(session: Session, user: Any) -> list[Checklist]:
    """What an inspection can be planned with."""
    return list(session.scalars(checklists(user, {"status": "published"})))


def get(session: Session, checklist_id: str, user: Any) -> Checklist:
    found = session.scalar(sa.select(Checklist).where(Checklist.id == checklist_id, open_to(user)))
    if found is None:
        raise NotFound()
    return found


def items(session: Session, checklist: Checklist) -> list[ChecklistItem]:
    select = sa.select(ChecklistItem).where(ChecklistItem.checklist_id == checklist.id)
    return list(session.scalars(select.order_by(ChecklistItem.position, ChecklistItem.id)))


def versions(session: Session, checklist: Checklist, user: Any) -> list[Checklist]:
    select = sa.select(Checklist).where(Checklist.series_id == checklist.series_id, open_to(user))
    return list(session.scalars(select.order_by(Checklist.version.desc())))


def draft_of(session: Session, series_id: str) -> Checklist | None:
    return session.scalar(sa.select(Checklist).where(Checklist.series_id == series_id, Checklist.status == "draft"))


def counts(session: Session, ids: list[str]) -> dict[str, int]:
    """How many items each list has."""
    select = sa.select(ChecklistItem.checklist_id, sa.func.count()).where(ChecklistItem.checklist_id.in_(ids))
    return {key: int(count) for key, count in session.execute(select.group_by(ChecklistItem.checklist_id))}
