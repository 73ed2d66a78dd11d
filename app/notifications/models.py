from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Scope, new_id, partial_index

Id = sa.String(32)


class Notification(Base):
    """A message to one person. Stored as event and particulars; put into words in the reader's language."""

    __tablename__ = "notification"
    __scope__ = Scope(owner="user_id")
    __table_args__ = (
        sa.UniqueConstraint("user_id", "key"),
        sa.Index("ix_notification_list", "user_id", "created_at"),
        partial_index("ix_notification_unread", "user_id", where="read_at IS NULL"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"))
    key: Mapped[str] = mapped_column(sa.String(200))  # the outbox key: a delivery that is repeated tells nobody twice
    event: Mapped[str] = mapped_column(sa.String(40))
    params: Mapped[dict[str, Any]]
    instance_id: Mapped[str | None] = mapped_column(Id)
    task_id: Mapped[str | None] = mapped_column(Id, index=True)
    url: Mapped[str] = mapped_column(sa.String(300), default="")
    created_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]
