"""Personal tokens for programs: `Authorization: Bearer …`. Shown once; only a hash is kept. Real time throughout."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import sqlalchemy as sa
from flask import Request, current_app
from sqlalchemy.orm import Session, lazyload

from app.accounts.models import ApiToken, User
from app.db import write_transaction
from app.prepared import Prepared

_PREFIX = "duban_"
_TOUCH = dt.timedelta(minutes=5)
_TOKEN = ApiToken.__table__
_USABLE = Prepared(
    sa.select(_TOKEN.c.id, _TOKEN.c.user_id, _TOKEN.c.last_used_at).where(
        _TOKEN.c.token_hash == sa.bindparam("token_hash"),
        _TOKEN.c.revoked_at.is_(None),
        sa.or_(_TOKEN.c.expires_at.is_(None), _TOKEN.c.expires_at > sa.bindparam("now")),
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


def load_bearer(request: Request) -> User | None:
    """The active person whose token the request carries. Reads and touches in a session of its own."""
    secret = bearer(request)
    if secret is None:
        return None
    from app.web.database import db

    now = dt.datetime.now(dt.UTC)
    token = _USABLE.first(db.session(), {"token_hash": _hash(secret), "now": now})
    if token is None:
        return None
    user = db.session.get(User, token.user_id, options=[lazyload(User.grants)])  # a program's call seldom asks
    if user is None or not user.active:
        return None
    if token.last_used_at is None or now - token.last_used_at > _TOUCH:
        _touch(token.id, now)
    return user


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
