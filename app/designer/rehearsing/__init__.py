"""Rehearsals (推演): a draft played many times in virtual time before anybody works by it."""

from __future__ import annotations

from flask import Flask

from app.designer.rehearsing.jobs import attend
from app.designer.rehearsing.models import Rehearsal

__all__ = ["Rehearsal", "attend", "init_app"]


def init_app(app: Flask) -> None:
    from app.designer.rehearsing import api, views

    app.register_blueprint(views.blueprint)
    api.init_app(app)
