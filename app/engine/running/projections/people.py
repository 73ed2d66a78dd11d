"""Who takes part in an instance, and who gets copies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import new_id
from app.engine.models import Participant, TaskCopy
from app.engine.packages.words import Words
from app.engine.running.checkout import Turn

_PARTICIPANT = Participant.__table__
_COPY = TaskCopy.__table__
_KNOWN = sa.select(_PARTICIPANT.c.id).where(
    _PARTICIPANT.c.instance_id == sa.bindparam("instance_id"),
    *(_PARTICIPANT.c[name].is_not_distinct_from(sa.bindparam(name)) for name in ("user_id", "org_id", "role")),
)
_JOIN = sa.insert(_PARTICIPANT)


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
    if session.scalar(_KNOWN, who) is None:
        session.execute(_JOIN, {"id": new_id(), **who})
