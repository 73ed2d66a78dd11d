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
from app.metrics.entries import Metric
from app.metrics.filters import parameter
from app.metrics.sources import Column, Source

_TABLES: dict[str, tuple[Any, Any]] = {
    "sector": (Sector, Sector.code),
    "region": (Region, Region.code),
    "town": (Region, Region.code),
    "organisation": (Organisation, Organisation.id),
}


YES, NO = "1", "0"


def key_of(column: Column, value: Any) -> str:
    """A value as addresses name it; nothing where there is none."""
    if column.kind == "flag" and value is not None:
        return YES if value else NO
    return str(value or "")


def names(session: Session, column: Column, keys: Iterable[str]) -> dict[str, str]:
    """Key → name for the keys that have one."""
    wanted = sorted({key for key in keys if key})
    if column.kind == "flag":
        return {YES: _("是"), NO: _("否")}
    if column.words is not None:
        return {key: str(column.words[key]) for key in wanted if key in column.words}
    if column.names is not None:
        return dict(column.names(session, wanted))
    if column.kind not in _TABLES:
        return {}
    model, key_column = _TABLES[column.kind]
    found = session.execute(sa.select(key_column, model.name, model.name_en).where(key_column.in_(wanted)))
    return {key: bilingual(name, name_en) for key, name, name_en in found}


def readable(column: Column) -> bool:
    """Whether its values have names: a bare key groups rows, but says nothing to a reader."""
    return (
        column.kind in _TABLES
        or column.words is not None
        or column.names is not None
        or not column.name.endswith("_id")
    )


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


def rule(metric: Metric) -> list[tuple[str, str]]:
    """The counting rule (口径) in words: what is counted, under which conditions, by which instant."""
    source = metric.source
    lines = [(_("统计对象"), str(source.label)), (_("算法"), _measured(metric))]
    if metric.where:
        lines.append((_("条件"), _("；").join(_condition(source, name, value) for name, value in metric.where.items())))
    if metric.part:
        part = _("；").join(_condition(source, name, value) for name, value in metric.part.items())
        lines.append((_("分子另须符合"), part))
    on = str(source.named(metric.on).label) if metric.on else _("此刻，不看时间")
    return [*lines, (_("时间口径"), on)]


def _measured(metric: Metric) -> str:
    source = metric.source

    def label(name: str) -> str:
        return str(source.named(name).label)

    if metric.measure == "distinct":
        return _("按%(column)s去重计数", column=label(metric.column))
    if metric.measure == "sum":
        return _("%(column)s合计", column=label(metric.column))
    if metric.measure == "ratio":
        return _("分子 ÷ 分母 × 100")
    if metric.measure == "duration":
        return _("自%(start)s至%(stop)s的平均天数", start=label(metric.start), stop=label(metric.stop))
    return _("计数")


def _condition(source: Source, name: str, value: Any) -> str:
    column = source.named(name)
    label = str(column.label)
    if isinstance(value, dict):
        return _("，").join(_form(column, label, word, one) for word, one in value.items())
    if value in (True, False) and column.kind == "flag":
        return label if value else _("非%(label)s", label=label)
    return _("%(label)s为%(values)s", label=label, values=_values(column, value))


def _form(column: Column, label: str, word: str, value: Any) -> str:
    texts = {
        "not": _("%(label)s不为%(values)s"),
        "starts": _("%(label)s以%(values)s开头"),
        "least": _("%(label)s不小于%(values)s"),
        "most": _("%(label)s不大于%(values)s"),
    }
    if word == "set":
        return _("已有%(label)s", label=label) if value else _("没有%(label)s", label=label)
    if word == "until":
        return _("%(label)s不晚于窗口末", label=label)
    return texts[word] % {"label": label, "values": _values(column, value)}


def _values(column: Column, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    known = column.words or {}
    texts = [_("所选%(label)s", label=column.label) if parameter(one) else str(known.get(one, one)) for one in values]
    return _("、").join(texts)
