"""Reads of the inbox: the list with its counts, one task, one instance, and what stands around them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.accounts import (
    SEPARATED,
    AccountsDirectory,
    Grant,
    Organisation,
    Region,
    User,
    find_people,
    holders,
    like,
    scope_condition,
    within,
)
from app.engine import History, HumanTask, Instance, Participant, TaskComment, TaskCopy
from app.errors import NotFound
from app.inbox import boxes
from app.inbox.boxes import Condition
from app.prepared import Prepared

_TASK = HumanTask.__table__.c
_AT_HAND = Prepared(
    sa.select(_TASK.status, _TASK.assignee_id, _TASK.role, _TASK.org_id).where(_TASK.id == sa.bindparam("task_id"))
)
SORTS: dict[str, Any] = {"due": HumanTask.due_at, "created": HumanTask.created_at, "title": HumanTask.title}


def listed(
    session: Session,
    user: Any,
    box: str,
    filters: Mapping[str, Any],
    now: dt.datetime,
    sort: str = "",
    *,
    limit: int,
    offset: int = 0,
) -> list[tuple[HumanTask, str]]:
    """(task, heading) of a stretch of one box, filtered and in order.

    What comes into it is decided on the index alone; only the tasks that are shown are fetched.
    """
    chosen = list(session.execute(_in_order(user, box, filters, now, sort).limit(limit).offset(offset)))
    select = sa.select(HumanTask).where(HumanTask.id.in_([row.id for row in chosen]))
    by_id = {task.id: task for task in session.scalars(select)}
    return [(by_id[row.id], row.heading) for row in chosen if row.id in by_id]


def total(session: Session, user: Any, box: str, filters: Mapping[str, Any], now: dt.datetime) -> int:
    """How many tasks of a box pass the filters."""
    rows = rows_in(user, box, [sa.literal(1).label("one")], filtered(filters, now))
    return session.scalar(sa.select(sa.func.count()).select_from(rows)) or 0


def ids(session: Session, user: Any, box: str, filters: Mapping[str, Any], now: dt.datetime, sort: str) -> list[str]:
    """The tasks of a filtered list in its order, for going from one to the next; the first 500."""
    return [str(row.id) for row in session.execute(_in_order(user, box, filters, now, sort).limit(500))]


def rows_in(
    user: Any, box: str, columns: Iterable[sa.ColumnElement[Any]], conditions: Iterable[Condition] = ()
) -> sa.Subquery:
    """These columns of the tasks in a box."""
    wanted, narrowed = list(columns), list(conditions)
    selects = [sa.select(*wanted).where(part, *narrowed) for part in boxes.parts(box, user)]
    return (selects[0] if len(selects) == 1 else sa.union_all(*selects)).subquery()


def _in_order(user: Any, box: str, filters: Mapping[str, Any], now: dt.datetime, sort: str) -> sa.Select[Any, Any]:
    """(id, heading) of one box."""
    keys = _order(box, user, sort, now)
    columns = [key.label(f"key{number}") for number, (key, _down) in enumerate(keys)]
    labels = [HumanTask.id.label("id"), boxes.group_of(now).label("heading")]
    rows = rows_in(user, box, [*labels, *columns], filtered(filters, now))
    order = [rows.c[f"key{n}"].desc() if down else rows.c[f"key{n}"].asc() for n, (_key, down) in enumerate(keys)]
    return sa.select(rows.c.id, rows.c.heading).order_by(*order, rows.c.id)


def filtered(filters: Mapping[str, Any], now: dt.datetime) -> list[Condition]:
    found = [] if (text := matches(filters)) is None else [text]
    if filters.get("light"):
        found.append(boxes.light_of(now) == filters["light"])
    if filters.get("process"):
        found.append(HumanTask.definition_key == filters["process"])
    if step := str(filters.get("step") or ""):
        definition, _dot, node = step.partition(".")
        found += [HumanTask.definition_key == definition, HumanTask.node_id == node]
    if filters.get("urged"):
        found.append(HumanTask.urges > 0)
    return found


def matches(filters: Mapping[str, Any]) -> Condition | None:
    """The place and the words that are asked for; None where neither is."""
    found: list[Condition] = []
    if filters.get("region"):
        found.append(within(HumanTask.region_code, filters["region"]))
    if q := str(filters.get("q") or "").strip():
        columns = (HumanTask.title, HumanTask.business_key, HumanTask.name_zh, HumanTask.name_en, HumanTask.from_name)
        found.append(sa.or_(*(column.ilike(like(q), escape="\\") for column in columns)))
    return sa.and_(*found) if found else None


def _order(box: str, user: Any, sort: str, now: dt.datetime) -> list[tuple[Any, bool]]:
    """(key, downwards): what was asked for; else what is finished newest first, and what is due first before the rest.

    Ids grow with time, so that tasks due at the same instant stand in the order in which they came up.
    """
    column = SORTS.get(sort.lstrip("-"))
    if column is not None:
        return [(column.is_(None), False), (column, sort.startswith("-"))]
    if box == "done":
        return [(HumanTask.completed_at, True)]
    if box == "cc":
        at = sa.select(TaskCopy.created_at).where(TaskCopy.task_id == HumanTask.id, TaskCopy.user_id == user.id)
        return [(at.scalar_subquery(), True)]
    return [(boxes.group_of(now), False), (HumanTask.due_at, False)]


def todo_count(session: Session, user: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(HumanTask).where(boxes.mine(user))) or 0


def is_asked(session: Session, user: Any) -> bool:
    """Whether a task waits for the person: held by them, or for anybody of their role to take."""
    waits = (sa.select(HumanTask.id).where(where).exists() for where in (boxes.mine(user), *boxes.pools(user)))
    return bool(session.scalar(sa.select(sa.or_(*waits))))


def unread_copies(session: Session, user: Any, rows: Iterable[HumanTask]) -> frozenset[str]:
    """Which of these tasks were copied to the person and not read yet."""
    select = sa.select(TaskCopy.task_id).where(
        TaskCopy.user_id == user.id, TaskCopy.read_at.is_(None), TaskCopy.task_id.in_([row.id for row in rows])
    )
    return frozenset(session.scalars(select))


def read_copy(session: Session, user: Any, task_id: str, now: dt.datetime) -> None:
    """The person has seen the copy of this task."""
    mine = sa.and_(TaskCopy.task_id == task_id, TaskCopy.user_id == user.id, TaskCopy.read_at.is_(None))
    session.execute(sa.update(TaskCopy).where(mine).values(read_at=now))


def task(session: Session, task_id: str, user: Any) -> HumanTask:
    """The task, if the person may see it; else NotFound."""
    found = session.scalar(sa.select(HumanTask).where(HumanTask.id == task_id, boxes.may_see(user)))
    if found is None:
        raise NotFound()
    return found


def is_at_hand(session: Session, task_id: str, user: Any) -> bool:
    """Whether the task is open and held by this person, or free and theirs to take: the usual case, asked cheaply.

    Whoever it is not so for may still see it; the whole rule answers then.
    """
    row = _AT_HAND.first(session, {"task_id": task_id})
    if row is None or row.status != "open":
        return False
    if row.assignee_id is not None:
        return bool(row.assignee_id == user.id)
    return AccountsDirectory().is_candidate(session, user.id, row.role, row.org_id)


def task_to_act_on(session: Session, task_id: str, user: Any) -> HumanTask:
    """The task, also for somebody it was offered to until a moment ago: who comes second is told who was faster.

    That is all they are told: a task that is no longer open shows its page only to those who may see it.
    """
    offered = sa.or_(boxes.may_see(user), boxes.addressed(user))
    found = session.scalar(sa.select(HumanTask).where(HumanTask.id == task_id, offered))
    if found is None:
        raise NotFound()
    return found


def sees(session: Session, task_id: str, user: Any) -> bool:
    return session.scalar(sa.select(HumanTask.id).where(HumanTask.id == task_id, boxes.may_see(user))) is not None


def instance(session: Session, instance_id: str, user: Any) -> Instance:
    """The instance, if it lies in the person's scope or one of its tasks was ever put before them; else NotFound."""
    seen = sa.exists().where(HumanTask.instance_id == Instance.id, boxes.may_see(user))
    condition = sa.or_(scope_condition(Instance, user), Instance.starter_id == user.id, seen)
    found = session.scalar(sa.select(Instance).where(Instance.id == instance_id, condition))
    if found is None:
        raise NotFound()
    return found


def tasks_of(session: Session, instance_id: str) -> list[HumanTask]:
    """All tasks of an instance in the order they came up."""
    select = sa.select(HumanTask).where(HumanTask.instance_id == instance_id)
    return list(session.scalars(select.order_by(HumanTask.id)))


def rounds(session: Session, rows: Iterable[HumanTask]) -> dict[str, int]:
    """For tasks whose step was done before in the same instance: which time this is. What several sign is once."""
    found = list(rows)
    earlier, later = aliased(HumanTask), HumanTask
    times = sa.func.coalesce(earlier.signing_id, earlier.id)
    select = (
        sa.select(later.id, sa.func.count(times.distinct()))
        .join(
            earlier,
            sa.and_(
                earlier.instance_id == later.instance_id,
                earlier.node_id == later.node_id,
                earlier.status == "done",
                earlier.id < later.id,
                sa.or_(later.signing_id.is_(None), earlier.signing_id.is_distinct_from(later.signing_id)),
            ),
        )
        .where(later.id.in_([row.id for row in found]))
        .group_by(later.id)
    )
    return {str(task_id): int(count) + 1 for task_id, count in session.execute(select)}


def returns(session: Session, rows: Iterable[HumanTask]) -> dict[str, int]:
    """For tasks whose step work was returned to: how often."""
    found = list(rows)
    lines = sa.select(History.instance_id, History.data).where(
        History.event == "task.returned", History.instance_id.in_({row.instance_id for row in found})
    )
    counted: dict[tuple[str, str], int] = {}
    for instance_id, data in session.execute(lines):
        key = (instance_id, str((data or {}).get("to")))
        counted[key] = counted.get(key, 0) + 1
    counts = {row.id: counted.get((row.instance_id, row.node_id), 0) for row in found}
    return {task_id: count for task_id, count in counts.items() if count}


def names_of(session: Session, rows: Iterable[HumanTask]) -> dict[str, dict[str, Any]]:
    """Regions and organisations that the rows name: {"region": {code: Region}, "org": {id: Organisation}}."""
    found = list(rows)
    regions = {row.region_code for row in found if row.region_code}
    orgs = {row.org_id for row in found if row.org_id}
    return {
        "region": {r.code: r for r in session.scalars(sa.select(Region).where(Region.code.in_(regions)))},
        "org": {o.id: o for o in session.scalars(sa.select(Organisation).where(Organisation.id.in_(orgs)))},
    }


def start_data(session: Session, instance_id: str) -> dict[str, Any]:
    """What an instance was started with."""
    select = sa.select(History.data).where(History.instance_id == instance_id, History.event == "instance.started")
    data: dict[str, Any] = (session.scalar(select.limit(1)) or {}).get("data") or {}
    return data


def comments(session: Session, instance_id: str) -> list[TaskComment]:
    """The discussion beside the instance's tasks, oldest first."""
    select = sa.select(TaskComment).where(TaskComment.instance_id == instance_id)
    return list(session.scalars(select.order_by(TaskComment.created_at, TaskComment.id)))


def copies(session: Session, task_id: str) -> frozenset[str]:
    """Who has been sent a copy of a task."""
    return frozenset(session.scalars(sa.select(TaskCopy.user_id).where(TaskCopy.task_id == task_id)))


def coming(session: Session, user: Any, limit: int = 2) -> list[HumanTask]:
    """What is under way with others in matters the person takes part in, soonest due first: their turn is next."""
    own = sa.select(Participant.instance_id).where(Participant.user_id == user.id)
    select = sa.select(HumanTask).where(
        HumanTask.status == boxes.OPEN,
        HumanTask.due_at.is_not(None),
        HumanTask.instance_id.in_(own),
        HumanTask.assignee_id.is_distinct_from(user.id),
        boxes.once(),
        boxes.may_see(user),
    )
    return list(session.scalars(select.order_by(HumanTask.due_at, HumanTask.id).limit(limit)))


def finished_on(session: Session, user: Any, since: dt.datetime) -> tuple[int, int]:
    """(how many tasks the person finished since an instant, how many of them late)."""
    select = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.cast(HumanTask.late, sa.Integer)), 0))
    row = session.execute(select.where(boxes.done(user), HumanTask.completed_at >= since)).one()
    return int(row[0]), int(row[1])


def copyable(user: Any, *, myself: bool = False) -> sa.Select[Any]:
    """Whom a task may be copied to: people one may know of, never the administrators, who see no business.

    A signature may also be asked of oneself.
    """
    separated = sa.select(Grant.user_id).where(Grant.role.in_(SEPARATED))
    found = find_people(user).where(User.id.not_in(separated))
    return found if myself else found.where(User.id != user.id)


def signers(task: HumanTask, user: Any, q: str) -> sa.Select[Any]:
    """Whom a signature may be asked of: by part of name or organisation; without it the own organisation's people,
    and those who hold the step's role.
    """
    found = copyable(user, myself=True)
    if q.strip():
        pattern = like(q)
        there = sa.select(Organisation.id).where(
            sa.or_(Organisation.name.ilike(pattern, escape="\\"), Organisation.short_name.ilike(pattern, escape="\\"))
        )
        return found.where(sa.or_(User.name.ilike(pattern, escape="\\"), User.org_id.in_(there)))
    same = sa.select(Grant.user_id).where(Grant.role.in_(holders(task.role))) if task.role else sa.select(sa.null())
    return found.where(sa.or_(User.org_id == user.org_id, User.id.in_(same)))


def colleagues(user: Any) -> sa.Select[Any]:
    """To whom work may be delegated: the others of one's own organisation."""
    return copyable(user).where(User.org_id == user.org_id)


def people(ids: Iterable[str]) -> sa.Select[Any]:
    """People by id, by name."""
    return sa.select(User).where(User.id.in_(list(ids))).order_by(User.name)
