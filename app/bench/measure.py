"""Samples of a duration and what is said about them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Sample:
    """Durations in seconds. Percentiles are taken by rank, without interpolation."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def time(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - began)

    def repeat(self, act: Callable[[Any], object], over: Iterator[Any] | list[Any]) -> Sample:
        for one in over:
            with self.time():
                act(one)
        return self

    def percentile(self, share: float) -> float:
        """In milliseconds; 0 without a sample."""
        if not self.seconds:
            return 0.0
        ranked = sorted(self.seconds)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000

    @property
    def median(self) -> float:
        return self.percentile(0.5)

    @property
    def rate(self) -> float:
        """How many a second one after another."""
        total = sum(self.seconds)
        return len(self.seconds) / total if total else 0.0


@dataclass(frozen=True)
class Figure:
    """One line of a report: what was measured, how much, and the limit that it is held against, if any."""

    bench: str
    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False  # the limit is the least that is good, not the most
    samples: tuple[float, ...] = ()  # milliseconds, for the plot

    @property
    def good(self) -> bool | None:
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def as_text(self) -> str:
        mark = {None: " ", True: "✓", False: "✗"}[self.good]
        held = "" if self.limit is None else f"  ({'≥' if self.at_least else '≤'} {self.limit:g})"
        return f"{mark} {self.bench:<9} {self.name:<52} {self.value:>10.2f} {self.unit}{held}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "bench": self.bench,
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "limit": self.limit,
            "good": self.good,
        }


def of(bench: str, sample: Sample, limit: float | None = None) -> list[Figure]:
    """The usual two figures of a sample: median and 95th percentile. The limit is for the median."""
    kept = tuple(second * 1000 for second in sample.seconds)
    return [
        Figure(bench, f"{sample.name}, median", sample.median, "ms", limit, samples=kept),
        Figure(bench, f"{sample.name}, p95", sample.percentile(0.95), "ms"),
    ]
