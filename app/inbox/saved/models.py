from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, Scope, new_id

Id = sa.String(32)


class SavedFilter(Base):
    """A list of the inbox under a name: its box, filters and order, as they stand in an address."""

    __tablename__ = "saved_filter"
    __scope__ = Scope(owner="user_id")
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(sa.String(40))
    args: Mapped[dict[str, Any]] = mapped_column(Json)
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]
