"""The children of an instance as rows: asked for, over, given up. Inside the write transaction of whoever says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor
from app.db import new_id
from app.engine.models import Child, Instance, Outbox
from app.engine.packages.call_words import KEPT, output_names
from app.engine.running.children.calling import Call
from app.engine.running.children.spec import waiting_calls
from app.engine.running.plain import checked
from app.engine.running.services import as_json

if TYPE_CHECKING:
    from app.engine.running.checkout import Turn

_CHILD, _INSTANCE, _OUTBOX = Child.__table__, Instance.__table__, Outbox.__table__
_OPEN = _CHILD.c.state.in_(("due", "running"))
OVER = ("ended", "cancelled", "failed")


def project_children(turn: Turn) -> None:
    """Store what the turn has asked for; give up the children of tokens that wait no longer."""
    if not turn.loaded.detaches:
        return
    for call in turn.calls:
        _store(turn, call)
    waiting = {str(task.id) for task in waiting_calls(turn.workflow)}
    mine = sa.and_(_CHILD.c.parent_id == turn.id, _CHILD.c.waits, _OPEN, _CHILD.c.dropped_at.is_(None))
    opened = set(turn.session.scalars(sa.select(_CHILD.c.spiff_task_id).where(mine).distinct()))
    if gone := opened - waiting:
        give_up(turn.session, sa.and_(mine, _CHILD.c.spiff_task_id.in_(gone)), turn.now, turn.actor, "")


def _store(turn: Turn, call: Call) -> None:
    if not call.inputs:
        return
    session, now = turn.session, turn.now
    here = sa.select(sa.func.max(_CHILD.c.round)).where(_CHILD.c.parent_id == turn.id, _CHILD.c.node_id == call.node_id)
    round_ = (session.scalar(here) or 0) + 1
    common = {
        "parent_id": turn.id,
        "node_id": call.node_id,
        "spiff_task_id": call.spiff_task_id,
        "round": round_,
        "depth": call.depth,
        "definition_id": call.definition_id,
        "definition_key": call.key,
        "waits": call.words.waits,
        "state": "due",
        "outputs": call.words.outputs,
        "complete_when": call.words.complete_when,
        "held": False,
        "created_at": now,
    }
    rows = [
        {"id": new_id(), "number": number, "inputs": dict(given)} | common for number, given in enumerate(call.inputs)
    ]
    session.execute(sa.insert(_CHILD), rows)
    session.execute(
        sa.insert(_OUTBOX), [letter("child.start", str(row["id"]), {"child_id": row["id"]}, now) for row in rows]
    )
    told = {"process": call.key, "number": len(rows), "waits": call.words.waits, "round": round_}
    turn.happened("children.called", node_id=call.node_id, data=told)


def give_up(session: Session, which: sa.ColumnElement[bool], now: dt.datetime, by: Actor, reason: str) -> None:
    """Nobody waits for these any more: what has not begun never does, the rest is cancelled after this commit."""
    session.execute(
        sa.update(_CHILD)
        .where(which, _CHILD.c.state == "due")
        .values(state="cancelled", ended_at=now, dropped_at=now, told_at=now, inputs={})
    )
    running = session.scalars(sa.select(_CHILD.c.id).where(which, _CHILD.c.state == "running")).all()
    if running:
        session.execute(sa.update(_CHILD).where(_CHILD.c.id.in_(running)).values(dropped_at=now))
        follow(session, running, now, by, reason)


def follow(session: Session, children: Any, now: dt.datetime, by: Actor, reason: str) -> None:
    """Have these children look at their parent after this commit, and do as it does."""
    actor = {"id": by.id, "name": by.name, "org_id": by.org_id, "org_name": by.org_name}
    letters = [
        letter("child.follow", f"{child_id}:{new_id()}", {"child_id": child_id, "reason": reason, "actor": actor}, now)
        for child_id in children
    ]
    if letters:
        session.execute(sa.insert(_OUTBOX), letters)


def follow_all(session: Session, parent_id: str, now: dt.datetime, by: Actor, reason: str) -> None:
    """The parent was suspended, resumed or cancelled."""
    waited = sa.and_(_CHILD.c.parent_id == parent_id, _CHILD.c.waits, _CHILD.c.state == "running")
    follow(session, session.scalars(sa.select(_CHILD.c.id).where(waited)).all(), now, by, reason)


def give_up_all(turn: Turn, reason: str) -> None:
    """The parent is cancelled, and with it whatever it waits for or has not begun yet."""
    mine = sa.and_(_CHILD.c.parent_id == turn.id, _OPEN, sa.or_(_CHILD.c.waits, _CHILD.c.state == "due"))
    give_up(turn.session, mine, turn.now, turn.actor, reason)


def over(turn: Turn, state: str) -> None:
    """A child is over: what its parent takes from it is kept, and the parent told after this commit."""
    if not turn.instance.get("parent_node"):
        return
    row = turn.session.execute(sa.select(_CHILD).where(_CHILD.c.instance_id == turn.id)).mappings().first()
    if row is None or row["state"] != "running":
        return
    turn.session.execute(
        sa.update(_CHILD)
        .where(_CHILD.c.id == row["id"])
        .values(state=state, ended_at=turn.now, end_node=turn.end_node, result=_taken(turn, row["outputs"]))
    )
    tell_parent(turn.session, row["id"], turn.now)


def tell_parent(session: Session, child_id: str, now: dt.datetime) -> None:
    """The key makes it once for each child, whatever happens twice."""
    session.execute(sa.insert(_OUTBOX), [letter("child.over", child_id, {"child_id": child_id}, now)])


def _taken(turn: Turn, outputs: str | None) -> dict[str, Any]:
    if not outputs:
        return {}
    data = turn.workflow.data_now
    if (names := output_names(outputs)) is not None:
        found: Any = {name: data.get(name) for name in names}
    else:
        found = turn.engine.evaluate_softly(outputs, data)
    if not isinstance(found, Mapping):
        return {}
    return {name: as_json(value) for name, value in checked(dict(found)).items() if name not in KEPT}


def waits_for_children(session: Session, parent_id: str) -> bool:
    """Whether a child that it waits for runs still, or is over and the parent has yet to hear of it."""
    left = sa.select(_CHILD.c.id).where(_CHILD.c.parent_id == parent_id, _CHILD.c.waits, _CHILD.c.told_at.is_(None))
    return session.execute(left.limit(1)).first() is not None


def letter(kind: str, key: str, payload: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "key": f"{kind}:{key}",
        "kind": kind,
        "payload": payload,
        "state": "waiting",
        "created_at": now,
        "next_attempt_at": now,
        "attempts": 0,
        "fence": 0,
    }


def results(session: Session, parent_id: str, spiff_task_id: str) -> list[dict[str, Any]]:
    """What a call has come to: a record for each child, in the order of its list. What still runs is given up."""
    rows = session.execute(
        sa.select(_CHILD, _INSTANCE.c.business_key)
        .join(_INSTANCE, _INSTANCE.c.id == _CHILD.c.instance_id, isouter=True)
        .where(_CHILD.c.parent_id == parent_id, _CHILD.c.spiff_task_id == spiff_task_id)
        .order_by(_CHILD.c.number)
    ).mappings()
    return [
        dict(row["result"] or {})
        | {
            "id": row["instance_id"],
            "index": row["number"],
            "business_key": row["business_key"],
            "status": row["state"] if row["state"] in OVER else "cancelled",
            "end": row["end_node"],
        }
        for row in rows
    ]


def count(session: Session, parent_id: str, spiff_task_id: str) -> dict[str, int]:
    """How many children of a call there are, and how many have ended in which way."""
    rows = session.execute(
        sa.select(_CHILD.c.state, sa.func.count())
        .where(_CHILD.c.parent_id == parent_id, _CHILD.c.spiff_task_id == spiff_task_id)
        .group_by(_CHILD.c.state)
    )
    found: dict[str, int] = {str(state): number for state, number in rows}
    counted = {state: found.get(state, 0) for state in OVER}
    return counted | {"total": sum(found.values()), "finished": sum(counted.values())}
