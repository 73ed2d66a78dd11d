"""What was done with the deployed versions of a process, as sums: how long steps took, how often each answer was given.

Whoever sees these learns nothing of a single case: fewer than five are not told.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.clock import local
from app.engine.models import HumanTask, Instance
from app.engine.rehearsal.outline import Outline

_TASK, _INSTANCE = HumanTask.__table__, Instance.__table__
LEAST, MOST = 5, 3000  # observations of a step that tell something, and that are looked at
YEAR = dt.timedelta(days=365)


@dataclass(frozen=True)
class Priors:
    """`hours`: median and 90th percentile from the beginning of a task to its end, by node."""

    hours: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    a_year: int = 0
    since: dt.date | None = None  # when the first of these began


def priors_of(session: Session, outline: Outline, now: dt.datetime) -> Priors:
    key = outline.package.key
    hours: dict[str, tuple[float, float]] = {}
    answers: dict[tuple[str, str], dict[str, int]] = {}
    seen: dict[str, int] = {}
    for node_id, wait in outline.waits.items():
        rows = session.execute(
            sa.select(_TASK.c.created_at, _TASK.c.completed_at, _TASK.c.answers)
            .where(
                _TASK.c.definition_key == key,
                _TASK.c.node_id == node_id,
                _TASK.c.status == "done",
                _TASK.c.completed_at.is_not(None),
            )
            .order_by(_TASK.c.id.desc())
            .limit(MOST)
        ).all()
        if len(rows) < LEAST:
            continue
        seen[node_id] = len(rows)
        spans = sorted(max(0.0, (row.completed_at - row.created_at).total_seconds() / 3600) for row in rows)
        median, p90 = spans[len(spans) // 2], spans[int(len(spans) * 0.9)]
        hours[node_id] = (round(max(median, 0.05), 2), round(max(p90, median, 0.05), 2))
        counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
        wanted = {one.name for one in wait.choices}
        for row in rows:
            for name, value in _flat(row.answers or {}, ""):
                if name in wanted:
                    counted[name][value] += 1
        answers |= {(node_id, name): dict(counter) for name, counter in counted.items()}
    begun = sa.select(sa.func.count(), sa.func.min(_INSTANCE.c.started_at))
    begun = begun.where(_INSTANCE.c.definition_key == key, _INSTANCE.c.started_at >= now - YEAR)
    number, since = session.execute(begun).one()
    return Priors(hours, answers, seen, int(number or 0), local(since).date() if since else None)


def _flat(answers: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in answers.items():
        if isinstance(value, list):
            for row in value:
                if isinstance(row, Mapping):
                    yield from _flat(row, f"{before}{name}.")
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, bool):
            yield before + name, "true" if value else "false"
        elif value not in (None, ""):
            yield before + name, str(value)
