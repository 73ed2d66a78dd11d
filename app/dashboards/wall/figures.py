"""The figures of the wall: hazards and inspections by sector and town, within what a person may see.

Four statements for any number of hazards: the tally twice (or the records, for whoever sees a part), what is
overdue at this moment, and the inspected subjects.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import metrics
from app.accounts import scope_condition
from app.hazards import Hazard, Standing, queries, standings
from app.hazards.tally import monday

_TENTH = Decimal("0.1")
Key = tuple[str, str]  # sector, town


@dataclass
class Sums:
    """What is added up in a cell, a row or the whole. Rates are per cent, None where there is nothing to divide by."""

    visits: int = 0  # 家次
    found: int = 0
    closed: int = 0
    on_time: int = 0  # of those closed
    overdue: int = 0
    major_found: int = 0
    major_closed: int = 0
    major_overdue: int = 0

    def add(self, other: Sums) -> None:
        self.visits += other.visits
        self.found += other.found
        self.closed += other.closed
        self.on_time += other.on_time
        self.overdue += other.overdue
        self.major_found += other.major_found
        self.major_closed += other.major_closed
        self.major_overdue += other.major_overdue

    @property
    def open(self) -> int:
        return self.found - self.closed

    @property
    def major_open(self) -> int:
        return self.major_found - self.major_closed

    @property
    def rate(self) -> Decimal | None:
        """整改率: closed out of found, half up to one decimal."""
        return share(self.closed, self.found)

    @property
    def timeliness(self) -> Decimal | None:
        """按期整改率: of what was closed out, the share rectified by the first order's last day."""
        return share(self.on_time, self.closed)


def share(part: int, whole: int) -> Decimal | None:
    return (Decimal(100) * part / whole).quantize(_TENTH, ROUND_HALF_UP) if whole else None


@dataclass
class Figures:
    """Everything that the wall counts, by sector and town; and by week for the whole."""

    cells: dict[Key, Sums] = field(default_factory=lambda: defaultdict(Sums))
    found: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))
    closed: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))

    def of(self, *, sector: str | None = None, town: str | None = None) -> Sums:
        """Added up over a sector, a town, or everything."""
        return self._sums.get((sector, town)) or Sums()

    @cached_property
    def _sums(self) -> dict[tuple[str | None, str | None], Sums]:
        """Every sum that may be asked for, once all cells are filled; None stands for all."""
        sums: dict[tuple[str | None, str | None], Sums] = defaultdict(Sums)
        for (sector, town), cell in self.cells.items():
            for key in ((sector, town), (sector, None), (None, town), (None, None)):
                sums[key].add(cell)
        return dict(sums)

    @property
    def sectors(self) -> set[str]:
        return {sector for sector, _town in self.cells}

    @property
    def towns(self) -> set[str]:
        return {town for _sector, town in self.cells}

    def before(self, week: dt.date) -> Decimal | None:
        """The rate as it stood when the week began: nothing is closed out before it was found."""
        found = sum(count for of_week, count in self.found.items() if of_week < week)
        closed = sum(count for of_week, count in self.closed.items() if of_week < week)
        return share(closed, found)


def read(session: Session, user: Any, now: dt.datetime, campaign_id: str | None = None) -> Figures:
    """The figures of one campaign, or of everything. `user` None is the system."""
    figures = Figures()
    by_place, by_week = standings(session, user, campaign_id, ("sector_code", "town", "major"), ("week",))
    _add_standing(figures, by_place)
    for row in by_week:
        figures.found[row.week] += row.found
        figures.closed[row.week] += row.closed
    for sector, town, major, count in session.execute(_overdue(user, now, campaign_id)):
        sums = figures.cells[sector, town]
        sums.overdue += count
        sums.major_overdue += count if major else 0
    for sector, town, count in _visits(session, user, campaign_id):
        figures.cells[sector, town].visits += count
    return figures


def _add_standing(figures: Figures, rows: Iterable[Standing]) -> None:
    for row in rows:
        sums = figures.cells[row.sector, row.town]
        sums.found += row.found
        sums.closed += row.closed
        sums.on_time += row.on_time
        if row.major:
            sums.major_found += row.found
            sums.major_closed += row.closed


def _overdue(user: Any, now: dt.datetime, campaign_id: str | None) -> sa.Select[Any]:
    """By the index on status and last day: however many hazards there are, few of them are overdue."""
    by = (Hazard.sector_code, metrics.town_of(Hazard.region_code), Hazard.grade == "major")
    select = sa.select(*by, sa.func.count()).where(queries.overdue(now)).group_by(*by)
    if user is not None:
        select = select.where(scope_condition(Hazard, user))
    return select if campaign_id is None else select.where(Hazard.campaign_id == campaign_id)


def _visits(session: Session, user: Any, campaign_id: str | None) -> list[tuple[str, str, int]]:
    """Inspected subjects (家次) by sector and town, as the slice of inspections tells them."""
    source = next((one for one in metrics.all_sources() if one.key == "inspected_subjects"), None)
    if source is None:
        return []
    by = [source.named(name).expression for name in ("sector_code", "town")]
    select = source.rows(*by, sa.func.count()).where(source.visible(user), source.named("status").expression == "done")
    if campaign_id is not None:
        select = select.where(source.named("campaign_id").expression == campaign_id)
    return [(sector, town, count) for sector, town, count in session.execute(select.group_by(*by))]


def this_week(now: dt.datetime) -> dt.date:
    return monday(now)
