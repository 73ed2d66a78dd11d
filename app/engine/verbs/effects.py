"""What a process does to another one: never inside its own turn, but through the outbox, once that is committed."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor
from app.db import new_id
from app.engine.models import Instance, Outbox
from app.engine.running.acts.start import Start
from app.engine.running.checkout import run_inside
from app.engine.running.locking import lock_instance
from app.engine.verbs.instances import InstanceVerbs

log = logging.getLogger("duban.engine.outbox")
_INSTANCE, _OUTBOX = Instance.__table__, Outbox.__table__


def afterwards(session: Session, kind: str, key: str, payload: Mapping[str, Any], now: dt.datetime) -> None:
    """Have something done once this transaction is committed; whatever has this key already is not done twice."""
    if session.scalar(sa.select(_OUTBOX.c.id).where(_OUTBOX.c.key == key)) is not None:
        return
    session.execute(
        sa.insert(_OUTBOX).values(
            id=new_id(),
            key=key,
            kind=kind,
            payload=dict(payload),
            state="waiting",
            created_at=now,
            next_attempt_at=now,
            attempts=0,
            fence=0,
        )
    )


class Effects(InstanceVerbs):
    """Outbox kinds of the engine itself: `instance.cancel` and `instance.start`. Each in the row's transaction."""

    def __init__(self, *surroundings: Any, **more: Any) -> None:
        super().__init__(*surroundings, **more)
        self.outbox_handler("instance.cancel")(self._cancel_another)
        self.outbox_handler("instance.start")(self._start_another)

    def _cancel_another(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """`{instance_id, reason, actor}`. What has ended meanwhile is left alone; what is suspended ends too.

        A quarantined one cannot be cancelled: the delivery fails, and is seen in the console.
        """
        instance_id = str(payload["instance_id"])
        lock_instance(session, instance_id)
        status = session.scalar(sa.select(_INSTANCE.c.status).where(_INSTANCE.c.id == instance_id))
        if status in (None, "ended", "cancelled"):
            log.info("%s: nothing to cancel", key)
            return
        self._cancel_one(session, instance_id, _actor(payload), str(payload["reason"]))

    def _start_another(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """`{process, data, business_key, parent_id, actor}`. A process that was started with this key is not again."""
        process, business_key = str(payload["process"]), str(payload["business_key"])
        started = sa.select(_INSTANCE.c.id).where(
            _INSTANCE.c.definition_key == process, _INSTANCE.c.business_key == business_key
        )
        if session.scalar(started) is not None:
            return
        loaded = self.published(session, process)
        if loaded is None:
            raise LookupError(f"there is no published process {process!r}")
        run_inside(
            self, session, Start(_actor(payload), loaded, payload["data"], business_key, payload.get("parent_id"))
        )


def _actor(payload: Mapping[str, Any]) -> Actor:
    given = payload.get("actor") or {}
    return Actor(given.get("id"), given.get("name") or "系统", given.get("org_id"), given.get("org_name") or "")
