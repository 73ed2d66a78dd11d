"""Builds the application: extensions, the engine, the slices in order. No logic."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from flask import Flask

from app import metrics, web
from app.clock import Clock, StoredClock, SystemClock
from app.config import ROOT, Settings, load_settings
from app.db import engine_options

# Lower packages first: a slice may rely on what stands before it.
SLICES = (
    "accounts",
    "files",
    "calendars",
    "notifications",
    "forms",
    "metrics",
    "subjects",
    "hazards",
    "campaigns",
    "inspections",
    "consultations",
    "supervision",
    "inbox",
    "console",
    "dashboards",
    "designer",
    "upkeep",
)


class Application(Flask):
    """Views and hooks are plain functions; the framework would ask each of them in every request whether it is one."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    settings = settings or load_settings()
    app = Application("app", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        # A request may hold three connections: its own reading, the engine's session and the calendar's.
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 16, "max_overflow": 40} | engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        API_TITLE="Duban 督办",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.extensions["duban.settings"] = settings
    web.init_app(app)
    app.extensions["duban.clock"] = clock or (
        StoredClock(app.extensions["duban.sessions"]) if settings.testing else SystemClock()
    )
    _build_engine(app, settings)
    for name in SLICES:
        import_module(f"app.{name}").init_app(app)
    metrics.check_at_start()
    if settings.testing:
        from app.console import driven_clock

        driven_clock.init_app(app)
    return app


def _build_engine(app: Flask, settings: Settings) -> None:
    from app.accounts import AccountsDirectory
    from app.calendars import OfficeCalendar, expression_functions
    from app.engine import Engine, load_lanes

    app.extensions["duban.engine"] = Engine(
        sessions=app.extensions["duban.sessions"],
        clock=app.extensions["duban.clock"],
        functions=expression_functions(),
        directory=AccountsDirectory(),
        calendar=OfficeCalendar(),
        secret=settings.secret_key.encode(),
        lanes=load_lanes(settings.bpmn / "roles.toml"),
    )
