"""Writes of files. None of them commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor
from app.errors import Invalid
from app.files import storage
from app.files.models import Attachment
from app.files.photos import Photo, reencode
from app.files.queries import belongs, named
from app.files.types import EXTENSIONS, IMAGES, content_type, refuse
from app.i18n import _

# An uploaded file that nothing refers to: long enough that no draft loses its photos.
UNATTACHED_KEPT = dt.timedelta(days=90)


@dataclass(frozen=True)
class Prepared:
    """A file that lies in its place, checked and clean, but that the database does not know yet."""

    key: str
    name: str
    content_type: str
    size: int
    sha256: str
    original_sha256: str
    photo: Photo | None


def prepare(stream: IO[bytes], filename: str, *, photo: bool = False) -> Prepared:
    """Receive, recognise and clean a file. Slow (a large photo takes a second): call it outside a transaction.

    With `photo` only pictures are taken. Raises Invalid with the field `file`.
    """
    key = storage.new_key()
    with storage.workplace() as folder:
        raw, clean, thumbnail = folder / "raw", folder / "clean", folder / "thumbnail"
        original = storage.receive(stream, raw)
        kind, shot = content_type(raw, filename), None
        if kind in IMAGES:
            shot = reencode(raw, clean, thumbnail)
            kind, finished = "image/jpeg", clean
            storage.move_in(thumbnail, key, thumbnail=True)
        elif photo:
            raise refuse(_("这里只能上传照片"))
        else:
            finished = raw
        prepared = Prepared(
            key,
            _name(filename, kind),
            kind,
            finished.stat().st_size,
            storage.digest(finished),
            original,
            shot,
        )
        storage.move_in(finished, key)
    return prepared


def keep(session: Session, prepared: Prepared, *, by: Actor, now: dt.datetime) -> Attachment:
    """Enter a prepared file; belongs into the write transaction. If that fails the sweep removes the file."""
    shot = prepared.photo
    attachment = Attachment(
        key=prepared.key,
        name=prepared.name,
        content_type=prepared.content_type,
        size=prepared.size,
        sha256=prepared.sha256,
        original_sha256=prepared.original_sha256,
        width=shot.width if shot else None,
        height=shot.height if shot else None,
        taken_at=shot.taken_at if shot else None,
        latitude=shot.latitude if shot else None,
        longitude=shot.longitude if shot else None,
        owner_id=by.id,
        owner_name=by.name,
        created_at=now,
    )
    session.add(attachment)
    session.flush()
    return attachment


def store(
    session: Session,
    stream: IO[bytes],
    filename: str,
    *,
    by: Actor,
    now: dt.datetime,
    photo: bool = False,
) -> Attachment:
    """`prepare` and `keep` in one, for imports, forms without JavaScript and tests."""
    return keep(session, prepare(stream, filename, photo=photo), by=by, now=now)


def duplicate(session: Session, ids: Iterable[str], *, by: Actor, now: dt.datetime) -> list[str]:
    """Copies that belong to nobody's record yet, for what becomes a record of its own (an opinion, a finding).

    The same content under another name: each may be attached and removed for itself. What is not there is left out.
    """
    copies = []
    for one in named(session, ids):
        key = storage.new_key()
        storage.copy(one.key, key)
        kept = ("name", "content_type", "size", "sha256", "original_sha256", "width", "height", "taken_at", "latitude")
        values = {name: getattr(one, name) for name in (*kept, "longitude")}
        copies.append(Attachment(key=key, owner_id=by.id, owner_name=by.name, created_at=now, **values))
    session.add_all(copies)
    session.flush()
    return [copy.id for copy in copies]


def attach(
    session: Session,
    ids: Iterable[str],
    *,
    by: Actor,
    now: dt.datetime | None = None,
    instance_id: str | None = None,
    subject_kind: str | None = None,
    subject_id: str | None = None,
) -> None:
    """Tie files to an instance or a record, which decides from then on who sees them. Repeating it changes nothing."""
    wanted = [str(i) for i in ids]
    if not belongs(session, wanted, by, instance_id):
        raise Invalid({"files": [_("附件不存在或者不是您上传的")]})
    free = sa.and_(
        Attachment.id.in_(wanted),
        Attachment.instance_id.is_(None),
        Attachment.subject_id.is_(None),
    )
    values = {
        "instance_id": instance_id,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "attached_at": now,
    }
    session.execute(sa.update(Attachment).where(free).values(**values))


def sweep(session: Session, *, older_than: dt.timedelta) -> int:
    """Remove broken uploads and files without a row (older than the given span), and what nobody used for 90 days."""
    now = dt.datetime.now(dt.UTC)
    unused = sa.select(Attachment).where(
        Attachment.instance_id.is_(None),
        Attachment.subject_id.is_(None),
        Attachment.created_at < now - UNATTACHED_KEPT,
    )
    removed = 0
    for attachment in session.scalars(unused):
        storage.discard(attachment.key)
        session.delete(attachment)
        removed += 1
    session.flush()
    for key, path in storage.stale(older_than.total_seconds()):
        if key is None or not session.scalar(sa.select(sa.exists().where(Attachment.key == key))):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _name(filename: str, kind: str) -> str:
    """A harmless file name with the extension that the content has."""
    name = PurePath(filename.replace("\\", "/")).name
    stem = "".join(c for c in PurePath(name).stem if c.isprintable()).strip(" .")[:150]
    return (stem or _("附件")) + EXTENSIONS[kind]
