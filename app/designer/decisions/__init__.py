"""Decision tables (判定表) of a draft: a grid with its overlaps, gaps and dead rows, and a box to try it."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.designer.decisions import views

    views.init_app(app)
