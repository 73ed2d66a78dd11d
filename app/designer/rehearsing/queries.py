"""Finding rehearsals, what they play, and what they are compared with."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from app.designer import drafts
from app.designer.drafts import Draft
from app.designer.rehearsing.models import DONE, UNDER_WAY, Rehearsal
from app.engine import Definition, Engine, Package
from app.errors import NotFound
from app.i18n import bilingual

LISTED = 20


@dataclass(frozen=True)
class Source:
    """What is rehearsed: a draft, or a version."""

    package: Package
    title: str
    draft: Draft | None = None
    version: int | None = None

    @property
    def key(self) -> str:
        return self.package.key


def of_draft(session: Session, draft_id: str) -> Source:
    draft = drafts.find(session, draft_id)
    return Source(drafts.package_of(session, draft), draft.title, draft=draft)


def of_version(engine: Engine, session: Session, key: str, version: int | None = None) -> Source:
    """A version, without a number the published one. NotFound."""
    package = engine.export(key, version)
    select = sa.select(Definition).where(Definition.key == key)
    which = Definition.status == "published" if version is None else Definition.version == version
    row = session.scalars(select.where(which)).one()
    return Source(package, row.title_zh, version=row.version)


def find(session: Session, rehearsal_id: str) -> Rehearsal:
    """With its figures. NotFound."""
    select = sa.select(Rehearsal).where(Rehearsal.id == rehearsal_id).options(undefer(Rehearsal.figures))
    found = session.scalar(select.execution_options(populate_existing=True))
    if found is None:
        raise NotFound()
    return found


def recent(session: Session, key: str) -> list[Rehearsal]:
    """The rehearsals of a process, newest first."""
    return list(
        session.scalars(
            sa.select(Rehearsal).where(Rehearsal.key == key).order_by(Rehearsal.created_at.desc()).limit(LISTED)
        )
    )


def comparable(session: Session, rehearsal: Rehearsal) -> list[Rehearsal]:
    """The others of the same process that have figures."""
    return [one for one in recent(session, rehearsal.key) if one.id != rehearsal.id and one.status == DONE]


def under_way(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).where(Rehearsal.status.in_(UNDER_WAY))) or 0


def last_model_of(session: Session, source: Source) -> Rehearsal | None:
    """The last rehearsal of the same draft or version: its assumptions are where the next one begins."""
    mine = Rehearsal.draft_id == source.draft.id if source.draft else Rehearsal.version == source.version
    select = sa.select(Rehearsal).where(Rehearsal.key == source.key, mine)
    return session.scalars(select.order_by(Rehearsal.created_at.desc()).limit(1)).first()


def titles(session: Session) -> dict[str, str]:
    """What the published processes are called, by key."""
    rows = session.execute(
        sa.select(Definition.key, Definition.title_zh, Definition.title_en).where(Definition.status == "published")
    )
    return {key: bilingual(zh, en) for key, zh, en in rows}


def packed(package: Package) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(package.files.items()):
            archive.writestr(name, content)
    return held.getvalue()


def package_of(rehearsal: Rehearsal) -> Package:
    """What was rehearsed, as it stood then."""
    with zipfile.ZipFile(io.BytesIO(rehearsal.package)) as archive:
        return Package(rehearsal.key, {name: archive.read(name) for name in archive.namelist()})
