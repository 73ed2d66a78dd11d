"""What changes drafts. None of it commits; every act is in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import web
from app.audit import Actor, record
from app.clock import local
from app.designer.drafts import editing, queries
from app.designer.drafts.models import Draft, DraftFile
from app.designer.drafts.schemas import check_files, check_whole, is_key
from app.engine import Definition, XMLRefused
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _, lazy_


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


def from_version(session: Session, key: str, version: int | None, *, by: Actor, at: dt.datetime) -> Draft:
    """A draft of a version as it is, of the one in force where none is named. NotFound."""
    row = _version(session, key, version)
    files = web.engine().definition(session, row.id).package.files
    return create(session, key, row.title_zh, files, by=by, at=at, base_version=row.version, origin="version")


def _version(session: Session, key: str, version: int | None) -> Definition:
    select = sa.select(Definition).where(Definition.key == key)
    if version is not None:
        select = select.where(Definition.version == version)
    row = session.scalar(select.order_by(Definition.status != "published", Definition.version.desc()).limit(1))
    if row is None:
        raise NotFound()
    return row


def copy_version(session: Session, key: str, version: int | None, new_key: str, *, by: Actor, at: dt.datetime) -> Draft:
    """The same as a process of its own, under another key."""
    row = _version(session, key, version)
    files = web.engine().definition(session, row.id).package.files
    return copy(session, key, files, _("%(title)s（副本）", title=row.title_zh), new_key, by=by, at=at)


def copy(
    session: Session, key: str, files: Mapping[str, bytes], title: str, new_key: str, *, by: Actor, at: dt.datetime
) -> Draft:
    """A process under another key, to become one of its own. Raises Invalid for field `key`."""
    if not is_key(new_key):
        raise Invalid({"key": [_("流程编号只能由小写字母、数字和“_”组成，以字母开头")]})
    if is_taken(session, new_key):
        raise Invalid({"key": [_("已有编号为 %(key)s 的流程或草稿", key=new_key)]})
    try:
        made = editing.rekeyed(files, key, new_key)
    except XMLRefused:
        made = dict(files)  # a diagram that does not open is copied as it is; the check says what is wrong
    return create(session, new_key, title, made, by=by, at=at, origin="copy")


def is_taken(session: Session, key: str) -> bool:
    """Whether a process or a draft is called so already."""
    by_key = sa.or_(
        sa.exists().where(Definition.key == key),
        sa.exists().where(Draft.key == key, Draft.published_version.is_(None)),
    )
    return bool(session.scalar(sa.select(by_key)))


def keep_mine(session: Session, draft: Draft, mine: Mapping[str, bytes | None], *, by: Actor, at: dt.datetime) -> Draft:
    """What could not be saved, as a draft of its own beside the one that somebody else has saved."""
    files = {**queries.files_of(session, draft), **mine}
    title = _("%(title)s（%(name)s 的副本）", title=draft.title[:80], name=by.name[:30])
    kept = {name: content for name, content in files.items() if content is not None}
    base = draft.base_version
    return create(session, draft.key, title, kept, by=by, at=at, base_version=base, note=draft.note, origin="conflict")


def delete(session: Session, draft: Draft, *, by: Actor, at: dt.datetime) -> None:
    """For good: the log keeps that there was one. Raises Conflict for what waits for approval or has been published."""
    draft = queries.find(session, draft.id, for_update=True)
    refuse_if_fixed(draft)
    session.execute(sa.delete(DraftFile).where(DraftFile.draft_id == draft.id))
    session.delete(draft)
    session.flush()
    record(session, at, by, "drafts.deleted", "draft", draft.id, key=draft.key, title=draft.title, rev=draft.rev)


def refuse_if_fixed(draft: Draft) -> None:
    """A draft that has been published, or that somebody is to approve, stays as it is."""
    if draft.published_version is not None:
        said = lazy_("这份草稿已经发布，不能再改；请新建草稿")
        raise Conflict(said, rev=draft.rev, published=draft.published_version)
    if draft.publication_id is not None:
        raise Conflict(lazy_("这份草稿正在审批，不能再改；先撤回发布申请"), rev=draft.rev, submitted=True)


def save(
    session: Session, draft: Draft, rev: int, files: Mapping[str, bytes | None], by: Actor, at: dt.datetime
) -> Draft:
    """Write files, None removing one. What is as it was counts as nothing and makes no new revision.

    Raises Conflict where somebody has saved after `rev`: it says who, when, the present `rev` and which files differ
    from what the caller saw. Raises Invalid for names and sizes, and Conflict for
    a draft that has been published or waits for approval.
    """
    check_files(files)
    draft = queries.find(session, draft.id, for_update=True)
    refuse_if_fixed(draft)
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
