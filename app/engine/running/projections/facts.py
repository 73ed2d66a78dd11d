"""Facts: process variables that process.toml promotes, typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.engine.models import Fact
from app.engine.running.checkout import Turn
from app.prepared import Prepared

_FACT = Fact.__table__
_KNOWN = Prepared(sa.select(_FACT).where(_FACT.c.instance_id == sa.bindparam("instance_id")))


def project_facts(turn: Turn) -> None:
    promoted: Mapping[str, Any] = turn.loaded.manifest.get("facts") or {}
    if not promoted:
        return
    data, session = turn.workflow.data_now, turn.session
    known = {row.name: (row.text, row.number, row.at) for row in _KNOWN.all(session, {"instance_id": turn.id})}
    for name, expression in promoted.items():
        typed = _typed(turn.engine.evaluate_softly(expression, data))
        if name not in known:
            if typed is not None:
                text, number, at = typed
                session.execute(
                    sa.insert(_FACT).values(instance_id=turn.id, name=name, text=text, number=number, at=at)
                )
        elif (typed or (None, None, None)) != known[name]:
            text, number, at = typed or (None, None, None)
            session.execute(
                sa.update(_FACT)
                .where(_FACT.c.instance_id == turn.id, _FACT.c.name == name)
                .values(text=text, number=number, at=at)
            )


def _typed(value: Any) -> tuple[str | None, float | None, dt.datetime | None] | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return ("true" if value else "false", float(value), None)
    if isinstance(value, dt.datetime):
        return (value.isoformat(), None, value)
    if isinstance(value, (int, float)):
        return (None, float(value), None)
    return (str(value)[:300], None, None)
