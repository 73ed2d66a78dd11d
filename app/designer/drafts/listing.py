"""The designer's first page: every process with what is in force, what runs and who is changing it."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.designer.drafts.models import Draft
from app.engine import Definition, Instance
from app.i18n import bilingual

_GOING = ("running", "suspended", "quarantined")


@dataclass
class Process:
    """One process. `version` is the one in force, None where it is new or retired."""

    key: str
    title: str
    version: int | None = None
    retired: bool = False
    running: int = 0
    drafts: list[Draft] = field(default_factory=list)


def processes(session: Session) -> list[Process]:
    """By title; processes that exist only as drafts last. Counts hold no business data."""
    found: dict[str, Process] = {}
    newest = sa.select(Definition).order_by(Definition.key, Definition.version)
    for row in session.scalars(newest):
        process = found.setdefault(row.key, Process(row.key, ""))
        if process.version is None:
            process.title = bilingual(row.title_zh, row.title_en)
        if row.status == "published":
            process.version = row.version
        process.retired |= row.status == "retired"
    counts = sa.select(Instance.definition_key, sa.func.count()).where(Instance.status.in_(_GOING))
    for key, count in session.execute(counts.group_by(Instance.definition_key)):
        if key in found:
            found[key].running = count
    for draft in session.scalars(sa.select(Draft).where(Draft.published_version.is_(None)).order_by(Draft.created_at)):
        found.setdefault(draft.key, Process(draft.key, draft.title)).drafts.append(draft)
    for process in found.values():
        process.retired = process.retired and process.version is None
    return sorted(found.values(), key=lambda one: (one.version is None and not one.retired, one.title))


def versions(session: Session, key: str) -> list[Definition]:
    """All versions of a process, newest first."""
    return list(session.scalars(sa.select(Definition).where(Definition.key == key).order_by(Definition.version.desc())))
