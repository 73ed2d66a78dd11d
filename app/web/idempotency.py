"""`Idempotency-Key` on every POST of the API: a repeat returns the first answer.

A process that is killed leaves its keys under way. Whoever repeats then finds out two things from the row: that its
owner is dead (on this machine at once, elsewhere after `ABANDONED`), and whether something of the first request had
been committed. `acted` says so, because it is written in that same transaction. If nothing was, the repeat is carried
out; if something was, carrying it out again would double it, and the answer that is lost cannot be told: 409, with
`interrupted`, and the caller looks at the present state.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time

import flask_login
import sqlalchemy as sa
from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from app.db import UNAVAILABLE, Base, also_written, insert_or, write_transaction
from app.errors import Conflict, Invalid
from app.i18n import lazy_
from app.web.api import is_api
from app.web.database import db
from app.web.owner import NOBODY, is_dead, myself

KEPT = dt.timedelta(days=1)
ABANDONED = dt.timedelta(seconds=30)  # no request takes so long: whoever began it elsewhere was killed
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
    owner: Mapped[str] = mapped_column(sa.String(80), default="")  # the process that carries it out (owner.py)
    acted: Mapped[bool] = mapped_column(default=False)  # something of it is committed

    @property
    def is_abandoned(self) -> bool:
        """Under way, and nobody will finish it."""
        late = self.created_at < dt.datetime.now(dt.UTC) - ABANDONED
        return self.status is None and (late or is_dead(self.owner))


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
        watch(key)
        return None
    if stored.request_hash != _request_hash():
        raise Conflict(lazy_("同一个 Idempotency-Key 已用于另一个请求"))
    stored = settled(stored)
    replayed = Response(stored.body, stored.status, content_type=stored.content_type)
    replayed.headers["Idempotent-Replayed"] = "true"
    return replayed


def watch(key: str) -> None:
    """From here on every transaction of this request says in the key's row that it has acted."""
    acted = sa.update(IdempotencyKey).where(IdempotencyKey.id == key).values(acted=True)
    also_written(lambda session: session.execute(acted))


def settled(stored: IdempotencyKey) -> IdempotencyKey:
    """The first request's answer, waited for a little; Conflict while there is none, or when it is lost."""
    key, until = stored.id, time.monotonic() + PATIENCE
    found: IdempotencyKey | None = stored
    while found is not None and found.status is None and time.monotonic() < until:
        if found.acted and found.is_abandoned:
            said = lazy_("同一请求办理中系统中断，已有内容生效，请先查看最新情况，不要直接重新提交")
            raise Conflict(said, interrupted=True)
        time.sleep(0.05)
        db.session.rollback()
        found = db.session.get(IdempotencyKey, key, populate_existing=True)
    if found is None or found.status is None:
        raise Conflict(lazy_("同一请求正在办理"))
    return found


def _apart() -> Session:
    """A session of its own: a commit in the request's would let it read again who is signed in, each time."""
    sessions: sessionmaker[Session] = current_app.extensions["duban.sessions"]
    return sessions()


def claim(key: str, request_hash: str) -> IdempotencyKey | None:
    """Take the key for this request, or find what another one made of it."""
    now = dt.datetime.now(dt.UTC)
    values = {"id": key, "request_hash": request_hash, "content_type": "", "body": b"", "created_at": now}
    values |= {"owner": myself(), "acted": False}
    # Of two requests at once one makes the row; the other waits for that and then finds it.
    with _apart() as session, write_transaction(session):
        new = insert_or(session, IdempotencyKey).values(values).on_conflict_do_nothing().returning(IdempotencyKey.id)
        if session.scalar(new) is not None:
            return None
        left = session.get(IdempotencyKey, key, populate_existing=True)
        if left is not None and (left.created_at < now - KEPT or (left.is_abandoned and not left.acted)):
            # It may have acted, or have been taken over, since we looked.
            same = (IdempotencyKey.owner == left.owner, IdempotencyKey.created_at == left.created_at)
            unchanged = IdempotencyKey.acted == left.acted
            session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.id == key, unchanged, *same))
            session.expunge(left)
            if session.scalar(new) is not None:
                return None
        return session.get_one(IdempotencyKey, key, populate_existing=True)


def _remember(response: Response) -> Response:
    key = g.pop("idempotency_key", None)
    if key is None:
        return response
    values = {"status": response.status_code, "body": response.get_data(), "content_type": response.content_type or ""}
    conclude(key, None if response.status_code >= 500 else values, broken=response.status_code >= 500)
    return response


def conclude(key: str, answer: dict[str, object] | None, *, broken: bool) -> None:
    """Keep the answer. Without one the caller may try again, unless a fault came after something had been done."""
    also_written(None)
    row = IdempotencyKey.id == key
    steps: list[sa.Update | sa.Delete]
    if answer is not None:
        steps = [sa.update(IdempotencyKey).where(row).values(**answer)]
    else:
        # Nobody will finish what acted and then broke.
        steps = [sa.update(IdempotencyKey).where(row, IdempotencyKey.acted).values(owner=NOBODY)] if broken else []
        steps.append(sa.delete(IdempotencyKey).where(row, IdempotencyKey.owner != NOBODY))
    for last in (False, True):
        try:
            with _apart() as session, write_transaction(session):
                for step in steps:
                    session.execute(step)
            return
        except UNAVAILABLE:
            if last:  # a connection that was lost meanwhile is made anew once
                raise


def _unwatch(_error: BaseException | None) -> None:
    also_written(None)


def sweep_idempotency(session: Session) -> None:
    """Forget answers older than a day."""
    session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < dt.datetime.now(dt.UTC) - KEPT))


def init_app(app: Flask) -> None:
    app.before_request(_replay)
    app.after_request(_remember)
    app.teardown_request(_unwatch)
