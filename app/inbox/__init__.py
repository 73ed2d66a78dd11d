"""The inbox: what a person has to do, one task with its verbs, starting processes, instances as pages."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.inbox import api, views

    views.init_app(app)
    api.init_app(app)
