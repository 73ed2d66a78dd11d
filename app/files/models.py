from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Scope, new_id

Id = sa.String(32)


class Attachment(Base):
    """A stored photo or document. Until it is attached only its owner sees it.

    Photos are re-encoded: position and time of the shot live in columns here and nowhere in the file.
    """

    __tablename__ = "attachment"
    __scope__ = Scope(owner="owner_id", instance="instance_id")
    __table_args__ = (sa.Index("ix_attachment_subject", "subject_kind", "subject_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)  # random name on disk
    sha256: Mapped[str] = mapped_column(sa.String(64))  # of what is stored
    original_sha256: Mapped[str] = mapped_column(sa.String(64))  # of what was sent, for evidence
    name: Mapped[str] = mapped_column(sa.String(200))
    content_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    taken_at: Mapped[dt.datetime | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    owner_id: Mapped[str | None] = mapped_column(Id, index=True)
    owner_name: Mapped[str] = mapped_column(sa.String(80), default="")
    instance_id: Mapped[str | None] = mapped_column(Id, index=True)
    subject_kind: Mapped[str | None] = mapped_column(sa.String(40))
    subject_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    attached_at: Mapped[dt.datetime | None]

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def url(self) -> str:
        return f"/files/{self.id}"

    @property
    def thumbnail_url(self) -> str:
        return f"/files/{self.id}/thumbnail" if self.is_image else ""
