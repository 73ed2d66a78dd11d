"""How hazards stand by sector, town and week, within what a person may see: what the wall is made of.

What a city, a town or a sector opens is read from the tally, a few thousand rows of any number of hazards. Departments
and towns also see what they supervise or take part in elsewhere; that is little, and counted from the records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Grant, OrganisationSector, Sector, scope_condition, scope_rules
from app.accounts.regions import region_prefix
from app.accounts.roles import CITYWIDE, DEPARTMENT, LOCAL
from app.audit import Finding
from app.db import is_postgresql
from app.hazards.models import Hazard
from app.hazards.tally.models import HazardTally

_CITY, _TOWN = 6, 9  # digits of a region code
_AT_ONCE = 500  # hazards in one statement
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
    return standings(session, user, campaign_id, by)[0]


def standings(session: Session, user: Any, campaign_id: str | None, *several: tuple[str, ...]) -> list[list[Standing]]:
    """The same by several groupings; what the person sees is looked for once."""
    if user is None:
        return [_read(session, _tallied(sa.true(), campaign_id, by)) for by in several]
    if _by_village(user):
        seen = scope_condition(Hazard, user)
        return [_read(session, _counted(session, seen, campaign_id, by)) for by in several]
    seen = scope_condition(HazardTally, user)
    told = [_read(session, _tallied(seen, campaign_id, by)) for by in several]
    for ids in _batches(_others(session, user, campaign_id), _AT_ONCE):
        for rows, by in zip(told, several, strict=True):
            rows.extend(_read(session, _counted(session, Hazard.id.in_(ids), campaign_id, by)))
    return told


def _read(session: Session, select: sa.Select[Any]) -> list[Standing]:
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


class _ByPlace:
    """A hazard as the tally knows it: what opens it by town and sector."""

    __scope__ = HazardTally.__scope__
    town = Hazard.region_code
    sector_code = Hazard.sector_code


class _Otherwise:
    """A hazard by everything else that opens one."""

    __scope__ = replace(Hazard.__scope__, region=None, sector=None)
    supervising_org_id = Hazard.supervising_org_id
    responsible_org_id = Hazard.responsible_org_id
    instance_id = Hazard.instance_id


def _by_village(user: Any) -> bool:
    """Whether a part of what the person sees is smaller than a town, which no tally tells apart."""
    return any(grant.role in CITYWIDE | LOCAL and _digits(grant) > _TOWN for grant in user.grants)


def _digits(grant: Grant) -> int:
    """How exactly the region of the grant's organisation is said: 6 a city, 9 a town."""
    return len(region_prefix(grant.organisation.region_code) or "")


def _others(session: Session, user: Any, campaign_id: str | None = None) -> list[str]:
    """Hazards that the person sees though neither town nor sector opens them; none for who sees the whole city.

    Each rule searches on its own, and only in sectors that are not the person's anyway: so few rows are looked at. They
    are found first and counted then, because no planner guesses how few they are.
    """
    if any(grant.role in CITYWIDE and _digits(grant) in range(1, _CITY + 1) for grant in user.grants):
        return []
    rules = scope_rules(_Otherwise, user)
    offices = [grant.org_id for grant in user.grants if grant.role in DEPARTMENT]
    own = sa.select(OrganisationSector.sector_code).where(OrganisationSector.org_id.in_(offices))
    left = list(session.scalars(sa.select(Sector.code).where(Sector.code.not_in(own))))
    if not rules or not left:
        return []
    also = [Hazard.sector_code.in_(left), sa.not_(scope_condition(_ByPlace, user))]
    if campaign_id is not None:
        also.append(Hazard.campaign_id == campaign_id)
    found = [sa.select(Hazard.id).where(rule, *also).correlate(None) for rule in rules]
    return list(session.scalars(sa.union(*found)))


def _batches(ids: list[str], size: int) -> Iterator[list[str]]:
    for first in range(0, len(ids), size):
        yield ids[first : first + size]


def _tallied(seen: Any, campaign_id: str | None, by: tuple[str, ...] = BY) -> sa.Select[Any]:
    columns = [getattr(HazardTally, name) for name in by]
    sums = [sa.func.sum(getattr(HazardTally, name)).label(name) for name in _COUNTS]
    select = sa.select(*columns, *sums).where(seen).group_by(*columns)
    return select if campaign_id is None else select.where(HazardTally.campaign_id == campaign_id)


def _counted(session: Session, seen: Any, campaign_id: str | None, by: tuple[str, ...] = BY) -> sa.Select[Any]:
    """The same from the records themselves."""
    seen = [Hazard.status != "voided", seen]
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
    tallied = _by_cell(session, _tallied(sa.true(), None))
    counted = _by_cell(session, _counted(session, sa.true(), None))
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
