"""Form files (forms/<form>.json of a process) as pages, as marshmallow schemas, and as the engine's gatekeeper."""

from __future__ import annotations

from flask import Flask

from app.forms.answers import Shown, describe, shown_answers
from app.forms.binding import BoundField, BoundForm, bind
from app.forms.builders import Builder, builders
from app.forms.checking import check
from app.forms.kinds import KINDS
from app.forms.picking import Picker, not_theirs, pickers
from app.forms.port import FormFiles
from app.forms.reading import Received, read, receive
from app.forms.schemas import validate
from app.forms.situation import Situation

__all__ = [
    "KINDS",
    "BoundField",
    "BoundForm",
    "Builder",
    "FormFiles",
    "Picker",
    "Received",
    "Shown",
    "Situation",
    "bind",
    "builders",
    "check",
    "describe",
    "init_app",
    "not_theirs",
    "pickers",
    "read",
    "receive",
    "shown_answers",
    "validate",
]


def init_app(app: Flask) -> None:
    from app.forms import views

    app.register_blueprint(views.blueprint)
    app.extensions["duban.engine"].use_forms(FormFiles())
