"""Where running instances stand, and how migrations go. By number, step and clock only: business is not told here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.engine import Child, Definition, HumanTask, Incident, Instance, Migration, MigrationItem, Subscription, Timer
from app.errors import NotFound

GOING = ("running", "suspended")
STATUSES = ("waiting", "done", "failed", "undone", "cancelled")


@dataclass(frozen=True)
class Spot:
    """One place where an instance stands: since when, and by when it is to be done."""

    node_id: str
    since: dt.datetime | None
    due: dt.datetime | None


def versions(session: Session, key: str) -> list[Definition]:
    """Newest first. NotFound for a process that nobody deployed."""
    found = list(
        session.scalars(sa.select(Definition).where(Definition.key == key).order_by(Definition.version.desc()))
    )
    if not found:
        raise NotFound()
    return found


def going_by_version(session: Session, key: str) -> dict[int, int]:
    """How many instances of each version still go on."""
    select = (
        sa.select(Instance.definition_version, sa.func.count())
        .where(Instance.definition_key == key, Instance.status.in_(GOING))
        .group_by(Instance.definition_version)
    )
    return {int(version): int(number) for version, number in session.execute(select)}


def instances(definition_id: str) -> Any:
    """Those that go on under a version, the oldest first; nothing of them but what may be told."""
    return (
        sa.select(Instance.id, Instance.business_key, Instance.status, Instance.started_at)
        .where(Instance.definition_id == definition_id, Instance.status.in_(GOING))
        .order_by(Instance.started_at, Instance.id)
    )


def spots(session: Session, ids: Iterable[str]) -> dict[str, list[Spot]]:
    """Where each of them stands."""
    wanted, found = list(ids), dict[str, list[Spot]]()
    nothing = sa.literal(None)
    selects = (
        sa.select(HumanTask.instance_id, HumanTask.node_id, HumanTask.created_at, HumanTask.due_at).where(
            HumanTask.instance_id.in_(wanted), HumanTask.status == "open"
        ),
        sa.select(Timer.instance_id, Timer.node_id, nothing, Timer.due_at).where(
            Timer.instance_id.in_(wanted), Timer.state == "waiting", Timer.kind == "event"
        ),
        sa.select(Subscription.instance_id, Subscription.node_id, Subscription.created_at, nothing).where(
            Subscription.instance_id.in_(wanted), Subscription.state == "waiting"
        ),
        sa.select(Incident.instance_id, Incident.node_id, Incident.created_at, nothing).where(
            Incident.instance_id.in_(wanted), Incident.resolved_at.is_(None), Incident.spiff_task_id.is_not(None)
        ),
        sa.select(Child.parent_id, Child.node_id, sa.func.min(Child.created_at), nothing)
        .where(Child.parent_id.in_(wanted), Child.waits, Child.told_at.is_(None))
        .group_by(Child.parent_id, Child.node_id),
    )
    for select in selects:
        for instance_id, node_id, since, due in session.execute(select):
            here = found.setdefault(instance_id, [])
            if node_id and all(spot.node_id != node_id for spot in here):
                here.append(Spot(str(node_id), since, due))
    return found


def migration(session: Session, migration_id: str) -> Migration:
    found = session.get(Migration, migration_id, populate_existing=True)
    if found is None:
        raise NotFound()
    return found


def migrations_of(session: Session, key: str, limit: int = 10) -> list[Migration]:
    """The last ones of a process."""
    select = sa.select(Migration).where(Migration.key == key).order_by(Migration.created_at.desc(), Migration.id)
    return list(session.scalars(select.limit(limit)))


def under_way(session: Session, key: str) -> Migration | None:
    return session.scalar(sa.select(Migration).where(Migration.key == key, Migration.status == "running").limit(1))


def counts(session: Session, migration_id: str) -> dict[str, int]:
    """Items by status; each status has its number."""
    select = (
        sa.select(MigrationItem.status, sa.func.count())
        .where(MigrationItem.migration_id == migration_id)
        .group_by(MigrationItem.status)
    )
    found = {str(status): int(number) for status, number in session.execute(select)}
    return {status: found.get(status, 0) for status in STATUSES}


def items(migration_id: str, status: str = "") -> sa.Select[Any]:
    """In the order of the list; of one status only if one is named."""
    select = sa.select(MigrationItem).where(MigrationItem.migration_id == migration_id).order_by(MigrationItem.number)
    return select.where(MigrationItem.status == status) if status else select


def unchanged(session: Session, found: Iterable[MigrationItem]) -> set[str]:
    """Of the items that are done, those that can still be undone: nothing has happened to their instances since."""
    done = {item.instance_id: item for item in found if item.status == "done" and not item.steps}
    revs: Mapping[str, int] = {
        instance_id: rev
        for instance_id, rev, status in session.execute(
            sa.select(Instance.id, Instance.rev, Instance.status).where(Instance.id.in_(list(done)))
        )
        if status == "running"
    }
    return {item.id for instance_id, item in done.items() if revs.get(instance_id) == item.rev_after}
