"""Server-side sessions in the database: listed, revoked, rotated at sign-in, ended after idle and absolute time.

Our own, because a session that is saved through `db.session` (as Flask-Session does) commits into the
request's transaction, and because people want to see and end their sessions (docs/adr/0003).
Sessions use real time, also where the process clock is driven.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any

import sqlalchemy as sa
from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy.orm import Mapped, Session, mapped_column
from werkzeug.datastructures import CallbackDict

from app.db import UNAVAILABLE, Base, write_transaction
from app.errors import Busy

COOKIE = "duban"
IDLE = dt.timedelta(minutes=30)
ABSOLUTE = dt.timedelta(hours=12)
_TOUCH = dt.timedelta(minutes=1)


class WebSession(Base):
    """One browser's session. The cookie holds a random key; only its hash is stored."""

    __tablename__ = "web_session"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_key: Mapped[str | None] = mapped_column(sa.String(64), index=True)  # User.fs_uniquifier
    data: Mapped[dict[str, Any]]
    browser: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime] = mapped_column(index=True)


class ServerSession(CallbackDict[str, Any], SessionMixin):
    def __init__(
        self,
        key: str,
        data: dict[str, Any] | None = None,
        *,
        stored: WebSession | None = None,
    ) -> None:
        def changed(_: Any) -> None:
            self.modified = True

        super().__init__(data or {}, changed)
        self.key, self.stored = key, stored
        self.replaces: str | None = None
        self.modified = False

    def rotate(self) -> None:
        """Take a new key, so that one fixed before sign-in is worth nothing after it."""
        self.replaces = hash_key(self.key)
        self.key, self.stored, self.modified = secrets.token_urlsafe(32), None, True


def hash_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class DatabaseSessions(SessionInterface):
    def __init__(self, sessions: sa.orm.sessionmaker[Session]) -> None:
        self._sessions = sessions

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        key = request.cookies.get(COOKIE, "")
        if key:
            now = dt.datetime.now(dt.UTC)
            with self._sessions() as session:
                stored = session.get(WebSession, hash_key(key))
            if stored and now - stored.seen_at < IDLE and now - stored.created_at < ABSOLUTE:
                return ServerSession(key, dict(stored.data), stored=stored)
        return ServerSession(secrets.token_urlsafe(32))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, ServerSession)
        now = dt.datetime.now(dt.UTC)
        if not session and session.stored is None and session.replaces is None:
            return
        stale = session.stored is not None and now - session.stored.seen_at > _TOUCH
        try:
            if session.modified or stale:
                self._write(session, now)
        except (Busy, *UNAVAILABLE) as refused:
            app.logger.warning("session not saved: %s", refused)  # what the view has done stays done, and is told
            return
        if session.stored is None or session.modified:
            response.set_cookie(
                COOKIE,
                session.key,
                httponly=True,
                samesite="Lax",
                secure=bool(app.config.get("SESSION_COOKIE_SECURE")),
                path="/",
            )

    def _write(self, session: ServerSession, now: dt.datetime) -> None:
        from flask import request

        with self._sessions() as db, write_transaction(db):
            if session.replaces:
                db.execute(sa.delete(WebSession).where(WebSession.id == session.replaces))
            row = db.get(WebSession, hash_key(session.key), with_for_update=True)
            if row is None:
                if session.stored is not None:
                    return  # revoked while this request ran
                row = WebSession(id=hash_key(session.key), created_at=now, data={}, seen_at=now)
                db.add(row)
            row.data, row.seen_at = dict(session), now
            row.user_key = session.get("_user_id")
            row.browser = request.headers.get("User-Agent", "")[:200]


def sweep(session: Session) -> int:
    """Delete sessions past their idle or absolute time; the number deleted."""
    now = dt.datetime.now(dt.UTC)
    ended = sa.delete(WebSession).where(sa.or_(WebSession.seen_at < now - IDLE, WebSession.created_at < now - ABSOLUTE))
    return session.execute(ended).rowcount or 0  # type: ignore[attr-defined]
