"""The catalogue: what figures there are. TOML files, read once and checked when the program starts."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.i18n import pick
from app.metrics import filters, rounding, windows
from app.metrics.sources import Source, find

FOLDER = Path(__file__).parent / "catalogue"
MEASURES = ("count", "distinct", "sum", "ratio", "duration")
_TEXTS = ("title", "unit")
_KEYS = {
    *_TEXTS, "note", "source", "measure", "where", "part", "window", "column", "scale", "from", "to", "round", "theme",
}  # fmt: skip
# Which measure needs what beside its source.
_NEEDS = {"distinct": ("column",), "sum": ("column",), "ratio": ("part",), "duration": ("from", "to")}
_STYLE = {"ratio": "tenth", "duration": "tenth"}


class CatalogueError(Exception):
    """An entry that cannot be counted. Stops the program at its start: better than a wrong figure later."""


@dataclass(frozen=True)
class Metric:
    """One figure's rule (口径)."""

    key: str
    titles: Mapping[str, str]
    units: Mapping[str, str]
    notes: Mapping[str, str]
    source_key: str
    measure: str
    where: filters.Where
    part: filters.Where
    on: str  # the instant that the window lies on; "" for a figure of this moment
    usual: str  # the kind of window
    about: str = ""  # of a campaign or special period: the word by which the one that is meant is known
    column: str = ""
    scale: int = 1
    start: str = ""
    stop: str = ""
    style: str = "whole"
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def title(self) -> str:
        return pick(self.titles)

    @property
    def unit(self) -> str:
        return pick(self.units)

    @property
    def note(self) -> str:
        return pick(self.notes)

    @property
    def source(self) -> Source:
        found = find(self.source_key)
        assert found is not None, self.source_key  # checked at the start
        return found


@functools.cache
def catalogue() -> dict[str, Metric]:
    """All entries by key, in the order of their files."""
    found: dict[str, Metric] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for metric in read(tomllib.loads(path.read_text(encoding="utf-8")), path.name):
            if metric.key in found:
                raise CatalogueError(f"{path.name}: {metric.key} stands in two files")
            found[metric.key] = metric
    return found


def read(tables: Mapping[str, Any], name: str = "") -> Iterator[Metric]:
    """The entries of one file. CatalogueError for one that lacks what every entry has."""
    for key, table in tables.items():
        missing = [word for word in (*_TEXTS, "source", "measure") if word not in table]
        unknown = sorted(set(table) - _KEYS)
        if missing or unknown:
            raise CatalogueError(f"{name}: {key}: missing {missing}, unknown {unknown}")
        window = table.get("window", {})
        yield Metric(
            key=key,
            titles=table["title"],
            units=table["unit"],
            notes=table.get("note", {}),
            source_key=table["source"],
            measure=table["measure"],
            where=table.get("where", {}),
            part=table.get("part", {}),
            on=window.get("on", ""),
            usual=window.get("kind", "all"),
            about=window.get("period", ""),
            column=table.get("column", ""),
            scale=table.get("scale", 1),
            start=table.get("from", ""),
            stop=table.get("to", ""),
            style=table.get("round", _STYLE.get(table["measure"], "whole")),
            raw=table,
        )


def problems(metric: Metric) -> Iterator[str]:
    """Everything that is wrong with an entry."""
    source = find(metric.source_key)
    if source is None:
        yield f"unknown source {metric.source_key}"
        return
    for texts in (metric.titles, metric.units):
        if not (texts.get("zh") and texts.get("en")):
            yield "title and unit are in both languages"
    if metric.measure not in MEASURES:
        yield f"unknown measure {metric.measure}"
    yield from (f"{metric.measure} needs {word}" for word in _NEEDS.get(metric.measure, ()) if not metric.raw.get(word))
    yield from filters.problems(source, metric.where)
    yield from filters.problems(source, metric.part)
    yield from _column_problems(metric, source)
    if metric.usual not in windows.KINDS or metric.usual == "between":
        yield f"unknown kind of window {metric.usual}"
    if metric.about and metric.usual not in ("campaign", "special"):
        yield "window: period goes with campaign or special"
    if metric.style not in rounding.STYLES:
        yield f"unknown rounding {metric.style}"


def _column_problems(metric: Metric, source: Source) -> Iterator[str]:
    instants = {name for name, column in source.by_name.items() if column.kind == "instant"}
    for word, name in (("window", metric.on), ("from", metric.start), ("to", metric.stop)):
        if name and name not in instants:
            yield f"{word}: {name} is no instant (there are {', '.join(sorted(instants))})"
    if metric.column and metric.column not in source.by_name:
        yield f"unknown column {metric.column}"
    elif metric.measure == "sum" and metric.column and source.named(metric.column).kind != "number":
        yield f"{metric.column} is no number"


def check() -> list[str]:
    """Every problem of the catalogue, with the entry it is in."""
    return [f"{key}: {problem}" for key, metric in catalogue().items() for problem in problems(metric)]


def check_at_start() -> None:
    """Once every slice has registered its rows. CatalogueError names every wrong entry."""
    if found := check():
        raise CatalogueError("; ".join(found))
