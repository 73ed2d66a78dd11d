"""One visit: announced, diagnosed on site, followed up. Called by the process's service tasks; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import User
from app.audit import Actor, record
from app.consultations import queries, scoring
from app.consultations.models import Diagnosis, Visit

Data = Mapping[str, Any]


def begin(visit: Visit, instance_id: str, *, now: dt.datetime) -> None:
    visit.instance_id, visit.updated_at = instance_id, now


def announce(session: Session, visit: Visit, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """A consultation is no surprise inspection: when, and what to have ready, is said beforehand."""
    visit.visit_at, visit.prepare = dt.datetime.fromisoformat(data["visit_at"]), data.get("prepare") or ""
    visit.notified_at, visit.status, visit.updated_at = now, "notified", now
    told = {"number": visit.number, "visit_at": visit.visit_at.isoformat()}
    record(session, now, by, "consultations.announced", "consultation_visit", visit.id, **told)


def acknowledge(visit: Visit, data: Data, *, now: dt.datetime) -> None:
    visit.acknowledged_at, visit.acknowledged_by, visit.updated_at = now, data["received_by"], now


def diagnose(session: Session, visit: Visit, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """What the supervisors and experts found on site, as scores."""
    people = [row["person"] for row in data["supervisors"]]
    visit.visited_at = dt.datetime.fromisoformat(data["visited_at"])
    visit.supervisors, visit.supervisor_names = people, names(session, people)
    visit.received_by, visit.remark = data.get("site_contact") or "", data.get("remark") or ""
    visit.photos = list(data.get("site_photos") or [])
    visit.score_before = _enter(session, visit, "before", data["scores"])
    visit.status, visit.updated_at = "visited", now
    told = {"number": visit.number, "score": visit.score_before}
    record(session, now, by, "consultations.diagnosed", "consultation_visit", visit.id, **told)


def follow_up(session: Session, visit: Visit, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """The same sheet after rectification: what has become better."""
    visit.revisited_at = dt.datetime.fromisoformat(data["revisited_at"])
    visit.revisit_names = names(session, [row["person"] for row in data["revisitors"]])
    visit.revisit_remark = data.get("revisit_remark") or ""
    visit.score_after = _enter(session, visit, "after", data["after_scores"])
    visit.status, visit.updated_at = "done", now
    told = {"number": visit.number, "before": visit.score_before, "after": visit.score_after}
    record(session, now, by, "consultations.followed_up", "consultation_visit", visit.id, **told)


def void(session: Session, visit: Visit, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """This enterprise is not diagnosed after all; experts see nothing of it any more."""
    visit.status, visit.updated_at = "voided", now
    for one in queries.engagements(session, visit_id=visit.id):
        one.access_until = one.access_until or now
    told = {"number": visit.number, "reason": reason}
    record(session, now, by, "consultations.visit_voided", "consultation_visit", visit.id, **told)


def _enter(session: Session, visit: Visit, stage: str, rows: Sequence[Data]) -> float:
    """Replace the sheet of this stage; its figure. Weights after are those of before, whatever the file says now."""
    session.execute(sa.delete(Diagnosis).where(Diagnosis.visit_id == visit.id, Diagnosis.stage == stage))
    before = {row.code: row.weight for row in queries.diagnoses(session, [visit.id]) if row.stage == "before"}
    given = {row["dimension"]: row for row in rows}
    lines = [
        Diagnosis(
            visit_id=visit.id,
            stage=stage,
            position=place,
            code=one.code,
            name=one.name,
            name_en=one.name_en,
            weight=before.get(one.code, one.weight),
            score=int(given[one.code]["score"]),
            note=given[one.code].get("note") or "",
        )
        for place, one in enumerate(scoring.dimensions(), 1)
        if one.code in given
    ]
    session.add_all(lines)
    session.flush()
    return scoring.total([{"weight": line.weight, "score": line.score} for line in lines])


def after_rows(session: Session, visit: Visit) -> list[dict[str, Any]]:
    """The rows of the second sheet, with what was scored first beside them."""
    lines = [line for line in queries.diagnoses(session, [visit.id]) if line.stage == "before"]
    return [
        {"dimension": line.code, "weight": line.weight, "before": line.score, "score": None, "note": ""}
        for line in lines
    ]


def names(session: Session, ids: Sequence[str]) -> list[str]:
    found = {key: name for key, name in session.execute(sa.select(User.id, User.name).where(User.id.in_(ids)))}
    return [found[one] for one in ids if one in found]
