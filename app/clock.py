"""What time it is. All instants are aware and kept in UTC; the office lives in Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base, write_transaction

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> dt.datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class FixedClock:
    """A clock that stands still until it is moved: tests, the demo city, rehearsal."""

    def __init__(self, at: dt.datetime) -> None:
        self.set(at)

    def now(self) -> dt.datetime:
        return self._at

    def set(self, at: dt.datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("naive datetime")
        self._at = at.astimezone(dt.UTC)


class DrivenClock(Base):
    """The one row that a driven clock reads; no row means real time."""

    __tablename__ = "driven_clock"
    id: Mapped[int] = mapped_column(primary_key=True)
    now: Mapped[dt.datetime]


class StoredClock:
    """A clock that outside programs drive (DUBAN_TESTING=1): persisted, shared by web and worker.

    Until it is set for the first time it shows real time; from then on it stands where it was put.
    """

    def __init__(self, sessions: Callable[[], Session]) -> None:
        self._sessions = sessions

    def now(self) -> dt.datetime:
        with self._sessions() as session:
            stored = session.scalar(sa.select(DrivenClock.now).where(DrivenClock.id == 1))
        return stored or dt.datetime.now(dt.UTC)

    def set(self, at: dt.datetime) -> None:
        with self._sessions() as session, write_transaction(session):
            session.merge(DrivenClock(id=1, now=at))


def local(at: dt.datetime) -> dt.datetime:
    """The instant as the office's wall clock shows it."""
    return at.astimezone(SHANGHAI)
