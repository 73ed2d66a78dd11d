"""`/healthz` and `/healthz/metrics`, for monitors; no page of these is for people."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from app.accounts import public
from app.errors import NotFound
from app.upkeep import metrics
from app.upkeep.health import examine
from app.web import settings

blueprint = Blueprint("upkeep", __name__)
_PROXIED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


@blueprint.get("/healthz")
@public
def health() -> tuple[Response, int]:
    """Anybody learns the one word; why, and the figures, only who may. `?of=web`: without workers and backlog."""
    found = examine(current_app._get_current_object(), web_only=request.args.get("of") == "web")  # type: ignore[attr-defined]
    content: dict[str, object] = {"status": found.status}
    if _may_see():
        content |= {"problems": found.problems, **found.figures}
    return jsonify(content), 503 if found.status == "failed" else 200


@blueprint.get("/healthz/metrics")
@public
def figures() -> Response:
    if not _may_see():
        raise NotFound
    return Response(metrics.text(current_app._get_current_object()), content_type=CONTENT_TYPE_LATEST)  # type: ignore[attr-defined]


def _may_see() -> bool:
    """The token of the settings; without one, a program on this machine whose request came through no proxy."""
    token = settings().metrics_token
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    return request.remote_addr in ("127.0.0.1", "::1") and not any(request.headers.get(name) for name in _PROXIED)
