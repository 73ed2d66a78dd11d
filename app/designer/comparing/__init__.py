"""Comparison (对比): two versions of a process, or a draft with a version, in words and side by side."""

from __future__ import annotations

from flask import Flask

from app.designer.comparing.comparison import Comparison, Difference, compare
from app.designer.comparing.vocabulary import Office
from app.designer.comparing.wording import Wording

__all__ = ["Comparison", "Difference", "Office", "Wording", "compare", "init_app"]


def init_app(app: Flask) -> None:
    from app.designer.comparing import views

    views.init_app(app)
