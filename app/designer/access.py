"""Who designs: the system administrator, and nobody else finds anything here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app import web
from app.errors import NotFound

DESIGNER = "admin"


def designs(user: Any) -> bool:
    return bool(user.has(DESIGNER))


def for_designers(blueprint: Blueprint) -> Blueprint:
    """Every route of the blueprint answers 404 to whoever does not design, as if it did not exist."""

    @blueprint.before_request
    def only_designers() -> None:
        if not designs(web.current_user()):
            raise NotFound()

    return blueprint
