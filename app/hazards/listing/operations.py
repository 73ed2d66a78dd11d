"""What each step of the listing writes. Called by service tasks, inside the engine's transaction; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.calendars import OfficeCalendar
from app.clock import local
from app.db import insert_or
from app.engine import afterwards
from app.hazards import queries as hazards
from app.hazards.listing import queries
from app.hazards.listing.models import ELEMENTS, ListingNumber, ListingProgress, MajorListing
from app.hazards.models import Hazard, HazardRound

Data = Mapping[str, Any]


def report(session: Session, hazard: Hazard, *, instance_id: str, by: Actor, now: dt.datetime) -> MajorListing:
    """发现即报: the graded hazard comes before the office. Repeated for one instance it finds what it entered."""
    if found := queries.of_instance(session, instance_id):
        return found
    listing = MajorListing(
        hazard_id=hazard.id,
        instance_id=instance_id,
        number=_next_number(session, local(now).year),
        region_code=hazard.region_code,
        sector_code=hazard.sector_code,
        supervising_org_id=hazard.supervising_org_id,
        responsible_org_id=hazard.responsible_org_id,
        reported_at=now,
        updated_at=now,
    )
    session.add(listing)
    session.flush()
    record(session, now, by, "hazards.major_reported", "hazard", hazard.id, number=listing.number)
    return listing


def _next_number(session: Session, year: int) -> str:
    """GP-2026-0001. The row is locked until the transaction ends: two at once wait, one that fails leaves no gap."""
    first = insert_or(session, ListingNumber).values(year=year, last=1)
    next_one = first.on_conflict_do_update(index_elements=[ListingNumber.year], set_={"last": ListingNumber.last + 1})
    return f"GP-{year}-{session.scalar(next_one.returning(ListingNumber.last)) or 0:04d}"


def verify(session: Session, listing: MajorListing, data: Data, *, by: Actor, now: dt.datetime) -> None:
    listing.verified_at, listing.verified_by_name = now, by.name
    listing.verify_opinion = str(data.get("verify_opinion") or "")
    if data.get("verified") == "decline":
        _to(listing, "declined", now)
        listing.ended_reason = listing.verify_opinion
        record(session, now, by, "hazards.listing_declined", "hazard", listing.hazard_id, number=listing.number)
        return
    listing.interim_measures = str(data.get("interim_measures") or "")
    listing.stopped, listing.reported_superior = bool(data.get("stopped")), bool(data.get("reported_superior"))
    _to(listing, "planning", now)


def plan(listing: MajorListing, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """The treatment plan with its six elements; a returned one is written anew."""
    listing.plan = {name: str(data.get(name) or "") for name in ELEMENTS}
    listing.plan |= {"plan_funds_yuan": data.get("plan_funds_yuan")}
    listing.plan_files = list(data.get("plan_files") or [])
    listing.planned_at, listing.planned_by_name = now, by.name
    _to(listing, "reviewing", now)


def set_stage(listing: MajorListing, stage: str, *, now: dt.datetime) -> None:
    """Sent on to the leader, or back to the plan or the acceptance."""
    _to(listing, stage, now)


def list_it(session: Session, listing: MajorListing, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """挂牌: the leader has approved; treatment, filing (3 work days) and publicity (5 work days) begin to run."""
    office = OfficeCalendar()
    due = office.due(session, str(data["listing_due_on"]), now, str)
    listing.orderer_name, listing.listing_opinion = by.name, str(data.get("listing_opinion") or "")
    listing.plan_opinion = str(data.get("plan_opinion") or "")
    listing.listed_at, listing.due_at, listing.amber_at = now, due.at, due.amber_at
    listing.original_due_at = listing.original_due_at or due.at
    listing.file_by = office.due(session, "listing_filing_3d", now, str).at
    listing.publicise_by = office.due(session, "listing_publication_5d", now, str).at
    _to(listing, "listed", now)
    record(session, now, by, "hazards.listed", "hazard", listing.hazard_id, number=listing.number)


def file(listing: MajorListing, data: Data, *, now: dt.datetime) -> None:
    listing.filed_at, listing.filed_to = now, str(data["filed_to"])
    listing.filing_no, listing.updated_at = str(data.get("filing_no") or ""), now


def publicise(listing: MajorListing, data: Data, *, now: dt.datetime) -> None:
    listing.publicised_at, listing.media = now, str(data["media"])
    listing.link, listing.publicity_text = str(data.get("link") or ""), str(data["publicity_text"])
    listing.updated_at = now


def progress(session: Session, listing: MajorListing, data: Data, *, key: str, by: Actor, now: dt.datetime) -> None:
    """One monthly report; `key` names the step it was given in, so that a repeat finds it."""
    found = session.scalar(sa.select(ListingProgress).where(ListingProgress.report_key == key))
    if found is None:
        found = ListingProgress(listing_id=listing.id, report_key=key)
        session.add(found)
    found.percent, found.text = int(data["percent"]), str(data["progress_text"])
    found.problems, found.funds_yuan = str(data.get("problems") or ""), data.get("funds_spent_yuan")
    found.photos, found.at, found.by_name = list(data.get("progress_photos") or []), now, by.name
    listing.updated_at = now
    session.flush()


def apply(session: Session, listing: MajorListing, *, now: dt.datetime) -> None:
    """The re-inspection passed: that is the application; the acceptance on site follows within ten days."""
    listing.applied_at = now
    listing.accept_by = OfficeCalendar().due(session, "acceptance_10d", now, str).at
    _to(listing, "accepting", now)


def accept(session: Session, listing: MajorListing, data: Data, *, by: Actor, now: dt.datetime) -> bool:
    """现场验收 with experts; whether it passed. A failed one goes back to treatment with a new last day."""
    passed = bool(data["acceptance_result"] == "passed")
    listing.accepted_at, listing.accepted_by_id, listing.accepted_by_name = now, by.id, by.name
    listing.acceptance_result = "passed" if passed else "failed"
    listing.acceptance_opinion = str(data["acceptance_opinion"])
    listing.acceptance_files = list(data.get("acceptance_files") or [])
    listing.experts = [dict(row) for row in data.get("experts") or []]
    listing.resumption_agreed = bool(data.get("resumption_agreed"))
    if passed:
        _to(listing, "auditing", now)
    else:
        listing.failures += 1
        listing.applied_at = listing.accept_by = None
        due = OfficeCalendar().due(session, str(data["accepted_new_due_on"]), now, str)
        listing.due_at, listing.amber_at = due.at, due.amber_at
        _to(listing, "listed", now)
    record(session, now, by, "hazards.accepted", "hazard", listing.hazard_id, result=listing.acceptance_result)
    return passed


def delist(session: Session, listing: MajorListing, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """摘牌: the hazard may be closed; the public is told within five work days."""
    listing.audit_opinion = str(data.get("audit_opinion") or "")
    listing.delisted_at, listing.delisted_by_name = now, by.name
    listing.delist_publicise_by = OfficeCalendar().due(session, "listing_publication_5d", now, str).at
    _to(listing, "delisted", now)
    record(session, now, by, "hazards.delisted", "hazard", listing.hazard_id, number=listing.number)


def publicise_delisting(listing: MajorListing, data: Data, *, now: dt.datetime) -> None:
    listing.delist_publicised_at, listing.delist_media, listing.updated_at = now, str(data["delist_media"]), now


def withdraw(session: Session, listing: MajorListing, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """The hazard was none, or its listing was cancelled."""
    listing.ended_reason = reason
    _to(listing, "withdrawn", now)
    record(session, now, by, "hazards.listing_withdrawn", "hazard", listing.hazard_id, number=listing.number)


def end_with(session: Session, hazard: Hazard, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """A voided hazard is not listed any more: the listing's process is cancelled, once this is committed."""
    listing = queries.of_hazard(session, hazard.id)
    if listing is None or not listing.is_open:
        return
    who = {"id": by.id, "name": by.name, "org_id": by.org_id, "org_name": by.org_name}
    payload = {"instance_id": listing.instance_id, "reason": reason, "actor": who}
    afterwards(session, "instance.cancel", f"cancel:listing:{listing.id}", payload, now)


def follow_clock(session: Session, hazard: Hazard, *, now: dt.datetime) -> None:
    """The listing's term is the hazard's, once an extension was granted: never an earlier one."""
    listing = queries.of_hazard(session, hazard.id)
    if listing is None or listing.due_at is None or hazard.due_at is None or hazard.due_at <= listing.due_at:
        return
    listing.due_at, listing.amber_at, listing.updated_at = hazard.due_at, hazard.amber_at, now


def govern(session: Session, hazard: Hazard, listing: MajorListing, *, now: dt.datetime) -> None:
    """The day that the listing sets is the hazard's last day, too, where its rectification has not begun yet.

    Whoever lists a hazard sets the period of its treatment and alone lengthens it (domain 2.4); the order's day stays
    as the first one, which measures what was on time.
    """
    hazard.due_at, hazard.amber_at, hazard.updated_at = listing.due_at, listing.amber_at, now
    if this_round := hazards.round_of(session, hazard):
        this_round.due_at = listing.due_at
    session.flush()


def reopen(session: Session, hazard: Hazard, due_on: str, *, now: dt.datetime) -> None:
    """The acceptance failed: the hazard is rectified once more, in a round of its own with a new last day."""
    if hazard.status != "verified":
        return
    this_round = hazards.round_of(session, hazard)
    left = list(this_round.requirements) if this_round else list(hazard.requirements)
    due = OfficeCalendar().due(session, due_on, now, str)
    hazard.round += 1
    hazard.status, hazard.submitted_at, hazard.requirements = "rectifying", None, left
    hazard.ordered_at, hazard.due_at, hazard.amber_at, hazard.updated_at = now, due.at, due.amber_at, now
    session.add(HazardRound(hazard_id=hazard.id, round=hazard.round, due_at=due.at, requirements=left))
    session.flush()


def _to(listing: MajorListing, status: str, now: dt.datetime) -> None:
    listing.status, listing.updated_at = status, now
