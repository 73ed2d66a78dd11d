"""Where the instances of a process stand, and how long its steps take: the live diagram of many at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import is_postgresql
from app.engine.core import Core
from app.engine.models import Child, HumanTask, Incident, Instance, Subscription, Timer

GOING = ("running", "suspended")
LATEST = 1000  # instances that averages are taken from, the last ones that began


@dataclass(frozen=True)
class Standing:
    """Tokens at one node, and how many of them are past their limit."""

    tokens: int = 0
    overdue: int = 0


@dataclass(frozen=True)
class Pace:
    """Times that a step was done: how many, their mean in seconds, how many had a limit and were late."""

    done: int
    mean: float
    limited: int
    late: int

    @property
    def share_late(self) -> float | None:
        return self.late / self.limited if self.limited else None


class StandingReads(Core):
    """`conditions` are about Instance: the process, a parent, and the caller's row scope, which is his to ask."""

    def standing(
        self, session: Session, conditions: Sequence[sa.ColumnElement[bool]], now: dt.datetime
    ) -> dict[str, Standing]:
        """Tokens of all that go on, by node. Several signers of one step are one token."""
        ids = sa.select(Instance.id).where(Instance.status.in_(GOING), *conditions)
        waits = sa.union(*_waits(ids)).subquery()
        rows = session.execute(sa.select(waits.c.node_id, sa.func.count()).group_by(waits.c.node_id)).all()
        opened = sa.and_(HumanTask.instance_id.in_(ids), HumanTask.status == "open", HumanTask.due_at < now)
        past = sa.select(HumanTask.node_id, sa.func.count(HumanTask.spiff_task_id.distinct())).where(
            opened, HumanTask.paused_at.is_(None)
        )
        late = {str(node): number for node, number in session.execute(past.group_by(HumanTask.node_id))}
        return {str(node): Standing(number, late.get(str(node), 0)) for node, number in rows}

    def pace(self, session: Session, conditions: Sequence[sa.ColumnElement[bool]]) -> dict[str, Pace]:
        """How long the human steps of the last instances took from arrival to completion, and how often too long."""
        latest = sa.select(Instance.id).where(*conditions).order_by(Instance.started_at.desc()).limit(LATEST).subquery()
        limited = HumanTask.due_at.is_not(None)
        rows = session.execute(
            sa.select(
                HumanTask.node_id,
                sa.func.count(),
                sa.func.avg(_seconds(session)),
                sa.func.sum(sa.case((limited, 1), else_=0)),
                sa.func.sum(sa.case((sa.and_(limited, HumanTask.late), 1), else_=0)),
            )
            .join(latest, latest.c.id == HumanTask.instance_id)
            .where(HumanTask.status == "done")
            .group_by(HumanTask.node_id)
        )
        return {str(row[0]): Pace(row[1], float(row[2] or 0), int(row[3] or 0), int(row[4] or 0)) for row in rows}


def _seconds(session: Session) -> Any:
    """From a task's arrival to its completion."""
    if is_postgresql(session):
        return sa.func.extract("epoch", HumanTask.completed_at - HumanTask.created_at)
    days = sa.func.julianday(HumanTask.completed_at) - sa.func.julianday(HumanTask.created_at)
    return sa.type_coerce(days * 86400, sa.Float)


def _waits(ids: Any) -> list[sa.Select[Any]]:
    """(node, token) of everything that waits: for people, the clock, messages, children, or somebody's retry."""

    def of(model: Any, owner: Any, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return sa.select(model.node_id, model.spiff_task_id).where(owner.in_(ids), *conditions)

    return [
        of(HumanTask, HumanTask.instance_id, HumanTask.status == "open"),
        of(Timer, Timer.instance_id, Timer.state == "waiting", Timer.kind == "event"),
        of(Subscription, Subscription.instance_id, Subscription.state == "waiting"),
        of(Incident, Incident.instance_id, Incident.resolved_at.is_(None), Incident.spiff_task_id.is_not(None)),
        of(Child, Child.parent_id, Child.waits.is_(True), Child.told_at.is_(None)),
    ]
