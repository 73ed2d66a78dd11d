"""The write transaction in place of the one that only read: nothing of what was read before it counts any more."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from app.db import STALLED, is_locked, make_sessions, new_id, patience, write_transaction
from app.errors import Busy
from app.prepared import Prepared


class _Base(DeclarativeBase):
    pass


class _Bin(_Base):
    __tablename__ = "bin"
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    count: Mapped[int]


_BIN: Any = _Bin.__table__
_COUNT = Prepared(sa.select(_BIN.c.count).where(_BIN.c.id == sa.bindparam("bin_id")))


@pytest.fixture
def sessions(empty_database: Callable[[], str]) -> Iterator[sessionmaker[Session]]:
    sessions = make_sessions(empty_database())
    _Base.metadata.create_all(sessions.kw["bind"])
    with sessions() as session, write_transaction(session):
        session.add(_Bin(id="b", count=1))
    yield sessions
    sessions.kw["bind"].dispose()


def _set(sessions: sessionmaker[Session], count: int) -> None:
    with sessions() as session, write_transaction(session):
        session.execute(sa.update(_BIN).values(count=count))


def test_what_others_committed_since_the_reading_is_seen(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 1
        _set(sessions, 2)
        with write_transaction(session):
            assert _COUNT.scalar(session, {"bin_id": "b"}) == 2
            session.execute(sa.update(_BIN).values(count=_BIN.c.count + 1))
    with sessions() as session:
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 3


def test_objects_that_were_loaded_before_are_read_again(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        loaded = session.get_one(_Bin, "b")
        assert loaded.count == 1
        _set(sessions, 5)
        with write_transaction(session):
            assert loaded.count == 5


def test_what_was_written_or_added_outside_is_not_taken_along(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        session.execute(sa.update(_BIN).values(count=9))
        session.add(_Bin(id="stray", count=1))
        with write_transaction(session):
            assert _COUNT.scalar(session, {"bin_id": "b"}) == 1
            assert _COUNT.scalar(session, {"bin_id": "stray"}) is None
    with sessions() as session:
        session.execute(sa.update(_BIN).values(count=9))
        with write_transaction(session):
            pass
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 1


def _write_and_fail(session: Session) -> None:
    session.execute(sa.update(_BIN).values(count=7))
    raise ZeroDivisionError


def test_after_a_failure_nothing_is_kept_and_the_session_goes_on(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 1
        with pytest.raises(ZeroDivisionError), write_transaction(session):
            _write_and_fail(session)
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 1
        with write_transaction(session):
            session.execute(sa.update(_BIN).values(count=8))
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 8


def test_who_has_read_and_then_waits_too_long_is_told_that_it_is_locked(
    sessions: sessionmaker[Session], database: str
) -> None:
    bind = sessions.kw["bind"]
    with sessions() as session, bind.connect() as other:
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 1
        if database == "sqlite":  # another process, which our own lock knows nothing of
            other.connection.driver_connection.execute("BEGIN IMMEDIATE")
        else:
            other.execute(sa.update(_BIN).values(count=2))
        with (
            patience(0.2),
            pytest.raises((Busy, sa.exc.OperationalError)) as refused,
            write_transaction(session),
        ):
            session.execute(sa.update(_BIN).values(count=3))
        assert is_locked(refused.value)
        other.connection.rollback()
        with write_transaction(session):
            session.execute(sa.update(_BIN).values(count=4))
        assert _COUNT.scalar(session, {"bin_id": "b"}) == 4


@pytest.mark.only_postgresql
@pytest.mark.parametrize("reads", [True, False])
def test_postgresql_bears_nobody_who_stands_still_in_a_write(sessions: sessionmaker[Session], reads: bool) -> None:
    with sessions() as session:
        if reads:
            _COUNT.scalar(session, {"bin_id": "b"})
        with patience(2.5), write_transaction(session):
            assert session.scalar(sa.text("SELECT current_setting('lock_timeout')")) == "2500ms"
            limit = session.scalar(sa.text("SELECT current_setting('idle_in_transaction_session_timeout')"))
            assert limit == f"{STALLED // 60}min"
        assert session.scalar(sa.text("SELECT current_setting('idle_in_transaction_session_timeout')")) == "0"


def test_ids_are_of_version_7_unique_and_sorted_by_the_order_of_making() -> None:
    made = [new_id() for _ in range(2000)]
    assert made == sorted(set(made))
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant, len(one)) for one in made} == {(7, uuid.RFC_4122, 32)}
