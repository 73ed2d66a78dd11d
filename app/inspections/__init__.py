"""Inspections (检查): who inspects whom, by which checklist, what was found, and the record of it."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
