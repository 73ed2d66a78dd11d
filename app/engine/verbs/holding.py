"""Holding back what happens by itself: timers, automatic retries and the outbox, until somebody releases them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.db import write_transaction
from app.engine.core import Core
from app.engine.models import Hold


class Holding(Core):
    def held(self, session: Session) -> Hold | None:
        """The hold, with since when and why, or None."""
        return session.get(Hold, 1)

    def hold(self, session: Session, reason: str, *, by: Actor) -> None:
        """Inside a write transaction. Holding what is held already changes nothing."""
        if self.held(session) is None:
            session.add(Hold(id=1, since=self.clock.now(), reason=reason[:300], by_name=by.name))
            session.flush()
            record(session, self.clock.now(), by, "outbox.held", "hold", "1", reason=reason)

    def release(self, *, by: Actor) -> bool:
        """Let everything go on; False when nothing was held."""
        with self.sessions() as session, write_transaction(session, alone=True):
            found = self.held(session)
            if found is None:
                return False
            since = found.since
            session.delete(found)
            record(session, self.clock.now(), by, "outbox.released", "hold", "1", since=since.isoformat())
        return True

    def is_held(self) -> bool:
        with self.sessions() as session:
            return session.scalar(sa.select(Hold.id).limit(1)) is not None
