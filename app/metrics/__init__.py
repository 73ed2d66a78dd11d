"""Figures (指标): a catalogue over the facts of the slices, windows, the rows behind every figure, snapshots.

A slice registers what it knows with `register(Source(...))` from its `facts.py`; nothing here knows a slice.
"""

from __future__ import annotations

from flask import Flask

from app.metrics.sources import KINDS, Column, Source, all_sources, register, town_of

__all__ = ["KINDS", "Column", "Source", "all_sources", "init_app", "register", "town_of"]


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
