"""Which instances, timers and incidents a person may look at.

Business people see those of their row scope. The system administrator operates the engine (三员分立): every instance by
its ids and state, never its title, record, people's answers or variables.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import scope_condition
from app.console.access import PUBLISHERS, operates
from app.engine import Definition, History, HumanTask, Incident, Instance, Timer
from app.errors import Forbidden, NotFound

Condition = sa.ColumnElement[bool]
WAITING: sa.ColumnElement[str] = sa.literal_column("'waiting'")


def seen_instances(user: Any) -> Condition:
    if operates(user):
        return sa.true()
    return sa.or_(scope_condition(Instance, user), Instance.starter_id == user.id)


def instance(session: Session, instance_id: str, user: Any) -> Instance:
    """The instance, if this person may know of it; else NotFound."""
    found = session.scalar(sa.select(Instance).where(Instance.id == instance_id, seen_instances(user)))
    if found is None:
        raise NotFound()
    return found


def instance_for(session: Session, instance_id: str, user: Any, *roles: str) -> Instance:
    """The instance for an act of these roles. Who may not know of it is told 404, who may but holds none, 403."""
    found = instance(session, instance_id, user)
    if not user.has(*roles):
        raise Forbidden()
    return found


def instances(user: Any, filters: dict[str, Any]) -> sa.Select[Any]:
    select = sa.select(Instance).where(seen_instances(user))
    columns = {
        "definition": Instance.definition_key,
        "status": Instance.status,
        "business_key": Instance.business_key,
        "subject_kind": Instance.subject_kind,
        "subject_id": Instance.subject_id,
    }
    if operates(user):  # filtering by what one may not see would tell it
        columns = {name: columns[name] for name in ("definition", "status")}
    for name, column in columns.items():
        if filters.get(name):
            select = select.where(column == filters[name])
    return select.order_by(Instance.started_at.desc(), Instance.id)


def open_tasks(session: Session, instance_id: str) -> list[HumanTask]:
    select = sa.select(HumanTask).where(HumanTask.instance_id == instance_id, HumanTask.status == "open")
    return list(session.scalars(select.order_by(HumanTask.created_at, HumanTask.id)))


def timers(user: Any, filters: dict[str, Any]) -> sa.Select[Any]:
    """Timers of the instances one may look at, soonest first."""
    select = sa.select(Timer).where(Timer.instance_id.in_(sa.select(Instance.id).where(seen_instances(user))))
    if filters.get("state"):
        select = select.where(Timer.state == (WAITING if filters["state"] == "waiting" else filters["state"]))
    if filters.get("due_before"):
        select = select.where(Timer.due_at < filters["due_before"])
    if filters.get("instance_id"):
        select = select.where(Timer.instance_id == filters["instance_id"])
    return select.order_by(Timer.due_at, Timer.id)


def incidents(*, resolved: bool, instance_id: str = "") -> sa.Select[Any]:
    """Incidents, newest first; those of one instance or of all."""
    over = Incident.resolved_at.is_not(None) if resolved else Incident.resolved_at.is_(None)
    select = sa.select(Incident).where(over)
    if instance_id:
        select = select.where(Incident.instance_id == instance_id)
    return select.order_by(Incident.created_at.desc(), Incident.id)


def incident(session: Session, incident_id: str) -> Incident:
    found = session.get(Incident, incident_id)
    if found is None:
        raise NotFound()
    return found


def history(session: Session, instance_id: str) -> list[History]:
    select = sa.select(History).where(History.instance_id == instance_id)
    return list(session.scalars(select.order_by(History.seq)))


def definition(session: Session, key: str, version: int | None, user: Any) -> Definition:
    """A version, the published one (else the newest) if none is named. Drafts only for those who deploy and approve."""
    select = sa.select(Definition).where(Definition.key == key, *visible_versions(user))
    if version is not None:
        select = select.where(Definition.version == version)
    published_first = sa.case((Definition.status == "published", 0), else_=1)
    found = session.scalar(select.order_by(published_first, Definition.version.desc()).limit(1))
    if found is None:
        raise NotFound()
    return found


def visible_versions(user: Any) -> list[Condition]:
    return [] if user.has(*PUBLISHERS) else [Definition.status != "draft"]


def versions(session: Session, key: str, user: Any) -> list[Definition]:
    select = sa.select(Definition).where(Definition.key == key, *visible_versions(user))
    return list(session.scalars(select.order_by(Definition.version.desc())))


def definitions(user: Any) -> sa.Select[Any]:
    """One row a process: the version in force, else the newest that may be seen."""
    ranked = sa.select(
        Definition.id,
        sa.func.row_number()
        .over(
            partition_by=Definition.key,
            order_by=(sa.case((Definition.status == "published", 0), else_=1), Definition.version.desc()),
        )
        .label("rank"),
    ).where(*visible_versions(user))
    first = ranked.subquery()
    return (
        sa.select(Definition)
        .where(Definition.id.in_(sa.select(first.c.id).where(first.c.rank == 1)))
        .order_by(Definition.key)
    )
