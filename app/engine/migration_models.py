"""Migrations as they are stored: one row for the whole, one for each instance, with what undoing it takes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Json, new_id
from app.engine.models import Id


class Migration(Base):
    """Running instances of one version that are to go on under another one. The worker works it off."""

    __tablename__ = "migration"
    __table_args__ = (sa.Index("ix_migration_status", "status"), sa.Index("ix_migration_key", "key", "created_at"))
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(80))
    from_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("definition.id"))
    to_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("definition.id"))
    from_version: Mapped[int]
    to_version: Mapped[int]
    mapping: Mapped[dict[str, Any]]  # node → node or null, as given; what is not named is found again each time
    status: Mapped[str] = mapped_column(sa.String(20))  # running, done, cancelled
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    total: Mapped[int]
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    by_id: Mapped[str | None] = mapped_column(Id)
    by_name: Mapped[str] = mapped_column(sa.String(80))
    by_org_id: Mapped[str | None] = mapped_column(Id)
    by_org: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")


class MigrationItem(Base):
    """One instance of a migration. What it was before is kept until nobody can want it back.

    status: waiting, done, failed, undone, cancelled
    """

    __tablename__ = "migration_item"
    __table_args__ = (
        sa.UniqueConstraint("migration_id", "instance_id"),
        sa.Index("ix_migration_item_status", "migration_id", "status", "attempts", "number"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    migration_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("migration.id"))
    instance_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("instance.id"), index=True)
    number: Mapped[int]  # the order of the list
    business_key: Mapped[str | None] = mapped_column(sa.String(120))
    status: Mapped[str] = mapped_column(sa.String(20))
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    reason: Mapped[dict[str, Any] | None] = mapped_column(Json)  # see running/migrating/reasons.py
    steps: Mapped[list[Any] | None] = mapped_column(Json)  # nodes that ran at once
    nodes: Mapped[list[Any] | None] = mapped_column(Json)  # where it stood
    rev_before: Mapped[int | None]
    rev_after: Mapped[int | None]
    state: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)  # as it was sealed
    state_mac: Mapped[str | None] = mapped_column(sa.String(64))
    serializer_version: Mapped[str | None] = mapped_column(sa.String(20))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json, deferred=True)  # rows as they were, by table and id
    done_at: Mapped[dt.datetime | None]
    undone_at: Mapped[dt.datetime | None]
    undone_by_name: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")
