"""Reads: whom somebody stands in for, who stands in for somebody, and one's own absences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import has_app_context, has_request_context, request
from sqlalchemy.orm import Session, aliased, object_session

from app.accounts.absences.models import Absence
from app.accounts.models import SEPARATED, Grant, Organisation, User
from app.engine import Person

KEPT = 20  # past and coming absences that the account page lists
# Administrators act in nobody's place (三员分立), and an expert was chosen in person, after conflicts were looked at.
NOBODYS = (*SEPARATED, "expert")
_PROXY = aliased(User)


@dataclass(frozen=True)
class HeldRole:
    role: str
    org_id: str


@dataclass(frozen=True)
class Principal:
    """A colleague who is away, as far as their tasks are found by it: has `grants` and `org_id` like a user."""

    id: str
    name: str
    org_id: str
    until: dt.datetime
    grants: tuple[HeldRole, ...]


def _running() -> sa.ColumnElement[bool]:
    at: sa.BindParameter[dt.datetime] = sa.bindparam("at")
    return sa.and_(Absence.ended_at.is_(None), Absence.starts_at <= at, Absence.ends_at > at)


# Looked at when it is done, too: either may have become somebody since who acts in person.
_IN_PERSON = (
    sa.exists()
    .where(Grant.user_id.in_((Absence.user_id, Absence.proxy_id)), Grant.role.in_(NOBODYS))
    .correlate(Absence)
)

# Built once: the engine asks it wherever somebody acts who neither holds a task nor might take it.
_AWAY = (
    sa.select(User.id, User.name, User.org_id, Organisation.short_name, Absence.ends_at)
    .join(Absence, Absence.user_id == User.id)
    .join(Organisation, Organisation.id == User.org_id)
    .join(_PROXY, _PROXY.id == Absence.proxy_id)
    .where(Absence.proxy_id == sa.bindparam("user_id"), _running())
    .where(User.active, _PROXY.active, _PROXY.org_id == User.org_id, ~_IN_PERSON)
    .order_by(Absence.starts_at, User.id)
)
_IN = (
    sa.select(Absence.proxy_id)
    .join(User, User.id == Absence.user_id)
    .join(_PROXY, _PROXY.id == Absence.proxy_id)
    .where(Absence.user_id.in_(sa.bindparam("ids", expanding=True)), _running())
    .where(User.active, _PROXY.active, _PROXY.org_id == User.org_id, ~_IN_PERSON)
)


def away(session: Session, user_id: str, at: dt.datetime) -> list[Person]:
    """The colleagues whose work this person does at an instant; both still of one organisation, both active."""
    return [Person(*row[:4]) for row in session.execute(_AWAY, {"user_id": user_id, "at": at})]


def proxies(session: Session, user_ids: Iterable[str], at: dt.datetime) -> frozenset[str]:
    """Who does the work of any of these people at an instant."""
    return frozenset(session.scalars(_IN, {"ids": list(user_ids), "at": at}))


def principals(user: User) -> tuple[Principal, ...]:
    """Whom the signed-in person stands in for now, with what their tasks are found by. Read once in a request.

    Nobody, where there is no clock to ask (outside the program).
    """
    session = object_session(user)
    if session is None or not has_app_context():
        return ()
    kept: dict[str, tuple[Principal, ...]] = (
        request.environ.setdefault("duban.principals", {}) if has_request_context() else {}
    )
    if user.id not in kept:
        from app import web

        kept[user.id] = _principals(session, user.id, web.clock().now())
    return kept[user.id]


def _principals(session: Session, user_id: str, at: dt.datetime) -> tuple[Principal, ...]:
    rows = list(session.execute(_AWAY, {"user_id": user_id, "at": at}))
    if not rows:
        return ()
    held: dict[str, list[HeldRole]] = {row.id: [] for row in rows}
    for grant in session.execute(sa.select(Grant.user_id, Grant.role, Grant.org_id).where(Grant.user_id.in_(held))):
        held[grant.user_id].append(HeldRole(grant.role, grant.org_id))
    return tuple(Principal(row.id, row.name, row.org_id, row.ends_at, tuple(held[row.id])) for row in rows)


def own(session: Session, user_id: str) -> list[tuple[Absence, User]]:
    """The person's absences with the proxies, the latest first."""
    select = sa.select(Absence, User).join(User, User.id == Absence.proxy_id).where(Absence.user_id == user_id)
    return [(row[0], row[1]) for row in session.execute(select.order_by(Absence.starts_at.desc()).limit(KEPT)).unique()]


def overlapping(session: Session, user_id: str, start: dt.datetime, end: dt.datetime) -> Absence | None:
    """An absence of this person that is not over and has a day in common with the period."""
    select = sa.select(Absence).where(
        Absence.user_id == user_id, Absence.ended_at.is_(None), Absence.starts_at < end, Absence.ends_at > start
    )
    return session.scalar(select.order_by(Absence.starts_at).limit(1))


def may_be_away(user: User) -> bool:
    """Whether others may do the person's work at all."""
    return bool(user.grants) and not any(grant.role in NOBODYS for grant in user.grants)


def possible_proxies(user: User) -> sa.Select[User]:
    """The colleagues of one's own organisation who may be named."""
    not_these = sa.select(Grant.user_id).where(Grant.role.in_(NOBODYS))
    found = sa.select(User).where(User.active, User.org_id == user.org_id, User.id != user.id)
    return found.where(User.id.not_in(not_these)).order_by(User.name, User.id)
