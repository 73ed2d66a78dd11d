"""Who takes part: candidates with the reasons of those who may not, a draw that can be repeated, replacements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation
from app.audit import Actor, record
from app.consultations import queries
from app.consultations.expert_models import Engagement, Expert
from app.consultations.models import Consultation, Visit
from app.consultations.operations.avoidance import Avoidance
from app.errors import Invalid
from app.i18n import _
from app.subjects import Subject, draw, drawing_order, new_seed

LEAST, MOST = 1, 8  # experts of a consultation


def subjects_of(session: Session, visits: Sequence[Visit]) -> list[Subject]:
    wanted = [visit.subject_id for visit in visits]
    return list(session.scalars(sa.select(Subject).where(Subject.id.in_(wanted)).order_by(Subject.id)))


def candidates(session: Session, sector_code: str, subjects: Sequence[Subject]) -> list[dict[str, str]]:
    """Every active specialist of the sector: {id, name, out}; `out` says why somebody must not take part."""
    rule = Avoidance(session, subjects)
    return [
        {"id": expert.id, "name": expert.name, "out": rule.why_not(expert)}
        for expert in queries.specialists(session, sector_code)
    ]


def options(session: Session, sector_code: str, subjects: Sequence[Subject], without: Sequence[str] = ()) -> list[Any]:
    """Whom a form offers: those whom nothing stands against, with their post and organisation."""
    free = {row["id"] for row in candidates(session, sector_code, subjects) if not row["out"]} - set(without)
    found = [expert for expert in queries.specialists(session, sector_code) if expert.id in free]
    return [{"value": expert.id, "label": _label(session, expert)} for expert in found]


def _label(session: Session, expert: Expert) -> str:
    named = session.scalar(sa.select(Organisation.short_name).where(Organisation.id == expert.org_id))
    parts = (expert.name, expert.title, expert.organisation or named or "")
    return "　".join(part for part in parts if part)


def problem(session: Session, sector_code: str, subjects: Sequence[Subject], expert_ids: Sequence[str]) -> str:
    """Why these experts may not all be engaged; nothing where they may."""
    rows = {row["id"]: row for row in candidates(session, sector_code, subjects)}
    for expert_id in expert_ids:
        row = rows.get(expert_id)
        if row is None:
            return _("有专家已停用，或者不是这个领域的专家")
        if row["out"]:
            return _("%(name)s应当回避：%(reason)s", name=row["name"], reason=row["out"])
    return ""


def engage(
    session: Session,
    consultation: Consultation,
    *,
    method: str,
    count: int,
    picked: Sequence[str],
    by: Actor,
    now: dt.datetime,
) -> list[Engagement]:
    """Choose the experts and engage each of them for every visit. Repeating it changes nothing.

    Candidates are frozen as they are now, with a seed where they are drawn; the avoidance rule is asked here again.
    Raises Invalid where somebody must not take part or there are too few.
    """
    if consultation.chosen_at is not None:
        return queries.engagements(session, consultation_id=consultation.id)
    visits = queries.visits_of(session, consultation.id)
    frozen = candidates(session, consultation.sector_code, subjects_of(session, visits))
    free = [row["id"] for row in frozen if not row["out"]]
    chosen = list(dict.fromkeys(picked))
    if method == "draw":
        if not LEAST <= count <= len(free):
            raise Invalid({"draw_count": [_("可以抽取的专家只有 %(n)s 名", n=len(free))]})
        consultation.seed = new_seed()
        chosen = draw(free, count, consultation.seed)
        consultation.drawn = drawing_order(free, consultation.seed)
    elif not chosen or set(chosen) - set(free):
        raise Invalid({"picked": [_("所选专家中有应当回避或者已经停用的，重新选择")]})
    consultation.method, consultation.candidates = method, frozen
    consultation.chosen_at, consultation.chosen_by_name = now, by.name
    consultation.status, consultation.updated_at = "visiting", now
    experts = [session.get_one(Expert, expert_id) for expert_id in chosen]
    how = "drawn" if method == "draw" else "picked"
    found = [_engagement(visit, expert, how, now) for visit in visits for expert in experts]
    session.add_all(found)
    session.flush()
    told = {"method": method, "seed": consultation.seed, "experts": chosen, "candidates": len(frozen)}
    record(session, now, by, "consultations.experts_chosen", "consultation", consultation.id, **told)
    return found


def _engagement(visit: Visit, expert: Expert, how: str, now: dt.datetime, replaces: str | None = None) -> Engagement:
    return Engagement(
        consultation_id=visit.consultation_id,
        visit_id=visit.id,
        expert_id=expert.id,
        user_id=expert.user_id,
        name=expert.name,
        chosen=how,
        avoidance_checked_at=now,
        replaces_id=replaces,
    )


def replacements(session: Session, visit: Visit) -> list[Any]:
    """Whom the form offers in place of somebody: nobody who has been engaged for this visit already."""
    engaged = [row.expert_id for row in queries.engagements(session, visit_id=visit.id)]
    return options(session, visit.sector_code, subjects_of(session, [visit]), engaged)


def replace(
    session: Session, engagement: Engagement, expert_id: str, reason: str, *, by: Actor, now: dt.datetime
) -> Engagement:
    """Another expert in place of one who handed in nothing. Raises Invalid where the other must not take part."""
    visit = session.get_one(Visit, engagement.visit_id)
    if wrong := problem(session, visit.sector_code, subjects_of(session, [visit]), [expert_id]):
        raise Invalid({"expert": [wrong]})
    if any(row.expert_id == expert_id for row in queries.engagements(session, visit_id=visit.id)):
        raise Invalid({"expert": [_("这位专家已经受聘参加这次会诊")]})
    engagement.status, engagement.reason, engagement.access_until = "replaced", reason, now
    found = _engagement(visit, session.get_one(Expert, expert_id), "replacement", now, engagement.id)
    found.instance_id = engagement.instance_id
    session.add(found)
    session.flush()
    told = {"was": engagement.name, "is": found.name, "reason": reason}
    record(session, now, by, "consultations.expert_replaced", "consultation_visit", visit.id, **told)
    return found


def excuse(session: Session, engagement: Engagement, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """Go on without this expert's opinions."""
    engagement.status, engagement.reason, engagement.access_until = "excused", reason, now
    told = {"expert": engagement.name, "reason": reason}
    record(session, now, by, "consultations.expert_excused", "consultation_visit", engagement.visit_id, **told)


def verified(consultation: Consultation) -> bool:
    """Whether seed and frozen candidates give the order that was recorded (for the page that shows the draw)."""
    free = [str(row["id"]) for row in consultation.candidates if not row["out"]]
    return drawing_order(free, consultation.seed) == consultation.drawn
