"""Lane name → role: `bpmn/roles.toml` is the one list."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lane:
    """Whose work a lane holds; `org` is the default expression of a task's organisation."""

    role: str
    org: str | None = None


def load_lanes(path: Path) -> dict[str, Lane]:
    """Lanes by each of their names; an absent file means none. ValueError when a name stands twice."""
    if not path.exists():
        return {}
    found: dict[str, Lane] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("lane", []):
        for name in entry["names"]:
            if name in found:
                raise ValueError(f"{path.name}: lane {name!r} stands twice")
            found[name] = Lane(entry["role"], entry.get("org"))
    return found


def lane_of(lanes: Mapping[str, Lane], name: str | None) -> Lane | None:
    return lanes.get(name) if name else None
