"""What the editor says about the version that a draft came from."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.engine import Definition, Instance


def running(session: Session, key: str, version: int | None) -> int:
    """How many instances of that version are under way: a number only, no business."""
    counted = (
        sa.select(sa.func.count())
        .select_from(Instance)
        .join(Definition, Definition.id == Instance.definition_id)
        .where(Definition.key == key, Definition.version == version, Instance.status.in_(("running", "suspended")))
    )
    return session.scalar(counted) or 0
