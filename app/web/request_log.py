"""One line for every request, with an id that all its other lines bear too; figures for whoever counts."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import structlog
from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import InstanceState

from app.db import new_id

log = logging.getLogger("duban.web")
Observer = Callable[[str, str, int, float], None]  # endpoint, method, status, seconds
_OURS = re.compile(r"[A-Za-z0-9._-]{8,64}")


def init_app(app: Flask) -> None:
    """First of all in `web`, so that whatever refuses a request is counted and logged as well."""
    app.extensions["duban.request_observers"] = []
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _OURS.fullmatch(given) else new_id()
    g.request_began = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    began = g.get("request_began")
    if began is None:  # refused before anything of ours ran
        return response
    seconds = time.monotonic() - began
    response.headers["X-Request-ID"] = g.request_id
    endpoint = request.endpoint or ""
    level = logging.DEBUG if endpoint in ("static", "upkeep.health") else logging.INFO
    if log.isEnabledFor(level):
        user = g.get("_login_user")  # whoever was looked up; nobody is asked for here
        line = {
            "request_id": g.request_id,
            "method": request.method,
            "route": str(request.url_rule) if request.url_rule else None,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
            "user_id": _id_of(user),
        }
        if response.direct_passthrough:  # a file: werkzeug hands it to the server as it is, and hears no end of it
            log.log(level, "request", extra=line)
        else:  # once the answer is on its way: who waits for it does not wait for the line
            response.call_on_close(lambda: log.log(level, "request", extra=line))
    for observer in current_app.extensions["duban.request_observers"]:
        observer(endpoint, request.method, response.status_code, seconds)
    return response


def _id_of(user: Any) -> str | None:
    """Without asking the database again for somebody whose row has expired meanwhile."""
    state = sa.inspect(user, raiseerr=False)
    if isinstance(state, InstanceState):
        return str(state.identity[0]) if state.identity else None
    return getattr(user, "id", None)


def _forget(_error: BaseException | None) -> None:
    structlog.contextvars.clear_contextvars()
