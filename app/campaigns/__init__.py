"""Special campaigns (专项行动): phases and their gates, sector plans, checklists, tasks to towns, progress."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
