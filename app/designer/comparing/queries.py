"""What can be compared: the versions of a process and its drafts, each by a short reference: `3`, `draft-…`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import web
from app.calendars.rules import shipped_rules
from app.clock import local
from app.designer import drafts
from app.designer.comparing.vocabulary import Office
from app.engine import Definition, Package
from app.errors import NotFound
from app.i18n import _

DRAFT = "draft-"


@dataclass(frozen=True)
class Side:
    """One of the two. `package` is what would run, or runs."""

    ref: str
    title: str
    package: Package


def refs(session: Session, key: str) -> list[tuple[str, str]]:
    """Everything of a process that can be chosen: (reference, words), drafts first, then versions, newest first."""
    found = session.scalars(
        sa.select(drafts.Draft)
        .where(drafts.Draft.key == key, drafts.Draft.published_version.is_(None))
        .order_by(drafts.Draft.updated_at.desc())
    )
    listed = [(f"{DRAFT}{one.id}", draft_title(one)) for one in found]
    versions = session.execute(
        sa.select(Definition.version, Definition.status)
        .where(Definition.key == key)
        .order_by(Definition.version.desc())
    )
    return listed + [(str(version), version_title(version, status)) for version, status in versions]


def draft_title(draft: drafts.Draft) -> str:
    return _(
        "草稿“%(title)s”（%(name)s %(at)s）",
        title=draft.title,
        name=draft.updated_by_name,
        at=f"{local(draft.updated_at):%m-%d %H:%M}",
    )


def version_title(version: int, status: str) -> str:
    return _("v%(n)s（现行）", n=version) if status == "published" else f"v{version}"


def side(session: Session, key: str, ref: str) -> Side:
    """A version or a draft of the process. NotFound."""
    if ref.startswith(DRAFT):
        draft = drafts.find(session, ref.removeprefix(DRAFT))
        if draft.key != key:
            raise NotFound()
        return Side(ref, draft_title(draft), drafts.package_of(session, draft))
    row = session.scalar(sa.select(Definition).where(Definition.key == key, Definition.version == _number(ref)))
    if row is None:
        raise NotFound()
    return Side(ref, version_title(row.version, row.status), web.engine().definition(session, row.id).package)


def _number(ref: str) -> int:
    if not ref.isdecimal() or len(ref) > 9:
        raise NotFound()
    return int(ref)


def in_force(session: Session, key: str) -> int | None:
    """The published version, else the newest one."""
    select = sa.select(Definition.version).where(Definition.key == key)
    published = session.scalar(select.where(Definition.status == "published"))
    return published or session.scalar(select.order_by(Definition.version.desc()).limit(1))


def before(session: Session, key: str, version: int) -> int | None:
    """The version before another."""
    return session.scalar(
        sa.select(sa.func.max(Definition.version)).where(Definition.key == key, Definition.version < version)
    )


def office(session: Session) -> Office:
    """Titles of deadline rules and of processes."""
    rules = {rule.code: (rule.name_zh, rule.name_en, rule.amount, rule.unit) for rule in shipped_rules()}
    rows = session.execute(
        sa.select(Definition.key, Definition.title_zh, Definition.title_en).order_by(Definition.version)
    )
    titles: Mapping[str, tuple[str, str]] = {key: (zh, en) for key, zh, en in rows}
    return Office(rules, titles)
