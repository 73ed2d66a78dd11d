"""Reads: snapshots, and whether what they fixed has changed since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import User, visible
from app.errors import NotFound
from app.metrics import evaluating
from app.metrics.entries import Metric, catalogue
from app.metrics.models import MetricSnapshot
from app.metrics.windows import Question


def get_metric(key: str) -> Metric:
    """The entry; NotFound where there is none."""
    found = catalogue().get(key)
    if found is None:
        raise NotFound()
    return found


def snapshots(user: Any, key: str = "") -> sa.Select[Any]:
    """Snapshots that a person may see, newest first."""
    select = visible(sa.select(MetricSnapshot), MetricSnapshot, user)
    if key:
        select = select.where(MetricSnapshot.key == key)
    return select.order_by(MetricSnapshot.taken_at.desc(), MetricSnapshot.id.desc())


def get_snapshot(session: Session, snapshot_id: str, user: Any) -> MetricSnapshot:
    select = sa.select(MetricSnapshot).where(MetricSnapshot.id == snapshot_id)
    found = session.scalar(visible(select, MetricSnapshot, user))
    if found is None:
        raise NotFound()
    return found


def asked(values: Mapping[str, str]) -> Question:
    """The question that a snapshot fixed, or that an address asks; what makes no sense is left out."""
    first, last, at = (_day(values.get(name)) for name in ("from", "to", "at"))
    kind = values.get("window", "")
    if kind == "between" and (first is None or last is None or last < first):
        kind = ""
    given = {"campaign": values["campaign"]} if values.get("campaign") else {}
    return Question(kind=kind, at=at, first=first, last=last, period=values.get("period", ""), given=given)


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return None


def now_reads(session: Session, snapshot: MetricSnapshot, now: dt.datetime) -> evaluating.Figure | None:
    """The same figure as it is counted now, within what the taker sees; nothing where the entry or taker is gone."""
    metric = catalogue().get(snapshot.key)
    taker = session.get(User, snapshot.taken_by_id) if snapshot.taken_by_id else None
    if metric is None or (snapshot.taken_by_id and taker is None):
        return None
    return evaluating.figure(session, metric, taker, asked(snapshot.question), now)


def rows_now(session: Session, snapshot: MetricSnapshot, now: dt.datetime) -> list[str] | None:
    """The ids behind it now, to be compared by their hash."""
    metric = catalogue().get(snapshot.key)
    taker = session.get(User, snapshot.taken_by_id) if snapshot.taken_by_id else None
    if metric is None or (snapshot.taken_by_id and taker is None):
        return None
    return evaluating.ids(session, metric, taker, asked(snapshot.question), now)
