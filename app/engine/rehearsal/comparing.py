"""Two rehearsals side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.rehearsal.model import TOTAL

Figures = Mapping[str, Any]


def _luck(model: Mapping[str, Any]) -> list[Any]:
    """What decides which cases come and what chance they meet."""
    per = model.get("per", TOTAL)
    return [model["seed"], model["days"], model["start"], per, model["count"] if per == TOTAL else model["rate"]]


def compare(before: Figures, after: Figures) -> dict[str, Any]:
    """What both say of the same thing, and what only one of them has. `same_luck`: they met the same chance."""
    same = _luck(before["model"]) == _luck(after["model"])
    return {
        "same_luck": same,
        "totals": [
            {"name": name, "before": _at(before, path), "after": _at(after, path)} for name, path in _TOTALS.items()
        ],
        "steps": [
            {"node": node, "before": before["nodes"].get(node), "after": after["nodes"].get(node)}
            for node in dict.fromkeys([*after["nodes"], *before["nodes"]])
            if "working" in (after["nodes"].get(node) or before["nodes"].get(node) or {})
        ],
        "roles": [
            {"role": role, "before": before["roles"].get(role), "after": after["roles"].get(role)}
            for role in sorted({*before["roles"], *after["roles"]})
        ],
    }


_TOTALS = {
    "started": "cases.started",
    "ended": "cases.ended",
    "running": "cases.running",
    "dead": "cases.dead",
    "incident": "cases.incident",
    "cycle_median": "cycle.median",
    "cycle_p90": "cycle.p90",
    "late_share": "tasks.late_share",
    "overdue": "tasks.overdue",
    "rungs": "tasks.rungs",
}


def _at(figures: Figures, path: str) -> Any:
    found: Any = figures
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
