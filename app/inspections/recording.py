"""What the steps of the process write, and what it goes on with. Called by service tasks; none commits."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import files
from app.accounts import Organisation, User
from app.audit import SYSTEM, Actor, record
from app.clock import SHANGHAI, local
from app.i18n import _
from app.inspections import queries
from app.inspections.models import InspectedSubject, Inspection, InspectionItem
from app.inspections.papers.families import family_of, may_order
from app.inspections.planning.operations import set_team
from app.subjects import Subject

Data = Mapping[str, Any]
PHOTOS = ("photos_before", "photos_after")
_SOURCES = {"online": "online_patrol", "supervisory": "patrol", "tip_check": "tip"}  # how P4 calls it


def begin(session: Session, inspection: Inspection, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """The team is there. Who was present replaces who was planned; what is concealed stays so."""
    present = [str(row["person"]) for row in data.get("inspectors") or [] if row.get("person")]
    if present:
        found = {one.id: one for one in session.scalars(sa.select(User).where(User.id.in_(present))).unique()}
        ordered = sorted(dict.fromkeys(present), key=lambda one: one != inspection.leader_id)
        drawn = [one.user_id for one in queries.team_of(session, inspection.id) if one.drawn]
        set_team(session, inspection, [found[one] for one in ordered if one in found], drawn)
    inspection.started_at = inspection.started_at or min(_instant(data.get("arrived_at")) or now, now)
    inspection.status, inspection.updated_at = "executing", now
    record(session, now, by, "inspections.begun", "inspection", inspection.id, number=inspection.number)


def _instant(given: Any) -> dt.datetime | None:
    if not given:
        return None
    at = dt.datetime.fromisoformat(str(given))
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)


def complete(session: Session, inspection: Inspection, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """The inspection is carried out and recorded: from here on those who were inspected may read it."""
    at = inspection.started_at or now
    items = queries.items_of(session, [one.id for one in queries.subjects_of(session, inspection)])
    for subject in queries.subjects_of(session, inspection):
        failed = [item for item in items[subject.id] if item.failed]
        subject.findings = len(failed)
        subject.result = "noncompliant" if failed else "compliant"
        subject.inspected_at = at
        _disclose(session, subject)
    inspection.findings = sum(len([item for item in rows if item.failed]) for rows in items.values())
    inspection.conclusion = str(data.get("conclusion") or "")
    inspection.violation = str(data.get("violation") or "") if data.get("violation_found") == "yes" else ""
    inspection.executed_at = at
    inspection.recorded_late = local(now).date() > local(at).date() + dt.timedelta(days=1)
    inspection.open_region_code, inspection.open_sector_code = inspection.region_code, inspection.sector_code
    inspection.status, inspection.updated_at = "done", now
    session.flush()
    record(session, now, by, "inspections.recorded", "inspection", inspection.id, findings=inspection.findings)


def _disclose(session: Session, subject: InspectedSubject) -> None:
    subject.open_region_code, subject.open_sector_code = subject.region_code, subject.sector_code
    subject.open_supervising_org_id = subject.supervising_org_id
    subject.disclosed_org_id = session.get_one(Subject, subject.subject_id).org_id


def findings(session: Session, inspection: Inspection, *, now: dt.datetime) -> list[dict[str, Any]]:
    """What each hazard's process begins with (P4), in the order of the items.

    Photos go along as copies, nobody's yet: the hazards are started by the system, and each keeps its own.
    """
    subjects = queries.subjects_of(session, inspection)
    items = queries.items_of(session, [one.id for one in subjects])
    org = session.get_one(Organisation, inspection.org_id)
    team = _("、").join(one.name for one in queries.team_of(session, inspection.id))
    found = []
    for subject in subjects:
        for item in (one for one in items[subject.id] if one.failed):
            said = _finding(inspection, subject, item, org, team)
            said |= {name: files.duplicate(session, said[name], by=SYSTEM, now=now) for name in PHOTOS}
            found.append(said)
    return found


def _finding(
    inspection: Inspection, subject: InspectedSubject, item: InspectionItem, org: Organisation, team: str
) -> dict[str, Any]:
    at = inspection.executed_at or inspection.started_at or inspection.updated_at
    on_site = item.deadline == "on_site" and item.severity != "major"
    said: dict[str, Any] = {
        "subject_id": subject.subject_id,
        "summary": item.finding,
        "description": item.detail,
        "location": item.location or subject.scene,
        "category": item.hazard_kind,
        "source": "campaign" if inspection.campaign_id else _SOURCES.get(inspection.mode, "inspection"),
        "found_at": local(at).isoformat(),
        "found_by": team[:80],
        "photos_before": list(item.photos),
        "photos_after": list(item.photos_after) if on_site else [],
        "on_site": on_site,
        "on_site_measures": item.measures if on_site else "",
        "grade_suggestion": item.severity,
        "requirement": item.requirement,
        "legal_basis": item.legal_basis,
        "sector_code": inspection.sector_code,
        "campaign_id": inspection.campaign_id,
        "plan_id": inspection.plan_id,
        "inspection_id": inspection.id,
        "request_key": f"inspection-item-{item.id}",
    }
    if may_order(org):
        said["supervising_org_id"] = org.id  # who orders re-inspects
        if not on_site and item.severity != "major" and item.due_on:
            # The order was given and served on the spot: its process goes on from there.
            said |= {"imported_stage": "rectify", "grade": "general", "due_on": item.due_on.isoformat()}
    return said


def decided(session: Session, inspection: Inspection, found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the diagram asks for afterwards."""
    rows = list(found)
    org = session.get_one(Organisation, inspection.org_id)
    first = queries.subjects_of(session, inspection)[0]
    return {
        "findings": rows,
        "has_findings": bool(rows),
        "needs_order": any(not row["on_site"] for row in rows),
        "family": family_of(org, inspection.sector_code),
        "violation_found": "yes" if inspection.violation else "no",
        "supervising_org_id": org.id if may_order(org) else (first.supervising_org_id or org.id),
    }


def sample(session: Session, inspection: Inspection, percent: int, *, now: dt.datetime) -> bool:
    """Whether somebody looks again at an inspection that found nothing: by its number, so that none can be kept out.

    The first eight hex digits of SHA-256(number), modulo 100, below `percent`.
    """
    lot = int(hashlib.sha256(inspection.number.encode()).hexdigest()[:8], 16) % 100
    inspection.sampled, inspection.updated_at = lot < percent, now
    return inspection.sampled


def looked_again(session: Session, inspection: Inspection, data: Data, *, by: Actor, now: dt.datetime) -> None:
    inspection.second_look = str(data.get("second_look") or "")
    inspection.second_look_note = str(data.get("second_look_note") or "")
    inspection.updated_at = now
    said = inspection.second_look
    record(session, now, by, "inspections.looked_again", "inspection", inspection.id, result=said)


def served(session: Session, inspection: Inspection, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """The order is with whom it concerns."""
    inspection.order_served, inspection.order_served_at = str(data.get("order_served") or ""), now
    inspection.updated_at = now
    record(session, now, by, "inspections.order_served", "inspection", inspection.id, how=inspection.order_served)


def referred(session: Session, inspection: Inspection, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """What the department made of what looks like an offence (安全生产法第六十九条: 移送并形成记录备查)."""
    inspection.referral = str(data.get("referral") or "")
    inspection.referral_note = str(data.get("referral_note") or "")
    inspection.referred_at = inspection.updated_at = now
    record(session, now, by, "inspections.referred", "inspection", inspection.id, decision=inspection.referral)


def void(session: Session, inspection: Inspection, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """It does not take place. The number stays used, and what was concealed stays concealed."""
    if not inspection.undone:
        return
    inspection.status, inspection.void_reason, inspection.updated_at = "void", reason, now
    record(session, now, by, "inspections.voided", "inspection", inspection.id, number=inspection.number, reason=reason)


def title_of(session: Session, inspection: Inspection) -> str:
    """What inbox and history call it, in no language: whom it concerns only where that is no secret any more."""
    if not inspection.open_sector_code:
        return inspection.number
    names = [one.name for one in queries.subjects_of(session, inspection)]
    return f"{inspection.number}　{names[0]}" + (f" +{len(names) - 1}" if len(names) > 1 else "")
