"""What changes drafts. None of it commits; every act is in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.clock import local
from app.designer.drafts import queries
from app.designer.drafts.models import Draft, DraftFile
from app.designer.drafts.schemas import check_files, check_whole
from app.errors import Conflict
from app.i18n import lazy_


def create(
    session: Session,
    key: str,
    title: str,
    files: Mapping[str, bytes],
    *,
    by: Actor,
    at: dt.datetime,
    base_version: int | None = None,
    note: str = "",
    origin: str = "new",
) -> Draft:
    """A draft with these files. `origin` says in the log where they come from. Raises Invalid."""
    check_files(files)
    check_whole(files)
    draft = Draft(
        key=key,
        title=title[:120],
        base_version=base_version,
        note=note,
        created_at=at,
        created_by_id=by.id,
        created_by_name=by.name,
        updated_at=at,
        updated_by_id=by.id,
        updated_by_name=by.name,
        rev=1,
    )
    session.add(draft)
    session.flush()
    for name, content in files.items():
        session.add(
            DraftFile(draft_id=draft.id, name=name, content=content, rev=1, changed_at=at, changed_by_name=by.name)
        )
    session.flush()
    record(session, at, by, "drafts.created", "draft", draft.id, key=key, base_version=base_version, origin=origin)
    return draft


def save(
    session: Session, draft: Draft, rev: int, files: Mapping[str, bytes | None], by: Actor, at: dt.datetime
) -> Draft:
    """Write files, None removing one. What is as it was counts as nothing and makes no new revision.

    Raises Conflict where somebody has saved after `rev`: it says who, when, the present `rev` and which files differ
    from what the caller saw. Raises Invalid for names and sizes, Conflict for a draft that has been published.
    """
    check_files(files)
    draft = queries.find(session, draft.id, for_update=True)
    if draft.published_version is not None:
        raise Conflict(
            lazy_("这份草稿已经发布，不能再改；请新建草稿"), rev=draft.rev, published=draft.published_version
        )
    if rev != draft.rev:
        raise conflict(session, draft, rev)
    present = queries.files_of(session, draft)
    changed = {name: content for name, content in files.items() if present.get(name) != content}
    if not changed:
        return draft
    check_whole({name: content for name, content in {**present, **changed}.items() if content is not None})
    draft.rev += 1
    draft.updated_at, draft.updated_by_id, draft.updated_by_name = at, by.id, by.name
    for name, content in changed.items():
        row = session.get(DraftFile, (draft.id, name)) or DraftFile(draft_id=draft.id, name=name)
        row.content, row.rev, row.changed_at, row.changed_by_name = content, draft.rev, at, by.name
        session.add(row)
    session.flush()
    record(session, at, by, "drafts.saved", "draft", draft.id, key=draft.key, rev=draft.rev, files=sorted(changed))
    return draft


def conflict(session: Session, draft: Draft, rev: int) -> Conflict:
    """Who saved meanwhile, when, and what differs."""
    return Conflict(
        lazy_("%(name)s 已保存过这份草稿，您看到的不是最新内容", name=draft.updated_by_name),
        rev=draft.rev,
        by=draft.updated_by_name,
        at=local(draft.updated_at).isoformat(),
        files=[row.name for row in queries.changed_since(session, draft, rev)],
    )
