"""Migration (迁移): what publishing would do to running work, dry runs, instances moved one by one, and undo."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.designer.migrating import api, views

    views.init_app(app)
    api.init_app(app)
