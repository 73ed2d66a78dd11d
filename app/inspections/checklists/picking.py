"""How forms of other processes choose a published checklist (picker `checklist`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.forms import Picker
from app.inspections.checklists.models import Checklist
from app.inspections.checklists.queries import checklists


def _options(session: Session, user: Any, q: str) -> list[tuple[str, str]]:
    found = session.scalars(checklists(user, {"status": "published", "q": q}).limit(50))
    return [(one.id, one.title) for one in found]


def _label(session: Session, checklist_id: str) -> str:
    return session.scalar(sa.select(Checklist.title).where(Checklist.id == checklist_id)) or ""


def _may_pick(session: Session, user: Any, checklist_id: str) -> bool:
    wanted = checklists(user, {"status": "published"}).where(Checklist.id == checklist_id)
    return session.scalar(wanted.with_only_columns(Checklist.id).order_by(None)) is not None


PICKER = Picker(_options, _label, _may_pick)
