"""Leaders' pages (看板): the wall and Today. Layout only; the figures come from metrics and the slices."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Wire the slice; its parts are added one by one."""
