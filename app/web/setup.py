"""Extensions and cross-cutting behaviour of every request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import flask_login
from flask import Flask, Response, redirect, request, url_for
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import orm
from werkzeug.wrappers import Response as BaseResponse

from app.config import ROOT
from app.db import configure_engine
from app.i18n import (
    CHINESE,
    ENGLISH,
    LOCALES,
    _,
    bilingual,
    get_locale,
    pick,
    set_locale,
)
from app.web import idempotency, problems
from app.web.api import api
from app.web.database import db
from app.web.registry import menu
from app.web.sessions import DatabaseSessions

csrf = CSRFProtect()
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        configure_engine(db.engine)
        sessions = orm.sessionmaker(db.engine, expire_on_commit=False)
    app.extensions["duban.sessions"] = sessions
    app.session_interface = DatabaseSessions(sessions)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    csrf.init_app(app)
    api.init_app(app)
    _languages(app)
    _protection(app)
    idempotency.init_app(app)
    problems.init_app(app)
    _templates(app)
    # Ends the request's read transaction before the session is saved in a transaction of its own.
    app.after_request(_end_reading)


def _end_reading(response: Response) -> Response:
    db.session.rollback()
    return response


def _languages(app: Flask) -> None:
    @app.before_request
    def choose() -> None:
        """The person's own language; before sign-in the one chosen there (cookie `lang`)."""
        user = flask_login.current_user
        cookie = request.cookies.get("lang", "")
        own = getattr(user, "locale", None) if user.is_authenticated else None
        set_locale(own or (ENGLISH if cookie == "en" else CHINESE))

    @app.get("/language/<locale>")
    def language(locale: str) -> BaseResponse:
        """Remember a language before sign-in; nothing but a cookie changes."""
        response = redirect(url_for("security.login"), 303)
        response.set_cookie(
            "lang",
            "en" if locale == ENGLISH else "zh",
            max_age=31_536_000,
            samesite="Lax",
        )
        return response


def _protection(app: Flask) -> None:
    @app.before_request
    def forged() -> None:
        """Unsafe methods need our own origin and a CSRF token, unless a bearer token proves the caller."""
        if request.method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            return
        if request.headers.get("Authorization", "").startswith("Bearer "):
            return
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            raise problems.CSRFError("cross-site request")
        if app.config.get("WTF_CSRF_ENABLED", True):
            csrf.protect()

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(self), geolocation=(self)"
        )
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class Assets:
    """Built files by their plain name: `asset('app.js')` → the URL with the content hash in it."""

    def __init__(self, dist: Path) -> None:
        self._manifest = dist / "manifest.json"
        self._names: dict[str, str] = {}
        self._read_at = 0.0

    def url(self, name: str) -> str:
        stamp = self._manifest.stat().st_mtime if self._manifest.exists() else 0.0
        if stamp != self._read_at:
            self._names, self._read_at = json.loads(self._manifest.read_text()), stamp
        return url_for("static", filename="dist/" + self._names.get(name, name))


def _templates(app: Flask) -> None:
    app.jinja_env.globals.update(
        _=_,
        asset=Assets(ROOT / "static" / "dist").url,
        bilingual=bilingual,
        pick=pick,
        get_locale=get_locale,
        locales=LOCALES,
        menu=lambda: menu.groups(flask_login.current_user),
        phone_menu=lambda: menu.phone(flask_login.current_user),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def page() -> dict[str, Any]:
        return {
            "html_lang": "en" if get_locale() == ENGLISH else "zh-CN",
            "theme": request.cookies.get("theme", "auto"),
            "large_text": request.cookies.get("text") == "large",
            "now": app.extensions["duban.clock"].now(),
        }
