"""The gallery (样例库): shipped processes and small patterns to begin with, and the guide to a new process."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.designer.gallery import views

    views.init_app(app)
