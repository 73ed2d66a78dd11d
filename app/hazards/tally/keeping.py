"""Keeps the tally true: what a hazard adds to it follows from the record, and is written with it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.clock import local
from app.db import new_id
from app.hazards.models import Hazard
from app.hazards.tally.models import HazardTally

_TABLE = HazardTally.__table__
# What a hazard is tallied by. Their old values are loaded before they change.
_WATCHED = (
    "status", "campaign_id", "region_code", "sector_code", "grade", "found_at", "closed_at", "submitted_at",
    "original_due_at",
)  # fmt: skip
_FOLDED = 500  # cells in one turn
_AT_ONCE = 500


class Cell(NamedTuple):
    """What is counted together."""

    campaign_id: str
    town: str
    sector_code: str
    major: bool
    week: dt.date


def init() -> None:
    """Listen to every way by which the program writes a hazard."""
    for name in _WATCHED:
        sa.event.listen(getattr(Hazard, name), "set", _ignore, active_history=True)
    sa.event.listen(Hazard, "after_insert", _inserted)
    sa.event.listen(Hazard, "after_update", _updated)
    sa.event.listen(Hazard, "after_delete", _deleted)


def _ignore(*_event: Any) -> None:
    """Listening alone makes SQLAlchemy load the old value."""


def _inserted(_mapper: Any, connection: Connection, hazard: Hazard) -> None:
    _write(connection, Counter(), _of(_present(hazard)))


def _updated(_mapper: Any, connection: Connection, hazard: Hazard) -> None:
    _write(connection, _of(_former(hazard)), _of(_present(hazard)))


def _deleted(_mapper: Any, connection: Connection, hazard: Hazard) -> None:
    _write(connection, _of(_former(hazard)), Counter())


def _present(hazard: Hazard) -> dict[str, Any]:
    return {name: getattr(hazard, name) for name in _WATCHED}


def _former(hazard: Hazard) -> dict[str, Any]:
    """The values before this flush."""
    attributes = sa.inspect(hazard).attrs
    values = {}
    for name in _WATCHED:
        history = attributes[name].history
        values[name] = history.deleted[0] if history.deleted else getattr(hazard, name)
    return values


def _of(values: Mapping[str, Any]) -> Counter[tuple[Cell, str]]:
    """What a hazard with these values adds: found in one week, closed out in another."""
    counted: Counter[tuple[Cell, str]] = Counter()
    if values["status"] == "voided":
        return counted
    where = (
        values["campaign_id"] or "",
        values["region_code"][:9] + "000",
        values["sector_code"],
        values["grade"] == "major",
    )
    counted[Cell(*where, monday(values["found_at"])), "found"] += 1
    if values["status"] == "closed" and values["closed_at"] is not None:
        cell = Cell(*where, monday(values["closed_at"]))
        counted[cell, "closed"] += 1
        due, submitted = values["original_due_at"], values["submitted_at"]
        if due is None or (submitted is not None and submitted <= due):
            counted[cell, "on_time"] += 1
    return counted


def monday(at: dt.datetime) -> dt.date:
    """The week of an instant, by its Monday on the office's clock."""
    day = local(at).date()
    return day - dt.timedelta(day.weekday())


def _write(connection: Connection, former: Counter[Any], present: Counter[Any]) -> None:
    changes: dict[Cell, dict[str, int]] = {}
    for cell, what in former.keys() | present.keys():
        if change := present[cell, what] - former[cell, what]:
            changes.setdefault(cell, {"found": 0, "closed": 0, "on_time": 0})[what] += change
    if changes:
        connection.execute(sa.insert(_TABLE), [_row(cell, counts) for cell, counts in changes.items()])


def _row(cell: Cell, counts: Mapping[str, int]) -> dict[str, Any]:
    return {"id": new_id(), **cell._asdict(), **counts}


def fold(session: Session) -> int:
    """Add up the rows of cells that have several; how many cells that were. Inside a write transaction that is alone.

    Rows that others are just adding are not seen, and so neither added up nor removed.
    """
    cells = [getattr(HazardTally, name) for name in Cell._fields]
    several = sa.select(*cells).group_by(*cells).having(sa.func.count() > 1).limit(_FOLDED)
    found = [Cell(*row) for row in session.execute(several)]
    for cell in found:
        same = [column == value for column, value in zip(cells, cell, strict=True)]
        rows = session.execute(sa.select(_TABLE).where(*same)).all()
        for first in range(0, len(rows), _AT_ONCE):
            ids = [row.id for row in rows[first : first + _AT_ONCE]]
            session.execute(sa.delete(_TABLE).where(_TABLE.c.id.in_(ids)))
        sums = {name: sum(getattr(row, name) for row in rows) for name in ("found", "closed", "on_time")}
        if any(sums.values()):
            session.execute(sa.insert(_TABLE), [_row(cell, sums)])
    return len(found)


def rebuild(session: Session) -> None:
    """Count anew from the records, after hazards were written past the program. Inside a write transaction."""
    counted: Counter[tuple[Cell, str]] = Counter()
    watched = sa.select(*(getattr(Hazard, name) for name in _WATCHED)).execution_options(yield_per=5000)
    for row in session.execute(watched):
        counted.update(_of(row._asdict()))
    session.execute(sa.delete(_TABLE))
    for rows in _batches(counted):
        session.execute(sa.insert(_TABLE), rows)


def _batches(counted: Counter[tuple[Cell, str]]) -> Iterator[list[dict[str, Any]]]:
    cells: dict[Cell, dict[str, int]] = {}
    for (cell, what), count in counted.items():
        cells.setdefault(cell, {"found": 0, "closed": 0, "on_time": 0})[what] = count
    rows = [_row(cell, counts) for cell, counts in cells.items()]
    for first in range(0, len(rows), 1000):
        yield rows[first : first + 1000]
