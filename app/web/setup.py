"""Extensions and cross-cutting behaviour of every request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from app.db import UNAVAILABLE, configure_engine, patience, sessions_of
from app.web import idempotency, offline, once, problems, request_log, shell
from app.web.api import api, describe_authentication
from app.web.database import db
from app.web.routes import LateRule
from app.web.sessions import DatabaseSessions

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

csrf = CSRFProtect()
PERSONS_WAIT = 1.0  # seconds
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; worker-src 'self'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), geolocation=(self)",
}


# A built file has the hash of its content in its name: whoever has it need not ask for it again with every page. Kept
# by browsers alone, because an answer may bring a session's cookie along.
BUILT = re.compile(r"^/static/dist/[\w-]+-[0-9a-f]{10}\.\w+$")
KEPT = "private, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    app.url_rule_class = LateRule
    request_log.init_app(app)
    db.init_app(app)
    with app.app_context():
        configure_engine(db.engine)
        sessions = sessions_of(db.engine)
    app.extensions["duban.sessions"] = sessions
    app.session_interface = DatabaseSessions(sessions)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    csrf.init_app(app)
    api.init_app(app)
    describe_authentication()
    shell.init_app(app)
    offline.init_app(app)
    _protection(app)
    idempotency.init_app(app)
    once.init_app(app)
    problems.init_app(app)
    # Ends the request's read transaction before the session is saved in a transaction of its own.
    app.after_request(_end_reading)
    app.wsgi_app = _impatient(app.wsgi_app)  # type: ignore[method-assign, assignment]


def _impatient(application: WSGIApplication) -> WSGIApplication:
    """A person waits a second for what others hold, and is then told so; the worker waits longer."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with patience(PERSONS_WAIT):
            return application(environ, start_response)

    return call


def _end_reading(response: Response) -> Response:
    try:
        db.session.rollback()
    except UNAVAILABLE:
        db.session().invalidate()  # the connection was ended meanwhile; the answer stands
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
            raise CSRFError("cross-site request")
        if app.config.get("WTF_CSRF_ENABLED", True):
            csrf.protect()

    app.after_request(_headers)


def _headers(response: Response) -> Response:
    if request.blueprint == "security":
        response.headers["Cache-Control"] = "no-store"  # Flask-Security writes one that no browser reads
    there = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 (these are pairs)
    for name, value in HEADERS.items():
        if name.lower() not in there:
            response.headers.add(name, value)
    if BUILT.match(request.path) and response.status_code in (200, 206, 304):
        response.headers["Cache-Control"] = KEPT
    elif "cache-control" not in there and not request.path.startswith("/static/"):
        response.headers.add("Cache-Control", "no-store")
    return response
