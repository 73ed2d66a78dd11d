"""Declarative base, column types and the one write transaction. Knows no Flask, so that the engine may use it."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, sessionmaker
from sqlalchemy.orm.session import SessionTransactionState

from app.errors import Busy

# An option of connections: the transaction is to write, and SQLite waits for so many milliseconds until it may.
IMMEDIATE = "duban_immediate"
WAIT = 13.0  # seconds that a writer waits for another one, unless `patience` says otherwise
STALLED = 120  # seconds after which PostgreSQL ends a writer that does nothing any more, and frees what it holds
_ACTIVE = SessionTransactionState.ACTIVE
_PATIENT = f"PRAGMA busy_timeout={WAIT * 1000:.0f}"
_CHECKPOINT = 8000  # pages (32 MB) in the log until they are moved: a page that is written often is moved once
_LOOK = 3  # milliseconds in which SQLite looks for its write lock before it is asked again
# The database cannot do it now: locked, deadlocked, full, read-only, gone, or every connection in use.
UNAVAILABLE = (sa.exc.OperationalError, sa.exc.TimeoutError)
# PostgreSQL counts these among internal errors: read-only after a failover, ended while idle in a transaction.
_ALSO_UNAVAILABLE = ("25006", "25P03")
_LOCKED = ("55P03", "40P01", "40001")  # lock timeout, deadlock, serialization failure
_ALONE = 7200  # advisory locks are numbered in one place each: 7201 in app.audit, 7202 in app/migrations/env.py
_last_instant = 0  # milliseconds in the newest id
_WRITE_LOCKS: dict[str, threading.RLock] = {}
_WRITE_LOCKS_GUARD = threading.Lock()
_patience: ContextVar[float] = ContextVar("duban_patience", default=WAIT)
_also: ContextVar[Callable[[Session], object] | None] = ContextVar("duban_also", default=None)


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

    # On SQLite in one step each what SQLAlchemy does in three; a task's row alone has a dozen instants.

    def bind_processor(self, dialect: Dialect) -> Any:
        return _instant_to_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return _text_to_instant if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _instant_to_text(value: dt.datetime | None) -> str | None:
    """The text that SQLAlchemy writes: sorted as text it is sorted by time."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("naive datetime")
    if value.tzinfo is not dt.UTC:
        value = value.astimezone(dt.UTC)
    return value.isoformat(" ", "microseconds")[:-6]  # without +00:00


def _text_to_instant(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


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
        return _to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return _from_json(value)

    # Text needs nothing more on any of our databases: in one step what SQLAlchemy does in two.

    def bind_processor(self, dialect: Dialect) -> Any:
        return _to_json

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return _from_json


def _to_json(value: Any) -> str | None:
    return None if value is None else dump_json(value)


def _from_json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


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
    """Which columns of a model decide who may see a row; read by `accounts.visible`, declared as `__scope__`.

    `parts` are (model, its column with the row's id): whoever may see one of a row's parts sees the row.
    """

    region: str | None = None
    sector: str | None = None
    orgs: tuple[str, ...] = ()
    responsible: str | None = None
    instance: str | None = None
    owner: str | None = None
    parts: tuple[tuple[Any, str], ...] = ()


def new_id() -> str:
    """A UUIDv7 (RFC 9562, 5.7) as 32 hex digits: unguessable, and sorted by the order of making in this process.

    Of two in one millisecond the later one is of the next: a step makes half a dozen.
    """
    global _last_instant  # all the state there is: a race costs no more than the order of two
    instant = max(time.time_ns() // 1_000_000, _last_instant + 1)
    _last_instant = instant
    chance = int.from_bytes(os.urandom(10), "big")
    head = instant << 16 | 0x7000 | chance >> 68
    return f"{head:016x}{0x8000000000000000 | chance & 0x3FFFFFFFFFFFFFFF:016x}"


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index of the rows for which a condition holds, on either database; `where` is SQL that both understand."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def engine_options(url: str) -> dict[str, Any]:
    """What `create_engine` needs for this database, beside the size of the pool.

    What statements carry is people's data: it stays out of the words of errors, which are logged and shown.
    """
    parsed = sa.make_url(url)
    # The connection that was last given back is taken first. What SQLite has read stays with a connection until another
    # one writes: whoever reads by one and writes by the next reads everything anew, each time.
    options: dict[str, Any] = {"hide_parameters": True}
    if parsed.database not in (None, "", ":memory:"):  # a database in memory has one connection for each thread
        options["pool_use_lifo"] = True
    if parsed.get_backend_name() != "postgresql":
        return options
    limits = f"-c lock_timeout={WAIT * 1000:.0f}"
    return options | {
        "pool_pre_ping": True,  # a connection that the server has ended is made anew before it is used
        "pool_timeout": 5,
        "connect_args": {
            "connect_timeout": 5,
            "tcp_user_timeout": 15000,
            "application_name": "duban",
            "options": f"{parsed.query.get('options', '')} {limits}".strip(),
        },
    }


def configure_engine(engine: Engine) -> None:
    """SQLite: WAL, foreign keys, and transactions that begin when we say so (the driver's own would begin too late)."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "handle_error", _as_unavailable)
        event.listen(engine, "before_cursor_execute", _without_nul, retval=True)
        return

    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"wal_autocheckpoint={_CHECKPOINT}",
            f"journal_size_limit={64 * 1024 * 1024}",  # bytes that the log keeps after a flood
            "cache_size=-16384",  # KB for each connection: the indexes that every step writes
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute(_PATIENT)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        waits = connection.get_execution_options().get(IMMEDIATE)
        if waits is not None:
            _begin_to_write(driver, waits)
            return
        try:
            driver.execute("BEGIN")
        except sqlite3.Error as error:
            raise sa.exc.DBAPIError.instance("BEGIN", None, error, sqlite3.Error) from error


def _without_nul(
    _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    """PostgreSQL keeps no NUL in text and refuses the whole statement; no text of ours means anything by one."""
    if isinstance(parameters, dict):
        return statement, _cleaned(parameters)
    return statement, [_cleaned(one) if isinstance(one, dict) else one for one in parameters]


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    bad = {name: value.replace("\0", "") for name, value in values.items() if isinstance(value, str) and "\0" in value}
    return values | bad if bad else values


def _as_unavailable(context: ExceptionContext) -> None:
    """One class for all that a later try may mend; the drivers say it in several."""
    error, state = context.sqlalchemy_exception, getattr(context.original_exception, "sqlstate", None)
    if not isinstance(error, sa.exc.DBAPIError) or isinstance(error, sa.exc.OperationalError):
        return
    if context.is_disconnect or state in _ALSO_UNAVAILABLE:
        raise sa.exc.OperationalError(
            error.statement, error.params, context.original_exception, connection_invalidated=context.is_disconnect
        ) from context.original_exception


def is_locked(error: BaseException) -> bool:
    """Whether it was another transaction that stood in the way, and nothing worse."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in _LOCKED or "database is locked" in str(cause)


class CoreSession(Session):
    """Gives statements of Core to the connection itself while a transaction is open: a third cheaper each.

    What names mapped classes, or says more than its parameters, goes the usual way; so does the first statement of a
    transaction or savepoint, which begins it.
    """

    def __init__(self, *words: Any, **more: Any) -> None:
        self._begun: list[Connection | None] = []  # of each transaction that is open, savepoints within
        super().__init__(*words, **more)

    @property
    def begun(self) -> Connection | None:
        """The connection, while a transaction is open on it and can go on."""
        transaction = self._transaction  # asked before every statement: `is_active` says the same in three calls
        return self._begun[-1] if transaction is not None and transaction._state is _ACTIVE else None

    def execute(self, statement: Any, params: Any = None, **more: Any) -> Any:
        if not more and not statement._propagate_attrs:
            connection = self.begun
            if connection is not None:
                return connection.execute(statement, params)
        return super().execute(statement, params, **more)

    def scalar(self, statement: Any, params: Any = None, **more: Any) -> Any:
        return super().scalar(statement, params, **more) if more else self.execute(statement, params).scalar()


@event.listens_for(CoreSession, "after_transaction_create")
def _created(session: CoreSession, _transaction: SessionTransaction) -> None:
    session._begun.append(None)


@event.listens_for(CoreSession, "after_begin")
def _has_begun(session: CoreSession, _transaction: SessionTransaction, connection: Connection) -> None:
    session._begun[-1] = connection


@event.listens_for(CoreSession, "after_transaction_end")
def _ended(session: CoreSession, _transaction: SessionTransaction) -> None:
    session._begun.pop()


def make_sessions(url: str, **options: Any) -> sessionmaker[Session]:
    """A session factory outside Flask: command line, tests, rehearsal."""
    engine = sa.create_engine(url, **engine_options(url), **options)
    configure_engine(engine)
    return sessions_of(engine)


def sessions_of(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine, class_=CoreSession, expire_on_commit=False)


def insert_or(session: Session, table: Any) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say ON CONFLICT: how rows that several may make at once come into being."""
    return postgresql.insert(table) if is_postgresql(session) else sqlite.insert(table)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """How long writers inside the block wait for others: people in front of a screen less than the worker."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def also_written(what: Callable[[Session], object] | None) -> None:
    """From here on, in this thread, every write transaction does this as well before it commits; None ends it."""
    _also.set(what)


def _write_lock(bind: Engine) -> threading.RLock:
    key = str(bind.url)
    with _WRITE_LOCKS_GUARD:
        return _WRITE_LOCKS.setdefault(key, threading.RLock())


@contextmanager
def write_transaction(session: Session, *, alone: bool = False) -> Iterator[Session]:
    """Run the block in one write transaction: committed at its end, rolled back when it raises.

    On SQLite there is one writer at a time: the transaction begins IMMEDIATE behind one process-wide lock, because a
    read transaction that turns into a write fails at once when another has committed meanwhile, whatever the busy
    timeout says. On PostgreSQL writers run side by side, and what they read and then write they must lock: the engine
    locks the instance's row. `alone` is for writers that rather wait for each other than lock rows one by one.
    Whoever waits for another too long gives up: Busy, or an OperationalError of which `is_locked` is true.
    """
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    wait = _patience.get()
    if bind.dialect.name != "sqlite":
        reads = _only_reads(session)
        if reads is None:
            session.rollback()
        with _committing(session):
            _begin_within(session.connection(), wait, anew=reads is not None)
            if alone:
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ALONE)))
            yield session
        return
    began, lock = time.monotonic(), _write_lock(bind)
    if not lock.acquire(timeout=wait):
        raise Busy()
    try:
        reads = _only_reads(session)
        if reads is None:
            session.rollback()
        left = max(0.05, wait - (time.monotonic() - began))
        with _committing(session):
            _begin_alone(session, reads, time.monotonic() + left)
            yield session
    finally:
        lock.release()


def _only_reads(session: Session) -> Connection | None:
    """The connection of a transaction that nobody needs any more, where the session has nothing to forget with it.

    It may then be turned into the write transaction on the spot. Handing the connection back, taking it again and
    telling SQLAlchemy of the one transaction's end and the other's begin costs more than the statements in between.
    """
    begun: Connection | None = getattr(session, "begun", None)
    if begun is None or len(session._begun) > 1 or len(session.identity_map) or session.new:  # type: ignore[attr-defined]
        return None
    transaction: Any = session.get_transaction()
    touched = (transaction._new, transaction._deleted, transaction._dirty, transaction._key_switches)
    return None if any(len(one) for one in touched) else begun


def _begin_within(connection: Connection, wait: float, *, anew: bool) -> None:
    """PostgreSQL's limits until this transaction ends: how long it waits for others, and how long others must bear one
    that stands still. With `anew` the present transaction is over first: all is said in one go.

    Whoever only reads may stand still for longer: a backup packs files for hours while its rows are of one moment.
    """
    limits = {"lock_timeout": wait * 1000, "idle_in_transaction_session_timeout": STALLED * 1000}
    words = [f"SET LOCAL {name} = {milliseconds:.0f}" for name, milliseconds in limits.items()]
    text = "; ".join(["ROLLBACK", "BEGIN", *words] if anew else words)
    driver: Any = connection.connection.driver_connection
    try:  # said to the driver itself, and not to be prepared: several statements never are
        driver.execute(text, prepare=False)
    except BaseException as error:  # noqa: BLE001 (the next line raises it again, in our words)
        connection._handle_dbapi_exception(error, text, None, None, None)


def _begin_alone(session: Session, reads: Connection | None, until: float) -> None:
    """Ask for SQLite's write lock in short turns, in place of the transaction that only `reads`.

    Its own waiting sleeps longer and longer, up to 100 ms: while a worker in another process works off a backlog,
    people would wait for more than a second. OperationalError when the time is over.
    """
    if reads is not None:
        reads.connection.rollback()
    while True:
        try:
            if reads is None:
                session.connection(execution_options={IMMEDIATE: _LOOK})
            else:
                _begin_to_write(reads.connection.driver_connection, _LOOK)  # type: ignore[arg-type]
            return
        except sa.exc.OperationalError as error:
            if reads is None:
                session.rollback()
            if not is_locked(error) or time.monotonic() > until:
                raise


def _begin_to_write(driver: sqlite3.Connection, waits: int) -> None:
    """BEGIN IMMEDIATE within so many milliseconds; OperationalError."""
    try:  # said to the driver itself: SQLAlchemy's way to a cursor costs ten times what these words do
        driver.execute(f"PRAGMA busy_timeout={waits}")
        try:
            driver.execute("BEGIN IMMEDIATE")
        finally:
            driver.execute(_PATIENT)
    except sqlite3.Error as error:
        raise sa.exc.DBAPIError.instance("BEGIN", None, error, sqlite3.Error) from error


@contextmanager
def _committing(session: Session) -> Iterator[None]:
    try:
        yield
        if (also := _also.get()) is not None:
            also(session)
        session.commit()
    except BaseException:
        session.rollback()
        raise
