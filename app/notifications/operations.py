"""Telling people. None of this commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import AccountsDirectory, proxies
from app.engine import HumanTask, Instance
from app.notifications.models import Notification
from app.notifications.texts import EVENTS
from app.prepared import Prepared

_T, _I = HumanTask.__table__.c, Instance.__table__.c
# What messages tell of: an instance's row has its whole state in it, and a task's the data it starts from.
_TASK = Prepared(
    sa.select(
        *(_T.id, _T.instance_id, _T.status, _T.signing_id, _T.assignee_id, _T.role, _T.org_id, _T.title),
        *(_T.name_zh, _T.name_en, _T.process_zh, _T.process_en, _T.due_at),
    ).where(_T.id == sa.bindparam("task_id"))
)
_INSTANCE = Prepared(
    sa.select(_I.id, _I.title, _I.starter_id, _I.subject_kind, _I.subject_id).where(
        _I.id == sa.bindparam("instance_id")
    )
)


def tell(
    session: Session,
    user_ids: Iterable[str],
    *,
    event: str,
    key: str,
    params: Mapping[str, Any],
    url: str,
    now: dt.datetime,
    instance_id: str | None = None,
    task_id: str | None = None,
) -> int:
    """Write one message per person; whoever has this key already is not told again. The number of new messages."""
    wanted = set(user_ids)
    told = set(
        session.scalars(
            sa.select(Notification.user_id).where(Notification.key == key, Notification.user_id.in_(wanted))
        )
    )
    message = {
        "key": key,
        "event": event,
        "params": dict(params),
        "url": url,
        "instance_id": instance_id,
        "task_id": task_id,
        "created_at": now,
    }
    if new := sorted(wanted - told):
        session.execute(sa.insert(Notification), [message | {"user_id": user_id} for user_id in new])
    return len(new)


def deliver(session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> int:
    """Handle one engine event of the outbox: find whom it concerns and tell them, except who did it."""
    event = str(payload.get("event", ""))
    if event not in EVENTS:
        return 0
    task = _TASK.first(session, {"task_id": payload["task_id"]}) if payload.get("task_id") else None
    instance_id = payload.get("instance_id") or (task.instance_id if task else "")
    instance = _INSTANCE.first(session, {"instance_id": instance_id})
    people = _recipients(session, event, payload, task, instance)
    if people and task is not None and task.status == "open" and task.signing_id is None:
        people |= proxies(session, people, now)
    people -= {payload.get("actor_id")}
    return tell(
        session,
        people,
        event=event,
        key=key,
        params=_params(payload, task, instance),
        url=_url(event, task, instance),
        instance_id=instance.id if instance else None,
        task_id=task.id if task else None,
        now=now,
    )


# Whom these concern they say themselves.
_ADDRESSED = frozenset(
    {
        "task.copied",
        "task.reassigned",
        "task.delegated",
        "task.handed_back",
        "task.taken_back",
        "task.signer_added",
        "task.signer_removed",
    }
)


def _recipients(
    session: Session,
    event: str,
    payload: Mapping[str, Any],
    task: Any,
    instance: Any,
) -> set[str]:
    """Who must know. A task that is claimed concerns its holder, an unclaimed one everybody who may take it."""
    named = {str(u) for u in payload.get("user_ids") or [] if u}
    if event in _ADDRESSED and named:
        return named
    if event == "instance.ended":
        return named | ({instance.starter_id} if instance and instance.starter_id else set())
    if task is None:
        return named
    if task.status != "open" and event != "task.commented":
        return named  # done meanwhile: nobody is sent to a task that is gone
    return named | _holders(session, task)


def _holders(session: Session, task: Any) -> set[str]:
    if task.assignee_id:
        return {task.assignee_id}
    if task.role is None and task.org_id is None:
        return set()
    return {person.id for person in AccountsDirectory().candidates(session, task.role, task.org_id)}


def _params(payload: Mapping[str, Any], task: Any, instance: Any) -> dict[str, Any]:
    about = task or instance
    params: dict[str, Any] = {
        "title": about.title if about else "",
        "actor": payload.get("actor_name") or "",
    }
    if task is not None:
        params |= {
            "task_zh": task.name_zh,
            "task_en": task.name_en,
            "process_zh": task.process_zh,
        }
        params |= {"process_en": task.process_en}
        params["due_at"] = task.due_at.isoformat() if task.due_at and task.status == "open" else None
    for name in ("text", "level", "reason", "process_zh", "process_en", "end_zh", "end_en"):
        if payload.get(name):
            params["text" if name == "reason" else name] = payload[name]
    return {name: value for name, value in params.items() if value}


def _url(event: str, task: Any, instance: Any) -> str:
    if task is not None:
        return f"/tasks/{task.id}"
    if instance is not None and instance.subject_kind == "hazard" and instance.subject_id:
        return f"/hazards/{instance.subject_id}"
    return ""


def mark_read(session: Session, user_id: str, ids: Iterable[str] | None, now: dt.datetime) -> int:
    """Mark these messages of the person as read (all with None); how many were unread."""
    unread = sa.and_(Notification.user_id == user_id, Notification.read_at.is_(None))
    if ids is not None:
        unread = sa.and_(unread, Notification.id.in_(list(ids)))
    result = cast("sa.CursorResult[Any]", session.execute(sa.update(Notification).where(unread).values(read_at=now)))
    return result.rowcount


# What asks somebody to act; when the task is over it asks nobody any more.
_ASKING = (
    "task.created",
    "task.reassigned",
    "task.delegated",
    "task.urged",
    "task.reminded",
    "task.overdue",
)


def lapse(session: Session, now: dt.datetime, most: int = 500) -> int:
    """Mark as read what asks for a task that is over: the number on the bell is what still waits. How many, at most."""
    over = (
        sa.select(Notification.id)
        .join(HumanTask, HumanTask.id == Notification.task_id)
        .where(Notification.read_at.is_(None), Notification.event.in_(_ASKING), HumanTask.status != "open")
        .limit(most)
    )
    ids = list(session.scalars(over))
    if ids:
        session.execute(sa.update(Notification).where(Notification.id.in_(ids)).values(read_at=now))
    return len(ids)
