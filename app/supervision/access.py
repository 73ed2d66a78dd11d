"""Who may do what to supervised matters, apart from the steps of the process, which the engine addresses."""

from __future__ import annotations

from typing import Any

from app.errors import Forbidden
from app.supervision.models import SupervisionItem

INSTRUCTORS = ("leader", "coordinator")


def may_instruct(user: Any) -> bool:
    """A leader gives instructions; the committee office takes them down, and what superiors hand it."""
    return bool(user.has(*INSTRUCTORS))


def may_withdraw(user: Any, item: SupervisionItem) -> bool:
    """The committee office, while it is open."""
    return item.is_open and bool(user.has("coordinator"))


def require(allowed: bool) -> None:
    if not allowed:
        raise Forbidden()
