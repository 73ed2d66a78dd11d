"""What people may see of consultations, and what the processes look up inside their own transactions (unscoped)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Sector, like, scope_condition, visible
from app.consultations.expert_models import Engagement, Expert, ExpertSector, Opinion
from app.consultations.models import DIAGNOSED, Consultation, Diagnosis, Visit
from app.engine import Child, HumanTask, Instance
from app.errors import NotFound
from app.subjects import Subject, name_key

OVER = ("done", "voided")


# -- the pool


def expert_condition(user: Any) -> sa.ColumnElement[bool]:
    """The office sees the whole pool, a department the experts of its sectors, an expert the own entry."""
    specialists = sa.select(ExpertSector.expert_id).where(scope_condition(ExpertSector, user))
    return sa.or_(scope_condition(Expert, user), Expert.id.in_(specialists))


def experts(user: Any, filters: Mapping[str, str]) -> sa.Select[Any]:
    select = sa.select(Expert).where(expert_condition(user))
    if q := name_key(filters.get("q", "")):
        select = select.where(Expert.search_text.like(like(q), escape="\\"))
    if filters.get("sector"):
        chosen = sa.select(ExpertSector.expert_id).where(ExpertSector.sector_code == filters["sector"])
        select = select.where(Expert.id.in_(chosen))
    if filters.get("state") in ("active", "inactive"):
        select = select.where(Expert.active.is_(filters["state"] == "active"))
    return select.order_by(Expert.active.desc(), Expert.name, Expert.id)


def expert(session: Session, expert_id: str, user: Any) -> Expert:
    """The expert, if the person may see the entry; else NotFound."""
    found = session.scalar(sa.select(Expert).where(Expert.id == expert_id, expert_condition(user)))
    if found is None:
        raise NotFound()
    return found


def sectors_of(session: Session, expert_ids: Iterable[str]) -> dict[str, list[str]]:
    select = sa.select(ExpertSector).where(ExpertSector.expert_id.in_(list(expert_ids)))
    found: dict[str, list[str]] = {}
    for row in session.scalars(select.order_by(ExpertSector.sector_code)):
        found.setdefault(row.expert_id, []).append(row.sector_code)
    return found


def sector_counts(session: Session, user: Any) -> dict[str, int]:
    """How many active experts each sector has, of those the person may see."""
    seen = sa.select(Expert.id).where(expert_condition(user), Expert.active)
    select = sa.select(ExpertSector.sector_code, sa.func.count()).where(ExpertSector.expert_id.in_(seen))
    return {str(code): int(count) for code, count in session.execute(select.group_by(ExpertSector.sector_code))}


def specialists(session: Session, sector_code: str) -> list[Expert]:
    """Every active expert of a sector, for the process."""
    chosen = sa.select(ExpertSector.expert_id).where(ExpertSector.sector_code == sector_code)
    return list(session.scalars(sa.select(Expert).where(Expert.active, Expert.id.in_(chosen)).order_by(Expert.id)))


# -- consultations


def consultations(user: Any, filters: Mapping[str, str]) -> sa.Select[Any]:
    """What a person may see, what is going on first, the newest on top."""
    select = visible(sa.select(Consultation), Consultation, user).where(*_narrowed(filters))
    return select.order_by(Consultation.status.in_(OVER), Consultation.planned_on.desc(), Consultation.number.desc())


def _narrowed(filters: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if q := filters.get("q", "").strip():
        words = like(q)
        found.append(
            sa.or_(Consultation.topic.like(words, escape="\\"), Consultation.number.like(words.upper(), escape="\\"))
        )
    if filters.get("status") == "open":
        found.append(Consultation.status.not_in(OVER))
    elif filters.get("status"):
        found.append(Consultation.status == filters["status"])
    for name, column in (
        ("kind", Consultation.kind),
        ("sector", Consultation.sector_code),
        ("campaign", Consultation.campaign_id),
        ("plan", Consultation.plan_id),
    ):
        if filters.get(name):
            found.append(column == filters[name])
    return found


def status_counts(session: Session, user: Any, filters: Mapping[str, str]) -> dict[str, int]:
    """How many of each status under the other filters; "" counts all, "open" what is going on."""
    others = {name: value for name, value in filters.items() if name != "status"}
    select = sa.select(Consultation.status, sa.func.count()).where(
        scope_condition(Consultation, user), *_narrowed(others)
    )
    counts = {str(key): int(n) for key, n in session.execute(select.group_by(Consultation.status))}
    going = sum(count for key, count in counts.items() if key not in OVER)
    return {**counts, "": sum(counts.values()), "open": going}


def get(session: Session, consultation_id: str, user: Any) -> Consultation:
    found = session.scalar(
        visible(sa.select(Consultation).where(Consultation.id == consultation_id), Consultation, user)
    )
    if found is None:
        raise NotFound()
    return found


def find(session: Session, consultation_id: str, user: Any) -> Consultation | None:
    """The same for links: nothing where there is nothing to be seen."""
    return session.scalar(
        visible(sa.select(Consultation).where(Consultation.id == consultation_id), Consultation, user)
    )


def of_instance(session: Session, instance_id: str) -> Consultation | None:
    """Inside the process: the engine has decided already who acts."""
    return session.scalar(sa.select(Consultation).where(Consultation.instance_id == instance_id))


# -- visits


def visit_condition(user: Any, now: dt.datetime) -> sa.ColumnElement[bool]:
    """Whom the enterprise concerns; and the experts who are engaged for it, for a while longer than it lasts."""
    mine = sa.select(Engagement.visit_id).where(
        scope_condition(Engagement, user),
        Engagement.status.in_(("engaged", "submitted")),
        sa.or_(Engagement.access_until.is_(None), Engagement.access_until > now),
    )
    return sa.or_(scope_condition(Visit, user), Visit.id.in_(mine))


def visits(user: Any, now: dt.datetime) -> sa.Select[Any]:
    """What is ahead first, then what is over, the latest on top."""
    select = sa.select(Visit).where(visit_condition(user, now), Visit.status != "voided")
    return select.order_by(Visit.status == "done", Visit.visit_at.is_(None), Visit.visit_at.desc(), Visit.number.desc())


def visit(session: Session, visit_id: str, user: Any, now: dt.datetime) -> Visit:
    found = session.scalar(sa.select(Visit).where(Visit.id == visit_id, visit_condition(user, now)))
    if found is None:
        raise NotFound()
    return found


def find_visit(session: Session, visit_id: str, user: Any, now: dt.datetime) -> Visit | None:
    return session.scalar(sa.select(Visit).where(Visit.id == visit_id, visit_condition(user, now)))


def visit_of_instance(session: Session, instance_id: str) -> Visit | None:
    return session.scalar(sa.select(Visit).where(Visit.instance_id == instance_id))


def visits_of(session: Session, consultation_id: str) -> list[Visit]:
    select = sa.select(Visit).where(Visit.consultation_id == consultation_id).order_by(Visit.position)
    return list(session.scalars(select))


def visits_of_all(session: Session, consultation_ids: Iterable[str]) -> dict[str, list[Visit]]:
    select = sa.select(Visit).where(Visit.consultation_id.in_(list(consultation_ids))).order_by(Visit.position)
    found: dict[str, list[Visit]] = {}
    for row in session.scalars(select):
        found.setdefault(row.consultation_id, []).append(row)
    return found


def engagements(session: Session, *, visit_id: str = "", consultation_id: str = "") -> list[Engagement]:
    """Of one visit or of a whole consultation, those that were replaced too."""
    mine = Engagement.visit_id == visit_id if visit_id else Engagement.consultation_id == consultation_id
    return list(session.scalars(sa.select(Engagement).where(mine).order_by(Engagement.visit_id, Engagement.id)))


def taking_part(session: Session, visit_id: str) -> list[Engagement]:
    return [row for row in engagements(session, visit_id=visit_id) if row.status in ("engaged", "submitted")]


def opinions(session: Session, visit_ids: Iterable[str]) -> list[Opinion]:
    """Those handed in, in the order of their numbers."""
    select = sa.select(Opinion).where(Opinion.visit_id.in_(list(visit_ids)), Opinion.status != "draft")
    return list(session.scalars(select.order_by(Opinion.number)))


def diagnoses(session: Session, visit_ids: Iterable[str]) -> list[Diagnosis]:
    select = sa.select(Diagnosis).where(Diagnosis.visit_id.in_(list(visit_ids)))
    return list(session.scalars(select.order_by(Diagnosis.visit_id, Diagnosis.stage, Diagnosis.position)))


def names_of(
    session: Session, subject_ids: Iterable[str], org_ids: Iterable[str | None] = ()
) -> dict[str, dict[str, Any]]:
    """Subjects, organisations and sectors by their keys, for a page."""
    wanted, orgs = set(subject_ids), {org for org in org_ids if org}
    return {
        "subject": {s.id: s for s in session.scalars(sa.select(Subject).where(Subject.id.in_(wanted)))},
        "org": {o.id: o for o in session.scalars(sa.select(Organisation).where(Organisation.id.in_(orgs)))},
        "sector": {s.code: s for s in session.scalars(sa.select(Sector))},
    }


def figures(session: Session, consultation: Consultation) -> dict[str, Any]:
    """What the report counts: person-times are experts × visits (人次), enterprises those that were diagnosed."""
    held = [one for one in visits_of(session, consultation.id) if one.status in DIAGNOSED]
    ids = {one.id for one in held}
    times = [
        one
        for one in engagements(session, consultation_id=consultation.id)
        if one.status == "submitted" and one.visit_id in ids
    ]
    given = opinions(session, ids)
    before = [one.score_before for one in held if one.score_before is not None]
    after = [one.score_after for one in held if one.score_after is not None]
    return {
        "enterprises": len(held),
        "experts": len({one.expert_id for one in times}),
        "person_times": len(times),
        "opinions": len(given),
        "converted": sum(one.status == "converted" for one in given),
        "merged": sum(one.status == "merged" for one in given),
        "rejected": sum(one.status == "rejected" for one in given),
        "major": sum(one.status == "converted" and one.grade == "major" for one in given),
        "before": round(sum(before) / len(before), 1) if before else None,
        "after": round(sum(after) / len(after), 1) if after else None,
    }


def topics_of(session: Session, consultation_ids: Iterable[str]) -> dict[str, str]:
    """Topics of consultations whose visits were found through their own scope: more of them is not told."""
    select = sa.select(Consultation.id, Consultation.topic).where(Consultation.id.in_(list(consultation_ids)))
    return {str(key): str(topic) for key, topic in session.execute(select)}


def open_tasks(session: Session, instance_ids: Iterable[str | None]) -> list[HumanTask]:
    """Open tasks of instances that belong to records found through their scope."""
    wanted = [one for one in instance_ids if one]
    select = sa.select(HumanTask).where(HumanTask.instance_id.in_(wanted), HumanTask.status == "open")
    return list(session.scalars(select.order_by(HumanTask.created_at)))


def hazards_of(session: Session, visits: Iterable[Visit]) -> dict[str, str]:
    """Opinion number → id of the hazard that was made of it, by the process that was started for it.

    The rectification was started once for each accepted opinion, in the order of their numbers.
    """
    found: dict[str, str] = {}
    for visit in visits:
        accepted = [one.number for one in opinions(session, [visit.id]) if one.status == "converted"]
        started = session.execute(
            sa.select(Child.number, Instance.subject_id)
            .join(Instance, Instance.id == Child.instance_id)
            .where(Child.parent_id == visit.instance_id, Child.definition_key == "hazard_rectification")
        )
        found |= {str(accepted[n]): str(key) for n, key in started if key and n < len(accepted)}
    return found


def history_of(session: Session, found: Expert, user: Any, now: dt.datetime) -> list[tuple[Engagement, Visit, str]]:
    """An expert's visits that the person may see, newest first, with the enterprise's name."""
    select = (
        sa.select(Engagement, Visit, Subject.name)
        .join(Visit, Visit.id == Engagement.visit_id)
        .join(Subject, Subject.id == Visit.subject_id)
        .where(Engagement.expert_id == found.id, visit_condition(user, now))
        .order_by(Visit.visit_at.is_(None), Visit.visit_at.desc(), Visit.number.desc())
    )
    return [(one, visit, str(name)) for one, visit, name in session.execute(select.limit(50))]
