"""Pages of migration: the impact of a draft, from one version to another, and how a migration goes."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.designer.access import for_designers

blueprint = for_designers(Blueprint("migrating", __name__, url_prefix="/designer"))
PER_PAGE = 50


def init_app(app: Flask) -> None:
    from app.designer.migrating.views import impact, migrations  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
