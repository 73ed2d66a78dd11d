"""A worker's row: that it lives, since when its present batch runs, and what it has done. Real time throughout."""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading

import sqlalchemy as sa
from flask import Flask

from app.db import new_id, write_transaction
from app.engine import WorkerBeat

BEAT = 10  # seconds
FORGOTTEN = dt.timedelta(days=7)
_BEAT = WorkerBeat.__table__


class Beats:
    """Told by the batches, read by the watchdog, written to the database every few seconds."""

    def __init__(self, app: Flask) -> None:
        self._sessions = app.extensions["duban.sessions"]
        self._lock = threading.Lock()
        self.id, self.batches, self.done = new_id(), 0, 0
        self.busy_since: dt.datetime | None = None

    def open(self) -> None:
        now = dt.datetime.now(dt.UTC)
        name = f"{socket.gethostname()}:{os.getpid()}"[:120]
        row = {"id": self.id, "name": name, "started_at": now, "beat_at": now, "batches": 0, "done": 0}
        with self._sessions() as session, write_transaction(session):
            session.execute(sa.delete(_BEAT).where(_BEAT.c.beat_at < now - FORGOTTEN))
            session.execute(sa.insert(_BEAT).values(**row))

    def begin(self) -> None:
        with self._lock:
            self.busy_since = dt.datetime.now(dt.UTC)

    def end(self, done: int) -> None:
        with self._lock:
            self.busy_since, self.batches, self.done = None, self.batches + 1, self.done + done

    def busy_for(self) -> float:
        """Seconds that the present batch has been running."""
        since = self.busy_since
        return (dt.datetime.now(dt.UTC) - since).total_seconds() if since else 0.0

    def write(self, *, stopped: bool = False) -> None:
        now = dt.datetime.now(dt.UTC)
        values = {"beat_at": now, "busy_since": self.busy_since, "batches": self.batches, "done": self.done}
        with self._sessions() as session, write_transaction(session):
            changed = values | ({"stopped_at": now} if stopped else {})
            session.execute(sa.update(_BEAT).where(_BEAT.c.id == self.id).values(**changed))
