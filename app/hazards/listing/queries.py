from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import scope_condition, visible
from app.engine import Child, HumanTask
from app.errors import NotFound
from app.hazards.listing.models import LISTING_OPEN, ListingProgress, MajorListing
from app.hazards.models import Hazard

# The statutory acts of a listing, in their order: what it is called, its term, when it was done.
ACTS = ("filing", "publicity", "acceptance", "delisting_publicity")
_RUNNING = ("listed",)
PROCESS = "major_hazard"


def listings(user: Any, filters: Mapping[str, str], now: dt.datetime) -> sa.Select[Any]:
    """The listings a person may see: open ones first, the earliest last day on top."""
    over = sa.case((MajorListing.status.in_(LISTING_OPEN), 0), else_=1)
    due = MajorListing.due_at
    select = visible(sa.select(MajorListing), MajorListing, user).where(*_conditions(filters, now))
    return select.order_by(over, due.is_(None), due, MajorListing.number.desc())


def _conditions(filters: Mapping[str, str], now: dt.datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    status = filters.get("status")
    if status == "open":
        found.append(MajorListing.status.in_(LISTING_OPEN))
    elif status:
        found.append(MajorListing.status == status)
    if filters.get("sector"):
        found.append(MajorListing.sector_code == filters["sector"])
    if filters.get("overdue"):
        found.append(overdue(now))
    return found


def overdue(now: dt.datetime) -> sa.ColumnElement[bool]:
    """Past the last day of its treatment without an application for acceptance."""
    return sa.and_(MajorListing.status.in_(_RUNNING), MajorListing.due_at < now)


def counts(session: Session, user: Any, now: dt.datetime) -> dict[str, int]:
    """The numbers on the list's tabs."""
    tabs = {
        "open": MajorListing.status.in_(LISTING_OPEN),
        "overdue": overdue(now),
        "delisted": MajorListing.status == "delisted",
    }
    sums = [sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0) for condition in tabs.values()]
    select = sa.select(sa.func.count(), *sums).select_from(MajorListing)
    row = session.execute(select.where(scope_condition(MajorListing, user))).one()
    return dict(zip(("", *tabs), row, strict=True))


def get(session: Session, hazard_id: str, user: Any) -> tuple[MajorListing, Hazard]:
    """The latest listing of a hazard, if the person may see both; else NotFound."""
    select = visible(sa.select(MajorListing), MajorListing, user).where(MajorListing.hazard_id == hazard_id)
    found = session.scalars(select.order_by(MajorListing.reported_at.desc())).first()
    hazard = session.scalar(visible(sa.select(Hazard).where(Hazard.id == hazard_id), Hazard, user))
    if found is None or hazard is None:
        raise NotFound()
    return found, hazard


def of_instance(session: Session, instance_id: str) -> MajorListing | None:
    """Inside the process: no scope, the engine has decided already who acts."""
    return session.scalar(sa.select(MajorListing).where(MajorListing.instance_id == instance_id))


def of_hazard(session: Session, hazard_id: str) -> MajorListing | None:
    """The latest one; whoever sees the hazard sees it."""
    select = sa.select(MajorListing).where(MajorListing.hazard_id == hazard_id)
    return session.scalars(select.order_by(MajorListing.reported_at.desc(), MajorListing.id.desc())).first()


def is_asked_for(session: Session, hazard_instance_id: str) -> bool:
    """Whether the hazard's process has called for a listing that is still to begin, could not be begun, or stopped
    before it was entered.
    """
    mine = (Child.parent_id == hazard_instance_id, Child.definition_key == PROCESS)
    last = sa.select(Child.state).where(*mine).order_by(Child.round.desc(), Child.number.desc())
    return session.scalar(last.limit(1)) in ("due", "failed", "running")


def progress(session: Session, listing: MajorListing) -> list[ListingProgress]:
    """Monthly reports, newest first."""
    select = sa.select(ListingProgress).where(ListingProgress.listing_id == listing.id)
    return list(session.scalars(select.order_by(ListingProgress.at.desc(), ListingProgress.id.desc())))


def latest_progress(session: Session, rows: Iterable[MajorListing]) -> dict[str, int]:
    """How far each listing's last monthly report says it is, in percent."""
    ids = [row.id for row in rows]
    select = sa.select(ListingProgress.listing_id, ListingProgress.percent).where(ListingProgress.listing_id.in_(ids))
    return {key: percent for key, percent in session.execute(select.order_by(ListingProgress.at))}


def hazards_of(session: Session, rows: Iterable[MajorListing]) -> dict[str, Hazard]:
    ids = {row.hazard_id for row in rows}
    return {hazard.id: hazard for hazard in session.scalars(sa.select(Hazard).where(Hazard.id.in_(ids)))}


def open_tasks(session: Session, instance_ids: Iterable[str]) -> dict[str, list[HumanTask]]:
    """Open tasks of listings that were found through `visible`, by instance."""
    select = sa.select(HumanTask).where(HumanTask.instance_id.in_(list(instance_ids)), HumanTask.status == "open")
    found: dict[str, list[HumanTask]] = {}
    for task in session.scalars(select.order_by(HumanTask.due_at)):
        found.setdefault(task.instance_id, []).append(task)
    return found


def acts(listing: MajorListing) -> list[tuple[str, dt.datetime, dt.datetime | None]]:
    """(act, to be done by, done at) of every statutory act whose term runs or ran, in order."""
    rows = (
        ("filing", listing.file_by, listing.filed_at),
        ("publicity", listing.publicise_by, listing.publicised_at),
        ("acceptance", listing.accept_by, listing.accepted_at if listing.status != "accepting" else None),
        ("delisting_publicity", listing.delist_publicise_by, listing.delist_publicised_at),
    )
    return [(name, by, done) for name, by, done in rows if by is not None]


def next_act(listing: MajorListing) -> tuple[str, dt.datetime] | None:
    """What the law asks for next, and by when."""
    waiting = [(by, name) for name, by, done in acts(listing) if done is None]
    if not waiting:
        return None
    by, name = min(waiting)
    return name, by
