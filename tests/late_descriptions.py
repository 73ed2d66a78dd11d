"""The OpenAPI document is drawn up when somebody asks for it: most tests' applications never are.

Drawing it up is two thirds of what `create_app` costs, and each module of tests makes an application. Only the moment
is another: the same calls of flask-smorest, in the same order, on the same document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_smorest
from apispec import APISpec

_WAITING = "_described_later"  # on the document itself, which goes with its application


def install() -> None:
    describe = flask_smorest.Blueprint.register_views_in_doc
    to_dict = APISpec.to_dict

    def describe_later(self: Any, api: Any, app: Any, spec: APISpec, **more: Any) -> None:
        waiting: list[Callable[[], None]] = spec.__dict__.setdefault(_WAITING, [])
        waiting.append(lambda: describe(self, api, app, spec, **more))

    def described(self: APISpec) -> Any:
        for one in self.__dict__.pop(_WAITING, []):
            one()
        return to_dict(self)

    flask_smorest.Blueprint.register_views_in_doc = describe_later
    APISpec.to_dict = described
