"""Side effects leave here, after the commit: at least once, with a key that travels with them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app import errors
from app.db import UNAVAILABLE, write_transaction
from app.engine.models import Outbox
from app.engine.verbs.holding import Holding
from app.prepared import Prepared

log = logging.getLogger("duban.engine.outbox")
_OUTBOX = Outbox.__table__
_OURS = Prepared(
    sa.select(_OUTBOX.c.id).where(_OUTBOX.c.id == sa.bindparam("outbox_id")).with_for_update(skip_locked=True)
)
_SEND = Prepared(
    sa.update(_OUTBOX)
    .where(
        _OUTBOX.c.id == sa.bindparam("outbox_id"),
        _OUTBOX.c.state == "waiting",
        _OUTBOX.c.fence == sa.bindparam("as_read"),
    )
    .values(state="sent", error=None)
)
ATTEMPTS = 8
STANDS = dt.timedelta(minutes=2)  # between two looks whether an instance that is suspended goes on


class Deliveries(Holding):
    def deliver_outbox(self, limit: int = 500) -> int:
        """Hand waiting rows to the handlers of their kinds; the number delivered. None while there is a hold."""
        if self.is_held():
            return 0
        with self.sessions() as session:
            rows = (
                session.execute(
                    sa.select(_OUTBOX)
                    .where(
                        _OUTBOX.c.state == "waiting",
                        _OUTBOX.c.kind.in_(list(self.handlers)),
                        _OUTBOX.c.next_attempt_at <= self.clock.now(),
                    )
                    .order_by(_OUTBOX.c.next_attempt_at, _OUTBOX.c.id)
                    .limit(limit)
                )
                .mappings()
                .all()
            )
        return sum([self._deliver(dict(row)) for row in rows])

    def deliver_all(self) -> None:
        while self.deliver_outbox():
            pass

    def _deliver(self, row: Mapping[str, Any]) -> int:
        """A handler that writes into this database does so in the row's own transaction: exactly once."""
        now = self.clock.now()
        try:
            with self.sessions() as session, write_transaction(session):
                if _OURS.first(session, {"outbox_id": row["id"]}) is None:
                    return 0  # another worker is at it
                read = {"outbox_id": row["id"], "as_read": row["fence"]}
                if _SEND.run(session, read | {"sent_at": now, "fence": row["fence"] + 1}) != 1:
                    return 0
                self.handlers[row["kind"]](session, row["payload"], key=row["key"], now=now)
                return 1
        except UNAVAILABLE as refused:
            log.info("outbox %s not delivered now: %s", row["key"], refused)
            return 0
        except Exception as fault:
            log.warning("outbox %s not delivered", row["key"], exc_info=not isinstance(fault, errors.Conflict))
            self._push_out(row, fault)
            return 0

    def _push_out(self, row: Mapping[str, Any], fault: Exception) -> None:
        """Tried again later and later, then given up. What is for a suspended instance waits as long as that does."""
        attempts = row["attempts"] + 1
        wait = dt.timedelta(seconds=min(15 * 4**attempts, 6 * 3600))
        if isinstance(fault, errors.Conflict) and fault.extra.get("status") == "suspended":
            attempts, wait = row["attempts"], STANDS
        with self.sessions() as session, write_transaction(session):
            session.execute(
                sa.update(_OUTBOX)
                .where(_OUTBOX.c.id == row["id"], _OUTBOX.c.state == "waiting")
                .values(
                    attempts=attempts,
                    next_attempt_at=self.clock.now() + wait,
                    error=f"{type(fault).__name__}: {fault}"[:2000],
                    state="failed" if attempts >= ATTEMPTS else "waiting",
                )
            )
