"""All instances of a process on its diagram: how many stand where, how long steps take, how often they are late.

The same as a table, which is what the diagram says to whoever cannot see it. Counts are of what the person may see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.calendars.words import clock_span, days_text
from app.console import words
from app.console.picture import name_of
from app.engine import Loaded, Node, Pace, Standing
from app.i18n import _, lazy_

SHOWN: dict[str, Any] = {"count": lazy_("数量"), "time": lazy_("平均用时"), "late": lazy_("超期率")}
LEVELS = 5
_DRAWN = ("userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask")
_WORK = (*_DRAWN, "callActivity", "subProcess", "intermediateCatchEvent")


@dataclass(frozen=True)
class Row:
    """A node in the table. `value` is what the map colours by, None where there is nothing to tell."""

    id: str
    name: str
    kind: str
    tokens: int
    overdue: int
    pace: Pace | None
    starts: str | None
    value: float | None = None
    level: int = 0

    @property
    def mean(self) -> str:
        return span_text(self.pace.mean) if self.pace else ""

    @property
    def late(self) -> str:
        share = self.pace.share_late if self.pace else None
        return "" if share is None else percent(share)

    @property
    def tells(self) -> bool:
        """Whether anything stands here or was done here."""
        return bool(self.tokens or self.pace or self.overdue)


@dataclass(frozen=True)
class Map:
    """What the viewer is given, by element id, the table beside it and the legend below."""

    rows: list[Row]
    heat: dict[str, int]
    counts: dict[str, int | str]  # what stands beside each node: the number that its colour means
    alerts: dict[str, str]
    legend: list[tuple[int, str]]
    sentence: str
    tokens: int
    elsewhere: int  # tokens at nodes that the version in force has not


def process_map(loaded: Loaded, standing: Mapping[str, Standing], pace: Mapping[str, Pace], shown: str) -> Map:
    """`shown` says what the colours mean: count, time or late."""
    beside = loaded.diagram.begins_waiting
    nodes = [n for n in loaded.nodes.values() if n.kind in _WORK and not n.triggered]
    rows = [_row(node, standing.get(node.id, Standing()), pace.get(node.id), shown) for node in nodes]
    most = max((row.value for row in rows if row.value), default=0.0)
    rows = [_levelled(row, most) for row in rows]
    known = {node.id for node in loaded.nodes.values()}
    watching = {n.id for n in loaded.nodes.values() if n.attached_to or beside(n)}
    return Map(
        rows,
        {row.id: row.level for row in rows if row.level},
        {row.id: text for row in rows if (text := _told(row, shown))},
        {row.id: _("超期 %(n)s", n=row.overdue) for row in rows if row.overdue and shown == "count"},
        _legend(most, shown),
        _sentence(rows),
        sum(row.tokens for row in rows),
        sum(one.tokens for node, one in standing.items() if node not in known and node not in watching),
    )


def _row(node: Node, standing: Standing, pace: Pace | None, shown: str) -> Row:
    kind = words.node_kind(node.kind)
    value = {
        "count": float(standing.tokens) or None,
        "time": pace.mean if pace else None,
        "late": pace.share_late if pace else None,
    }[shown]
    return Row(node.id, name_of(node), kind, standing.tokens, standing.overdue, pace, node.starts, value)


def _levelled(row: Row, most: float) -> Row:
    """The colour is the share of the highest value, in equal steps; nothing is no colour."""
    if not row.value or not most:
        return row
    level = min(LEVELS, int(row.value / most * LEVELS * 0.9999) + 1)
    return Row(**{name: getattr(row, name) for name in Row.__dataclass_fields__} | {"level": level})


def _told(row: Row, shown: str) -> int | str:
    if shown == "time":
        return row.mean
    return row.late if shown == "late" else row.tokens


def _legend(most: float, shown: str) -> list[tuple[int, str]]:
    """Each colour with the highest value that it stands for."""
    if not most:
        return []
    write = {"count": lambda value: _("至 %(n)s", n=max(1, round(value))), "time": _up_to, "late": _up_to_share}[shown]
    if shown == "count" and most < LEVELS:
        return [(min(LEVELS, int(n / most * LEVELS * 0.9999) + 1), str(n)) for n in range(1, int(most) + 1)]
    return [(level, write(most * level / LEVELS)) for level in range(1, LEVELS + 1)]


def _up_to(seconds: float) -> str:
    return _("至 %(span)s", span=span_text(seconds))


def _up_to_share(share: float) -> str:
    return _("至 %(share)s", share=percent(share))


def _sentence(rows: list[Row]) -> str:
    standing = [row for row in rows if row.tokens]
    if not standing:
        return _("流程图：没有在办的事项")
    told = _("、").join(_("%(step)s %(n)s 件", step=row.name, n=row.tokens) for row in standing)
    return _("流程图，在办：%(steps)s", steps=told)


def percent(share: float) -> str:
    return f"{share * 100:.0f}%" if share in (0, 1) or share >= 0.1 else f"{share * 100:.1f}%"


def span_text(seconds: float) -> str:
    """A mean duration: 3.4 天, 5 小时 20 分钟."""
    if seconds >= 86400:
        days = round(seconds / 86400, 1)
        return days_text(int(days)) if days == int(days) else _("%(n)s 天", n=days)
    return clock_span(int(dt.timedelta(seconds=seconds).total_seconds()))
