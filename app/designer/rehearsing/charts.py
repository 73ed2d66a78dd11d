"""Drawings on the server: the load of a role by day, as plain numbers for SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.i18n import _

WIDTH, HEIGHT, TOP = 720, 96, 8
MOST = 1.2  # the load that the drawing's top stands for


@dataclass(frozen=True)
class Load:
    """`area` is the load by work day, `queue` what waited in front of the desk at the day's end, on its own scale."""

    area: str
    queue: str
    full: float  # y of a load of 100 %
    bottom: float
    ticks: list[tuple[float, str]]  # x, month
    queue_most: int
    sentence: str


def load(days: Sequence[Sequence[Any]]) -> Load:
    """From [day, load, tasks left] of every work day."""
    bottom = float(TOP + HEIGHT)
    if not days:
        return Load("", "", bottom, bottom, [], 0, _("没有工作日"))
    step = WIDTH / len(days)
    queue_most = max(left for _day, _load, left in days)

    def y(value: float, most: float) -> float:
        return round(bottom - min(value, most) / most * HEIGHT, 1) if most else bottom

    points = [(round(n * step + step / 2, 1), y(value, MOST)) for n, (_day, value, _left) in enumerate(days)]
    line = "".join(f"L{x} {at}" for x, at in points)
    area = f"M{points[0][0]} {bottom}{line}L{points[-1][0]} {bottom}Z"
    waits = [f"{round(n * step + step / 2, 1)} {y(left, queue_most)}" for n, (_day, _load, left) in enumerate(days)]
    queue = "M" + "L".join(waits) if queue_most else ""
    ticks, seen = [], ""
    for n, (day, _load, _left) in enumerate(days):
        month = day[:7]
        if month != seen:
            seen = month
            ticks.append((round(n * step, 1), f"{int(day[5:7])}"))
    mean = sum(value for _day, value, _left in days) / len(days)
    told = _(
        "每日负荷：平均 %(mean)s，最高 %(most)s，收工时最多积压 %(queue)s 件",
        mean=f"{mean:.0%}", most=f"{max(value for _day, value, _left in days):.0%}", queue=queue_most,
    )  # fmt: skip
    return Load(area, queue, y(1.0, MOST), bottom, ticks, queue_most, told)
