"""Statements asked in every step of every process: compiled once, then said to the driver itself (docs/adr/0027).

SQLAlchemy's way to a cursor costs several times what SQLite needs for such a statement. What stays as it is: SQL and
types are SQLAlchemy's, the transaction is the session's, listeners hear of every statement (without a context), and
what the driver refuses is raised as SQLAlchemy raises it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
_Processor = Callable[[Any], Any]


class NotPreparable(TypeError):
    """The statement needs more than its parameters: defaults that are computed, keys that the database gives."""


@dataclass
class _Form:
    """A statement as one database takes it with certain parameters."""

    sql: str
    names: tuple[str, ...]  # of the parameters, by place
    constants: dict[str, Any]  # those that nobody gives, as the driver takes them
    writers: tuple[tuple[int, _Processor], ...]  # by place: what turns a given value into the driver's
    positional: bool
    columns: tuple[Any, ...]
    row: Any = None  # makes a row of what the driver gives; known when the first result is there
    readers: tuple[tuple[int, _Processor], ...] = field(default=())

    def __post_init__(self) -> None:
        several = len(self.names) > 1
        self._pick: Callable[[Values], Sequence[Any]] = itemgetter(*self.names) if several else self._one

    def _one(self, given: Values) -> Sequence[Any]:
        return [given[name] for name in self.names]

    def bind(self, given: Values) -> Any:
        """The parameters as the driver takes them. KeyError for one that is missing."""
        values = self._pick({**given, **self.constants} if self.constants else given)
        if self.writers:
            values = list(values)
            for place, writer in self.writers:
                values[place] = writer(values[place])
        return values if self.positional else dict(zip(self.names, values, strict=True))

    def read(self, found: Sequence[Any]) -> Any:
        if self.readers:
            found = list(found)
            for place, reader in self.readers:
                found[place] = reader(found[place])
        return self.row(found)

    def learn(self, description: Sequence[Sequence[Any]], dialect: Dialect) -> None:
        """What the driver says of its columns decides how some of them are read."""
        readers = [
            column.type._cached_result_processor(dialect, told[1])
            for column, told in zip(self.columns, description, strict=True)
        ]
        self.readers = tuple((place, reader) for place, reader in enumerate(readers) if reader is not None)
        row = namedtuple("Row", [column.keyname for column in self.columns])  # type: ignore[misc]
        self.row = partial(tuple.__new__, row)  # `_make` without its own look at the length, which the driver keeps


class Prepared:
    """A statement on tables (not on mapped classes) that is built once and never changes.

    For INSERT and UPDATE the parameters decide which columns are written, as with `session.execute`.
    """

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update | sa.Delete) -> None:
        self.statement = statement
        self._forms: dict[tuple[str, tuple[str, ...]], _Form] = {}

    def run(self, session: Session, given: Values | Sequence[Values]) -> int:
        """Carry it out, with a list once for each of its parameters; how many rows it changed."""
        if not _is_one(given) and len(given) == 1:
            given = given[0]  # type: ignore[index]  # what is said once needs no way of its own: four trips on PostgreSQL
        connection, many = _connection(session), not _is_one(given)
        cursor = _said(connection, self._form(connection.dialect, given[0] if many else given), given, many)  # type: ignore[index, arg-type]
        count: int = cursor.rowcount
        cursor.close()
        return count

    def all(self, session: Session, given: Values) -> list[Any]:
        """Every row, its columns by name and by place."""
        connection = _connection(session)
        form = self._form(connection.dialect, given)
        cursor = _said(connection, form, given, many=False)
        try:
            found = cursor.fetchall()
        except BaseException as error:  # noqa: BLE001 (the next line raises it again, in our words)
            connection._handle_dbapi_exception(error, form.sql, None, cursor, None)
        if form.row is None:
            form.learn(cursor.description, connection.dialect)
        cursor.close()
        return [form.read(one) for one in found]

    def first(self, session: Session, given: Values) -> Any:
        """The first row, or None."""
        found = self.all(session, given)
        return found[0] if found else None

    def scalar(self, session: Session, given: Values) -> Any:
        """The first column of the first row, or None."""
        row = self.first(session, given)
        return None if row is None else row[0]

    def _form(self, dialect: Dialect, given: Values) -> _Form:
        names = tuple(given)
        form = self._forms.get((dialect.name, names))
        if form is None:
            form = self._forms[dialect.name, names] = _compiled(self.statement, dialect, names)
        return form


def _is_one(given: Values | Sequence[Values]) -> bool:
    return type(given) is dict or isinstance(given, Mapping)


def _connection(session: Session) -> Connection:
    begun = getattr(session, "begun", None)
    return session.connection() if begun is None else begun


def _said(connection: Connection, form: _Form, given: Values | Sequence[Values], many: bool) -> Any:
    """The driver's cursor after it has carried out the statement."""
    sql, bound, cursor = form.sql, None, None
    # Those of the engine are at hand; joining them with a connection's own is only worth it where it has some.
    heard = (connection if connection._has_events else connection.engine).dispatch
    try:
        bound = [form.bind(one) for one in given] if many else form.bind(given)  # type: ignore[arg-type]
        cursor = connection.connection.cursor()
        for listener in heard.before_cursor_execute:
            sql, bound = listener(connection, cursor, sql, bound, None, many)
        (cursor.executemany if many else cursor.execute)(sql, bound)
        for listener in heard.after_cursor_execute:
            listener(connection, cursor, sql, bound, None, many)
    except BaseException as error:  # noqa: BLE001 (the next line raises it again, in our words)
        connection._handle_dbapi_exception(error, sql, bound, cursor, None)
    return cursor


def _compiled(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> _Form:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    given = _defaults(compiled)
    if compiled.implicit_returning or compiled.postfetch_lastrowid or compiled.escaped_bind_names:
        raise NotPreparable(str(compiled))
    state = compiled.construct_expanded_state(dict.fromkeys(names))
    order = state.positiontup if compiled.positional else list(state.parameters)
    processors = {**compiled._bind_processors, **state.processors}
    constants, writers = {}, []
    for place, name in enumerate(order or ()):
        into = processors.get(name)
        if name not in names:
            value = given.get(name, state.parameters[name])
            constants[name] = value if into is None else into(value)
        elif into is not None:
            writers.append((place, into))
    return _Form(
        state.statement,
        tuple(order or ()),
        constants,
        tuple(writers),
        bool(compiled.positional),
        tuple(compiled._result_columns or ()),
    )


def _defaults(compiled: SQLCompiler) -> dict[str, Any]:
    """Of columns that are left out. The same for every row, or it cannot be prepared."""
    found: dict[str, Any] = {}
    left_out = [(column, column.default) for column in compiled.insert_prefetch]
    left_out += [(column, column.onupdate) for column in compiled.update_prefetch]
    for column, default in left_out:
        if not isinstance(default, sa.ColumnDefault) or not default.is_scalar:
            raise NotPreparable(column.name)
        found[column.key] = default.arg
    return found
