"""Who a personal token stands for, as the database says it in this request.

A program's call asks for a handful of columns; loading the account with all that belongs to it costs more than many
a call does. Nothing of it outlives the request: a token that was revoked, an account that was closed, a role that was
taken away a moment ago are seen by the very next one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask_login import UserMixin
from sqlalchemy.orm import lazyload

from app.accounts.models import User
from app.audit import Actor
from app.web.api import Unauthenticated


@dataclass(frozen=True, eq=False, repr=False)
class Caller(UserMixin):
    """An active person, called by a token. What is not here is asked of the account, which is loaded then."""

    id: str
    name: str
    org_id: str
    org_name: str
    locale: str
    must_change_password: bool
    fs_uniquifier: str
    # Flask-Security asks for its own roles; ours are grants, so it sees none (as with the account).
    roles: tuple[()] = ()
    active: bool = True
    _account: list[User] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Caller {self.id}>"  # for log lines: ids, no names

    def get_id(self) -> str:
        """As the account says it: keys of repeated requests are bound to it."""
        return self.fs_uniquifier

    def actor(self) -> Actor:
        return Actor(id=self.id, name=self.name, org_id=self.org_id, org_name=self.org_name)

    def account(self) -> User:
        """The row itself, for whatever asks for more. Its grants are loaded when they are asked for."""
        from app.web.database import db

        if not self._account:
            found = db.session.get(User, self.id, options=[lazyload(User.grants)])
            if found is None:
                raise Unauthenticated()
            self._account.append(found)
        return self._account[0]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # never the account's inner workings, nor what a copy or a debugger looks for
            raise AttributeError(name)
        return getattr(self.account(), name)
