"""出差代理: a person is away for some days and names a colleague who does their work meanwhile."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Scope, new_id

Id = sa.String(32)


class Absence(Base):
    """From `starts_at` until `ends_at`, or until it was ended before (`ended_at`). Nothing has to end it."""

    __tablename__ = "absence"
    __scope__ = Scope(owner="user_id")
    __table_args__ = (sa.Index("ix_absence_proxy", "proxy_id", "ends_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"), index=True)
    proxy_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"))
    reason: Mapped[str] = mapped_column(sa.String(120), default="")
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    def state(self, now: dt.datetime) -> str:
        """planned, running or over."""
        if self.ended_at is not None or now >= self.ends_at:
            return "over"
        return "running" if now >= self.starts_at else "planned"
