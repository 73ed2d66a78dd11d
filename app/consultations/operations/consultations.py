"""A consultation from its topic to its fee. Called by the process's service tasks; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Sector
from app.audit import Actor, record
from app.clock import local
from app.consultations import queries
from app.consultations.expert_models import Engagement, Expert
from app.consultations.models import DIAGNOSED, Consultation, ConsultationNumber, Visit
from app.db import insert_or
from app.errors import Invalid
from app.i18n import _
from app.subjects import Subject

Data = Mapping[str, Any]
LEAST_VISITS, MOST_VISITS = 1, 8
READ_ONLY = dt.timedelta(days=30)  # how long experts may read a visit after the consultation is over


def register(session: Session, data: Data, *, instance_id: str, by: Actor, now: dt.datetime) -> Consultation:
    """Enter the consultation with a visit for each enterprise; repeating it finds what was entered.

    The enterprises are of one sector, which decides who supervises. Raises Invalid where they are not.
    """
    if found := queries.of_instance(session, instance_id):
        return found
    subjects = chosen_subjects(session, data)
    sector = session.get_one(Sector, subjects[0].sector_code)
    supervisor = sector.lead_org_id or subjects[0].supervising_org_id
    if supervisor is None:
        raise Invalid({"enterprises": [_("这个领域没有牵头单位，先在领域中指定")]})
    found = Consultation(
        number=_next_number(session, local(now).year),
        instance_id=instance_id,
        topic=data["topic"],
        focus=data.get("focus") or "",
        kind=data["kind"],
        sector_code=sector.code,
        region_code=session.scalar(sa.select(Organisation.region_code).where(Organisation.id == supervisor)),
        organising_org_id=by.org_id,
        supervising_org_id=supervisor,
        campaign_id=data.get("campaign_id"),
        plan_id=data.get("plan_id"),
        planned_on=dt.date.fromisoformat(data["planned_on"]),
        created_at=now,
        created_by_name=by.name,
        updated_at=now,
    )
    session.add(found)
    session.flush()
    session.add_all(_visit(found, subject, place, now) for place, subject in enumerate(subjects, 1))
    session.flush()
    record(session, now, by, "consultations.registered", "consultation", found.id, number=found.number)
    return found


def chosen_subjects(session: Session, data: Data) -> list[Subject]:
    """The enterprises of the form, each once, in its order."""
    wanted = list(dict.fromkeys(row["subject_id"] for row in data["enterprises"]))
    found = {one.id: one for one in session.scalars(sa.select(Subject).where(Subject.id.in_(wanted)))}
    return [found[key] for key in wanted if key in found]


def topic_problems(session: Session, data: Data) -> dict[str, list[str]]:
    """What is wrong with a topic before anything is entered."""
    given = [row.get("subject_id") for row in data.get("enterprises") or []]
    if len(set(given)) != len(given):
        return {"enterprises": [_("同一家企业只能选一次")]}
    sectors = {subject.sector_code for subject in chosen_subjects(session, data)}
    if len(sectors) > 1:
        return {"enterprises": [_("一次会诊的企业应属同一领域（小切口），不同领域分别组织")]}
    return {}


def _visit(consultation: Consultation, subject: Subject, place: int, now: dt.datetime) -> Visit:
    return Visit(
        consultation_id=consultation.id,
        position=place,
        number=f"{consultation.number}-{place}",
        subject_id=subject.id,
        region_code=subject.region_code,
        sector_code=consultation.sector_code,
        supervising_org_id=consultation.supervising_org_id,
        town_org_id=subject.town_org_id,
        responsible_org_id=subject.org_id,
        updated_at=now,
    )


def _next_number(session: Session, year: int) -> str:
    """HZ-2026-0001. The row is locked until the transaction ends: two at once wait, one that fails leaves no gap."""
    first = insert_or(session, ConsultationNumber).values(year=year, last=1)
    raised = {"last": ConsultationNumber.last + 1}
    next_one = first.on_conflict_do_update(index_elements=[ConsultationNumber.year], set_=raised)
    last = session.scalar(next_one.returning(ConsultationNumber.last)) or 0
    return f"HZ-{year}-{last:04d}"


def visits_over(consultation: Consultation, *, now: dt.datetime) -> None:
    """Every visit is followed up: the report can be written."""
    consultation.status, consultation.updated_at = "reporting", now


def report(session: Session, consultation: Consultation, data: Data, *, by: Actor, now: dt.datetime) -> None:
    kept = {name: data.get(name) or "" for name in ("summary", "common_problems", "suggestions")}
    consultation.report, consultation.reported_at = kept, now
    consultation.status, consultation.updated_at = "evaluating", now
    record(session, now, by, "consultations.reported", "consultation", consultation.id, number=consultation.number)


def fee_rows(session: Session, consultation: Consultation) -> list[dict[str, Any]]:
    """One row an expert who took part in a visit that took place: how often, and what the rate makes of it."""
    held = {visit.id for visit in queries.visits_of(session, consultation.id) if visit.status in DIAGNOSED}
    times: dict[str, int] = {}
    for one in queries.engagements(session, consultation_id=consultation.id):
        if one.status == "submitted" and one.visit_id in held:
            times[one.expert_id] = times.get(one.expert_id, 0) + 1
    experts = [session.get_one(Expert, expert_id) for expert_id in times]
    return [
        {
            "expert": expert.name,
            "expert_id": expert.id,
            "times": times[expert.id],
            "rate": expert.fee_rate_yuan,
            "fee": expert.fee_rate_yuan * times[expert.id],
            "rating": None,
            "evaluation": "",
        }
        for expert in experts
    ]


def evaluate(session: Session, consultation: Consultation, rows: Sequence[Data], *, by: Actor, now: dt.datetime) -> int:
    """Ratings and fees as proposed; the whole fee in yuan. It counts towards an expert's rating once approved."""
    known = {row["expert_id"]: row for row in fee_rows(session, consultation)}
    given = {row["expert_id"]: row for row in rows if row["expert_id"] in known}
    total = 0
    for expert_id, row in given.items():
        fee, times = int(row.get("fee") or 0), known[expert_id]["times"]
        total += fee
        for place, one in enumerate(_took_part(session, consultation, expert_id)):
            # Whole yuan: what does not divide evenly goes to the first visits.
            one.fee_yuan = fee // times + (place < fee % times)
            one.rating, one.evaluation = int(row["rating"]), row.get("evaluation") or ""
    consultation.fee_yuan, consultation.fee_proposed_by_id, consultation.updated_at = total, by.id, now
    record(session, now, by, "consultations.evaluated", "consultation", consultation.id, fee_yuan=total)
    return total


def _took_part(session: Session, consultation: Consultation, expert_id: str) -> list[Engagement]:
    rows = queries.engagements(session, consultation_id=consultation.id)
    return [one for one in rows if one.expert_id == expert_id and one.status == "submitted"]


def close(session: Session, consultation: Consultation, *, by: Actor, now: dt.datetime) -> None:
    """The fee is approved: ratings count from now on, and experts may read for thirty days more."""
    if consultation.status == "done":
        return
    rated: dict[str, int] = {}
    for one in queries.engagements(session, consultation_id=consultation.id):
        if one.status == "submitted" and one.rating is not None:
            rated[one.expert_id] = one.rating
        one.access_until = one.access_until or now + READ_ONLY
    for expert_id, rating in rated.items():
        expert = session.get_one(Expert, expert_id)
        expert.rating_sum, expert.rating_count = expert.rating_sum + rating, expert.rating_count + 1
    consultation.status, consultation.closed_at, consultation.updated_at = "done", now, now
    consultation.fee_approved_at, consultation.fee_approved_by_id = now, by.id
    consultation.fee_approved_by_name = by.name
    record(session, now, by, "consultations.closed", "consultation", consultation.id, fee_yuan=consultation.fee_yuan)


def void(session: Session, consultation: Consultation, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """Cancelled; the number stays used, and so does what was diagnosed already."""
    consultation.status, consultation.void_reason = "voided", reason
    consultation.closed_at = consultation.updated_at = now
    for visit in queries.visits_of(session, consultation.id):
        if visit.status not in ("converted", "done"):
            visit.status, visit.updated_at = "voided", now
    for one in queries.engagements(session, consultation_id=consultation.id):
        one.access_until = one.access_until or now
    told = {"number": consultation.number, "reason": reason}
    record(session, now, by, "consultations.voided", "consultation", consultation.id, **told)
