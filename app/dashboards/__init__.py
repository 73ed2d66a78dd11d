"""Leaders' pages (看板): the wall and Today. Layout only; the figures come from metrics and the slices."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.dashboards.today import views as today
    from app.dashboards.wall import api
    from app.dashboards.wall import views as wall

    for page in (wall, today):
        app.register_blueprint(page.blueprint)
        page.register_menu()
    api.init_app(app)
