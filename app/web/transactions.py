"""A request commits once, when its view returns; raising rolls back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from app.db import write_transaction
from app.web.database import db

P = ParamSpec("P")
R = TypeVar("R")


def writes(view: Callable[P, R]) -> Callable[P, R]:
    """Run the view in the write transaction of `db.session`. Not for views that call an engine verb.

    Views run one after the other (`alone`): what they read is still so when they write.
    """

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with write_transaction(db.session(), alone=True):
            return view(*args, **kwargs)

    return wrapped


def refresh() -> None:
    """End the read transaction, so that what an engine verb has just committed is seen."""
    db.session.rollback()
    db.session.expire_all()
