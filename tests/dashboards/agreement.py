"""Whether the wall says what the records say: every figure counted once more, row by row, in plain Python.

    from tests.dashboards.agreement import assert_the_wall_agrees
    assert_the_wall_agrees(session, user, now, campaign_id)

It reads hazards and inspected subjects one by one through `accounts.visible` and knows nothing of tallies or grouping.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import visible
from app.clock import local
from app.dashboards.wall import wall
from app.dashboards.wall.figures import Sums, share
from app.hazards import Hazard
from app.inspections.models import InspectedSubject, Inspection

Direct = dict[tuple[str, str], Counter[str]]  # (sector, town) → what is counted


def counted(session: Session, user: Any, now: dt.datetime, campaign_id: str | None) -> Direct:
    """Straight from the records."""
    found: Direct = {}
    for hazard in session.scalars(visible(sa.select(Hazard), Hazard, user)):
        if hazard.status == "voided" or campaign_id not in (None, hazard.campaign_id):
            continue
        counts = found.setdefault((hazard.sector_code, hazard.region_code[:9] + "000"), Counter())
        major, closed, late = hazard.grade == "major", hazard.status == "closed", hazard.overdue(now)
        due, submitted = hazard.original_due_at, hazard.submitted_at
        in_time = closed and (due is None or (submitted is not None and submitted <= due))
        counts.update(found=1, closed=closed, on_time=in_time, overdue=late)
        counts.update(major_found=major, major_closed=major and closed, major_overdue=major and late)
    for row, inspection in session.execute(_visits(user)):
        if campaign_id in (None, inspection.campaign_id):
            found.setdefault((row.sector_code, row.region_code[:9] + "000"), Counter()).update(visits=1)
    return found


def _visits(user: Any) -> sa.Select[Any]:
    select = sa.select(InspectedSubject, Inspection).join(Inspection, Inspection.id == InspectedSubject.inspection_id)
    return visible(select, InspectedSubject, user).where(Inspection.status == "done")


def total(direct: Direct, *, sector: str | None = None, town: str | None = None) -> Counter[str]:
    found: Counter[str] = Counter()
    for (of_sector, of_town), counts in direct.items():
        if sector in (None, of_sector) and town in (None, of_town):
            found.update(counts)
    return found


def same(told: Sums, counts: Counter[str]) -> None:
    names = Sums.__dataclass_fields__
    assert {name: getattr(told, name) for name in names} == {name: counts[name] for name in names}
    assert told.rate == share(counts["closed"], counts["found"])


def assert_the_wall_agrees(session: Session, user: Any, now: dt.datetime, campaign_id: str | None = None) -> None:
    """Total, every sector, every town, every cell, and the week, at this moment."""
    session.expire_all()
    direct, asked = counted(session, user, now, campaign_id), campaign_id or "all"
    by_sector, by_town = (wall(session, user, now, asked, by) for by in ("sector", "town"))
    same(by_sector.total, total(direct))
    for row in by_sector.rows:
        same(row.sums, total(direct, sector=row.key))
    assert {sector for sector, _town in direct} <= {row.key for row in by_sector.rows}
    for row in by_town.rows:
        same(row.sums, total(direct, town=row.key))
        for cell in row.cells:
            same(cell.sums, total(direct, sector=cell.sector, town=row.key))
    assert {town for _sector, town in direct} <= {row.key for row in by_town.rows}
    monday = local(now).date() - dt.timedelta(local(now).weekday())
    rows = [h for h in session.scalars(visible(sa.select(Hazard), Hazard, user)) if h.status != "voided"]
    rows = [hazard for hazard in rows if campaign_id in (None, hazard.campaign_id)]
    week = [monday + dt.timedelta(n) for n in range(7)]
    assert by_sector.week_found == sum(local(hazard.found_at).date() in week for hazard in rows)
    ended = [hazard.closed_at for hazard in rows if hazard.status == "closed" and hazard.closed_at is not None]
    assert by_sector.week_closed == sum(local(at).date() in week for at in ended)
