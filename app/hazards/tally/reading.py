"""How hazards stand by sector, town and week, within what a person may see: what the wall is made of.

Whoever sees the whole city reads the tally, a few thousand rows of any number of hazards. Everybody else sees a part,
partly by what they take part in, which no tally knows: there the records themselves are counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import scope_condition, within
from app.accounts.regions import region_prefix
from app.accounts.roles import CITYWIDE
from app.audit import Finding
from app.db import is_postgresql
from app.hazards.models import Hazard
from app.hazards.tally.models import HazardTally

_CITY = 6  # digits of a region code that name a city
BY = ("sector_code", "town", "major", "week")
_COUNTS = ("found", "closed", "on_time")


@dataclass(frozen=True)
class Standing:
    """Hazards of one sector, town, grade and week: found in it, closed out in it, and how many of these on time.

    What nobody asked to tell apart is added up, and empty here.
    """

    found: int
    closed: int
    on_time: int
    sector: str = ""
    town: str = ""
    major: bool = False
    week: dt.date = dt.date.min


def standing(session: Session, user: Any, campaign_id: str | None = None, by: tuple[str, ...] = BY) -> list[Standing]:
    """Figures by some of sector, town, grade and week; of one campaign, or of all hazards.

    `user` None: the system, everything.
    """
    area = _whole_city(user)
    select = _tallied(area, campaign_id, by) if area is not None else _counted(session, user, campaign_id, by)
    return [_standing(row._asdict()) for row in session.execute(select) if row.found or row.closed]


def _standing(row: Mapping[str, Any]) -> Standing:
    week = row.get("week") or dt.date.min
    return Standing(
        found=int(row["found"]),
        closed=int(row["closed"]),
        on_time=int(row["on_time"]),
        sector=row.get("sector_code", ""),
        town=row.get("town", ""),
        major=bool(row.get("major")),
        week=week if isinstance(week, dt.date) else dt.date.fromisoformat(week),
    )


def _whole_city(user: Any) -> str | None:
    """The city whose every hazard the person sees; "" for the system."""
    if user is None:
        return ""
    if not getattr(user, "is_authenticated", False) or not user.active:
        return None
    for grant in user.grants:
        prefix = region_prefix(grant.organisation.region_code)
        if grant.role in CITYWIDE and prefix is not None and len(prefix) <= _CITY:
            return str(grant.organisation.region_code)
    return None


def _tallied(area: str, campaign_id: str | None, by: tuple[str, ...] = BY) -> sa.Select[Any]:
    columns = [getattr(HazardTally, name) for name in by]
    sums = [sa.func.sum(getattr(HazardTally, name)).label(name) for name in _COUNTS]
    select = sa.select(*columns, *sums).group_by(*columns)
    if area:
        select = select.where(within(HazardTally.town, area))
    return select if campaign_id is None else select.where(HazardTally.campaign_id == campaign_id)


def _counted(session: Session, user: Any, campaign_id: str | None, by: tuple[str, ...] = BY) -> sa.Select[Any]:
    """The same from the records themselves."""
    seen = [Hazard.status != "voided", scope_condition(Hazard, user) if user is not None else sa.true()]
    if campaign_id is not None:
        seen.append(Hazard.campaign_id == campaign_id)
    one: Any = sa.literal_column("1")
    none: Any = sa.literal_column("0")
    in_time = sa.or_(Hazard.original_due_at.is_(None), Hazard.submitted_at <= Hazard.original_due_at)
    on_time = sa.case((in_time, 1), else_=0)
    town = sa.func.substr(Hazard.region_code, 1, 9).concat("000")
    major = sa.func.coalesce(Hazard.grade == "major", sa.false())

    def part(instant: Any, *counts: Any) -> sa.Select[Any]:
        labelled = [count.label(name) for count, name in zip(counts, _COUNTS, strict=True)]
        week = _week(session, instant).label("week")
        return sa.select(Hazard.sector_code, town.label("town"), major.label("major"), week, *labelled).where(*seen)

    closed = part(Hazard.closed_at, none, one, on_time).where(Hazard.status == "closed", Hazard.closed_at.is_not(None))
    rows = sa.union_all(part(Hazard.found_at, one, none, none), closed).subquery()
    columns = [rows.c[name] for name in by]
    sums = [sa.func.sum(rows.c[name]).label(name) for name in _COUNTS]
    return sa.select(*columns, *sums).group_by(*columns)


def _week(session: Session, instant: Any) -> Any:
    if is_postgresql(session):
        return sa.cast(sa.func.date_trunc("week", sa.func.timezone("Asia/Shanghai", instant)), sa.Date)
    return sa.func.date(instant, "+8 hours", "weekday 0", "-6 days")


def differences(session: Session) -> Iterable[Finding]:
    """Cells in which the tally says something else than the records: hazards were written past the program."""
    tallied = _by_cell(session, _tallied("", None))
    counted = _by_cell(session, _counted(session, None, None))
    for key in sorted(tallied.keys() | counted.keys()):
        told, true = (_counts(found.get(key)) for found in (tallied, counted))
        if told != true:
            yield Finding("tally.differs", "hazard_tally", " ".join(map(str, key)), f"{told}, but records say {true}")


def _by_cell(session: Session, select: sa.Select[Any]) -> dict[tuple[str, str, bool, str], Standing]:
    rows = [_standing(row._asdict()) for row in session.execute(select)]
    return {_key(row): row for row in rows}


def _key(row: Standing) -> tuple[str, str, bool, str]:
    return row.sector, row.town, row.major, row.week.isoformat()


def _counts(row: Standing | None) -> tuple[int, int, int]:
    return (row.found, row.closed, row.on_time) if row else (0, 0, 0)
