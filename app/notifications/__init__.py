"""In-app messages: what the engine's events mean to whom, and the bell in the top bar."""

from __future__ import annotations

import flask_login
from flask import Flask

from app import web
from app.notifications.models import Notification
from app.notifications.operations import deliver, lapse, tell
from app.notifications.queries import unread_count

__all__ = ["Notification", "deliver", "init_app", "lapse", "tell", "unread_notifications"]


def unread_notifications() -> int:
    """The number on the bell."""
    user = flask_login.current_user
    return unread_count(web.db.session(), user) if user.is_authenticated else 0


def init_app(app: Flask) -> None:
    from app.notifications import api, views

    app.register_blueprint(views.blueprint)
    api.init_app(app)
    app.jinja_env.globals["unread_notifications"] = unread_notifications
    app.extensions["duban.engine"].outbox_handler("event")(deliver)
