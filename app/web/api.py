"""The JSON API's frame: blueprints under /api/v1, paging arguments, OpenAPI."""

from __future__ import annotations

from typing import Any

import flask_login
import flask_smorest
import marshmallow as ma
from flask import Response, request
from flask_smorest import Api

from app.errors import DubanError
from app.web.paging import Page

api = Api()


class ApiPage(ma.Schema):
    """Paging and sorting of every list."""

    class Meta:
        unknown = ma.EXCLUDE

    page = ma.fields.Integer(load_default=1, validate=ma.validate.Range(1, 100_000))
    per_page = ma.fields.Integer(load_default=20, validate=ma.validate.Range(1, 200))
    sort = ma.fields.String(load_default=None, allow_none=True)


class Unauthenticated(DubanError):
    """Nobody is signed in: a token or a session is needed."""

    status, code = 401, "unauthenticated"


def describe_authentication() -> None:
    """Say in the OpenAPI document how a caller proves who it is."""
    schemes = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token, made on the account page or by `duban users token`.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "duban",
            "description": "A signed-in browser; unsafe methods also need the header X-CSRFToken.",
        },
    }
    for name, scheme in schemes.items():
        if name not in api.spec.components.security_schemes:
            api.spec.components.security_scheme(name, scheme)
    api.spec.options["security"] = [{name: []} for name in schemes]


class Blueprint(flask_smorest.Blueprint):
    """One schema for every request, as for every answer: making it costs more than reading what was sent."""

    def arguments(self, schema: Any, **more: Any) -> Any:
        return super().arguments(schema() if isinstance(schema, type) else schema, **more)


def blueprint(name: str, description: str = "", *, public: bool = False) -> Blueprint:
    """A blueprint under /api/v1 that answers 401 to anonymous callers unless it is public."""
    blp = Blueprint(f"api_{name}", __name__, url_prefix="/api/v1", description=description)
    if not public:

        @blp.before_request
        def _signed_in() -> None:
            if not flask_login.current_user.is_authenticated:
                raise Unauthenticated()

    return blp


def page_headers(page: Page[Any], response: Response) -> Response:
    """X-Total-Count and links to the neighbouring pages."""
    response.headers["X-Total-Count"] = str(page.total)
    return response


def is_api() -> bool:
    return request.path.startswith("/api/")
