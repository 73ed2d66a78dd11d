from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector, like, scope_condition, visible, within
from app.clock import SHANGHAI, local
from app.engine import HumanTask
from app.errors import NotFound
from app.inspections.models import Draw, InspectedSubject, Inspection, InspectionItem, Inspector
from app.inspections.schemas import day_of
from app.inspections.words import UNDONE
from app.subjects import Subject, name_key

SORTS = ("planned_on", "executed_at", "number", "findings")
FACETS = {"mode": Inspection.mode, "sector": Inspection.sector_code, "org": Inspection.org_id}


def inspections(user: Any, filters: Mapping[str, str], sort: str | None = None) -> sa.Select[Any]:
    """The inspections a person may see, narrowed by the list's filters."""
    return visible(sa.select(Inspection), Inspection, user).where(*conditions(user, filters)).order_by(*_order(sort))


def _order(sort: str | None) -> list[Any]:
    """By default what is still to be done comes first, the earliest day on top; then the latest ones done."""
    name = (sort or "").lstrip("-")
    if name in SORTS:
        column: Any = getattr(Inspection, name)
        return [column.is_(None), column.desc() if (sort or "").startswith("-") else column, Inspection.id]
    undone = Inspection.status.in_(UNDONE)
    return [
        sa.case((undone, 0), else_=1),
        sa.case((undone, Inspection.planned_on)),
        Inspection.executed_at.desc(),
        Inspection.number.desc(),
    ]


def conditions(user: Any, filters: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    """The filters as conditions. What has no meaning is left out."""
    found: list[sa.ColumnElement[bool]] = []
    if q := name_key(filters.get("q", "")):
        found.append(_mentions(user, q))
    status = filters.get("status")
    if status == "open":
        found.append(Inspection.status.in_(UNDONE))
    elif status:
        found.append(Inspection.status == status)
    for name, column in (
        ("mode", Inspection.mode),
        ("purpose", Inspection.purpose),
        ("sector", Inspection.sector_code),
        ("org", Inspection.org_id),
        ("campaign", Inspection.campaign_id),
        ("plan", Inspection.plan_id),
    ):
        if filters.get(name):
            found.append(column == filters[name])
    if filters.get("town"):
        found.append(_has_subject(user, within(InspectedSubject.region_code, filters["town"])))
    if filters.get("subject"):
        found.append(_has_subject(user, InspectedSubject.subject_id == filters["subject"]))
    if filters.get("found") in ("yes", "no"):
        found.append(Inspection.status == "done")
        found.append(Inspection.findings > 0 if filters["found"] == "yes" else Inspection.findings == 0)
    if filters.get("mine"):
        found.append(mine(user))
    return found + _period(filters)


def _mentions(user: Any, key: str) -> sa.ColumnElement[bool]:
    """Number, topic, team, or a subject that the person may see in it: nobody finds by a name what is hidden."""
    pattern = like(key)
    named = sa.select(Subject.id).where(Subject.search_text.like(pattern, escape="\\"))
    own = Inspection.search_text.like(pattern, escape="\\")
    return sa.or_(own, _has_subject(user, InspectedSubject.subject_id.in_(named)))


def _has_subject(user: Any, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    parts = visible(sa.select(InspectedSubject.inspection_id).where(condition), InspectedSubject, user)
    return Inspection.id.in_(parts)


def mine(user: Any) -> sa.ColumnElement[bool]:
    """What I planned, and where I am of the team."""
    there = sa.select(Inspector.inspection_id).where(Inspector.user_id == user.id)
    return sa.or_(Inspection.created_by_id == user.id, Inspection.id.in_(there))


def _period(filters: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    """By the day it was carried out, or for which it is planned."""
    found: list[sa.ColumnElement[bool]] = []
    if first := day_of(filters.get("from_day")):
        at = dt.datetime.combine(first, dt.time(), tzinfo=SHANGHAI)
        found.append(sa.or_(Inspection.executed_at >= at, sa.and_(_not_executed(), Inspection.planned_on >= first)))
    if last := day_of(filters.get("to_day")):
        at = dt.datetime.combine(last + dt.timedelta(1), dt.time(), tzinfo=SHANGHAI)
        found.append(sa.or_(Inspection.executed_at < at, sa.and_(_not_executed(), Inspection.planned_on <= last)))
    return found


def _not_executed() -> sa.ColumnElement[bool]:
    return Inspection.executed_at.is_(None)


def tab_counts(session: Session, user: Any, now: dt.datetime) -> dict[str, int]:
    """The numbers on the list's tabs, scoped like the list: all, to do, late, done this month, mine."""
    today = local(now).date()
    month = local(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    tabs = {
        "open": Inspection.status.in_(UNDONE),
        "late": late(today),
        "done": sa.and_(Inspection.status == "done", Inspection.executed_at >= month),
        "mine": mine(user),
    }
    sums = [sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0) for condition in tabs.values()]
    select = sa.select(sa.func.count(), *sums).select_from(Inspection).where(scope_condition(Inspection, user))
    return dict(zip(("all", *tabs), session.execute(select).one(), strict=True))


def late(today: dt.date) -> sa.ColumnElement[bool]:
    """Its day has passed and nobody has been there."""
    return sa.and_(Inspection.status.in_(("planned", "concealed")), Inspection.planned_on < today)


def facet_counts(session: Session, user: Any, filters: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """How many inspections each value of each facet has under the other filters."""
    counts: dict[str, dict[str, int]] = {}
    for name, column in FACETS.items():
        others = {key: value for key, value in filters.items() if key != name}
        select = sa.select(column, sa.func.count()).where(scope_condition(Inspection, user), *conditions(user, others))
        counts[name] = {str(key): int(count) for key, count in session.execute(select.group_by(column))}
    return counts


def sums(session: Session, user: Any, filters: Mapping[str, str]) -> dict[str, int]:
    """What the filtered list comes to: 家次, 家, findings; done ones only."""
    wanted = sa.select(Inspection.id).where(
        scope_condition(Inspection, user), *conditions(user, filters), Inspection.status == "done"
    )
    seen = visible(sa.select(InspectedSubject), InspectedSubject, user).where(
        InspectedSubject.inspection_id.in_(wanted)
    )
    rows = seen.subquery()
    row = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(sa.distinct(rows.c.subject_id)),
            sa.func.coalesce(sa.func.sum(rows.c.findings), 0),
        )
    ).one()
    return {"visits": int(row[0]), "subjects": int(row[1]), "findings": int(row[2])}


def get(session: Session, inspection_id: str, user: Any) -> Inspection:
    """The inspection, if the person may see it; else NotFound."""
    found = find(session, inspection_id, user)
    if found is None:
        raise NotFound()
    return found


def find(session: Session, inspection_id: str | None, user: Any) -> Inspection | None:
    return session.scalar(visible(sa.select(Inspection).where(Inspection.id == inspection_id), Inspection, user))


def of_instance(session: Session, instance_id: str) -> Inspection | None:
    """Inside the process: no scope, the engine has decided already who acts."""
    return session.scalar(sa.select(Inspection).where(Inspection.instance_id == instance_id))


def held(session: Session, inspection_id: str) -> Inspection:
    """As it is now, and until this transaction ends: answering and recording exclude each other."""
    return session.get_one(Inspection, inspection_id, with_for_update=True, populate_existing=True)


def of_request(session: Session, key: str | None, user: Any) -> Inspection | None:
    """What this form planned when it was sent the first time."""
    if not key:
        return None
    return session.scalar(visible(sa.select(Inspection).where(Inspection.request_key == key), Inspection, user))


def subjects_of(session: Session, inspection: Inspection, user: Any = None) -> list[InspectedSubject]:
    """Its subjects in order; with `user` only those that this person may see."""
    select = sa.select(InspectedSubject).where(InspectedSubject.inspection_id == inspection.id)
    if user is not None:
        select = visible(select, InspectedSubject, user)
    return list(session.scalars(select.order_by(InspectedSubject.position)))


def subject_of(session: Session, inspected_subject_id: str, user: Any) -> InspectedSubject:
    select = sa.select(InspectedSubject).where(InspectedSubject.id == inspected_subject_id)
    found = session.scalar(visible(select, InspectedSubject, user))
    if found is None:
        raise NotFound()
    return found


def items_of(session: Session, ids: Iterable[str]) -> dict[str, list[InspectionItem]]:
    """Items in order, by inspected subject."""
    wanted = list(ids)
    select = sa.select(InspectionItem).where(InspectionItem.inspected_subject_id.in_(wanted))
    found: dict[str, list[InspectionItem]] = {one: [] for one in wanted}
    for item in session.scalars(select.order_by(InspectionItem.position, InspectionItem.id)):
        found[item.inspected_subject_id].append(item)
    return found


def team_of(session: Session, inspection_id: str) -> list[Inspector]:
    select = sa.select(Inspector).where(Inspector.inspection_id == inspection_id)
    return list(session.scalars(select.order_by(Inspector.position)))


def teams_of(session: Session, ids: Iterable[str]) -> dict[str, list[Inspector]]:
    found: dict[str, list[Inspector]] = {}
    select = sa.select(Inspector).where(Inspector.inspection_id.in_(list(ids))).order_by(Inspector.position)
    for one in session.scalars(select):
        found.setdefault(one.inspection_id, []).append(one)
    return found


def draws_of(session: Session, inspection_id: str) -> list[Draw]:
    select = sa.select(Draw).where(Draw.inspection_id == inspection_id)
    return list(session.scalars(select.order_by(Draw.made_at, Draw.kind.desc())))


def open_tasks(session: Session, instance_ids: Iterable[str]) -> dict[str, list[HumanTask]]:
    """Open tasks of inspections that were found through `visible`, by instance."""
    select = sa.select(HumanTask).where(HumanTask.instance_id.in_(list(instance_ids)), HumanTask.status == "open")
    found: dict[str, list[HumanTask]] = {}
    for task in session.scalars(select.order_by(HumanTask.created_at)):
        found.setdefault(task.instance_id, []).append(task)
    return found


def names_of(session: Session, rows: Iterable[Inspection]) -> dict[str, dict[str, Any]]:
    """Regions, sectors and organisations that the rows name, for a page."""
    rows = list(rows)
    regions, orgs = {row.region_code for row in rows}, {row.org_id for row in rows}
    return {
        "region": {r.code: r for r in session.scalars(sa.select(Region).where(Region.code.in_(regions)))},
        "sector": {s.code: s for s in session.scalars(sa.select(Sector))},
        "org": {o.id: o for o in session.scalars(sa.select(Organisation).where(Organisation.id.in_(orgs)))},
    }


def subject_names(session: Session, ids: Iterable[str], user: Any) -> dict[str, list[str]]:
    """What each inspection's subjects are called, as far as the person may see them."""
    found: dict[str, list[str]] = {}
    select = sa.select(InspectedSubject).where(InspectedSubject.inspection_id.in_(list(ids)))
    for one in session.scalars(visible(select, InspectedSubject, user).order_by(InspectedSubject.position)):
        found.setdefault(one.inspection_id, []).append(one.name)
    return found


def search_text(inspection: Inspection, team: Iterable[Inspector]) -> str:
    parts = (inspection.number, inspection.topic, inspection.checklist_title, *(one.name for one in team))
    return " ".join(name_key(part) for part in parts if part)
