"""What the application was built with, reachable from any request or command."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app

from app.clock import Clock
from app.config import Settings

if TYPE_CHECKING:
    from app.engine import Engine


def settings() -> Settings:
    return cast("Settings", current_app.extensions["duban.settings"])


def clock() -> Clock:
    return cast("Clock", current_app.extensions["duban.clock"])


def engine() -> Engine:
    """The process engine. Its verbs are units of work of their own: a view that calls one writes nothing else."""
    return cast("Engine", current_app.extensions["duban.engine"])
