"""The form editor (表单): fields of a draft's form with their settings, the form as it will look, and its JSON."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.designer.forms import views

    views.init_app(app)
