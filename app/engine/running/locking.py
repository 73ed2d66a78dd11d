"""Who writes an instance holds its row, and the rows of those above it: parents first, so that no two wait in a ring.

SQLite has only one writer anyway. On PostgreSQL a lock is taken before what it protects is read: what was read earlier
may have changed while one waited. Rows are locked against writers only; a row that merely refers to the instance may
still be added.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.db import is_postgresql
from app.engine.models import HumanTask, Instance
from app.prepared import Prepared

_INSTANCE = Instance.__table__
_MAX_DEPTH = 50


def _holder(instance: Any) -> sa.ColumnElement[str | None]:
    return sa.case((instance.c.parent_node.is_(None), instance.c.parent_id))


def _lineage() -> tuple[Prepared, Prepared]:
    """Lock an instance and its ancestors, topmost first; the second one skips what others hold.

    A child of a detached call is told of by letters only: its parent is not held, or 200 siblings would wait in line.
    """
    above = _INSTANCE.alias("above")
    line = sa.select(_INSTANCE.c.id, _holder(_INSTANCE).label("parent_id"), sa.literal(0).label("depth")).where(
        _INSTANCE.c.id == sa.bindparam("instance_id")
    )
    up = line.cte("up", recursive=True)
    up = up.union_all(
        sa.select(above.c.id, _holder(above), up.c.depth + 1).where(
            above.c.id == up.c.parent_id, up.c.depth < _MAX_DEPTH
        )
    )
    length = sa.select(sa.func.count()).select_from(up).scalar_subquery().label("length")
    rows = sa.select(_INSTANCE.c.id, length).join(up, up.c.id == _INSTANCE.c.id).order_by(up.c.depth.desc())
    return (
        Prepared(rows.with_for_update(of=_INSTANCE, key_share=True)),
        Prepared(rows.with_for_update(of=_INSTANCE, key_share=True, skip_locked=True)),
    )


_WAITING, _SKIPPING = _lineage()


def lock_instance(session: Session, instance_id: str, *, skip: bool = False) -> bool:
    """Hold the instance until the transaction ends. With `skip`, False at once where somebody else holds it."""
    if not is_postgresql(session):
        return True
    rows = (_SKIPPING if skip else _WAITING).all(session, {"instance_id": instance_id})
    return bool(rows) and len(rows) == rows[0].length


def lock_instance_of(session: Session, task_id: str) -> str:
    """Hold the instance of a task, whose row is to be read after this; the instance's id. NotFound."""
    found = session.scalar(sa.select(HumanTask.instance_id).where(HumanTask.id == task_id))
    if found is None:
        raise errors.NotFound()
    lock_instance(session, found)
    return found
