from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, new_id

Id = sa.String(32)


class Draft(Base):
    """A process being changed. `rev` counts its saves: who saves names the one that they started from.

    A process may have several drafts. `base_version` is the version that the draft was made from; none for a new
    process. `published_version` says which version became of it, and from then on it is only read; so it is while
    `publication_id` names the request that somebody is to approve.
    """

    __tablename__ = "draft"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(80), index=True)
    base_version: Mapped[int | None]
    title: Mapped[str] = mapped_column(sa.String(120))
    note: Mapped[str] = mapped_column(sa.Text, default="")
    rev: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    created_by_id: Mapped[str | None] = mapped_column(Id)
    created_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    updated_at: Mapped[dt.datetime] = mapped_column(index=True)
    updated_by_id: Mapped[str | None] = mapped_column(Id)
    updated_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
    publication_id: Mapped[str | None] = mapped_column(Id)
    published_version: Mapped[int | None]


class DraftFile(Base):
    """One file of a draft. A removed one stays as a row without content, so that a conflict can name it."""

    __tablename__ = "draft_file"
    draft_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("draft.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    rev: Mapped[int]  # of the draft when the file last changed
    changed_at: Mapped[dt.datetime]
    changed_by_name: Mapped[str] = mapped_column(sa.String(80), default="")
