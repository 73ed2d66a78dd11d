"""Which instances, timers and incidents a person may look at.

Business people see those of their row scope. The system administrator operates the engine (三员分立): every instance by
its ids and state, never its title, record, people's answers or variables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Grant, User, like, listed_condition, scope_condition
from app.console.access import OPERATORS, PUBLISHERS, operates, sees_data
from app.engine import Definition, History, HumanTask, Incident, Instance, Subscription, Timer
from app.errors import Forbidden, NotFound

Condition = sa.ColumnElement[bool]
# Written into the statement, not bound: only so do SQLite's partial indexes apply.
WAITING: sa.ColumnElement[str] = sa.literal_column("'waiting'")
FAILED: sa.ColumnElement[str] = sa.literal_column("'failed'")
MOST_COUNTED = 10_000
MOST_CHILDREN = 50  # that a page lists; the map counts all of them
OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")
STATUSES = ("running", "suspended", "quarantined", "ended", "cancelled")


# -- instances


def seen_instances(user: Any) -> Condition:
    if operates(user):
        return sa.true()
    return sa.or_(scope_condition(Instance, user), Instance.starter_id == user.id)


def _listed_instances(user: Any) -> Condition:
    """The same for lists, of the few that are theirs among millions."""
    if operates(user):
        return sa.true()
    return listed_condition(Instance, user, Instance.starter_id == user.id)


def _of_seen(column: Any, user: Any) -> Condition:
    """Rows that belong to an instance one may look at. Asked row by row: there are few rows and many instances."""
    if operates(user):
        return sa.true()
    return sa.exists().where(Instance.id == column, seen_instances(user))


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


def _open_incident(*more: Condition) -> Condition:
    """Asked from the incidents, of which few are open."""
    return Instance.id.in_(sa.select(Incident.instance_id).where(Incident.resolved_at.is_(None), *more))


def has_incident() -> Condition:
    return _open_incident()


def is_stuck() -> Condition:
    return _open_incident(Incident.kind == "stuck")


def instance_conditions(user: Any, filters: Mapping[str, Any]) -> list[Condition]:
    found = [_listed_instances(user)]
    columns: dict[str, Any] = {
        "definition": Instance.definition_key,
        "version": Instance.definition_version,
        "status": Instance.status,
        "parent_id": Instance.parent_id,
    }
    if not operates(user):  # filtering by what one may not see would tell it
        columns |= {
            "business_key": Instance.business_key,
            "subject_kind": Instance.subject_kind,
            "subject_id": Instance.subject_id,
        }
    found += [column == filters[name] for name, column in columns.items() if filters.get(name)]
    if filters.get("incident"):
        found.append(has_incident())
    if filters.get("stuck"):
        found.append(is_stuck())
    if filters.get("started_from"):
        found.append(Instance.started_at >= filters["started_from"])
    if filters.get("started_before"):
        found.append(Instance.started_at < filters["started_before"])
    if q := str(filters.get("q") or "").strip():
        found.append(_text(user, q))
    return found


def _text(user: Any, q: str) -> Condition:
    """By the beginning of the id; for those who see business also by title, number and who started it."""
    by_id: Condition = Instance.id.like(like(q.lower())[1:], escape="\\")
    if operates(user):
        return by_id
    columns = (Instance.title, Instance.business_key, Instance.starter_name)
    return sa.or_(by_id, *(column.ilike(like(q), escape="\\") for column in columns))


def instances(user: Any, filters: Mapping[str, Any]) -> sa.Select[Any]:
    """Newest first."""
    select = sa.select(Instance).where(*instance_conditions(user, filters))
    return select.order_by(Instance.started_at.desc(), Instance.id)


def counted(session: Session, model: Any, conditions: Iterable[Condition]) -> int:
    """How many rows, up to one more than anybody counts to: among millions the exact number would cost seconds."""
    rows = sa.select(sa.literal(1)).select_from(model).where(*conditions).limit(MOST_COUNTED + 1).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def instance_counts(session: Session, user: Any, filters: Mapping[str, Any]) -> dict[str, int]:
    """How many instances each chip would show under the other filters; "" counts all."""
    others = {**filters, "status": "", "incident": "", "stuck": ""}
    shown: dict[str, dict[str, Any]] = {"": {}, "incident": {"incident": True}, "stuck": {"stuck": True}}
    shown |= {status: {"status": status} for status in STATUSES}
    return {name: counted(session, Instance, instance_conditions(user, others | more)) for name, more in shown.items()}


def processes(session: Session) -> list[tuple[str, str, str, list[int]]]:
    """Every process that was ever in force: (key, newest Chinese name, newest English name, versions)."""
    select = sa.select(Definition.key, Definition.title_zh, Definition.title_en, Definition.version)
    found: dict[str, tuple[str, str, str, list[int]]] = {}
    for key, zh, en, version in session.execute(
        select.where(Definition.status != "draft").order_by(Definition.key, Definition.version)
    ):
        found[key] = (key, zh, en, [*(found[key][3] if key in found else []), version])
    return list(found.values())


def titles(session: Session, rows: Iterable[Instance]) -> dict[str, Definition]:
    """Definitions of the instances by id, for their names."""
    ids = {row.definition_id for row in rows}
    return {row.id: row for row in session.scalars(sa.select(Definition).where(Definition.id.in_(ids)))}


def instances_by_id(session: Session, ids: Iterable[str], user: Any) -> dict[str, Instance]:
    wanted = set(ids)
    select = sa.select(Instance).where(Instance.id.in_(wanted), seen_instances(user))
    return {row.id: row for row in session.scalars(select)}


def children(session: Session, instance_id: str, user: Any) -> list[Instance]:
    """What it started, first the first; of many only so many."""
    select = sa.select(Instance).where(Instance.parent_id == instance_id, seen_instances(user))
    return list(session.scalars(select.order_by(Instance.started_at, Instance.id).limit(MOST_CHILDREN)))


# -- processes


def of_process(user: Any, key: str, parent_id: str | None = None) -> list[Condition]:
    """Conditions on the instances of a process that the person may see; of one parent only where it is given."""
    found = [_listed_instances(user), Instance.definition_key == key]
    return found if parent_id is None else [*found, Instance.parent_id == parent_id]


def going_by_process(session: Session, user: Any) -> dict[str, int]:
    """How many instances of each process go on, of those that the person may see."""
    going = sa.and_(_listed_instances(user), Instance.status.in_(("running", "suspended")))
    select = sa.select(Instance.definition_key, sa.func.count()).where(going).group_by(Instance.definition_key)
    return {str(key): number for key, number in session.execute(select)}


def in_force(session: Session, keys: Iterable[str]) -> list[Definition]:
    """The published versions of these processes."""
    select = sa.select(Definition).where(Definition.key.in_(set(keys)), Definition.status == "published")
    return list(session.scalars(select.order_by(Definition.key)))


def process_titles(session: Session) -> dict[str, Definition]:
    """The published versions by key: what a process is called."""
    rows = session.scalars(sa.select(Definition).where(Definition.status == "published"))
    return {row.key: row for row in rows}


def status_counts(session: Session, conditions: Iterable[Condition]) -> dict[str, int]:
    """How many instances there are in each status."""
    select = sa.select(Instance.status, sa.func.count()).where(*conditions).group_by(Instance.status)
    return {str(status): number for status, number in session.execute(select)}


# -- tasks


def open_tasks(session: Session, instance_id: str) -> list[HumanTask]:
    select = sa.select(HumanTask).where(HumanTask.instance_id == instance_id, HumanTask.status == "open")
    return list(session.scalars(select.order_by(HumanTask.created_at, HumanTask.id)))


def open_steps(session: Session, ids: Iterable[str]) -> dict[str, list[HumanTask]]:
    """Open tasks of several instances by instance, what is due first in front."""
    found: dict[str, list[HumanTask]] = {}
    select = sa.select(HumanTask).where(HumanTask.instance_id.in_(set(ids)), HumanTask.status == OPEN)
    for task in session.scalars(select.order_by(HumanTask.due_at.is_(None), HumanTask.due_at, HumanTask.id)):
        found.setdefault(task.instance_id, []).append(task)
    return found


def tasks_at(session: Session, instance_id: str, node_id: str) -> list[HumanTask]:
    """Everything that was ever put before people at a node, newest first."""
    select = sa.select(HumanTask).where(HumanTask.instance_id == instance_id, HumanTask.node_id == node_id)
    return list(session.scalars(select.order_by(HumanTask.id.desc())))


def awaited(session: Session, instance_id: str) -> list[Subscription]:
    """What tokens of an instance wait for from outside: messages and signals."""
    select = sa.select(Subscription).where(Subscription.instance_id == instance_id, Subscription.state == "waiting")
    return list(session.scalars(select.order_by(Subscription.created_at, Subscription.id)))


# -- timers


def _timer_conditions(user: Any, filters: Mapping[str, Any], now: dt.datetime | None = None) -> list[Condition]:
    found = [_of_seen(Timer.instance_id, user)]
    state = filters.get("state")
    if state == "late":
        assert now is not None
        runs = sa.exists().where(Instance.id == Timer.instance_id, Instance.status == "running")
        found += [Timer.state == WAITING, Timer.due_at < now, runs]
    elif state:
        found.append(Timer.state == {"waiting": WAITING, "failed": FAILED}.get(state, state))
    if filters.get("kind"):
        found.append(Timer.kind == filters["kind"])
    if filters.get("process"):
        own = sa.select(Instance.id).where(Instance.definition_key == filters["process"])
        found.append(Timer.instance_id.in_(own))
    if filters.get("due_before"):
        found.append(Timer.due_at < filters["due_before"])
    if filters.get("instance_id"):
        found.append(Timer.instance_id == filters["instance_id"])
    return found


def timers(user: Any, filters: Mapping[str, Any], now: dt.datetime | None = None) -> sa.Select[Any]:
    """Timers of the instances one may look at, soonest first; state `late` is what was due by now and did not fire."""
    select = sa.select(Timer).where(*_timer_conditions(user, filters, now))
    return select.order_by(Timer.due_at, Timer.id)


def timer_counts(session: Session, user: Any, filters: Mapping[str, Any], now: dt.datetime) -> dict[str, int]:
    """How many wait, are late and failed under the other filters. What is over only grows and is not counted."""
    states = {"waiting", "late", "failed", filters["state"]}
    return {
        state: counted(session, Timer, _timer_conditions(user, {**filters, "state": state}, now)) for state in states
    }


def timer(session: Session, timer_id: str, user: Any) -> Timer:
    found = session.scalar(sa.select(Timer).where(Timer.id == timer_id, _of_seen(Timer.instance_id, user)))
    if found is None:
        raise NotFound()
    return found


def timer_for(session: Session, timer_id: str, user: Any, *roles: str) -> Timer:
    """The timer for an act of these roles: 404 for who may not know of it, 403 for who holds none of them."""
    found = timer(session, timer_id, user)
    if not user.has(*roles):
        raise Forbidden()
    return found


# -- incidents


def _incident_conditions(user: Any, filters: Mapping[str, Any]) -> list[Condition]:
    found = [_of_seen(Incident.instance_id, user)]
    resolved = bool(filters.get("resolved"))
    found.append(Incident.resolved_at.is_not(None) if resolved else Incident.resolved_at.is_(None))
    if filters.get("kind"):
        found.append(Incident.kind == filters["kind"])
    if filters.get("process"):
        own = sa.select(Instance.id).where(Instance.definition_key == filters["process"])
        found.append(Incident.instance_id.in_(own))
    if filters.get("instance_id"):
        found.append(Incident.instance_id == filters["instance_id"])
    return found


def incidents(user: Any, filters: Mapping[str, Any]) -> sa.Select[Any]:
    """Incidents of the instances one may look at, newest first."""
    select = sa.select(Incident).where(*_incident_conditions(user, filters))
    newest = Incident.resolved_at if filters.get("resolved") else Incident.created_at
    return select.order_by(newest.desc(), Incident.id)


def incident_counts(session: Session, user: Any, filters: Mapping[str, Any]) -> dict[str, int]:
    """How many of each kind under the other filters; "" counts all."""
    others = _incident_conditions(user, {**filters, "kind": ""})
    counted = sa.select(Incident.kind, sa.func.count()).where(*others).group_by(Incident.kind)
    counts = {str(kind): int(n) for kind, n in session.execute(counted)}
    return {"": sum(counts.values()), **counts}


def open_incidents(session: Session, user: Any) -> int:
    """The number on the menu."""
    return session.scalar(sa.select(sa.func.count()).select_from(Incident).where(*_incident_conditions(user, {}))) or 0


def incident(session: Session, incident_id: str, user: Any) -> Incident:
    select = sa.select(Incident).where(Incident.id == incident_id, _of_seen(Incident.instance_id, user))
    found = session.scalar(select)
    if found is None:
        raise NotFound()
    return found


def incident_for(session: Session, incident_id: str, user: Any, *roles: str) -> Incident:
    """The incident for an act of these roles: 403 for who holds none of them, else 404 for who may not know of it."""
    if not user.has(*roles):
        raise Forbidden()
    return incident(session, incident_id, user)


def names(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """People's names by id."""
    wanted = {user_id for user_id in ids if user_id}
    return {i: name for i, name in session.execute(sa.select(User.id, User.name).where(User.id.in_(wanted)))}


# -- history


@dataclass(frozen=True)
class Move:
    """A timer moved by hand."""

    who: str
    at: dt.datetime
    reason: str


def history(session: Session, instance_id: str) -> list[History]:
    select = sa.select(History).where(History.instance_id == instance_id)
    return list(session.scalars(select.order_by(History.seq)))


def moves(session: Session, timers: Iterable[Timer], user: Any) -> dict[str, Move]:
    """Who last moved each timer, when and why."""
    rows = [timer for timer in timers if timer.moved_at is not None]
    read = None if sees_data(user) else administrators(session, [row.moved_by_id for row in rows])
    return {
        row.id: Move(
            row.moved_by_name,
            row.moved_at,
            (row.move_reason or "") if read is None or row.moved_by_id in read else "",
        )
        for row in rows
        if row.moved_at is not None
    }


def administrators(session: Session, ids: Iterable[str | None]) -> set[str]:
    """Which of these people operate the engine: what they write as a reason is no business."""
    wanted = {user_id for user_id in ids if user_id}
    return set(session.scalars(sa.select(Grant.user_id).where(Grant.role.in_(OPERATORS), Grant.user_id.in_(wanted))))


# -- definitions


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
