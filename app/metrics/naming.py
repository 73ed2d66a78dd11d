"""Values of columns in words: what regions, sectors and organisations are called, and what a slice says of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, Region, Sector
from app.clock import local
from app.i18n import _, bilingual
from app.metrics.sources import Column

_TABLES: dict[str, tuple[Any, Any]] = {
    "sector": (Sector, Sector.code),
    "region": (Region, Region.code),
    "town": (Region, Region.code),
    "organisation": (Organisation, Organisation.id),
}


def names(session: Session, column: Column, keys: Iterable[str]) -> dict[str, str]:
    """Key → name for the keys that have one."""
    wanted = sorted({key for key in keys if key})
    if column.words is not None:
        return {key: str(column.words[key]) for key in wanted if key in column.words}
    if column.names is not None:
        return dict(column.names(session, wanted))
    if column.kind not in _TABLES:
        return {}
    model, key_column = _TABLES[column.kind]
    found = session.execute(sa.select(key_column, model.name, model.name_en).where(key_column.in_(wanted)))
    return {key: bilingual(name, name_en) for key, name, name_en in found}


def cell(value: Any, known: dict[str, str]) -> str:
    """One value as a table shows it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dt.datetime):
        return f"{local(value):%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return f"{value:,}"
    return known.get(str(value), str(value))


def table(session: Session, columns: list[Column], rows: list[Any]) -> list[list[str]]:
    """The rows' cells in words; one query for each kind of name, not for each row."""
    known = {
        column.name: names(session, column, (str(getattr(row, column.name) or "") for row in rows))
        for column in columns
        if column.words is not None or column.names is not None or column.kind in _TABLES
    }
    flags = {column.name for column in columns if column.kind == "flag"}
    return [
        [
            cell(_flag(value) if column.name in flags else value, known.get(column.name, {}))
            for column in columns
            for value in [getattr(row, column.name)]
        ]
        for row in rows
    ]


def _flag(value: Any) -> bool | None:
    """SQLite answers conditions with 0 and 1."""
    return None if value is None else bool(value)
