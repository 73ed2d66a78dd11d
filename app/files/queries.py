from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import scope_condition, visible
from app.audit import Actor
from app.engine import Instance
from app.errors import NotFound
from app.files.models import Attachment

# Slices whose records carry files outside any process: kind → whether the person may see that record.
records: dict[str, Callable[[Session, Any, str], bool]] = {}


def find(session: Session, file_id: str, user: Any) -> Attachment:
    """The file, if the person sent it or may see what it is attached to; else NotFound."""
    attachment = session.get(Attachment, file_id)
    if attachment is None or not _may_see(session, attachment, user):
        raise NotFound()
    return attachment


def _may_see(session: Session, attachment: Attachment, user: Any) -> bool:
    own = sa.select(Attachment.id).where(Attachment.id == attachment.id, scope_condition(Attachment, user))
    if session.scalar(own) is not None:
        return True
    if attachment.instance_id:
        instance = sa.select(Instance.id).where(Instance.id == attachment.instance_id)
        if session.scalar(visible(instance, Instance, user)) is not None:
            return True
    reader = records.get(attachment.subject_kind or "")
    return bool(reader and attachment.subject_id and reader(session, user, attachment.subject_id))


def named(session: Session, ids: Iterable[str]) -> list[Attachment]:
    """The files with these ids, in the order given; unknown ids are left out. For pages that show a record."""
    wanted = [str(i) for i in ids]
    found = {a.id: a for a in session.scalars(sa.select(Attachment).where(Attachment.id.in_(wanted)))}
    return [found[i] for i in wanted if i in found]


def belongs(session: Session, ids: Iterable[str], actor: Actor, instance_id: str | None) -> bool:
    """Whether the actor may put these files into an answer: own and free, or attached to this instance already."""
    wanted = {str(i) for i in ids}
    free = sa.and_(
        Attachment.owner_id == actor.id,
        Attachment.instance_id.is_(None),
        Attachment.subject_id.is_(None),
    )
    allowed = sa.or_(free, Attachment.instance_id == instance_id) if instance_id else free
    count = sa.select(sa.func.count()).where(Attachment.id.in_(wanted), allowed)
    return (session.scalar(count) or 0) == len(wanted)


def of_instance(session: Session, instance_id: str) -> list[Attachment]:
    """Everything attached to an instance, newest first."""
    select = sa.select(Attachment).where(Attachment.instance_id == instance_id)
    return list(session.scalars(select.order_by(Attachment.created_at.desc(), Attachment.id)))
