"""Finding drafts and what is in them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.designer.drafts.models import Draft, DraftFile
from app.engine import Definition, Package
from app.errors import NotFound
from app.i18n import ENGLISH, get_locale


def find(session: Session, draft_id: str, *, for_update: bool = False) -> Draft:
    """The draft, locked where it is to be changed. NotFound."""
    select = sa.select(Draft).where(Draft.id == draft_id).execution_options(populate_existing=True)
    draft = session.scalar(select.with_for_update() if for_update else select)
    if draft is None:
        raise NotFound()
    return draft


def behind(session: Session, draft: Draft) -> int | None:
    """The version in force, where it is not the one that a draft under way was made from."""
    if draft.base_version is None or draft.published_version is not None:
        return None
    select = sa.select(Definition.version).where(Definition.key == draft.key, Definition.status == "published")
    now = session.scalar(select)
    return now if now != draft.base_version else None


def title_of(session: Session, draft: Draft) -> str:
    """What a draft is called: kept in Chinese; in English as its process.toml says, with what a copy was given."""
    if get_locale() != ENGLISH:
        return draft.title
    row = session.get(DraftFile, (draft.id, "process.toml"))
    title = Package(draft.key, {row.name: row.content}).manifest.get("title") if row and row.content else None
    zh, en = (str(title.get(name) or "") for name in ("zh", "en")) if isinstance(title, dict) else ("", "")
    if not (zh and en and draft.title.startswith(zh)):
        return draft.title
    rest = draft.title.removeprefix(zh).replace("（副本）", " (copy)").replace("（", " (").replace("）", ")")
    return en + rest


def files_of(session: Session, draft: Draft) -> dict[str, bytes]:
    """Every file by its name inside the folder."""
    select = (
        sa.select(DraftFile.name, DraftFile.content)
        .where(DraftFile.draft_id == draft.id, DraftFile.content.is_not(None))
        .order_by(DraftFile.name)
    )
    return {name: bytes(content) for name, content in session.execute(select) if content is not None}


def package_of(session: Session, draft: Draft) -> Package:
    """What would be checked and deployed."""
    return Package(draft.key, files_of(session, draft))


def changed_since(session: Session, draft: Draft, rev: int) -> list[DraftFile]:
    """The files that differ from what somebody saw who holds the draft at `rev`, removed ones too."""
    seen = max(0, min(rev, draft.rev))
    select = sa.select(DraftFile).where(DraftFile.draft_id == draft.id, DraftFile.rev > seen).order_by(DraftFile.name)
    return list(session.scalars(select))
