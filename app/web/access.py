"""Who acts in this request."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import flask_login
from flask import has_request_context

from app.audit import SYSTEM, Actor
from app.i18n import CHINESE

if TYPE_CHECKING:
    from app.accounts import User


def current_user() -> User:
    """The signed-in person; only for views behind sign-in."""
    return cast("User", flask_login.current_user._get_current_object())


def actor() -> Actor:
    """The signed-in person as an actor; the system outside a request."""
    if not has_request_context() or not flask_login.current_user.is_authenticated:
        return SYSTEM
    return current_user().actor()


def locale_of(user: object) -> str:
    return str(getattr(user, "locale", None) or CHINESE)
