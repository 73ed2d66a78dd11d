"""`Idempotency-Key` on every POST of the API: a repeat returns the first answer."""

from __future__ import annotations

import datetime as dt
import hashlib
import time

import flask_login
import sqlalchemy as sa
from flask import Flask, Response, g, request
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base, insert_or, write_transaction
from app.errors import Conflict, Invalid
from app.i18n import lazy_
from app.web.api import is_api
from app.web.database import db

KEPT = dt.timedelta(days=1)
ABANDONED = dt.timedelta(seconds=30)  # no request takes so long: the process that began it was killed
PATIENCE = 1.0  # seconds that a repeat waits for the answer to the first


class IdempotencyKey(Base):
    """The first answer to a keyed request of one person; kept for a day."""

    __tablename__ = "idempotency_key"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int | None]
    content_type: Mapped[str] = mapped_column(sa.String(80), default="")
    body: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"")
    created_at: Mapped[dt.datetime] = mapped_column(index=True)


def _key_hash() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or not key or not is_api() or not flask_login.current_user.is_authenticated:
        return None
    if len(key) > 200:
        raise Invalid({"Idempotency-Key": [lazy_("不得超过 200 个字符")]})
    return hashlib.sha256(f"{flask_login.current_user.get_id()}\0{request.path}\0{key}".encode()).hexdigest()


def _request_hash() -> str:
    return hashlib.sha256(request.get_data(cache=True)).hexdigest()


def _replay() -> Response | None:
    """Answer a repeat from the store; refuse a key that is used for something else or still under way."""
    key = _key_hash()
    if key is None:
        return None
    stored = claim(key, _request_hash())
    if stored is None:
        g.idempotency_key = key
        return None
    if stored.request_hash != _request_hash():
        raise Conflict(lazy_("同一个 Idempotency-Key 已用于另一个请求"))
    stored = settled(stored)
    replayed = Response(stored.body, stored.status, content_type=stored.content_type)
    replayed.headers["Idempotent-Replayed"] = "true"
    return replayed


def settled(stored: IdempotencyKey) -> IdempotencyKey:
    """The first request's answer, waited for a little; Conflict while there is none."""
    key, until = stored.id, time.monotonic() + PATIENCE
    found: IdempotencyKey | None = stored
    while found is not None and found.status is None and time.monotonic() < until:
        time.sleep(0.05)
        db.session.rollback()
        found = db.session.get(IdempotencyKey, key, populate_existing=True)
    if found is None or found.status is None:
        raise Conflict(lazy_("同一请求正在办理"))
    return found


def claim(key: str, request_hash: str) -> IdempotencyKey | None:
    """Take the key for this request, or find what another one made of it."""
    now = dt.datetime.now(dt.UTC)
    abandoned = sa.and_(IdempotencyKey.status.is_(None), IdempotencyKey.created_at < now - ABANDONED)
    past = sa.or_(IdempotencyKey.created_at < now - KEPT, abandoned)
    values = {"id": key, "request_hash": request_hash, "content_type": "", "body": b"", "created_at": now}
    with write_transaction(db.session()) as session:
        session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.id == key, past))
        # Of two requests at once one makes the row; the other waits for that and then finds it.
        made = insert_or(session, IdempotencyKey).values(values).on_conflict_do_nothing().returning(IdempotencyKey.id)
        return None if session.scalar(made) is not None else session.get_one(IdempotencyKey, key)


def _remember(response: Response) -> Response:
    key = g.pop("idempotency_key", None)
    if key is None:
        return response
    with write_transaction(db.session()) as session:
        stored = session.get(IdempotencyKey, key)
        if stored is not None and response.status_code >= 500:
            session.delete(stored)  # a fault is no answer: the caller may try again
        elif stored is not None:
            stored.status, stored.body = response.status_code, response.get_data()
            stored.content_type = response.content_type or ""
    return response


def sweep_idempotency(session: Session) -> None:
    """Forget answers older than a day."""
    session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < dt.datetime.now(dt.UTC) - KEPT))


def init_app(app: Flask) -> None:
    app.before_request(_replay)
    app.after_request(_remember)
