"""Pages and fragments from the same views."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request


def is_partial() -> bool:
    """Whether htmx asks for a fragment. Everything else, history and boosted links too, gets the whole page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") == "partial"


def render(template: str, status: int = 200, **context: Any) -> Response:
    response = make_response(render_template(template, **context), status)
    response.vary.update(("HX-Request", "HX-Request-Type", "Cookie"))
    return response


def see_other(url: str) -> Response:
    """After a write: go and look. htmx follows HX-Redirect with a full page, a browser follows 303."""
    if request.headers.get("HX-Request") == "true":
        response = make_response("", 200)
        response.headers["HX-Redirect"] = url
        return response
    return make_response(redirect(url, 303))
