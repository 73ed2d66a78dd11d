"""The weekly trend as a drawing of the server's: the page needs no script for it, and it prints."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.dashboards.wall.figures import Figures
from app.i18n import _

_WEEKS = 12
_TOP, _RIGHT, _LEFT = 26, 74, 40
_BELOW = 9  # between the axis and the days under it


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    value: int


@dataclass(frozen=True)
class Trend:
    """Two lines over weeks, in the coordinates of a view box of `width` × `height`."""

    width: int
    height: int
    found: tuple[Point, ...]
    closed: tuple[Point, ...]
    ticks: tuple[tuple[float, str], ...]  # y, label
    days: tuple[tuple[float, str], ...]  # x, label
    gates: tuple[tuple[float, str], ...]  # x, label
    finding: str
    line: int  # height of a line of text

    @property
    def found_line(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.found)

    @property
    def closed_line(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.closed)

    @property
    def axis(self) -> int:
        """Where nothing is."""
        return self.height - self.line - _BELOW

    @property
    def label_gap(self) -> float:
        """How far the two end labels are moved apart, so that neither covers the other."""
        gap = abs(self.found[-1].y - self.closed[-1].y)
        return max(0.0, self.line - gap) / 2


def trend(
    figures: Figures,
    this_week: dt.date,
    since: dt.date | None,
    gates: list[tuple[dt.date, str]],
    size: tuple[int, int, int] = (400, 230, 16),
) -> Trend:
    """The last twelve weeks, or since the campaign began where that is shorter. `size`: width, height, line of text."""
    weeks = _weeks(this_week, since)
    found, closed = [figures.found.get(w, 0) for w in weeks], [figures.closed.get(w, 0) for w in weeks]
    width, height, line = size
    top, step = _scale(max([*found, *closed, 1]))
    across, down = (width - _LEFT - _RIGHT) / max(1, len(weeks) - 1), height - _TOP - line - _BELOW

    def x(number: int) -> float:
        return _LEFT + across * number

    def y(value: int) -> float:
        return _TOP + down * (1 - value / top)

    every = 2 if len(weeks) > 6 else 1
    shown = [n for n in range(len(weeks)) if (len(weeks) - 1 - n) % every == 0]
    marks = [(_place(weeks, day, x), name) for day, name in gates if weeks[0] <= day <= weeks[-1]]
    return Trend(
        width,
        height,
        tuple(Point(x(n), y(v), v) for n, v in enumerate(found)),
        tuple(Point(x(n), y(v), v) for n, v in enumerate(closed)),
        tuple((y(value), f"{value:,}") for value in range(0, top + 1, step)),
        tuple((x(n), f"{weeks[n].month}/{weeks[n].day}") for n in shown),
        tuple(marks),
        _finding(weeks, found, closed),
        line,
    )


def _weeks(this_week: dt.date, since: dt.date | None) -> list[dt.date]:
    first = this_week - dt.timedelta(weeks=_WEEKS - 1)
    if since is not None:
        first = min(max(first, since - dt.timedelta(since.weekday())), this_week - dt.timedelta(weeks=1))
    return [first + dt.timedelta(weeks=n) for n in range((this_week - first).days // 7 + 1)]


def _scale(most: int) -> tuple[int, int]:
    """A round top and the distance of its lines: three or four of them."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if most <= step * factor * 4:
                return -(-most // (step * factor)) * step * factor, step * factor
        step *= 10


def _place(weeks: list[dt.date], day: dt.date, x: object) -> float:
    number = (day - weeks[0]).days / 7
    return float(x(number))  # type: ignore[operator]


def _finding(weeks: list[dt.date], found: list[int], closed: list[int]) -> str:
    """What the lines say, in a sentence."""
    run = 0
    for more, less in zip(reversed(closed), reversed(found), strict=True):
        if more <= less:
            break
        run += 1
    if run >= 2:
        since = weeks[-run]
        text = _("%(month)s月%(day)s日当周起，整改数连续 %(n)s 周超过新增数。")
        return text % {"month": since.month, "day": since.day, "n": run}
    return _("本周新增 %(found)s 项，整改 %(closed)s 项。", found=f"{found[-1]:,}", closed=f"{closed[-1]:,}")
