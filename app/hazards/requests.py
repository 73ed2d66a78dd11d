"""What the rectifying side asks for, on the record (整改申请). Called by service tasks; none of it commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import files
from app.audit import Actor, record
from app.calendars import OfficeCalendar
from app.engine import HumanTask, afterwards
from app.hazards import queries
from app.hazards.listing import operations as listings
from app.hazards.models import Hazard
from app.hazards.request_models import HazardRequest
from app.i18n import _

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Terms:
    """What the rules say about one request: who answers it, by when, and whether it was asked in time."""

    late: bool
    level: str  # department, office
    review_due_at: dt.datetime
    reply_due_at: dt.datetime


def of_instance(session: Session, instance_id: str) -> HazardRequest | None:
    return session.scalar(sa.select(HazardRequest).where(HazardRequest.instance_id == instance_id))


def of_hazard(session: Session, hazard: Hazard) -> list[HazardRequest]:
    """Newest first. Whoever sees the hazard sees them."""
    select = sa.select(HazardRequest).where(HazardRequest.hazard_id == hazard.id)
    return list(session.scalars(select.order_by(HazardRequest.requested_at.desc(), HazardRequest.id.desc())))


def open_of(session: Session, hazard: Hazard, kinds: Sequence[str]) -> list[HazardRequest]:
    select = sa.select(HazardRequest).where(HazardRequest.hazard_id == hazard.id, HazardRequest.status == "open")
    return list(session.scalars(select.where(HazardRequest.kind.in_(kinds))))


def enter(
    session: Session, hazard: Hazard, task: HumanTask, data: Data, *, instance_id: str, by: Actor, now: dt.datetime
) -> HazardRequest:
    """Put the request on record. Repeating it for the same instance finds what was entered."""
    if found := of_instance(session, instance_id):
        return found
    earlier = session.scalar(sa.select(sa.func.count()).where(HazardRequest.hazard_id == hazard.id)) or 0
    evidence = [*(data.get("evidence_photos") or []), *(data.get("evidence_files") or [])]
    request = HazardRequest(
        hazard_id=hazard.id,
        instance_id=instance_id,
        task_id=task.id,
        number=f"{hazard.number}-{earlier + 1}",
        kind=data["kind"],
        round=hazard.round,
        reason=data["reason"],
        interim_measures=data.get("interim_measures") or "",
        explanation=data.get("explanation") or "",
        evidence=evidence,
        due_before=hazard.due_at,
        asked_on=data.get("new_due_on"),
        requested_at=now,
        requested_by_id=by.id,
        requested_by_name=by.name,
        requested_org_id=by.org_id,
    )
    session.add(request)
    session.flush()
    if evidence:
        files.attach(session, evidence, by=by, now=now, instance_id=instance_id)
    record(session, now, by, "hazards.requested", "hazard", hazard.id, kind=request.kind, number=request.number)
    return request


def terms(session: Session, hazard: Hazard, kind: str, rules: Data, now: dt.datetime) -> Terms:
    """`rules` is what the process's table of limits gives for the hazard's grade (see its decision `limits`)."""
    office = OfficeCalendar()
    reply = office.due(session, rules["reply_within"], now, str).at
    review = office.due(session, rules["review_within"], now, str).at
    beyond = hazard.extensions >= int(rules["department_extensions"])
    major, hard = hazard.grade == "major", kind == "infeasible"
    return Terms(
        late=kind == "extension" and _late(session, hazard, rules.get("ask_before") or "", now),
        level="office" if major or hard or (kind == "extension" and beyond) else "department",
        review_due_at=min(review, reply),
        reply_due_at=reply,
    )


def _late(session: Session, hazard: Hazard, ask_before: str, now: dt.datetime) -> bool:
    if hazard.due_at is None:
        return False
    last = OfficeCalendar().latest(session, ask_before, hazard.due_at) if ask_before else hazard.due_at
    return now > last


def still_due(session: Session, request: HazardRequest) -> HumanTask | None:
    """The step the request is about, if it is still to be done; what was submitted or voided cannot be changed."""
    task = session.get(HumanTask, request.task_id)
    return task if task is not None and task.status == "open" else None


def blocks(session: Session, request: HazardRequest) -> bool:
    """Whether another of the kind has to wait: not for one that is about to end since its step is gone."""
    return request.kind == "appeal" or still_due(session, request) is not None


def decide(
    request: HazardRequest, status: str, *, by: Actor, now: dt.datetime, opinion: str = "", outcome: str = ""
) -> None:
    request.status, request.outcome, request.opinion = status, outcome, opinion
    request.decided_at, request.decided_by_id, request.decided_by_name = now, by.id, by.name


def extended(session: Session, hazard: Hazard, before: dt.datetime | None, *, by: Actor, now: dt.datetime) -> None:
    """One more extension. The first order's last day stays: it measures what was on time."""
    hazard.extensions += 1
    day = {"from": before.isoformat() if before else None, "to": hazard.due_at.isoformat() if hazard.due_at else None}
    record(session, now, by, "hazards.extended", "hazard", hazard.id, **day)


def follow_clock(session: Session, hazard: Hazard, task: HumanTask, *, now: dt.datetime) -> None:
    """The record follows the clock of its rectification step: due instant, stop and going on."""
    hazard.due_at, hazard.amber_at = task.due_at, task.amber_at
    hazard.paused_at, hazard.pause_reason = task.paused_at, task.pause_reason or ""
    hazard.updated_at = now
    if this_round := queries.round_of(session, hazard):
        this_round.due_at = task.due_at
    listings.follow_clock(session, hazard, now=now)
    session.flush()


def end_open(
    session: Session, hazard: Hazard, kinds: Sequence[str], reason: str, *, by: Actor, now: dt.datetime
) -> None:
    """What no longer has anything to decide about ends, once this is committed."""
    for request in open_of(session, hazard, kinds):
        _cancel(session, request.instance_id, f"request:{request.id}", reason, by, now)


def end_about_gone(session: Session, hazard: Hazard, *, by: Actor, now: dt.datetime) -> None:
    """The work went back: more time for a step that is gone cannot be granted. An appeal is about the hazard."""
    for request in open_of(session, hazard, ("extension", "infeasible")):
        if still_due(session, request) is None:
            reason = _("申请所指的步骤已退回或撤回，申请自动终止")
            _cancel(session, request.instance_id, f"request:{request.id}", reason, by, now)


def revoke(session: Session, hazard: Hazard, request: HazardRequest, *, by: Actor, now: dt.datetime) -> None:
    """An appeal was upheld: the hazard's process is cancelled once this is committed, and with it the hazard."""
    reason = _("异议成立（%(number)s）：%(opinion)s", number=request.number, opinion=request.opinion)
    _cancel(session, hazard.instance_id, f"appeal:{request.id}", reason, by, now)


def _cancel(session: Session, instance_id: str, key: str, reason: str, by: Actor, now: dt.datetime) -> None:
    payload = {"instance_id": instance_id, "reason": reason, "actor": _plain(by)}
    afterwards(session, "instance.cancel", f"cancel:{key}", payload, now)


def hand_over(
    session: Session, hazard: Hazard, request: HazardRequest, title: str, *, by: Actor, now: dt.datetime
) -> None:
    """移送: the committee office gets a referral about it, once this is committed."""
    told = {
        "level": 1,
        "task_id": request.task_id,
        "task_name": _("无法整改，移送"),
        "task_name_en": "Cannot be rectified: handed over",
        "instance_id_of_origin": hazard.instance_id,
        "title": title,
        "subject_kind": "hazard",
        "subject_id": hazard.id,
        "subject_business_key": hazard.number,
        "due_at": hazard.due_at.isoformat() if hazard.due_at else None,
        "assignee_id": None,
        "role": None,
        "org_id": None,
        "region_code": hazard.region_code,
        "sector_code": hazard.sector_code,
        "supervising_org_id": hazard.supervising_org_id,
        "responsible_org_id": hazard.responsible_org_id,
    }
    key = f"referral:transfer:{request.id}"
    payload = {"process": "referral", "data": told, "business_key": key, "parent_id": hazard.instance_id}
    afterwards(session, "instance.start", f"start:{key}", payload | {"actor": _plain(by)}, now)


def _plain(actor: Actor) -> dict[str, Any]:
    return {"id": actor.id, "name": actor.name, "org_id": actor.org_id, "org_name": actor.org_name}
