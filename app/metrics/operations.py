"""Writes: a figure fixed as it is now. Commits nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.clock import local
from app.db import dump_json
from app.metrics import evaluating
from app.metrics.entries import Metric
from app.metrics.models import MetricSnapshot
from app.metrics.windows import Question


def take(
    session: Session, metric: Metric, question: Question, *, user: Any, by: Actor, now: dt.datetime, purpose: str = ""
) -> MetricSnapshot:
    """Fix a figure within what the person may see: value, window, and a hash of the rows behind it."""
    figure = evaluating.figure(session, metric, user, question, now)
    rows = evaluating.ids(session, metric, user, question, now)
    window = figure.window
    fixed = question.args | ({"period": window.key} if window is not None and window.key else {})
    fixed.setdefault("window", metric.usual)
    if fixed["window"] in ("week", "month", "quarter", "year"):
        fixed.setdefault("at", local(now).date().isoformat())
    snapshot = MetricSnapshot(
        key=metric.key,
        question=fixed,
        window_text=window.text if window else "",
        window_start=window.start if window else None,
        window_end=window.end if window else None,
        value=None if figure.value is None else str(figure.value),
        count=figure.count,
        part=figure.part,
        rows_hash=rows_hash(rows),
        rule_hash=rule_hash(metric),
        purpose=purpose,
        taken_at=now,
        taken_by_id=by.id,
        taken_by_name=by.name,
        region_code=user.organisation.region_code if user is not None else None,
    )
    session.add(snapshot)
    session.flush()
    record(session, now, by, "metrics.snapshot", "metric_snapshot", snapshot.id, key=metric.key, value=snapshot.value)
    return snapshot


def rows_hash(ids: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def rule_hash(metric: Metric) -> str:
    return hashlib.sha256(dump_json(metric.raw).encode()).hexdigest()
