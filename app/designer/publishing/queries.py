"""Requests and versions, who may look at them, and what they would touch. No business data, only counts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import is_postgresql
from app.designer.publishing.models import OPEN, Overtaken, Publication
from app.engine import Definition, HumanTask, Instance, Package
from app.errors import NotFound

GOING = ("running", "suspended", "quarantined")
_LOCK = 7204  # see app.db: the number of this advisory lock
READERS = ("admin", "security_admin")


def reads(user: Any) -> bool:
    """Who submits and who approves; nobody else finds a request."""
    return bool(user.has(*READERS))


def find(session: Session, publication_id: str, user: Any) -> Publication:
    """NotFound, also for whoever neither submits nor approves."""
    found = session.get(Publication, publication_id) if reads(user) else None
    if found is None:
        raise NotFound()
    return found


def of_instance(session: Session, instance_id: str) -> Publication | None:
    return session.scalar(sa.select(Publication).where(Publication.instance_id == instance_id))


def alone(session: Session, key: str) -> None:
    """Inside a write transaction: whoever submits about the same process meanwhile waits, and then sees this."""
    if is_postgresql(session):  # SQLite has only one writer anyway
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(key))))


def open_of(session: Session, key: str) -> Publication | None:
    """The request about a process that is not settled: there is one at a time."""
    return session.scalar(sa.select(Publication).where(Publication.key == key, Publication.status.in_(OPEN)))


def revision_task(session: Session, publication: Publication) -> str | None:
    """The author's open task, of a request that was given back."""
    select = sa.select(HumanTask.id).where(HumanTask.instance_id == publication.instance_id)
    return session.scalar(select.where(HumanTask.node_id == "revise", HumanTask.status == "open"))


def of_draft(session: Session, draft_id: str) -> list[Publication]:
    """Newest first."""
    select = sa.select(Publication).where(Publication.draft_id == draft_id)
    return list(session.scalars(select.order_by(Publication.submitted_at.desc())))


def of_process(session: Session, key: str) -> list[Publication]:
    """Newest first."""
    select = sa.select(Publication).where(Publication.key == key)
    return list(session.scalars(select.order_by(Publication.submitted_at.desc())))


def in_force(session: Session, key: str) -> Definition | None:
    return session.scalar(sa.select(Definition).where(Definition.key == key, Definition.status == "published"))


def overtaken(session: Session, publication: Publication, *, for_update: bool = False) -> Overtaken | None:
    """That another version is in force than the one which the request was compared with; None where it is the same."""
    select = sa.select(Definition.version).where(Definition.key == publication.key, Definition.status == "published")
    now = session.scalar(select.with_for_update() if for_update else select)
    return None if now == publication.in_force else Overtaken(publication.in_force, now)


def version(session: Session, key: str, number: int | None) -> Definition | None:
    return session.scalar(sa.select(Definition).where(Definition.key == key, Definition.version == number))


def same_as(session: Session, package: Package) -> int | None:
    """The version that has exactly this content and was in force once."""
    select = sa.select(Definition.version).where(Definition.key == package.key, Definition.published_at.is_not(None))
    return session.scalar(select.where(Definition.content_hash == package.content_hash))


def versions(session: Session, key: str) -> list[Definition]:
    """Newest first. NotFound where there is no such process."""
    select = sa.select(Definition).where(Definition.key == key).order_by(Definition.version.desc())
    found = list(session.scalars(select))
    if not found:
        raise NotFound()
    return found


def running(session: Session, key: str) -> dict[int, int]:
    """How many instances run which version."""
    select = sa.select(Instance.definition_version, sa.func.count())
    select = select.where(Instance.definition_key == key, Instance.status.in_(GOING))
    return {number: count for number, count in session.execute(select.group_by(Instance.definition_version))}
