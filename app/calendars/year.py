"""A year becomes official: its days are written, and deadlines that were counted on estimated days are counted anew."""

from __future__ import annotations

from dataclasses import dataclass

from app import web
from app.audit import Actor
from app.calendars.imports import Notice
from app.calendars.operations import publish
from app.db import write_transaction


@dataclass(frozen=True)
class Outcome:
    """Which years changed, and how many open deadlines moved or were confirmed."""

    years: list[int]
    recomputed: int


def publish_notice(notice: Notice, *, basis: str, source: str, by: Actor) -> Outcome:
    """Write the notice and commit, then let the engine recompute: its verbs are units of work of their own."""
    now = web.clock().now()
    with write_transaction(web.db.session(), alone=True) as session:
        years = publish(session, notice.days, basis=basis, source=source, by=by, now=now)
    recomputed = web.engine().recompute_deadlines(by=by) if years else 0
    return Outcome(years, recomputed)
