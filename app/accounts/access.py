"""Who may open a view: signed in or not, with which role."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import flask_login

from app.errors import Forbidden
from app.web.api import Unauthenticated

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


def public(view: F) -> F:
    """Mark a view that needs nobody signed in. Every other view does (security.guard denies by default)."""
    view.public = True  # type: ignore[attr-defined]
    return view


def requires(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only for people who hold one of the roles or one that includes it; 403 for others, who know the page exists.

    What a person may not even know of is not guarded by a role but found through `visible`, and is 404.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not flask_login.current_user.is_authenticated:
                raise Unauthenticated()
            if not flask_login.current_user.has(*roles):
                raise Forbidden()
            return view(*args, **kwargs)

        return guarded

    return decorate
