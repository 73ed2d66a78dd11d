"""Who may open a view and who may change whose account (docs/adr/0010)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import flask_login

from app.accounts.models import SEPARATED, User
from app.accounts.roles import UNIT_ADMINS, unit_grants
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


def headed_orgs(by: User) -> frozenset[str]:
    """The organisations whose accounts the person looks after as their head."""
    return frozenset(grant.org_id for grant in by.grants if grant.role in UNIT_ADMINS)


def may_manage(by: User, org_id: str) -> bool:
    """Create, edit and deactivate accounts of an organisation: the system administrator, and heads in their own."""
    return by.has("admin") or org_id in headed_orgs(by)


def may_open(by: User, user: User) -> bool:
    """See somebody's account in the administration."""
    return by.has("admin", "security_admin") or _looks_after(by, user)


def may_edit(by: User, user: User) -> bool:
    return by.has("admin") or _looks_after(by, user)


def may_unlock(by: User, user: User) -> bool:
    """Unlocking gives nobody anything, so every administrator may."""
    return by.id != user.id and (by.has("admin", "security_admin") or _looks_after(by, user))


def may_issue_password(by: User, user: User) -> bool:
    """Whoever issues a password could sign in with it: so not the system administrator, who makes the accounts.

    Except to security administrators, who would otherwise look after themselves.
    """
    if by.id == user.id:
        return False
    if user.has("security_admin"):
        return by.has("admin")
    return by.has("security_admin") or _looks_after(by, user)


def may_grant(by: User, user: User, role: str, org_id: str) -> bool:
    """Give or take a role: the security administrator, never to oneself; heads the staff roles of their own."""
    if by.id == user.id:
        return False
    if by.has("security_admin"):
        return True
    held = [grant.role for grant in by.grants if grant.org_id == org_id and grant.role in UNIT_ADMINS]
    return _looks_after(by, user) and user.org_id == org_id and role in unit_grants(held)


def grantable(by: User, user: User) -> frozenset[str] | None:
    """The roles this person may give to that one; None means all."""
    if by.id == user.id:
        return frozenset()
    if by.has("security_admin"):
        return None
    held = [grant.role for grant in by.grants if grant.org_id == user.org_id and grant.role in UNIT_ADMINS]
    return unit_grants(held) if _looks_after(by, user) else frozenset()


def _looks_after(by: User, user: User) -> bool:
    """A head and somebody of the own organisation who is no administrator and holds no role elsewhere."""
    if user.org_id not in headed_orgs(by):
        return False
    return all(grant.org_id == user.org_id and grant.role not in SEPARATED for grant in user.grants)
