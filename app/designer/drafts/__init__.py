"""Drafts (草稿): a process package while it is changed. Files by name, one revision for all of them."""

from __future__ import annotations

from flask import Flask

from app.designer.drafts.checking import Finding, check, check_package, errors_in
from app.designer.drafts.models import Draft, DraftFile
from app.designer.drafts.operations import save
from app.designer.drafts.queries import files_of, find, package_of

__all__ = [
    "Draft",
    "DraftFile",
    "Finding",
    "check",
    "check_package",
    "errors_in",
    "files_of",
    "find",
    "init_app",
    "package_of",
    "save",
]


def init_app(app: Flask) -> None:
    from app.designer.drafts import views

    views.init_app(app)
