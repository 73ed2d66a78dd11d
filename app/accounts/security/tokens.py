"""Personal tokens for programs: `Authorization: Bearer …`. Shown once; only a hash is kept. Real time throughout."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import sqlalchemy as sa
from flask import Request, current_app
from sqlalchemy.orm import Session

from app.accounts.models import ApiToken, Organisation, User
from app.accounts.security.callers import Caller
from app.db import write_transaction
from app.prepared import Prepared

_PREFIX = "duban_"
_TOUCH = dt.timedelta(minutes=5)
_TOKEN, _USER, _ORGANISATION = ApiToken.__table__, User.__table__, Organisation.__table__
_USABLE = Prepared(
    sa.select(
        _TOKEN.c.id.label("token_id"),
        _TOKEN.c.last_used_at,
        _USER.c.id,
        _USER.c.name,
        _USER.c.org_id,
        _ORGANISATION.c.short_name,
        _USER.c.locale,
        _USER.c.must_change_password,
        _USER.c.fs_uniquifier,
    )
    .join(_USER, _USER.c.id == _TOKEN.c.user_id)
    .join(_ORGANISATION, _ORGANISATION.c.id == _USER.c.org_id)
    .where(
        _TOKEN.c.token_hash == sa.bindparam("token_hash"),
        _TOKEN.c.revoked_at.is_(None),
        sa.or_(_TOKEN.c.expires_at.is_(None), _TOKEN.c.expires_at > sa.bindparam("now")),
        _USER.c.active,
    )
)


def issue(session: Session, user: User, name: str, days: int | None) -> tuple[ApiToken, str]:
    """A new token and its secret text, which is nowhere to be read again. `days` None: until revoked."""
    now = dt.datetime.now(dt.UTC)
    secret = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user_id=user.id,
        name=name,
        token_hash=_hash(secret),
        created_at=now,
        expires_at=now + dt.timedelta(days=days) if days else None,
    )
    session.add(token)
    session.flush()
    return token, secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def bearer(request: Request) -> str | None:
    """The secret that the request carries, or None."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


def load_bearer(request: Request) -> Caller | None:
    """The active person whose token the request carries, asked of the database in every request.

    Reads in the request's transaction and touches in a session of its own.
    """
    secret = bearer(request)
    if secret is None:
        return None
    from app.web.database import db

    now = dt.datetime.now(dt.UTC)
    found = _USABLE.first(db.session(), {"token_hash": _hash(secret), "now": now})
    if found is None:
        return None
    token_id, last_used_at, *person = found
    if last_used_at is None or now - last_used_at > _TOUCH:
        _touch(token_id, now)
    return Caller(*person)


def _touch(token_id: str, now: dt.datetime) -> None:
    from app.web.database import db

    db.session.rollback()  # no reader of ours may stand in the way of the write
    sessions = current_app.extensions["duban.sessions"]
    with sessions() as session, write_transaction(session):
        session.execute(sa.update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


def tokens_of(user_id: str) -> sa.Select[ApiToken]:
    """The person's tokens that are not revoked, newest first."""
    return (
        sa.select(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    )


def revoke_all(session: Session, user_id: str) -> None:
    session.execute(
        sa.update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=dt.datetime.now(dt.UTC))
    )
