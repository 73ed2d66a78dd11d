"""Who may be inspected and who may inspect: candidates with the reasons why others are none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Grant, User, find_people, visible, within
from app.inspections.models import Avoidance, InspectedSubject, Inspection
from app.inspections.words import UNDONE
from app.subjects import Subject

MARKS = {"key": Subject.is_key, "above_scale": Subject.is_above_scale, "high_risk": Subject.is_high_risk}
MOST = 5000  # candidates of one draw


@dataclass(frozen=True)
class Candidates:
    """Ids that take part, sorted, and who does not, with the reason: recent, planned, avoidance, own."""

    ids: list[str]
    excluded: list[dict[str, str]]


def subjects_wanted(criteria: Mapping[str, Any], user: Any) -> sa.Select[Any]:
    """Active subjects that meet the criteria and that the person may see (None: the system, all)."""
    select = sa.select(Subject).where(Subject.status == "active")
    if user is not None:
        select = visible(select, Subject, user)
    if criteria.get("draw_sector"):
        select = select.where(Subject.sector_code == criteria["draw_sector"])
    if criteria.get("draw_town"):
        select = select.where(within(Subject.region_code, criteria["draw_town"]))
    if criteria.get("draw_mark") in MARKS:
        select = select.where(MARKS[criteria["draw_mark"]].is_(True))
    return select.order_by(Subject.id)


def subject_candidates(session: Session, criteria: Mapping[str, Any], user: Any, now: dt.datetime) -> Candidates:
    """Without those inspected in the last N days, and those that somebody is about to inspect."""
    ids = list(session.scalars(subjects_wanted(criteria, user).with_only_columns(Subject.id).limit(MOST)))
    since = now - dt.timedelta(days=int(criteria.get("draw_recent_days") or 0))
    recent = (
        _inspected(session, ids, InspectedSubject.inspected_at > since) if criteria.get("draw_recent_days") else set()
    )
    planned = _inspected(session, ids, Inspection.status.in_(UNDONE)) - recent
    excluded = [{"id": one, "reason": "recent"} for one in sorted(recent)]
    excluded += [{"id": one, "reason": "planned"} for one in sorted(planned)]
    return Candidates(sorted(set(ids) - recent - planned), excluded)


def _inspected(session: Session, ids: list[str], condition: sa.ColumnElement[bool]) -> set[str]:
    """Unscoped on purpose: that somebody else has just been there counts, whoever draws."""
    select = sa.select(InspectedSubject.subject_id).join(Inspection, Inspection.id == InspectedSubject.inspection_id)
    return set(session.scalars(select.where(condition, InspectedSubject.subject_id.in_(ids))))


def by_priority(session: Session, criteria: Mapping[str, Any], user: Any, now: dt.datetime) -> list[str]:
    """The most urgent first: high risk, then key subjects, then whoever has not been inspected for longest."""
    last = (
        sa.select(sa.func.max(InspectedSubject.inspected_at))
        .where(InspectedSubject.subject_id == Subject.id)
        .correlate(Subject)
        .scalar_subquery()
    )
    taking_part = subject_candidates(session, criteria, user, now).ids
    order = (Subject.is_high_risk.desc(), Subject.is_key.desc(), last.is_not(None), last, Subject.name_key, Subject.id)
    select = sa.select(Subject.id).where(Subject.id.in_(taking_part)).order_by(*order)
    return list(session.scalars(select.limit(int(criteria.get("draw_count") or 0))))


def inspector_candidates(session: Session, org_id: str, subject_ids: Iterable[str]) -> Candidates:
    """Inspectors of the organisation, without who must avoid one of the subjects or belongs to it."""
    wanted = list(subject_ids)
    people = list(session.scalars(find_people(None, role="inspector", org_id=org_id)).unique())
    ids = [person.id for person in people]
    avoiding = avoiding_of(session, ids, wanted)
    own = _belonging(session, ids, wanted) - avoiding
    excluded = [{"id": one, "reason": "avoidance"} for one in sorted(avoiding)]
    excluded += [{"id": one, "reason": "own"} for one in sorted(own)]
    return Candidates(sorted(set(ids) - avoiding - own), excluded)


def avoiding_of(session: Session, user_ids: Iterable[str], subject_ids: Iterable[str]) -> set[str]:
    select = sa.select(Avoidance.user_id).where(
        Avoidance.user_id.in_(list(user_ids)), Avoidance.subject_id.in_(list(subject_ids))
    )
    return set(session.scalars(select))


def _belonging(session: Session, user_ids: list[str], subject_ids: list[str]) -> set[str]:
    """Whoever also holds a role in the subject's own organisation."""
    orgs = sa.select(Subject.org_id).where(Subject.id.in_(subject_ids), Subject.org_id.is_not(None))
    return set(session.scalars(sa.select(Grant.user_id).where(Grant.user_id.in_(user_ids), Grant.org_id.in_(orgs))))


def conflicted(session: Session, user_ids: Iterable[str], subject_ids: Iterable[str]) -> list[User]:
    """Of people chosen by hand, those who may not inspect these subjects."""
    ids, subjects = list(user_ids), list(subject_ids)
    found = avoiding_of(session, ids, subjects) | _belonging(session, ids, subjects)
    return list(session.scalars(sa.select(User).where(User.id.in_(found)).order_by(User.name)).unique())
