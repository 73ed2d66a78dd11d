"""The process editor (编辑器): its page, and what its properties panel may offer, as JSON."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.designer.editor import views

    views.init_app(app)
