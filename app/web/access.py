"""Who acts in this request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import flask_login
from flask import has_request_context

from app.audit import SYSTEM, Actor
from app.i18n import CHINESE

if TYPE_CHECKING:
    from app.accounts import User


class Person(Protocol):
    """What is known of whoever is signed in without asking for the whole account."""

    @property
    def id(self) -> str: ...

    @property
    def is_authenticated(self) -> bool: ...

    @property
    def must_change_password(self) -> bool: ...

    def get_id(self) -> str: ...

    def actor(self) -> Actor: ...


def signed_in() -> Person:
    """The signed-in person, of whom a program's call knows only the little that it asked for; or the anonymous one.

    Each look at `flask_login.current_user` finds out anew who it is: whoever asks more than once asks here.
    """
    return cast("Person", flask_login.current_user._get_current_object())


def current_user() -> User:
    """The signed-in person's account; only for views behind sign-in."""
    person = signed_in()
    account = getattr(type(person), "account", None)
    return cast("User", person if account is None else account(person))


def actor() -> Actor:
    """The signed-in person as an actor; the system outside a request."""
    if not has_request_context():
        return SYSTEM
    person = signed_in()
    return person.actor() if person.is_authenticated else SYSTEM


def locale_of(user: object) -> str:
    return str(getattr(user, "locale", None) or CHINESE)
