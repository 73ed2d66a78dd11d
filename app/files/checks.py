"""Whether every file that the database knows lies in its place, with the content that was stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Finding
from app.files import storage
from app.files.models import Attachment

_PAGE = 500


def damaged(session: Session) -> Iterator[Finding]:
    """Reads every file once. A file that is removed meanwhile has no row any more, and is not told."""
    last = ""
    while page := _page(session, last):
        for row in page:
            if problem := _problem(row.key, row.sha256):
                if session.scalar(sa.select(Attachment.id).where(Attachment.id == row.id)) is not None:
                    yield Finding("file.damaged", "attachment", row.id, f"{storage.path_of(row.key).name}: {problem}")
                session.rollback()
        last = page[-1].id


def _page(session: Session, after: str) -> Sequence[sa.Row[str, str, str]]:
    select = sa.select(Attachment.id, Attachment.key, Attachment.sha256).where(Attachment.id > after)
    rows = session.execute(select.order_by(Attachment.id).limit(_PAGE)).all()
    session.rollback()
    return rows


def _problem(key: str, sha256: str) -> str:
    path = storage.path_of(key)
    if not path.is_file():
        return "the file is missing"
    return "" if storage.digest(path) == sha256 else "its content is not what was stored"
