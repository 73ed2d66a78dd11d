"""Hazards (隐患): the register, and what the rectification process writes into it."""

from __future__ import annotations

from app.hazards.models import (
    CATEGORIES,
    GRADES,
    MODES,
    OPEN,
    SOURCES,
    STATUSES,
    Hazard,
    HazardNumber,
    HazardRound,
)

__all__ = [
    "CATEGORIES",
    "GRADES",
    "MODES",
    "OPEN",
    "SOURCES",
    "STATUSES",
    "Hazard",
    "HazardNumber",
    "HazardRound",
]
