from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector, like, scope_condition, visible, within
from app.clock import SHANGHAI
from app.engine import HumanTask, Instance
from app.errors import NotFound
from app.hazards.models import OPEN, RUNNING, Hazard, HazardRound
from app.subjects import Subject, name_key

LIGHTS = ("red", "amber", "green")
# What the list is grouped by beside it; a town is the first nine digits of a region.
FACETS = {
    "town": sa.func.substr(Hazard.region_code, 1, 9),
    "sector": Hazard.sector_code,
    "grade": Hazard.grade,
    "source": Hazard.source,
}
SORTS = ("due_at", "found_at", "number", "closed_at")


def hazards(user: Any, filters: Mapping[str, str], now: dt.datetime, sort: str | None = None) -> sa.Select[Any]:
    """The hazards a person may see, narrowed by the list's filters."""
    select = visible(sa.select(Hazard), Hazard, user).where(*conditions(user, filters, now))
    return select.order_by(*_order(sort))


def _order(sort: str | None) -> list[Any]:
    """By default what is open comes first, the earliest last day on top; closed ones newest first."""
    name = (sort or "").lstrip("-")
    if name in SORTS:
        column: Any = getattr(Hazard, name)
        return [column.is_(None), column.desc() if (sort or "").startswith("-") else column, Hazard.id]
    stopped = sa.case((Hazard.status.in_(OPEN), 0), else_=1)
    return [stopped, Hazard.due_at.is_(None), Hazard.due_at, Hazard.number.desc()]


def conditions(user: Any, filters: Mapping[str, str], now: dt.datetime) -> list[sa.ColumnElement[bool]]:
    """The filters as conditions. What has no meaning is left out."""
    found: list[sa.ColumnElement[bool]] = []
    if q := name_key(filters.get("q", "")):
        found.append(Hazard.search_text.like(like(q), escape="\\"))
    status = filters.get("status")
    if status == "open":
        found.append(Hazard.status.in_(OPEN))
    elif status:
        found.append(Hazard.status == status)
    for name, column in (
        ("sector", Hazard.sector_code),
        ("grade", Hazard.grade),
        ("source", Hazard.source),
        ("subject", Hazard.subject_id),
        ("org", Hazard.supervising_org_id),
        ("campaign", Hazard.campaign_id),
        ("plan", Hazard.plan_id),
        ("inspection", Hazard.inspection_id),
        ("consultation", Hazard.consultation_id),
    ):
        if filters.get(name):
            found.append(column == filters[name])
    if filters.get("town"):
        found.append(within(Hazard.region_code, filters["town"]))
    if filters.get("overdue"):
        found.append(overdue(now))
    if filters.get("light") in LIGHTS:
        found.append(_lights(now)[filters["light"]])
    if filters.get("mine"):
        found.append(mine(user))
    return found + _periods(filters)


def overdue(now: dt.datetime) -> sa.ColumnElement[bool]:
    """Past its last day with nothing submitted (超期). Derived, so that no job has to keep it true."""
    return sa.and_(Hazard.status.in_(RUNNING), Hazard.due_at < now, Hazard.paused_at.is_(None))


def overdue_count(session: Session, user: Any, now: dt.datetime) -> int:
    """For every page's menu, hence by the index on status and last day alone."""
    select = sa.select(sa.func.count()).select_from(Hazard).where(overdue(now), scope_condition(Hazard, user))
    return session.scalar(select) or 0


def _lights(now: dt.datetime) -> dict[str, sa.ColumnElement[bool]]:
    running = sa.and_(Hazard.status.in_(RUNNING), Hazard.paused_at.is_(None))
    return {
        "red": overdue(now),
        "amber": sa.and_(running, Hazard.due_at >= now, Hazard.amber_at <= now),
        "green": sa.and_(running, Hazard.due_at >= now, Hazard.amber_at > now),
    }


def mine(user: Any) -> sa.ColumnElement[bool]:
    """What I registered, and what an open task of mine is about."""
    held = sa.select(HumanTask.instance_id).where(HumanTask.status == "open", HumanTask.assignee_id == user.id)
    return sa.or_(Hazard.registered_by_id == user.id, Hazard.instance_id.in_(held))


def _periods(filters: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for name, column in (("found", Hazard.found_at), ("closed", Hazard.closed_at)):
        if first := _day(filters.get(f"{name}_from")):
            found.append(column >= first)
        if last := _day(filters.get(f"{name}_to")):
            found.append(column < last + dt.timedelta(1))
    return found


def _day(text: str | None) -> dt.datetime | None:
    """The beginning of a day on the office's clock; nothing for what is no day."""
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return dt.datetime.combine(day, dt.time(), tzinfo=SHANGHAI)


def light_counts(session: Session, user: Any, filters: Mapping[str, str], now: dt.datetime) -> dict[str, int]:
    """How many hazards each light has under the other filters, scoped like the list. "" counts all."""
    others = {name: value for name, value in filters.items() if name not in ("light", "overdue")}
    sums = [sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0) for condition in _lights(now).values()]
    select = sa.select(sa.func.count(), *sums).select_from(Hazard)
    row = session.execute(select.where(scope_condition(Hazard, user), *conditions(user, others, now))).one()
    return dict(zip(("", *LIGHTS), row, strict=True))


def facet_counts(
    session: Session, user: Any, filters: Mapping[str, str], now: dt.datetime
) -> dict[str, dict[str, int]]:
    """How many hazards each value of each facet has under the other filters.

    Facets that nothing is chosen from share their conditions, and so one pass over the rows.
    """
    free = [name for name in FACETS if not filters.get(name)]
    groups = [[name] for name in FACETS if filters.get(name)] + ([free] if free else [])
    counts: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for names in groups:
        others = {name: value for name, value in filters.items() if name not in names}
        columns = [FACETS[name] for name in names]
        select = sa.select(*columns, sa.func.count()).where(
            scope_condition(Hazard, user), *conditions(user, others, now)
        )
        for *values, count in session.execute(select.group_by(*columns)):
            for name, value in zip(names, values, strict=True):
                key = f"{value}000" if name == "town" else str(value or "")
                counts[name][key] = counts[name].get(key, 0) + int(count)
    return counts


def tab_counts(session: Session, user: Any, now: dt.datetime, month: dt.datetime) -> dict[str, int]:
    """The numbers on the register's tabs: all, open, major, overdue, closed since `month`, mine."""
    tabs = {
        "open": Hazard.status.in_(OPEN),
        "major": sa.and_(Hazard.grade == "major", Hazard.status.in_(OPEN)),
        "overdue": overdue(now),
        "closed": sa.and_(Hazard.status == "closed", Hazard.closed_at >= month),
        "mine": mine(user),
    }
    sums = [sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0) for condition in tabs.values()]
    row = session.execute(
        sa.select(sa.func.count(), *sums).select_from(Hazard).where(scope_condition(Hazard, user))
    ).one()
    return dict(zip(("all", *tabs), row, strict=True))


def get(session: Session, hazard_id: str, user: Any) -> Hazard:
    """The hazard, if the person may see it; else NotFound."""
    found = session.scalar(visible(sa.select(Hazard).where(Hazard.id == hazard_id), Hazard, user))
    if found is None:
        raise NotFound()
    return found


def find(session: Session, hazard_id: str | None, user: Any) -> Hazard | None:
    """The same for links: nothing where there is nothing to be seen."""
    if not hazard_id:
        return None
    return session.scalar(visible(sa.select(Hazard).where(Hazard.id == hazard_id), Hazard, user))


def of_instance(session: Session, instance_id: str) -> Hazard | None:
    """Inside the process: no scope, the engine has decided already who acts."""
    return session.scalar(sa.select(Hazard).where(Hazard.instance_id == instance_id))


def of_request(session: Session, key: str | None, user: Any) -> Hazard | None:
    """What this form registered when it was sent the first time."""
    if not key:
        return None
    return session.scalar(visible(sa.select(Hazard).where(Hazard.request_key == key), Hazard, user))


def rounds(session: Session, hazard: Hazard) -> list[HazardRound]:
    select = sa.select(HazardRound).where(HazardRound.hazard_id == hazard.id)
    return list(session.scalars(select.order_by(HazardRound.round)))


def round_of(session: Session, hazard: Hazard) -> HazardRound | None:
    """The present round."""
    return session.scalar(
        sa.select(HazardRound).where(HazardRound.hazard_id == hazard.id, HazardRound.round == hazard.round)
    )


def recurrences(session: Session, hazard: Hazard, user: Any) -> list[Hazard]:
    """Hazards that came back after this one was closed."""
    select = sa.select(Hazard).where(Hazard.prior_hazard_id == hazard.id).order_by(Hazard.number)
    return list(session.scalars(visible(select, Hazard, user)))


def open_tasks(session: Session, instance_ids: Iterable[str]) -> dict[str, list[HumanTask]]:
    """Open tasks of hazards that were found through `visible`, by instance."""
    select = sa.select(HumanTask).where(HumanTask.instance_id.in_(list(instance_ids)), HumanTask.status == "open")
    found: dict[str, list[HumanTask]] = {}
    for task in session.scalars(select.order_by(HumanTask.created_at)):
        found.setdefault(task.instance_id, []).append(task)
    return found


def referrals(session: Session, hazard: Hazard, user: Any) -> list[Instance]:
    """Supervision that overdue rungs started, as far as the person may see it."""
    select = sa.select(Instance).where(Instance.parent_id == hazard.instance_id, Instance.definition_key == "referral")
    return list(session.scalars(visible(select, Instance, user).order_by(Instance.started_at)))


def names_of(session: Session, rows: Iterable[Hazard]) -> dict[str, dict[str, Any]]:
    """Subjects, regions, sectors and organisations that the rows name, for a page."""
    rows = list(rows)
    regions = {row.region_code for row in rows} | {row.region_code[:9] + "000" for row in rows}
    orgs = {o for row in rows for o in (row.responsible_org_id, row.supervising_org_id, row.town_org_id) if o}
    subjects = {row.subject_id for row in rows}
    return {
        "subject": {s.id: s for s in session.scalars(sa.select(Subject).where(Subject.id.in_(subjects)))},
        "region": {r.code: r for r in session.scalars(sa.select(Region).where(Region.code.in_(regions)))},
        "sector": {s.code: s for s in session.scalars(sa.select(Sector))},
        "org": {o.id: o for o in session.scalars(sa.select(Organisation).where(Organisation.id.in_(orgs)))},
    }


def latest_photos(session: Session, rows: Iterable[Hazard]) -> dict[str, list[str]]:
    """The after-photos of each hazard's latest round that has any."""
    ids = [row.id for row in rows]
    select = sa.select(HazardRound).where(HazardRound.hazard_id.in_(ids)).order_by(HazardRound.round)
    return {r.hazard_id: r.photos_after for r in session.scalars(select) if r.photos_after}


def search_text(hazard: Hazard, subject: Subject) -> str:
    """What a search looks through: number, what it is, where, and the subject with its pinyin."""
    parts = (hazard.number, hazard.external_no, hazard.summary, hazard.location)
    return " ".join([*(name_key(part) for part in parts if part), subject.search_text])


def on_time(session: Session, hazard: Hazard) -> bool:
    """按期整改: what passed was submitted before the first order's last day; a later round does not mend it."""
    if hazard.original_due_at is None:
        return True
    passed = sa.select(HazardRound.submitted_at).where(
        HazardRound.hazard_id == hazard.id, HazardRound.result == "passed"
    )
    submitted_at = session.scalar(passed)
    return submitted_at is not None and submitted_at <= hazard.original_due_at
