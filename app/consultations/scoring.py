"""The score sheet: dimensions with weights, and the one figure that follows from them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Dimension:
    code: str
    name: str
    name_en: str
    weight: int  # of 100


@functools.cache
def dimensions() -> tuple[Dimension, ...]:
    """As dimensions.toml has them. Weights that do not make 100 are a mistake in the file: ValueError."""
    path = Path(__file__).with_name("dimensions.toml")
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["dimension"]
    found = tuple(Dimension(row["code"], row["name"]["zh"], row["name"]["en"], int(row["weight"])) for row in rows)
    if sum(one.weight for one in found) != 100:
        raise ValueError(f"{path.name}: weights make {sum(one.weight for one in found)}, not 100")
    return found


def blank_rows() -> list[dict[str, Any]]:
    """The rows of a sheet that nobody has filled in."""
    return [{"dimension": one.code, "weight": one.weight, "score": None, "note": ""} for one in dimensions()]


def total(rows: Iterable[Mapping[str, Any]]) -> float:
    """Σ weight × score ÷ Σ weight, rounded half up to one decimal; weights and scores are whole numbers."""
    weighed = [(int(row["weight"]), int(row["score"])) for row in rows]
    weights = sum(weight for weight, _score in weighed)
    if not weights:
        raise ValueError("a score sheet without rows")
    tenths = (sum(weight * score for weight, score in weighed) * 20 + weights) // (2 * weights)
    return tenths / 10


def missing(rows: Iterable[Mapping[str, Any]]) -> list[Dimension]:
    """Dimensions without a score from 0 to 100."""
    given = {row.get("dimension"): row.get("score") for row in rows}
    return [one for one in dimensions() if not _is_score(given.get(one.code))]


def _is_score(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100
