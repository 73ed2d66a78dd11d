"""A rehearsal that was asked for: its assumptions, how far it is, and its figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, new_id

Id = sa.String(32)
WAITING, RUNNING, DONE = "waiting", "running", "done"
FAILED, CANCELLED, INTERRUPTED = "failed", "cancelled", "interrupted"
UNDER_WAY = (WAITING, RUNNING)


class Rehearsal(Base):
    """One rehearsal of a draft as it stood at `draft_rev`, or of a published version.

    `package` is what is played, so that a draft may go on changing; `beat_at` is real time: a job that no longer
    writes it has died. `reason` says in both languages why it failed.
    """

    __tablename__ = "rehearsal"
    __table_args__ = (
        sa.Index("ix_rehearsal_of", "key", "created_at"),
        sa.Index("ix_rehearsal_status", "status", "created_at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(80))
    draft_id: Mapped[str | None] = mapped_column(Id, index=True)
    draft_rev: Mapped[int | None]
    version: Mapped[int | None]
    title: Mapped[str] = mapped_column(sa.String(200))
    content_hash: Mapped[str] = mapped_column(sa.String(64))
    package: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    model: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[str] = mapped_column(sa.String(20), default=WAITING)
    total: Mapped[int]
    begun: Mapped[int] = mapped_column(default=0)
    over: Mapped[int] = mapped_column(default=0)
    virtual_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    beat_at: Mapped[dt.datetime | None]
    seconds: Mapped[float | None]
    reason: Mapped[dict[str, Any] | None] = mapped_column(Json)
    figures: Mapped[dict[str, Any] | None] = mapped_column(Json, deferred=True)
    by_id: Mapped[str | None] = mapped_column(Id)
    by_name: Mapped[str] = mapped_column(sa.String(80), default="")
