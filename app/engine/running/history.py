"""What happened, append-only and chained by hash per instance, with the notification that goes with each line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Break, chain_hash
from app.db import new_id
from app.engine.models import History, Instance, Outbox
from app.prepared import Prepared

if TYPE_CHECKING:
    from app.engine.running.checkout import Happened

GENESIS = "0" * 64
_HISTORY = History.__table__
_INSTANCE = Instance.__table__
_LAST = Prepared(
    sa.select(_HISTORY.c.seq, _HISTORY.c.hash)
    .where(_HISTORY.c.instance_id == sa.bindparam("instance_id"))
    .order_by(_HISTORY.c.seq.desc())
    .limit(1)
)
_ADD, _SEND = Prepared(sa.insert(_HISTORY)), Prepared(sa.insert(Outbox.__table__))


def append(session: Session, instance_id: str, at: dt.datetime, lines: Sequence[Happened]) -> None:
    """Add lines in order, inside the write transaction of what they tell."""
    if not lines:
        return
    last = _LAST.first(session, {"instance_id": instance_id})
    seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
    rows, letters = [], []
    for line in lines:
        seq += 1
        row: dict[str, Any] = {
            "id": new_id(),
            "instance_id": instance_id,
            "seq": seq,
            "at": at,
            "event": line.event,
            "node_id": line.node_id,
            "task_id": line.task_id,
            "actor_id": line.actor.id,
            "actor_name": line.actor.name,
            "actor_org": line.actor.org_name,
            "data": line.data | _for_whom(line),
            "previous_hash": previous,
        }
        previous = row["hash"] = chain_hash(previous, _content(row))
        rows.append(row)
        if line.notify is not None:
            letters.append(_told(line, row))
        if line.send is not None:
            kind, payload = line.send
            letters.append(_letter(f"{kind}:{instance_id}:{seq}", kind, payload, at))
    _ADD.run(session, rows)
    if letters:
        _SEND.run(session, letters)


def _for_whom(line: Happened) -> dict[str, Any]:
    """代…办理: the colleague in whose place the actor acted."""
    return {"for_id": line.actor.for_id, "for_name": line.actor.for_name} if line.actor.for_id else {}


def _told(line: Happened, row: dict[str, Any]) -> dict[str, Any]:
    """An outbox row of kind `event`."""
    payload = {
        "event": line.event,
        "instance_id": row["instance_id"],
        "task_id": line.task_id,
        "node_id": line.node_id,
        "actor_id": line.actor.id,
        "actor_name": line.actor.name,
        "at": row["at"].isoformat(),
    } | (line.notify or {})
    return _letter(f"event:{row['instance_id']}:{row['seq']}", "event", payload, row["at"])


def _letter(key: str, kind: str, payload: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
    """An outbox row; its key makes a second delivery recognisable."""
    return {
        "id": new_id(),
        "key": key,
        "kind": kind,
        "payload": payload,
        "state": "waiting",
        "created_at": at,
        "next_attempt_at": at,
        "attempts": 0,
        "fence": 0,
    }


def _content(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "instance": row["instance_id"],
        "seq": row["seq"],
        "at": row["at"].astimezone(dt.UTC).isoformat(),
        "event": row["event"],
        "node": row["node_id"],
        "task": row["task_id"],
        "actor": [row["actor_id"], row["actor_name"], row["actor_org"]],
        "data": row["data"],
    }


def verify(session: Session, instance_id: str) -> Break | None:
    """The first line at which the chain breaks, or None; also tells an instance without its first line."""
    previous, expected = GENESIS, 1
    rows = session.execute(
        sa.select(*_HISTORY.c).where(_HISTORY.c.instance_id == instance_id).order_by(_HISTORY.c.seq)
    ).mappings()
    for row in rows:
        if row["seq"] != expected:
            return Break(row["seq"], f"line {expected} is missing")
        if row["previous_hash"] != previous or row["hash"] != chain_hash(previous, _content(dict(row))):
            return Break(row["seq"], "content does not match its hash")
        previous, expected = row["hash"], expected + 1
    return Break(1, "line 1 is missing") if expected == 1 else None


def verify_all(session: Session) -> Iterable[tuple[str, Break]]:
    """Every instance whose history chain is broken."""
    for instance_id in session.scalars(sa.select(_INSTANCE.c.id)).all():
        if broken := verify(session, instance_id):
            yield instance_id, broken
