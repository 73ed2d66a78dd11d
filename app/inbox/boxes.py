"""The boxes of the inbox: which tasks lie in which, and what a person may see at all. All of it is SQL conditions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.accounts import Principal, addresses, effective, principals, scope_condition
from app.clock import SHANGHAI, local
from app.engine import HumanTask, Instance, TaskCopy

Condition = sa.ColumnElement[bool]
BOXES = ("todo", "claimable", "proxy", "started", "done", "cc", "passed")
LIGHTS = ("red", "amber", "green", "paused", "none")
# Written into the statement, not bound: only so do SQLite's partial indexes on open tasks apply.
OPEN: sa.ColumnElement[str] = sa.literal_column("'open'")


def mine(user: Any) -> Condition:
    return sa.and_(HumanTask.status == OPEN, HumanTask.assignee_id == user.id)


def addressed(user: Any) -> Condition:
    """Addressed to a role and organisation that the person fills, whatever became of it."""
    offered = [sa.and_(HumanTask.role.is_(None), HumanTask.org_id == user.org_id)]
    for grant in user.grants:
        roles = HumanTask.role.in_(effective([grant.role]))
        offered.append(sa.and_(roles, sa.or_(HumanTask.org_id == grant.org_id, HumanTask.org_id.is_(None))))
    return sa.or_(*offered)


def claimable(user: Any) -> Condition:
    """Open, held by nobody, and addressed to a role and organisation that the person fills."""
    return sa.and_(HumanTask.status == OPEN, HumanTask.assignee_id.is_(None), addressed(user))


def pools(user: Any) -> list[Condition]:
    """The same as `claimable`, as conditions of which at most one holds for a task.

    Each is one search in the index of the pool; a single OR makes SQLite fetch every row of the pool instead.
    """
    free = sa.and_(HumanTask.status == OPEN, HumanTask.assignee_id.is_(None))
    found = [sa.and_(free, HumanTask.role.is_(None), HumanTask.org_id == user.org_id)]
    for roles, orgs in addresses(user):
        there = HumanTask.org_id.is_(None) if orgs is None else HumanTask.org_id.in_(orgs)
        found.append(sa.and_(free, HumanTask.role.in_(roles), there))
    return found


def started(user: Any) -> Condition:
    """What became of what the person began: its open steps; of a finished instance its last step."""
    own = sa.select(Instance.id).where(Instance.starter_id == user.id)
    other = aliased(HumanTask)
    left = sa.exists().where(
        other.instance_id == HumanTask.instance_id, sa.or_(other.id > HumanTask.id, other.status == OPEN)
    )
    return sa.and_(HumanTask.instance_id.in_(own), sa.or_(sa.and_(HumanTask.status == OPEN, once()), ~left))


def once() -> Condition:
    """Of the open rows of a step that several sign only the first: to whoever does not sign they are one matter."""
    other = aliased(HumanTask)
    earlier = sa.exists().where(other.signing_id == HumanTask.signing_id, other.status == OPEN, other.id < HumanTask.id)
    return sa.or_(HumanTask.signing_id.is_(None), ~earlier)


def done(user: Any) -> Condition:
    return HumanTask.completed_by_id == str(user.id)


def copied(user: Any) -> Condition:
    return HumanTask.id.in_(sa.select(TaskCopy.task_id).where(TaskCopy.user_id == user.id))


def passed(user: Any) -> Condition:
    """What the person passed on or delegated and others have in hand now."""
    return sa.and_(HumanTask.status == OPEN, HumanTask.passed_by_id == user.id, HumanTask.assignee_id != user.id)


def proxy(user: Any) -> Condition:
    """What colleagues who are away hold or might take, and this person does for them meanwhile (代办).

    Signatures are given in person; what is offered to the person anyway lies in the pool.
    """
    found = [sa.and_(HumanTask.status == OPEN, HumanTask.signing_id.is_(None), of) for of in map(_of, principals(user))]
    return sa.and_(sa.or_(*found), sa.not_(claimable(user))) if found else sa.false()


def _of(away: Principal) -> Condition:
    return sa.or_(HumanTask.assignee_id == away.id, sa.and_(HumanTask.assignee_id.is_(None), addressed(away)))


_IN_BOX: dict[str, Callable[[Any], Condition]] = {
    "todo": mine,
    "claimable": claimable,
    "proxy": proxy,
    "started": started,
    "done": done,
    "cc": copied,
    "passed": passed,
}


def in_box(box: str, user: Any) -> Condition:
    return _IN_BOX[box](user)


def parts(box: str, user: Any) -> list[Condition]:
    """Conditions that together give the box, no task twice: what lists and counts search one after the other."""
    return pools(user) if box == "claimable" else [in_box(box, user)]


def may_see(user: Any) -> Condition:
    """Row scope, and whatever was ever put before this person: held, done, offered, copied."""
    return sa.or_(
        scope_condition(HumanTask, user),
        HumanTask.assignee_id == user.id,
        done(user),
        claimable(user),
        copied(user),
        proxy(user),
    )


def light_of(now: dt.datetime) -> sa.ColumnElement[str]:
    """The light of each row; a finished task is red when it was late, green otherwise."""
    return sa.case(
        (HumanTask.due_at.is_(None), "none"),
        (sa.and_(HumanTask.status != OPEN, HumanTask.late), "red"),
        (HumanTask.status != OPEN, "green"),
        (HumanTask.paused_at.is_not(None), "paused"),
        (HumanTask.due_at < now, "red"),
        (HumanTask.amber_at <= now, "amber"),
        else_="green",
    )


def group_of(now: dt.datetime) -> sa.ColumnElement[str]:
    """Under which heading an open task stands: by the day it falls due. Sorts in the order of the headings."""
    today = dt.datetime.combine(local(now).date(), dt.time(), tzinfo=SHANGHAI)
    return sa.case(
        (HumanTask.status != OPEN, "6-ended"),
        (HumanTask.due_at.is_(None), "5-none"),
        (HumanTask.paused_at.is_not(None), "4-later"),
        (HumanTask.due_at < now, "1-overdue"),
        (HumanTask.due_at < today + dt.timedelta(1), "2-today"),
        (HumanTask.due_at < today + dt.timedelta(2), "3-tomorrow"),
        else_="4-later",
    )
