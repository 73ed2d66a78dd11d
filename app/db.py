"""Declarative base, column types and the one write transaction. Knows no Flask, so that the engine may use it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
import sqlalchemy as sa
import uuid6
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

IMMEDIATE = "duban_immediate"
_WRITE_LOCKS: dict[str, threading.RLock] = {}
_WRITE_LOCKS_GUARD = threading.Lock()


class UTCDateTime(sa.types.TypeDecorator[dt.datetime]):
    """An aware datetime, stored as UTC. A naive value is refused: it would be eight hours wrong in Shanghai."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _json_default(value: Any) -> Any:
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def dump_json(value: Any) -> str:
    """Stable JSON text: keys sorted, so that equal values hash equally."""
    return orjson.dumps(
        value,
        default=_json_default,
        option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
    ).decode()


class Json(sa.types.TypeDecorator[Any]):
    """JSON kept as text on every database, so that what is read is byte for byte what was written."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dump_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


class Base(DeclarativeBase):
    """What every model derives from; Flask-SQLAlchemy wraps it in app.web."""

    if TYPE_CHECKING:
        __table__: ClassVar[sa.Table]  # SQLAlchemy says FromClause, which cannot be updated

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dt.datetime: UTCDateTime(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
        list[str]: Json(),
    }


@dataclass(frozen=True)
class Scope:
    """Which columns of a model decide who may see a row; read by `accounts.visible`, declared as `__scope__`."""

    region: str | None = None
    sector: str | None = None
    orgs: tuple[str, ...] = ()
    responsible: str | None = None
    instance: str | None = None
    owner: str | None = None


def new_id() -> str:
    """A UUIDv7 as 32 hex digits: unguessable, and sorted by the time of making."""
    return uuid6.uuid7().hex


def configure_engine(engine: Engine) -> None:
    """SQLite: WAL, foreign keys, and transactions that begin when we say so (the driver's own would begin too late)."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "busy_timeout=13000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get(IMMEDIATE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def make_sessions(url: str, **options: Any) -> sessionmaker[Session]:
    """A session factory outside Flask: command line, tests, rehearsal."""
    engine = sa.create_engine(url, **options)
    configure_engine(engine)
    return sessionmaker(engine, expire_on_commit=False)


def _write_lock(bind: Engine) -> threading.RLock:
    key = str(bind.url)
    with _WRITE_LOCKS_GUARD:
        return _WRITE_LOCKS.setdefault(key, threading.RLock())


@contextmanager
def write_transaction(session: Session) -> Iterator[Session]:
    """Run the block in one write transaction: committed at its end, rolled back when it raises.

    On SQLite the transaction begins IMMEDIATE behind one process-wide lock: a read transaction that turns
    into a write fails at once when another has committed meanwhile, whatever the busy timeout says.
    """
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    if bind.dialect.name != "sqlite":
        session.rollback()
        with _committing(session):
            yield session
        return
    with _write_lock(bind):
        session.rollback()
        session.connection(execution_options={IMMEDIATE: True})
        with _committing(session):
            yield session


@contextmanager
def _committing(session: Session) -> Iterator[None]:
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
