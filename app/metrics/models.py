from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Scope, new_id

Id = sa.String(32)


class MetricSnapshot(Base):
    """A figure as somebody fixed it (快照): what it was, of which window, over which rows. Never changed afterwards.

    `value` is exact text, not the rounded one. `rows_hash` is the SHA-256 over the sorted ids behind it and `rule_hash`
    over the catalogue entry: a later change of records or of the rule shows, and alters nothing here (domain 1.10).
    """

    __tablename__ = "metric_snapshot"
    __scope__ = Scope(owner="taken_by_id", region="region_code")
    __table_args__ = (sa.Index("ix_metric_snapshot_key_taken", "key", "taken_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(80))
    question: Mapped[dict[str, Any]]  # Question.args: asking again with them counts the same window
    window_text: Mapped[str] = mapped_column(sa.String(120))
    window_start: Mapped[dt.datetime | None]
    window_end: Mapped[dt.datetime | None]
    value: Mapped[str | None] = mapped_column(sa.String(60))
    count: Mapped[int]
    part: Mapped[int | None]
    rows_hash: Mapped[str] = mapped_column(sa.String(64))
    rule_hash: Mapped[str] = mapped_column(sa.String(64))
    purpose: Mapped[str] = mapped_column(sa.String(120), default="")
    taken_at: Mapped[dt.datetime]
    taken_by_id: Mapped[str | None] = mapped_column(Id)
    taken_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    region_code: Mapped[str | None] = mapped_column(sa.String(12))  # of the taker's organisation: who else may read it
