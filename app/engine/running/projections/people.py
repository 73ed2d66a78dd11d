"""Who takes part in an instance, and who gets copies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import new_id
from app.engine.models import History, HumanTask, Participant, TaskCopy
from app.engine.packages.words import Words
from app.engine.running.checkout import Turn
from app.prepared import Prepared

_PARTICIPANT = Participant.__table__
_COPY = TaskCopy.__table__
_TASK, _HISTORY = HumanTask.__table__, History.__table__


def _join() -> sa.Insert:
    """A row for whoever has none yet: one statement, asked in every step."""
    given = {column.name: sa.bindparam(column.name, type_=column.type) for column in _PARTICIPANT.c}
    known = sa.exists().where(
        _PARTICIPANT.c.instance_id == given["instance_id"],
        *(_PARTICIPANT.c[name].is_not_distinct_from(given[name]) for name in ("user_id", "org_id", "role")),
    )
    return sa.insert(_PARTICIPANT).from_select(list(given), sa.select(*given.values()).where(~known))


_JOIN = Prepared(_join())


def copy_on_arrival(turn: Turn, words: Words, data: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """抄送 on arrival. A copy that cannot be addressed is left out: it must not stop the work."""
    people: set[str] = set()
    for copy in words.cc:
        value = turn.engine.evaluate_softly(copy.org, data) if copy.org else None
        org_id = turn.engine.directory.organisation(turn.session, value) if value else None
        if copy.org and org_id is None:
            continue
        people |= {p.id for p in turn.engine.directory.candidates(turn.session, copy.role, org_id)}
    if people:
        give_copies(turn.session, row["instance_id"], row["id"], people, None, turn.now)
        turn.happened("task.copied", node_id=row["node_id"], task_id=row["id"], notify={"user_ids": sorted(people)})


def give_copies(
    session: Session, instance_id: str, task_id: str, user_ids: Iterable[str], by_id: str | None, now: dt.datetime
) -> list[str]:
    """Copy a task to people who have none yet; whoever gets one takes part in the instance. The new ones."""
    have = set(session.scalars(sa.select(_COPY.c.user_id).where(_COPY.c.task_id == task_id)))
    new = [user_id for user_id in dict.fromkeys(user_ids) if user_id not in have]
    for user_id in new:
        session.execute(
            sa.insert(_COPY).values(
                id=new_id(), task_id=task_id, user_id=user_id, by_id=by_id, created_at=now, read_at=None
            )
        )
        participate(session, instance_id, user_id=user_id)
    return new


def take_copies(
    session: Session, instance_id: str, task_id: str, user_ids: Iterable[str], by_id: str | None
) -> list[str]:
    """Take away unread copies that this person gave. Who had to do with the instance in no other way no longer has."""
    mine = sa.and_(
        _COPY.c.task_id == task_id,
        _COPY.c.user_id.in_(list(user_ids)),
        _COPY.c.by_id == by_id,
        _COPY.c.read_at.is_(None),
    )
    gone = list(session.scalars(sa.select(_COPY.c.user_id).where(mine)))
    session.execute(sa.delete(_COPY).where(mine))
    for user_id in gone:
        if not _has_part(session, instance_id, user_id):
            session.execute(
                sa.delete(_PARTICIPANT).where(
                    _PARTICIPANT.c.instance_id == instance_id, _PARTICIPANT.c.user_id == user_id
                )
            )
    return gone


def _has_part(session: Session, instance_id: str, user_id: str) -> bool:
    """Whether somebody did, held or was copied anything here."""
    copies = sa.select(_COPY.c.id).join(_TASK, _TASK.c.id == _COPY.c.task_id)
    found = (
        copies.where(_TASK.c.instance_id == instance_id, _COPY.c.user_id == user_id),
        sa.select(_TASK.c.id).where(
            _TASK.c.instance_id == instance_id,
            sa.or_(_TASK.c.assignee_id == user_id, _TASK.c.completed_by_id == user_id, _TASK.c.passed_by_id == user_id),
        ),
        sa.select(_HISTORY.c.id).where(_HISTORY.c.instance_id == instance_id, _HISTORY.c.actor_id == user_id),
    )
    return any(session.execute(select.limit(1)).first() is not None for select in found)


def participate(
    session: Session,
    instance_id: str,
    *,
    user_id: str | None = None,
    org_id: str | None = None,
    role: str | None = None,
) -> None:
    """Remember who has to do with the instance."""
    who = {"instance_id": instance_id, "user_id": user_id, "org_id": org_id, "role": role}
    _JOIN.run(session, {"id": new_id(), **who})
