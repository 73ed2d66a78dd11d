"""Small patterns (样例) that ship with the program: real process folders, checked by the tests like those in bpmn/."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.engine import Package, load_folder
from app.errors import NotFound

FOLDER = Path(__file__).parent / "patterns"
_ORDER = ("approval_two_steps", "joint_approval", "handle_by_deadline", "collect_from_units", "periodic_report")


@cache
def patterns() -> dict[str, Package]:
    """By key, the simplest first."""
    found = {folder.name: load_folder(folder) for folder in FOLDER.iterdir() if folder.is_dir()}
    return {key: found[key] for key in sorted(found, key=_ORDER.index)}


def pattern(key: str) -> Package:
    """NotFound."""
    if key not in patterns():
        raise NotFound()
    return patterns()[key]
