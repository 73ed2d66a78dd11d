"""What keeps an installation going: health, figures, verification, backup and restore."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.upkeep import metrics, views

    metrics.init_app(app)
    app.register_blueprint(views.blueprint)
