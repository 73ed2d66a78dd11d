"""What each step of the process writes. Called by service tasks, inside the engine's transaction; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import files
from app.accounts import Organisation, Sector, User, contains, visible
from app.audit import Actor, record
from app.calendars import OfficeCalendar
from app.clock import local
from app.db import insert_or
from app.errors import Invalid
from app.hazards import queries
from app.hazards.models import ORIGINS, Hazard, HazardDraft, HazardNumber, HazardRound
from app.hazards.schemas import CORRECTABLE
from app.i18n import _
from app.subjects import Subject

Data = Mapping[str, Any]
_DESCRIBED = ("summary", "description", "location", "category", "source", "found_by", "photos_before", "legal_basis")


def register(session: Session, data: Data, *, instance_id: str, by: Actor, now: dt.datetime) -> Hazard:
    """Enter the hazard and give it the next number of the year. `data` is what RegisterIn gives.

    Repeating it for the same instance finds what was entered. Raises Invalid where the person may not see the subject.
    """
    if found := queries.of_instance(session, instance_id):
        return found
    subject = _subject(session, data["subject_id"], by)
    hazard = Hazard(
        number=_next_number(session, local(now).year),
        instance_id=instance_id,
        subject_id=subject.id,
        region_code=data["region_code"] or subject.region_code,
        sector_code=data["sector_code"] or subject.sector_code,
        responsible_org_id=data["responsible_org_id"] or subject.org_id,
        registered_at=now,
        registered_by_id=by.id,
        registered_by_name=by.name,
        rectify_mode="on_site" if data["on_site"] else None,
        prior_hazard_id=data["prior_hazard_id"],
        **{name: data[name] for name in ORIGINS},
        external_no=data["external_no"],
        request_key=data["request_key"],
        grade=None,
    )
    hazard.supervising_org_id = _supervisor(session, data["supervising_org_id"], subject, hazard.sector_code)
    hazard.town_org_id = subject.town_org_id or _town(session, hazard.region_code)
    _describe(hazard, data, now)
    hazard.search_text = queries.search_text(hazard, subject)
    session.add(hazard)
    session.flush()
    session.execute(sa.delete(HazardDraft).where(HazardDraft.user_id == by.id))
    photos = [*data["photos_before"], *data["photos_after"]]
    if photos:
        files.attach(session, photos, by=by, now=now, instance_id=instance_id)
    record(session, now, by, "hazards.registered", "hazard", hazard.id, number=hazard.number)
    return hazard


def _describe(hazard: Hazard, data: Data, now: dt.datetime) -> None:
    for name in _DESCRIBED:
        setattr(hazard, name, data[name])
    hazard.found_by = hazard.found_by or hazard.registered_by_name
    hazard.found_at = dt.datetime.fromisoformat(data["found_at"]) if data["found_at"] else now
    hazard.requirements = [data["requirement"]] if data["requirement"] else []
    hazard.updated_at = now


def _subject(session: Session, subject_id: str, by: Actor) -> Subject:
    """The subject, if whoever registers may see it; the system (an import, a ladder) sees all."""
    select = sa.select(Subject).where(Subject.id == subject_id)
    if by.id is not None:
        select = visible(select, Subject, session.get(User, by.id))
    found = session.scalar(select)
    if found is None:
        raise Invalid({"subject_id": [_("没有这个监管对象，或者不在您的管辖范围内")]})
    return found


def _supervisor(session: Session, given: str | None, subject: Subject, sector_code: str) -> str | None:
    """By line before by locality: whom the ledger names, else the subject's department, else the sector's lead."""
    if given and session.get(Organisation, given):
        return given
    lead = sa.select(Sector.lead_org_id).where(Sector.code == sector_code)
    if sector_code != subject.sector_code:
        return session.scalar(lead) or subject.supervising_org_id
    return subject.supervising_org_id or session.scalar(lead)


def _town(session: Session, region_code: str) -> str | None:
    """The town office in whose area the region lies; nothing where the hazard is the city's own."""
    towns = session.execute(sa.select(Organisation.id, Organisation.region_code).where(Organisation.kind == "town"))
    return next((org for org, area in towns if contains(area, region_code)), None)


def _next_number(session: Session, year: int) -> str:
    """YH-2026-0001. The row is locked until the transaction ends: two at once wait, one that fails leaves no gap."""
    first = insert_or(session, HazardNumber).values(year=year, last=1)
    next_one = first.on_conflict_do_update(index_elements=[HazardNumber.year], set_={"last": HazardNumber.last + 1})
    last = session.scalar(next_one.returning(HazardNumber.last)) or 0
    return f"YH-{year}-{last:04d}"


def grade(session: Session, hazard: Hazard, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """The department's finding. Only a person grades: the decision table merely suggested."""
    hazard.grade, hazard.grade_basis = data.get("grade"), data.get("grade_basis") or ""
    hazard.graded_at, hazard.graded_by_name = now, by.name
    hazard.rectify_mode = data.get("rectify_mode")
    hazard.handled_by = data["handled_by"]
    hazard.status, hazard.updated_at = "graded", now


def order(session: Session, hazard: Hazard, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """The order with its items and its last day; begins the first round and its clock."""
    hazard.requirements = list(data["requirements"])
    hazard.legal_basis = data.get("legal_basis") or hazard.legal_basis
    hazard.ordered_at, hazard.ordered_by_id = now, by.id
    hazard.status, hazard.rectify_mode, hazard.updated_at = "ordered", "limited", now
    _set_due(session, hazard, data["due_on"], now)
    hazard.original_due_at = hazard.original_due_at or hazard.due_at
    this_round = queries.round_of(session, hazard) or HazardRound(hazard_id=hazard.id, round=hazard.round)
    this_round.due_at, this_round.requirements = hazard.due_at, hazard.requirements
    session.add(this_round)
    session.flush()


def adopt(session: Session, hazard: Hazard, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """An order that was given before Duban: taken over from a ledger with its last day, already received."""
    hazard.grade, hazard.graded_by_name = data.get("grade") or "general", by.name
    order(session, hazard, data, by=by, now=now)
    receive(hazard, now=now)


def receive(hazard: Hazard, *, now: dt.datetime) -> None:
    hazard.received_at, hazard.status, hazard.updated_at = now, "rectifying", now


def submit(session: Session, hazard: Hazard, data: Data, *, by: Actor | None, now: dt.datetime) -> None:
    """What the responsible organisation did. `by` is None where it was put right on the spot, before the finder."""
    this_round = queries.round_of(session, hazard) or HazardRound(hazard_id=hazard.id, round=hazard.round)
    this_round.requirements = this_round.requirements or hazard.requirements or [hazard.summary]
    this_round.measures = data.get("measures") or ""
    this_round.responsible_person = data.get("responsible_person") or ""
    this_round.funds_yuan = data.get("funds_yuan")
    this_round.photos_after = list(data.get("photos_after") or [])
    this_round.submitted_at = now
    this_round.submitted_by_id, this_round.submitted_by_name = (by.id, by.name) if by else (None, "")
    this_round.submitted_org_id = hazard.responsible_org_id
    hazard.requirements = hazard.requirements or this_round.requirements
    hazard.submitted_at, hazard.status, hazard.updated_at = now, "reviewing", now
    hazard.paused_at, hazard.pause_reason = None, ""
    session.add(this_round)
    session.flush()


def review(session: Session, hazard: Hazard, data: Data, *, by: Actor, now: dt.datetime) -> bool:
    """The re-inspection of the present round; whether every item passed. A failed one begins the next round."""
    this_round = queries.round_of(session, hazard)
    if this_round is None:
        raise LookupError(f"hazard {hazard.number} has no round {hazard.round}")
    passed = bool(data["conclusions"]) and all(item["result"] == "passed" for item in data["conclusions"])
    this_round.review_method, this_round.opinion = data.get("review_method") or "", data.get("opinion") or ""
    this_round.inspectors = list(data.get("inspectors") or [])
    this_round.inspector_names = _names(session, this_round.inspectors)
    this_round.conclusions = [dict(item) for item in data["conclusions"]]
    this_round.photos_review = list(data.get("photos_review") or [])
    this_round.served, this_round.served_to = data.get("served") or "", data.get("served_to") or ""
    this_round.result = "passed" if passed else "failed"
    this_round.reviewed_at, this_round.reviewed_by_id = now, by.id
    this_round.reviewed_by_name, this_round.reviewed_org_id = by.name, by.org_id
    hazard.reviewed_at, hazard.updated_at = now, now
    if passed:
        hazard.status = "verified"
    else:
        _next_round(session, hazard, this_round, data["new_due_on"], now)
    session.flush()
    return passed


def _next_round(session: Session, hazard: Hazard, failed: HazardRound, due_on: str, now: dt.datetime) -> None:
    """The next round with a limit of its own; the items that failed are what is left to do."""
    left = [item["requirement"] for item in failed.conclusions if item["result"] != "passed"]
    hazard.round += 1
    hazard.status, hazard.submitted_at, hazard.rectify_mode = "rectifying", None, "limited"
    hazard.requirements = left or hazard.requirements
    hazard.ordered_at = now
    _set_due(session, hazard, due_on, now)
    hazard.original_due_at = hazard.original_due_at or hazard.due_at
    session.add(
        HazardRound(hazard_id=hazard.id, round=hazard.round, due_at=hazard.due_at, requirements=hazard.requirements)
    )


def reopen_review(hazard: Hazard, *, now: dt.datetime) -> None:
    hazard.status, hazard.updated_at = "reviewing", now


# At which stage the hazard stands while a step is to be done; a step that is none of these changes nothing.
_STAGES = {
    "registered": ("grade",),
    "graded": ("order", "town_order"),
    "ordered": ("receive", "proxy_receive", "dept_receive"),
    "rectifying": ("rectify", "proxy_rectify", "dept_rectify"),
    "reviewing": ("review", "fire_review", "town_review"),
    "verified": ("close", "town_close", "confirm"),
}


def go_back(session: Session, hazard: Hazard, to_node: str, *, now: dt.datetime) -> None:
    """Work was returned or withdrawn to an earlier step. What was submitted and taken back counts as not submitted."""
    stage = next((status for status, nodes in _STAGES.items() if to_node in nodes), "")
    if not stage:
        return
    hazard.status, hazard.updated_at = stage, now
    if stage == "rectifying":
        hazard.submitted_at = None
        if this_round := queries.round_of(session, hazard):
            this_round.submitted_at = None
    session.flush()


def close(session: Session, hazard: Hazard, *, by: Actor, now: dt.datetime) -> None:
    hazard.status, hazard.closed_at, hazard.closed_by_name, hazard.updated_at = "closed", now, by.name, now
    record(session, now, by, "hazards.closed", "hazard", hazard.id, number=hazard.number)


def void(session: Session, hazard: Hazard, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """It was no hazard, or was registered twice. The number stays used."""
    hazard.status, hazard.void_reason, hazard.updated_at = "voided", reason, now
    record(session, now, by, "hazards.voided", "hazard", hazard.id, number=hazard.number, reason=reason)


def correct(session: Session, hazard: Hazard, data: Data, reason: str, *, by: Actor, now: dt.datetime) -> list[str]:
    """Take over corrected fields; their names. What they were stands in the audit log."""
    before: dict[str, Any] = {}
    for name in CORRECTABLE:
        value = data.get(name)
        if name == "found_at" and value:
            value = dt.datetime.fromisoformat(value)
        if value is not None and value != getattr(hazard, name):
            before[name] = getattr(hazard, name)
            setattr(hazard, name, value)
    if before:
        hazard.updated_at = now
        hazard.search_text = queries.search_text(hazard, session.get_one(Subject, hazard.subject_id))
        was = {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in before.items()}
        record(session, now, by, "hazards.corrected", "hazard", hazard.id, was=was, reason=reason)
    return sorted(before)


def _set_due(session: Session, hazard: Hazard, due_on: str, now: dt.datetime) -> None:
    due = OfficeCalendar().due(session, due_on, now, str)
    hazard.due_at, hazard.amber_at = due.at, due.amber_at


def _names(session: Session, ids: list[str]) -> list[str]:
    found = {key: name for key, name in session.execute(sa.select(User.id, User.name).where(User.id.in_(ids)))}
    return [found[i] for i in ids if i in found]
