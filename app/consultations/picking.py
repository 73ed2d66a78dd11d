"""Experts as a kind of record that forms may name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.consultations import queries
from app.consultations.expert_models import Expert
from app.forms import Picker


def _options(session: Session, user: Any, q: str) -> list[tuple[str, str]]:
    rows = session.scalars(queries.experts(user, {"q": q, "state": "active"}).limit(50))
    return [(row.id, "　".join(part for part in (row.name, row.title) if part)) for row in rows]


def _label(session: Session, expert_id: str) -> str:
    return session.scalar(sa.select(Expert.name).where(Expert.id == expert_id)) or ""


def _may_pick(session: Session, user: Any, expert_id: str) -> bool:
    select = sa.select(Expert.id).where(Expert.id == expert_id, queries.expert_condition(user))
    return session.scalar(select) is not None


PICKER = Picker(_options, _label, _may_pick)
