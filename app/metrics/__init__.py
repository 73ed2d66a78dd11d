"""Figures (指标): a catalogue over the facts of the slices, windows, the rows behind every figure, snapshots.

A slice registers what it knows with `register(Source(...))` from its `facts.py`; nothing here knows a slice.
"""

from __future__ import annotations

from flask import Flask

from app.metrics.entries import CatalogueError, Metric, catalogue, check_at_start
from app.metrics.evaluating import Figure, figure, grouped
from app.metrics.models import MetricSnapshot
from app.metrics.sources import (
    KINDS,
    Column,
    Source,
    all_sources,
    days_between,
    extend,
    industry_division,
    register,
    town_of,
    village_of,
)
from app.metrics.windows import Period, Question, Window, offer_periods

__all__ = [
    "KINDS",
    "CatalogueError",
    "Column",
    "Figure",
    "Metric",
    "MetricSnapshot",
    "Period",
    "Question",
    "Source",
    "Window",
    "all_sources",
    "catalogue",
    "check_at_start",
    "days_between",
    "extend",
    "figure",
    "grouped",
    "industry_division",
    "init_app",
    "offer_periods",
    "register",
    "town_of",
    "village_of",
]


def init_app(app: Flask) -> None:
    from app.metrics import views

    app.register_blueprint(views.blueprint)
    views.register_menu()
