from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import scope_condition
from app.errors import NotFound
from app.notifications.models import Notification


def notifications(user: Any, *, unread: bool = False, event: str = "") -> sa.Select[Any]:
    """The person's messages, unread ones first, newest first."""
    select = sa.select(Notification).where(scope_condition(Notification, user))
    if unread:
        select = select.where(Notification.read_at.is_(None))
    if event:
        select = select.where(Notification.event == event)
    return select.order_by(
        Notification.read_at.is_not(None),
        Notification.created_at.desc(),
        Notification.id.desc(),
    )


def get(session: Session, notification_id: str, user: Any) -> Notification:
    """One message of the person; NotFound for everybody else's."""
    own = sa.select(Notification).where(Notification.id == notification_id, scope_condition(Notification, user))
    found = session.scalar(own)
    if found is None:
        raise NotFound()
    return found


def unread_count(session: Session, user: Any) -> int:
    own = sa.select(sa.func.count()).where(Notification.user_id == user.id, Notification.read_at.is_(None))
    return int(session.scalar(own) or 0)


def event_counts(session: Session, user: Any, *, unread: bool) -> dict[str, int]:
    """How many messages of each kind; "" counts all."""
    select = sa.select(Notification.event, sa.func.count()).where(scope_condition(Notification, user))
    if unread:
        select = select.where(Notification.read_at.is_(None))
    counts = {str(event): int(n) for event, n in session.execute(select.group_by(Notification.event))}
    return {"": sum(counts.values()), **counts}
