from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base, dump_json

GENESIS = "0" * 64


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with the organisation acted for, or the system itself (id None).

    `for_id` and `for_name` name the colleague who is away and whose work this is (代…办理).
    """

    id: str | None
    name: str
    org_id: str | None = None
    org_name: str = ""
    for_id: str | None = None
    for_name: str = ""


SYSTEM = Actor(id=None, name="系统")


class AuditRecord(Base):
    """One act. `hash` covers the record and the hash before it: a change or a gap breaks the chain."""

    __tablename__ = "audit_record"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    actor_id: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    actor_name: Mapped[str] = mapped_column(sa.String(80))
    action: Mapped[str] = mapped_column(sa.String(80))
    object_kind: Mapped[str] = mapped_column(sa.String(40))
    object_id: Mapped[str | None] = mapped_column(sa.String(80), index=True)
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


@dataclass(frozen=True)
class Break:
    """Where a chain no longer holds."""

    seq: int
    reason: str


def chain_hash(previous: str, content: dict[str, Any]) -> str:
    """SHA-256 over the hash before and the record's canonical JSON."""
    return hashlib.sha256((previous + dump_json(content)).encode()).hexdigest()


def _content(row: AuditRecord) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "at": row.at.astimezone(dt.UTC).isoformat(),
        "actor": [row.actor_id, row.actor_name],
        "action": row.action,
        "object": [row.object_kind, row.object_id],
        "detail": row.detail,
    }


def record(
    session: Session,
    at: dt.datetime,
    actor: Actor,
    action: str,
    object_kind: str,
    object_id: str | None = None,
    **detail: Any,
) -> AuditRecord:
    """Append one act. Call it inside the write transaction of the act itself; it never commits.

    `action` is a dotted past participle (`users.locked`), the same word in log, history and triggers.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(7201)"))
    last = session.execute(
        sa.select(AuditRecord.seq, AuditRecord.hash).order_by(AuditRecord.seq.desc()).limit(1)
    ).first()
    previous = last.hash if last else GENESIS
    row = AuditRecord(
        seq=(last.seq if last else 0) + 1,
        at=at,
        actor_id=actor.id,
        actor_name=actor.name,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        detail=detail | ({"for": [actor.for_id, actor.for_name]} if actor.for_id else {}),
        previous_hash=previous,
    )
    row.hash = chain_hash(previous, _content(row))
    session.add(row)
    session.flush()
    return row


def verify(session: Session) -> Break | None:
    """The first record at which the chain breaks, or None. A missing tail needs the exported head to be seen."""
    previous, expected = GENESIS, 1
    select = sa.select(AuditRecord).order_by(AuditRecord.seq).execution_options(yield_per=1000)
    with closing(session.scalars(select)) as rows:  # at a break, the rest is never read
        for row in rows:
            if row.seq != expected:
                return Break(row.seq, f"record {expected} is missing")
            if row.previous_hash != previous or row.hash != chain_hash(previous, _content(row)):
                return Break(row.seq, "content does not match its hash")
            previous, expected = row.hash, expected + 1
    return None
