"""Special campaigns (专项行动): phases and their gates, sector plans, checklists, tasks to towns, progress."""

from __future__ import annotations

from flask import Flask

from app.campaigns.matrix import Cell, Gate, Matrix, SectorRow, matrix
from app.campaigns.models import (
    Campaign,
    CampaignNote,
    CampaignPhase,
    CampaignProgress,
    CampaignTask,
    SectorPlan,
)

__all__ = [
    "Campaign",
    "CampaignNote",
    "CampaignPhase",
    "CampaignProgress",
    "CampaignTask",
    "Cell",
    "Gate",
    "Matrix",
    "SectorPlan",
    "SectorRow",
    "init_app",
    "matrix",
]


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
