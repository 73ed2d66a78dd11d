"""`Idempotency-Key` on every POST of the API: a repeat returns the first answer.

The key's row is written by the transactions of the request themselves, each before it commits: what is done and the
word that it was done are one. Of two that are sent at once the slower one cannot commit; it gets the other's answer. An
answer that is known before the commit (`foretelling`) is in the row from then on, any other one follows.

A process that is killed between the two leaves a row without an answer. Whoever repeats finds out from it that its
owner is dead (on this machine at once, elsewhere after `ABANDONED`): carrying the request out again would double it,
and the answer that is lost cannot be told: 409, with `interrupted`, and the caller looks at the present state.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Flask, Response, current_app, g, jsonify, request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from app.db import UNAVAILABLE, Base, also_written, is_postgresql, write_transaction
from app.errors import Conflict, Invalid
from app.i18n import lazy_
from app.prepared import Prepared
from app.web.access import signed_in
from app.web.api import is_api
from app.web.database import db
from app.web.owner import NOBODY, is_dead, one_of_mine

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
    def is_forgotten(self) -> bool:
        return self.created_at < dt.datetime.now(dt.UTC) - KEPT

    @property
    def is_abandoned(self) -> bool:
        """Under way, and nobody will finish it."""
        late = self.created_at < dt.datetime.now(dt.UTC) - ABANDONED
        return self.status is None and (late or is_dead(self.owner))


def _key_hash() -> str | None:
    if request.method != "POST" or not is_api() or not (key := request.headers.get("Idempotency-Key")):
        return None
    person = signed_in()
    if not person.is_authenticated:
        return None
    if len(key) > 200:
        raise Invalid({"Idempotency-Key": [lazy_("不得超过 200 个字符")]})
    return hashlib.sha256(f"{person.get_id()}\0{request.path}\0{key}".encode()).hexdigest()


def _request_hash() -> str:
    return hashlib.sha256(request.get_data(cache=True)).hexdigest()


_KEY = IdempotencyKey.__table__
_KNOWN = Prepared(sa.select(_KEY.c.id).where(_KEY.c.id == sa.bindparam("key")))
_NO_ANSWER: dict[str, Any] = {"status": None, "content_type": "", "body": b""}


class Repeated(Conflict):
    """The same request was sent twice at once, and the other one has committed: this one must not."""


@dataclass
class Sending:
    """A request with a key while it is carried out. `left` is the row of one that nobody will finish."""

    key: str
    content: str
    left: IdempotencyKey | None = None
    began_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    owner: str = field(default_factory=one_of_mine)
    answer: dict[str, Any] = field(default_factory=lambda: dict(_NO_ANSWER))
    acted: bool = False  # something of it may be committed
    lost: bool = False  # the other one was faster

    def write(self, session: Session) -> None:
        """Say in this transaction that it is of this request; Repeated where another one has the key by now."""
        self.acted = True
        if self.lost or not self.keep(session):
            self.lost = True
            raise Repeated()

    def keep(self, session: Session) -> bool:
        """Write the row, unless it is somebody else's."""
        row = {"id": self.key, "request_hash": self.content, "created_at": self.began_at, "owner": self.owner}
        row |= self.answer | {"acted": self.acted}
        left_by, left_at = (self.left.owner, self.left.created_at) if self.left else (None, None)
        over = {"left_by": left_by, "left_at": left_at, "forgotten": self.began_at - KEPT}
        return _keep(is_postgresql(session)).first(session, row | over) is not None


@lru_cache(maxsize=2)
def _keep(on_postgresql: bool) -> Prepared:
    """A row that is new, our own, older than a day, or of one that was killed before it had done anything."""
    insert = postgresql.insert(_KEY) if on_postgresql else sqlite.insert(_KEY)
    new = insert.excluded
    left = sa.and_(
        _KEY.c.owner == sa.bindparam("left_by", type_=_KEY.c.owner.type),
        _KEY.c.created_at == sa.bindparam("left_at", type_=_KEY.c.created_at.type),
        _KEY.c.acted.is_(False),
    )
    old = _KEY.c.created_at < sa.bindparam("forgotten", type_=_KEY.c.created_at.type)
    return Prepared(
        insert.on_conflict_do_update(
            index_elements=["id"],
            set_={column.name: new[column.name] for column in _KEY.c if column.name != "id"},
            where=sa.or_(_KEY.c.owner == new.owner, left, old),
        ).returning(_KEY.c.id)
    )


def _replay() -> Response | None:
    """Answer a repeat from the store; refuse a key that is used for something else or still under way."""
    key = _key_hash()
    if key is None:
        return None
    stored = begin(key, _request_hash())
    if isinstance(stored, Sending):
        g.idempotency = stored
        return None
    if stored.request_hash != _request_hash():
        raise Conflict(lazy_("同一个 Idempotency-Key 已用于另一个请求"))
    return _replayed(settled(stored))


def _replayed(stored: IdempotencyKey) -> Response:
    replayed = Response(stored.body, stored.status, content_type=stored.content_type)
    replayed.headers["Idempotent-Replayed"] = "true"
    return replayed


def begin(key: str, content: str) -> Sending | IdempotencyKey:
    """The row of the first sending; else this is it, and from here on its transactions write the row."""
    stored = None
    if _KNOWN.first(db.session(), {"key": key}) is not None:
        stored = db.session.get(IdempotencyKey, key, populate_existing=True)
    if stored is None or stored.is_forgotten or (stored.is_abandoned and not stored.acted):
        sending = Sending(key, content, stored)
        watch(sending)
        return sending
    return stored


def watch(sending: Sending) -> None:
    """From here on every transaction of this request writes the key's row as well."""
    also_written(sending.write)


@dataclass
class Foretelling:
    """For a verb that tells its result before it commits: the answer is kept in the same transaction.

    What the view then answers is compared with it, and counts.
    """

    schema: ma.Schema
    told: Any = None
    response: Response | None = None

    def __call__(self, result: Any) -> None:
        sending: Sending | None = g.get("idempotency")
        if sending is not None:
            self.told, self.response = result, jsonify(self.schema.dump(result))
            sending.answer = _answer(self.response, 200)

    def answer(self, result: Any) -> Any:
        """The answer that was foretold, if this is the result it was of; else the result, still to be put in words."""
        return self.response if self.response is not None and result == self.told else result


def foretelling(schema: ma.Schema) -> Foretelling:
    """Hand it to the verb, and answer with what its `answer` makes of the result."""
    return Foretelling(schema)


def _answer(response: Response, status: int) -> dict[str, Any]:
    return {"status": status, "content_type": response.content_type or "", "body": response.get_data()}


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


def _remember(response: Response) -> Response:
    sending: Sending | None = g.pop("idempotency", None)
    if sending is None:
        return response
    if response.status_code >= 500 and not sending.lost:
        conclude(sending, None, broken=True)
        return response
    if conclude(sending, _answer(response, response.status_code)):
        return response
    return instead(sending, response, _replayed)


def conclude(sending: Sending, answer: dict[str, Any] | None, *, broken: bool = False) -> bool:
    """Keep the answer; False where the same request was sent meanwhile and the other one was faster.

    Without an answer the caller may try again, unless a fault came after something had been done.
    """
    also_written(None)
    if sending.lost:
        return False
    if answer is None:
        if sending.acted:
            ours = sa.and_(_KEY.c.id == sending.key, _KEY.c.owner == sending.owner)
            # Nobody will finish what acted and then broke.
            _write(sa.update(_KEY).where(ours).values(owner=NOBODY) if broken else sa.delete(_KEY).where(ours))
        return True
    if answer != sending.answer:
        sending.answer = answer
        sending.lost = not _write(sending)
    return not sending.lost


def _write(what: Sending | sa.Update | sa.Delete) -> bool:
    for last in (False, True):
        try:
            with _apart() as session, write_transaction(session):
                if isinstance(what, Sending):
                    return what.keep(session)
                session.execute(what)
            return True
        except UNAVAILABLE:
            if last:  # a connection that was lost meanwhile is made anew once
                raise
    return True


def faster(sending: Sending) -> IdempotencyKey | None:
    """The row of the same request that was sent meanwhile, if there is one."""
    db.session.rollback()
    found = db.session.get(IdempotencyKey, sending.key, populate_existing=True)
    return found if found is not None and found.request_hash == sending.content else None


def instead(sending: Sending, response: Response, told: Callable[[IdempotencyKey], Response]) -> Response:
    """The answer to the same request that was faster, in place of ours."""
    if (other := faster(sending)) is None:
        return response
    try:
        return told(settled(other))
    except Conflict as refused:
        return current_app.make_response(current_app.handle_user_exception(refused))


def _unwatch(_error: BaseException | None) -> None:
    also_written(None)


def sweep_idempotency(session: Session) -> None:
    """Forget answers older than a day."""
    session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < dt.datetime.now(dt.UTC) - KEPT))


def init_app(app: Flask) -> None:
    app.before_request(_replay)
    app.after_request(_remember)
    app.teardown_request(_unwatch)
