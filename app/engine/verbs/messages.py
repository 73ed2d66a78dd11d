"""Verbs on messages and signals (docs/adr/0014). What diagrams throw comes through the outbox, to the same place.

A message reaches exactly one token: the one that waits for its name and correlation, or a process that it starts.
Nobody there yet: it is kept for a bounded time and delivered when somebody begins to wait. Whoever waited is gone:
the sender is told, and nothing happens. Several wait: that is a mistake of the diagrams, and both are named.
A signal reaches all that wait for its name when it is sent, and is not kept.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor, record
from app.db import new_id, write_transaction
from app.engine.core import DamagedDefinition, Loaded
from app.engine.models import Definition, Instance, Message, Outbox, Subscription
from app.engine.packages.deadline_text import DeadlineTextError, add_duration, parse_duration
from app.engine.running.acts.deliver import Deliver, Gone, StartByMessage, answer_of
from app.engine.running.checkout import checkout, run_inside
from app.engine.running.events import MAX_NAME
from app.engine.running.locking import lock_instance
from app.engine.running.plain import checked
from app.engine.running.projections.subscriptions import hold_name, post
from app.engine.running.services import as_json
from app.engine.verbs.instances import InstanceVerbs
from app.i18n import lazy_

log = logging.getLogger("duban.engine.messages")
_SUBSCRIPTION, _MESSAGE, _INSTANCE = Subscription.__table__, Message.__table__, Instance.__table__
_OUTBOX = Outbox.__table__
TTL = "PT1H"  # how long a message that nobody waits for yet is kept, unless its sender says otherwise
TRIES = 3
REMEMBERED = dt.timedelta(days=1)  # how long after its time a repeat still gets the answer that it was kept


@dataclass(frozen=True)
class Sent:
    """What became of a message: delivered, started (a process), buffered (until `expires_at`)."""

    id: str
    state: str
    instance_id: str | None = None
    node_id: str | None = None
    expires_at: dt.datetime | None = None


@dataclass(frozen=True)
class Broadcast:
    """How many instances a signal goes to, and how many processes it starts."""

    id: str
    instances: int
    started: int


class MessageVerbs(InstanceVerbs):
    def __init__(self, *surroundings: Any, **more: Any) -> None:
        super().__init__(*surroundings, **more)
        self.outbox_handler("message")(self._throw_message)
        self.outbox_handler("message.deliver")(self._deliver_message)
        self.outbox_handler("signal")(self._throw_signal)
        self.outbox_handler("signal.deliver")(self._deliver_signal)

    def send_message(
        self,
        name: str,
        correlation: str,
        payload: Mapping[str, Any],
        *,
        by: Actor,
        key: str | None = None,
        ttl: str | None = None,
    ) -> Sent:
        """Deliver a message to the one that waits for it. A repeat with the same key gets the first answer.

        `ttl` is how long it is kept when nobody waits yet (`PT0S`: not at all). Invalid; NotFound when nobody waits
        and it is not kept; Conflict when whoever waited is gone (reason `late`), when several wait (`ambiguous`), and
        when the key was used for another message.
        """
        row = self._message("message", name, correlation, payload, by, key)
        for _attempt in range(TRIES):
            try:
                with self.sessions() as session, write_transaction(session):
                    if (known := self._known(session, row)) is not None:
                        return _sent(known)
                    wait, process = self._receiver(session, row)
                    if wait is None and process is None:
                        return _sent(self._keep(session, row, ttl))
                if wait is not None:
                    checkout(self, Deliver(by, wait["instance_id"], [wait["id"]], row["payload"], row))
                elif process is not None:
                    checkout(self, self._start_by(row, process, by))
            except Gone:
                continue
            except sa.exc.IntegrityError:
                continue  # the same key at the same time: the other one has its answer
            with self.sessions() as session:
                return _sent(
                    session.execute(sa.select(_MESSAGE.c.answer).where(_MESSAGE.c.id == row["id"])).scalar_one()
                )
        raise errors.Conflict()

    def send_signal(self, name: str, payload: Mapping[str, Any], *, by: Actor, key: str | None = None) -> Broadcast:
        """Send a signal to all that wait for it now; each gets it in a turn of its own, after this commit."""
        row = self._message("signal", name, "", payload, by, key)
        with self.sessions() as session, write_transaction(session):
            known = self._known(session, row)
            if known is None:
                known = self._broadcast(session, row, by)
        return Broadcast(known["id"], known["instances"], known["started"])

    def forget_messages(self, session: Session) -> int:
        """Delete what was kept and came for nobody; how many. Inside a write transaction."""
        unclaimed = sa.and_(_MESSAGE.c.state == "buffered", _MESSAGE.c.expires_at < self.clock.now() - REMEMBERED)
        return session.execute(sa.delete(_MESSAGE).where(unclaimed)).rowcount or 0  # type: ignore[attr-defined]

    # -- routing

    def _message(
        self, kind: str, name: str, correlation: object, payload: Mapping[str, Any], by: Actor, key: str | None
    ) -> dict[str, Any]:
        found: dict[str, list[Any]] = {}
        correlation = "" if correlation is None else str(correlation).strip()
        for field, text in (("name", name), ("correlation", correlation), ("key", key or "")):
            if len(text) > MAX_NAME:
                found[field] = [lazy_("不得超过 200 个字符")]
        if not name.strip():
            found["name"] = [lazy_("请填写")]
        if found:
            raise errors.Invalid(found)
        return {
            "id": new_id(),
            "key": key or None,
            "kind": kind,
            "name": name.strip(),
            "correlation": correlation,
            "payload": as_json(checked(dict(payload))),
            "state": "sent",
            "sent_at": self.clock.now(),
            "by_id": by.id,
            "by_name": by.name,
            "answer": {},
        }

    def _known(self, session: Session, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer that this key got before."""
        if row["key"] is None:
            return None
        same = ("kind", "name", "correlation", "payload")
        found = session.execute(sa.select(_MESSAGE).where(_MESSAGE.c.key == row["key"])).mappings().first()
        if found is None:
            return None
        if any(found[name] != row[name] for name in same):
            raise errors.Conflict(lazy_("同一个标识已用于另一条消息"), reason="key")
        return dict(found["answer"])

    def _receiver(self, session: Session, row: Mapping[str, Any]) -> tuple[dict[str, Any] | None, Loaded | None]:
        """Whoever waits, or the process that it starts; neither when nobody does yet. Conflict: late, ambiguous."""
        hold_name(session, row["name"], row["correlation"])
        waits = self._waits(session, "message", row["name"], row["correlation"])
        if len(waits) > 1:
            both = "；".join(f"{wait['instance_id']} {wait['node_id']}" for wait in waits[:5])
            raise errors.Conflict(
                lazy_("不止一处在等待这条消息：%(both)s", both=both),
                reason="ambiguous",
                waiting=[{"instance": wait["instance_id"], "node": wait["node_id"]} for wait in waits],
            )
        if waits:
            return waits[0], None
        started = self._started_by(session, "message", row["name"])
        if len(started) > 1:
            both = "；".join(loaded.key for loaded, _node in started)
            raise errors.Conflict(lazy_("不止一个流程由这条消息启动：%(both)s", both=both), reason="ambiguous")
        if started:
            return None, started[0][0]
        self._refuse_late(session, row)
        return None, None

    def _waits(self, session: Session, kind: str, name: str, correlation: str) -> list[dict[str, Any]]:
        rows = session.execute(
            sa.select(*_SUBSCRIPTION.c)
            .join(_INSTANCE, _INSTANCE.c.id == _SUBSCRIPTION.c.instance_id)
            .where(
                _SUBSCRIPTION.c.kind == kind,
                _SUBSCRIPTION.c.name == name,
                _SUBSCRIPTION.c.correlation == correlation,
                _SUBSCRIPTION.c.state == "waiting",
                _INSTANCE.c.status.in_(("running", "suspended")),
            )
            .order_by(_SUBSCRIPTION.c.id)
        )
        return [dict(row) for row in rows.mappings()]

    def _refuse_late(self, session: Session, row: Mapping[str, Any]) -> None:
        """Somebody waited for just this, and does so no longer. Where it was received and may be again: not late."""
        last = (
            session.execute(
                sa.select(*_SUBSCRIPTION.c, _INSTANCE.c.status)
                .join(_INSTANCE, _INSTANCE.c.id == _SUBSCRIPTION.c.instance_id)
                .where(
                    _SUBSCRIPTION.c.kind == "message",
                    _SUBSCRIPTION.c.name == row["name"],
                    _SUBSCRIPTION.c.correlation == row["correlation"],
                    _SUBSCRIPTION.c.state != "waiting",
                )
                .order_by(_SUBSCRIPTION.c.ended_at.desc(), _SUBSCRIPTION.c.id.desc())
                .limit(1)
            )
            .mappings()
            .first()
        )
        if last is None or (last["state"] == "received" and last["status"] in ("running", "suspended")):
            return
        raise errors.Conflict(
            lazy_("已经没有流程在等待这条消息，没有产生任何作用"),
            reason="late",
            received=last["state"] == "received",
            ended_at=last["ended_at"].isoformat() if last["ended_at"] else None,
        )

    def _keep(self, session: Session, row: Mapping[str, Any], ttl: str | None) -> dict[str, Any]:
        """Put a message aside that came early."""
        now = self.clock.now()
        try:
            until = add_duration(now, parse_duration(ttl or TTL))
        except DeadlineTextError as wrong:
            raise errors.Invalid({"ttl": [str(wrong)]}) from None
        if until <= now:
            raise errors.NotFound(lazy_("没有流程在等待这条消息"))
        answer = answer_of(row["id"], "buffered", expires_at=until.isoformat())
        self._record(session, row, "messages.buffered")
        session.execute(
            sa.insert(_MESSAGE).values(**dict(row) | {"state": "buffered", "expires_at": until, "answer": answer})
        )
        return answer

    def _record(self, session: Session, row: Mapping[str, Any], event: str) -> None:
        """What no instance's history tells: nobody has it yet, or many have."""
        by = Actor(row["by_id"], row["by_name"])
        record(session, row["sent_at"], by, event, "message", row["id"], name=row["name"])

    def _started_by(self, session: Session, kind: str, name: str) -> list[tuple[Loaded, str]]:
        """Published processes whose start event is this message or signal, with that event."""
        ids = session.scalars(
            sa.select(Definition.id).where(Definition.status == "published").order_by(Definition.key)
        ).all()
        found = []
        for definition_id in ids:
            try:
                loaded = self.definition(session, definition_id)
            except DamagedDefinition as damage:
                log.error("%s is damaged and hears no message", damage.extra["definition"])  # the others do
                continue
            node = loaded.diagram.started_by(loaded.key, kind, name)
            if node is not None:
                found.append((loaded, node.id))
        return found

    def _start_by(self, row: Mapping[str, Any], loaded: Loaded, by: Actor) -> StartByMessage:
        start = loaded.diagram.started_by(loaded.key, row["kind"], row["name"])
        return StartByMessage(
            by,
            loaded,
            row["payload"],
            row["correlation"] or None,
            row=row,
            node_id=start.id if start else "",
        )

    def _broadcast(self, session: Session, row: Mapping[str, Any], by: Actor, but: str | None = None) -> dict[str, Any]:
        """A letter to each instance that waits now, and to each process that the signal starts."""
        waits: dict[str, list[str]] = {}
        for wait in self._waits(session, "signal", row["name"], ""):
            if wait["instance_id"] != but:
                waits.setdefault(wait["instance_id"], []).append(wait["id"])
        started = self._started_by(session, "signal", row["name"])
        letters = [{"instance_id": instance_id, "subscriptions": ids} for instance_id, ids in waits.items()]
        letters += [{"definition_id": loaded.id} for loaded, _node in started]
        answer = answer_of(row["id"], "sent", instances=len(waits), started=len(started))
        session.execute(sa.insert(_MESSAGE).values(**dict(row) | {"answer": answer}))
        self._record(session, row, "signals.sent")
        for letter in letters:
            to = letter.get("instance_id") or letter["definition_id"]
            session.execute(
                sa.insert(_OUTBOX).values(
                    id=new_id(),
                    key=f"signal.deliver:{row['id']}:{to}",
                    kind="signal.deliver",
                    payload=letter | {"message_id": row["id"], "actor": _told(by)},
                    state="waiting",
                    created_at=row["sent_at"],
                    next_attempt_at=row["sent_at"],
                    attempts=0,
                    fence=0,
                )
            )
        return answer

    # -- letters. Each in the transaction of its row: exactly once.

    def _throw_message(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """A diagram sent it. A late one is told to nobody; an ambiguous one fails and shows in the outbox."""
        by = _actor(payload)
        row = self._message("message", payload["name"], payload["correlation"], payload["payload"], by, key[:MAX_NAME])
        if self._known(session, row) is not None:
            return
        try:
            wait, process = self._receiver(session, row)
        except errors.Conflict as refused:
            if refused.extra.get("reason") != "late":
                raise
            log.info("%s: nobody waits for %r any more", key, row["name"])
            session.execute(
                sa.insert(_MESSAGE).values(**row | {"state": "late", "answer": answer_of(row["id"], "late")})
            )
            return
        if process is not None:
            run_inside(self, session, self._start_by(row, process, by))
        elif wait is not None:
            answer = answer_of(row["id"], "matched", wait["instance_id"], wait["node_id"])
            session.execute(sa.insert(_MESSAGE).values(**row | {"state": "matched", "answer": answer}))
            post(session, row["id"], wait["id"], now)
        else:
            self._keep(session, row, payload.get("ttl"))

    def _deliver_message(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """A message that was kept, or thrown by a diagram, to the one that waits for it."""
        instance_id = session.scalar(
            sa.select(_SUBSCRIPTION.c.instance_id).where(_SUBSCRIPTION.c.id == payload["subscription_id"])
        )
        if instance_id is None:
            return
        lock_instance(session, instance_id)
        row = session.execute(sa.select(_MESSAGE).where(_MESSAGE.c.id == payload["message_id"])).mappings().first()
        if row is None or row["state"] != "matched":
            return
        by = Actor(row["by_id"], row["by_name"])
        act = Deliver(by, instance_id, [payload["subscription_id"]], row["payload"], dict(row), stored=True)
        try:
            with session.begin_nested():
                run_inside(self, session, act)
        except errors.Conflict as refused:
            if not _is_over(refused):
                raise
            log.info("%s: nobody waits for %r any more", key, row["name"])
            self._put_back(session, dict(row), now)

    def _put_back(self, session: Session, row: Mapping[str, Any], now: dt.datetime) -> None:
        """Whoever was to get it is gone. While its time runs the next one gets it, who may wait already."""
        hold_name(session, row["name"], row["correlation"])
        waits = self._waits(session, "message", row["name"], row["correlation"])
        if row["expires_at"] is None or row["expires_at"] <= now:
            session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id == row["id"]).values(state="late"))
        elif waits:
            post(session, row["id"], waits[0]["id"], now)
        else:
            session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id == row["id"]).values(state="buffered"))

    def _throw_signal(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """A diagram threw it; its own instance has it already."""
        by = _actor(payload)
        row = self._message("signal", payload["name"], "", payload["payload"], by, key[:MAX_NAME])
        if self._known(session, row) is None:
            self._broadcast(session, row, by, but=payload["instance_id"])

    def _deliver_signal(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        by = _actor(payload)
        if "instance_id" in payload:
            lock_instance(session, payload["instance_id"])
        row = session.execute(sa.select(_MESSAGE).where(_MESSAGE.c.id == payload["message_id"])).mappings().one()
        if "definition_id" in payload:
            loaded = self.definition(session, payload["definition_id"])
            run_inside(self, session, self._start_by(dict(row), loaded, by))
            return
        act = Deliver(by, payload["instance_id"], payload["subscriptions"], row["payload"], dict(row), stored=True)
        try:
            with session.begin_nested():
                run_inside(self, session, act)
        except errors.Conflict as refused:
            if not _is_over(refused):
                raise  # to a suspended instance it is delivered once that goes on
            log.info("%s: nobody waits for %r any more", key, row["name"])


def _is_over(refused: errors.Conflict) -> bool:
    """Whether nobody waits any more; all else is tried again."""
    return isinstance(refused, Gone) or refused.extra.get("status") in ("ended", "cancelled")


def _sent(answer: Mapping[str, Any]) -> Sent:
    until = answer.get("expires_at")
    return Sent(
        answer["id"],
        answer["state"],
        answer.get("instance"),
        answer.get("node"),
        dt.datetime.fromisoformat(until) if until else None,
    )


def _told(by: Actor) -> dict[str, Any]:
    return {"id": by.id, "name": by.name, "org_id": by.org_id, "org_name": by.org_name}


def _actor(payload: Mapping[str, Any]) -> Actor:
    given = payload.get("actor") or {}
    return Actor(given.get("id"), given.get("name") or "系统", given.get("org_id"), given.get("org_name") or "")
