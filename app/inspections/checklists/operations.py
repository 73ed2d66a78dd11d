"""Writes of checklists. None of them commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Sector
from app.audit import Actor, record
from app.db import new_id
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inspections.checklists import queries
from app.inspections.checklists.models import Checklist, ChecklistItem

Data = Mapping[str, Any]
HEAD = ("title", "sector_code", "campaign_id", "plan_id", "legal_basis", "scope_note")
ITEM = (
    "category", "content", "legal_basis", "method", "criteria", "finding_hint", "requirement", "severity_hint",
    "hazard_kind",
)  # fmt: skip


def create(session: Session, data: Data, *, by: Actor, now: dt.datetime) -> Checklist:
    """A new list, as a draft."""
    key = new_id()
    made = Checklist(id=key, series_id=key, version=1, org_id=by.org_id, created_at=now, created_by_name=by.name)
    _write(session, made, data, now)
    record(session, now, by, "checklists.created", "checklist", made.id, title=made.title)
    return made


def copy(session: Session, source: Checklist, *, by: Actor, now: dt.datetime) -> Checklist:
    """A list of one's own that begins as this one stands."""
    data = {name: getattr(source, name) for name in HEAD} | {"items": _rows(session, source)}
    return create(session, data | {"title": _("%(title)s（副本）", title=source.title)[:120]}, by=by, now=now)


def new_version(session: Session, source: Checklist, *, by: Actor, now: dt.datetime) -> Checklist:
    """The next version as a draft; the one that is there already, if somebody has begun it."""
    if found := queries.draft_of(session, source.series_id):
        return found
    last = sa.select(sa.func.max(Checklist.version)).where(Checklist.series_id == source.series_id)
    made = Checklist(
        series_id=source.series_id,
        version=(session.scalar(last) or 0) + 1,
        org_id=source.org_id or by.org_id,
        code=source.code,
        created_at=now,
        created_by_name=by.name,
    )
    _write(session, made, {name: getattr(source, name) for name in HEAD} | {"items": _rows(session, source)}, now)
    record(session, now, by, "checklists.version_begun", "checklist", made.id, version=made.version)
    return made


def save(session: Session, draft: Checklist, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """Replace a draft's content. Conflict where somebody else saved it meanwhile, or it is published."""
    if draft.status != "draft":
        raise Conflict(_("已发布的清单不能修改，请拟定新版本"), status=draft.status)
    if data["rev"] != draft.rev:
        raise Conflict(_("这份草稿已被他人修改"), rev=draft.rev)
    _write(session, draft, data, now)
    record(session, now, by, "checklists.saved", "checklist", draft.id, items=len(data["items"]))


def publish(session: Session, draft: Checklist, *, by: Actor, now: dt.datetime) -> None:
    """From now on inspections are planned with this version; those under way keep theirs."""
    if draft.status != "draft":
        raise Conflict(_("这个版本已经发布"), status=draft.status)
    rows = queries.items(session, draft)
    if not rows:
        raise Invalid({"items": [_("清单中没有检查项")]})
    if bare := [row.position for row in rows if not row.legal_basis]:
        positions = _("、").join(str(one) for one in bare[:10])
        raise Invalid({"items": [_("第 %(items)s 项没有写明依据", items=positions)]})
    older = sa.update(Checklist).where(Checklist.series_id == draft.series_id, Checklist.status == "published")
    session.execute(older.values(status="superseded"))
    draft.status, draft.published_at, draft.published_by_name, draft.updated_at = "published", now, by.name, now
    record(session, now, by, "checklists.published", "checklist", draft.id, version=draft.version)
    session.flush()


def discard(session: Session, draft: Checklist, *, by: Actor, now: dt.datetime) -> None:
    """Throw a draft away."""
    if draft.status != "draft":
        raise Conflict(_("已发布的清单不能删除，可以停用"), status=draft.status)
    record(session, now, by, "checklists.discarded", "checklist", draft.id, title=draft.title)
    session.execute(sa.delete(ChecklistItem).where(ChecklistItem.checklist_id == draft.id))
    session.delete(draft)
    session.flush()


def withdraw(session: Session, checklist: Checklist, *, by: Actor, now: dt.datetime) -> None:
    """Nobody plans with it any more."""
    if checklist.status != "published":
        raise Conflict(_("只有已发布的清单可以停用"), status=checklist.status)
    checklist.status, checklist.updated_at = "withdrawn", now
    record(session, now, by, "checklists.withdrawn", "checklist", checklist.id, title=checklist.title)


def _rows(session: Session, checklist: Checklist) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in ITEM} for row in queries.items(session, checklist)]


def _write(session: Session, target: Checklist, data: Data, now: dt.datetime) -> None:
    if data["sector_code"] and session.get(Sector, data["sector_code"]) is None:
        raise Invalid({"sector_code": [_("没有这个领域")]})
    for name in HEAD:
        setattr(target, name, data[name] or (None if name.endswith(("_code", "_id")) else ""))
    target.rev, target.updated_at = (target.rev or 0) + 1, now
    session.add(target)
    session.flush()
    session.execute(sa.delete(ChecklistItem).where(ChecklistItem.checklist_id == target.id))
    for position, row in enumerate(data["items"], start=1):
        session.add(ChecklistItem(checklist_id=target.id, position=position, **{name: row[name] for name in ITEM}))
    session.flush()
