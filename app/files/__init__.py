"""Attachments: photos and documents, checked and cleaned when they come in, seen by whom their record may be seen."""

from __future__ import annotations

from flask import Flask

from app.files.checks import damaged
from app.files.models import Attachment
from app.files.operations import Prepared, attach, duplicate, keep, prepare, store, sweep
from app.files.queries import belongs, find, named, of_instance, records
from app.files.storage import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "Attachment",
    "Prepared",
    "attach",
    "belongs",
    "damaged",
    "duplicate",
    "find",
    "init_app",
    "keep",
    "named",
    "of_instance",
    "prepare",
    "records",
    "store",
    "sweep",
]


def init_app(app: Flask) -> None:
    from app.files import api, views

    app.register_blueprint(views.blueprint)
    api.init_app(app)
