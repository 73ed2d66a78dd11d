"""Figures (指标): a catalogue over the facts of the slices, windows, the rows behind every figure, snapshots."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
