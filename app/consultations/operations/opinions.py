"""What experts hand in, and what the supervising department makes of it. None commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import files
from app.audit import SYSTEM, Actor, record
from app.consultations import queries
from app.consultations.expert_models import Engagement, Opinion
from app.consultations.models import Consultation, Visit

Data = Mapping[str, Any]


def hand_in(
    session: Session, engagement: Engagement, rows: Sequence[Data], *, how: str, by: Actor, now: dt.datetime
) -> list[Opinion]:
    """Enter an expert's opinions and number them in their visit. Repeating it finds what was entered."""
    if engagement.status == "submitted":
        return [one for one in queries.opinions(session, [engagement.visit_id]) if one.engagement_id == engagement.id]
    visit = session.get_one(Visit, engagement.visit_id, with_for_update=True)
    session.execute(sa.delete(Opinion).where(Opinion.engagement_id == engagement.id, Opinion.status == "draft"))
    given = session.scalar(
        sa.select(sa.func.count()).select_from(Opinion).where(Opinion.visit_id == visit.id, Opinion.status != "draft")
    )
    found = [_opinion(engagement, visit, row, place, now) for place, row in enumerate(rows, (given or 0) + 1)]
    session.add_all(found)
    engagement.status, engagement.submitted_at, engagement.handed_in = "submitted", now, how
    session.flush()
    told = {"expert": engagement.name, "opinions": len(found), "how": how}
    record(session, now, by, "consultations.opinions_handed_in", "consultation_visit", visit.id, **told)
    return found


def _opinion(engagement: Engagement, visit: Visit, row: Data, place: int, now: dt.datetime) -> Opinion:
    return Opinion(
        visit_id=visit.id,
        consultation_id=visit.consultation_id,
        engagement_id=engagement.id,
        number=f"{visit.number}-{place:02d}",
        position=place,
        status="pending",
        summary=row["summary"],
        location=row.get("location") or "",
        severity=row.get("severity") or "general",
        basis=row.get("basis") or "",
        suggestion=row.get("suggestion") or "",
        photos=list(row.get("photos") or []),
        submitted_at=now,
    )


def all_in(visit: Visit, *, now: dt.datetime) -> None:
    visit.status, visit.updated_at = "opined", now


def conversion_rows(session: Session, visit: Visit) -> list[dict[str, Any]]:
    """What the department decides about, one row an opinion; what it may change begins as the expert wrote it."""
    people = {one.id: one.name for one in queries.engagements(session, visit_id=visit.id)}
    return [
        {
            "opinion": one.number,
            "expert": people.get(one.engagement_id, ""),
            "finding": _finding(one),
            "severity": one.severity,
            "decision": None,
            "summary": one.summary,
            "grade": one.severity,
            "merged_into": None,
            "reason": "",
        }
        for one in queries.opinions(session, [visit.id])
        if one.status == "pending"
    ]


def _finding(opinion: Opinion) -> str:
    parts = (opinion.summary, opinion.location, opinion.basis, opinion.suggestion)
    return "\n".join(part for part in parts if part)


def convert(
    session: Session,
    visit: Visit,
    rows: Sequence[Data],
    *,
    majors: bool,
    by: Actor,
    now: dt.datetime,
) -> list[dict[str, Any]]:
    """The department's decision on every opinion; what a rectification process begins with, one for each accepted.

    `majors`: whether the head confirmed those proposed as major; if not they are proposed as general ones. Photos are
    copied: the expert's own stay where they were handed in. Repeating it gives the same and enters nothing twice.
    """
    consultation = session.get_one(Consultation, visit.consultation_id)
    given = {row["opinion"]: row for row in rows}
    started: list[dict[str, Any]] = []
    for opinion in queries.opinions(session, [visit.id]):
        row = given.get(opinion.number)
        if row is None or opinion.status != "pending":
            continue
        opinion.decided_at, opinion.decided_by_name = now, by.name
        opinion.reason = row.get("reason") or ""
        opinion.status = {"accept": "converted", "merge": "merged"}.get(row["decision"], "rejected")
        if opinion.status == "merged":
            opinion.merged_into = row.get("merged_into") or ""
        if opinion.status == "converted":
            grade = row.get("grade") or "general"
            opinion.grade = grade if majors or grade != "major" else "general"
            started.append(_hazard(session, consultation, visit, opinion, row, now))
    visit.converted_at, visit.converted_by_name = now, by.name
    visit.status, visit.updated_at = "converted", now
    session.flush()
    told = {"number": visit.number, "opinions": len(given), "converted": len(started)}
    record(session, now, by, "consultations.converted", "consultation_visit", visit.id, **told)
    return started


def _hazard(
    session: Session,
    consultation: Consultation,
    visit: Visit,
    opinion: Opinion,
    row: Data,
    now: dt.datetime,
) -> dict[str, Any]:
    """What the rectification process starts with. `external_no` is the opinion's number: by it each finds the other."""
    engagement = session.get_one(Engagement, opinion.engagement_id)
    found_at = visit.visited_at or now
    return {
        "subject_id": visit.subject_id,
        "summary": row.get("summary") or opinion.summary,
        "description": "\n".join(part for part in (opinion.summary, opinion.basis) if part),
        "location": opinion.location,
        "category": "object",
        "source": "consultation",
        "found_at": found_at.isoformat(),
        "found_by": engagement.name,
        "photos_before": files.duplicate(session, opinion.photos, by=SYSTEM, now=now),  # who starts it is the system
        "grade_suggestion": opinion.grade,
        "requirement": opinion.suggestion,
        "legal_basis": opinion.basis,
        "external_no": opinion.number,
        "consultation_id": consultation.id,
        "campaign_id": consultation.campaign_id,
        "plan_id": consultation.plan_id,
    }
