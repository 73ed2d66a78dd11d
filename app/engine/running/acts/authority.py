"""Who may act on a task, and as whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.ports import Person
from app.engine.running.acts.asking import Asking
from app.i18n import lazy_
from app.prepared import Prepared

_TASK = HumanTask.__table__
_BY_ID = Prepared(sa.select(_TASK).where(_TASK.c.id == sa.bindparam("task_id")))
_LONG = ("data", "answers", "draft")  # nothing of them is asked again in a turn
_AGAIN = Prepared(
    sa.select(*(column for column in _TASK.c if column.name not in _LONG)).where(_TASK.c.id == sa.bindparam("task_id"))
)


def person(actor: Actor) -> dict[str, Any]:
    """An actor as the process data knows people."""
    return {"id": actor.id, "name": actor.name, "org_id": actor.org_id, "org_name": actor.org_name}


def open_task(session: Session, task_id: str, *, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The row of a task that can still be acted on. NotFound; Conflict tells who did it and when.

    `before`: the row as this turn read it. What decides whether it may be done (who holds it, how its clock stands,
    the step's words, which a migration may have changed) is read again; the long texts are not.
    """
    found = (_BY_ID if before is None else _AGAIN).first(session, {"task_id": task_id})
    if found is None:
        raise errors.NotFound()
    row: dict[str, Any] = dict(before or {}) | found._asdict()
    if row["status"] == "done":
        raise errors.Conflict(
            lazy_("%(name)s已办理这项工作", name=row["completed_by_name"] or lazy_("系统")),
            status="done",
            completed_by=row["completed_by_name"],
            completed_at=row["completed_at"].isoformat() if row["completed_at"] else None,
        )
    if row["status"] == "returned":
        raise errors.Conflict(lazy_("%(name)s已将这项工作退回", name=row["completed_by_name"]), status="returned")
    if row["status"] != "open":
        raise errors.Conflict(lazy_("这项工作已经撤销"), status=row["status"])
    return row


def require_may_act(
    engine: Core, session: Session, row: Mapping[str, Any], actor: Actor, *, preparing: bool = False
) -> Actor:
    """Only the holder, or while nobody holds it a candidate; in the place of either, who stands in while they are away.

    Gives the actor, with the name of whom it is for. The system may act for scenarios and the demo city. Whom a task
    was delegated to may only prepare it: it goes back to whoever is answerable for it.
    """
    if actor.id is None:
        return actor
    if row["assignee_id"] is not None:
        if row["assignee_id"] == actor.id and engine.directory.person(session, actor.id) is not None:
            _refuse_delegated(row, preparing)
            return actor
        if (away := represented(engine, session, row, actor.id)) is not None:
            _refuse_delegated(row, preparing)
            return _for(actor, away)
        raise (
            errors.Conflict(
                lazy_("%(name)s已签收这项工作", name=row["assignee_name"]),
                status="claimed",
                holder=row["assignee_name"],
            )
            if engine.directory.is_candidate(session, actor.id, row["role"], row["org_id"])
            else errors.Forbidden()
        )
    if engine.directory.is_candidate(session, actor.id, row["role"], row["org_id"]):
        return actor
    if (away := represented(engine, session, row, actor.id)) is None:
        raise errors.Forbidden()
    return _for(actor, away)


def _refuse_delegated(row: Mapping[str, Any], preparing: bool) -> None:
    if row["delegated_by_id"] is not None and not preparing:
        raise errors.Forbidden(lazy_("这项工作由%(name)s委派，填好后请交回，由其提交", name=row["delegated_by_name"]))


def represented(engine: Core, session: Session, row: Mapping[str, Any], user_id: str) -> Person | None:
    """In whose place somebody may act on an open task: its holder's, or while nobody holds it a candidate's.

    None where nobody's, or where the person may act in their own right. Signatures are given in person.
    """
    return Asking(engine, session, [], user_id).stands_in(SimpleNamespace(**row))


def _for(actor: Actor, away: Person) -> Actor:
    return replace(actor, for_id=away.id, for_name=away.name)


def supervises(engine: Core, session: Session, task: Any, user_id: str) -> bool:
    """Whether the person is of the organisation that supervises the matter and does not hold the task himself.

    `task` is a row of human_task: nobody decides about his own clock.
    """
    return Asking(engine, session, [task], user_id).supervises(task)
