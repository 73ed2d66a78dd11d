"""Restore: everything of a backup, or nothing. What was there stays whole until one last step, which is one commit.

The rows go into a place beside the old ones (SQLite: a second file; PostgreSQL: a second schema), are brought to the
newest schema there and held; attachments are put among the old ones, which disturbs nobody. Then the new rows take
the place of the old: on SQLite by one rename, on PostgreSQL in one transaction. A restore that is killed before that
leaves the old data; what it had prepared is thrown away by the next one.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.audit import SYSTEM
from app.config import Settings
from app.db import write_transaction
from app.migrate import revisions, upgrade
from app.upkeep.archive import MANIFEST, Refused, decode, opened, read_verified
from app.upkeep.backup import reflected

SCHEMA = "duban_restoring"
REPLACED = "duban.replaced.sqlite"
_BATCH = 500
Say = Callable[[str], object]


def restore(settings: Settings, source: Path, *, force: bool = False, say: Say = lambda _text: None) -> dict[str, Any]:
    """Put the installation back as the backup has it, with outbox and timers held; the backup's manifest.

    Refused when the backup is damaged or sealed with another secret, and when people are in the database already
    (unless `force`): nothing has changed then.
    """
    say("正在核对备份 / checking the backup …")
    manifest = read_verified(source, settings.secret_key)
    if not force and not is_empty(settings.database_url):
        raise Refused("这里已有数据，确要替换请加 --force / there are people here already; --force replaces them")
    on_file = sa.make_url(settings.database_url).get_backend_name() == "sqlite"
    place = _SQLite(settings) if on_file else _Schema(settings)
    place.clear()
    say("正在写入 / writing …")
    app = create_app(dataclasses.replace(settings, database_url=place.url))
    if manifest["revision"] not in revisions(app):
        raise Refused(
            f"备份来自更新的版本（{manifest['revision']}）/ the backup was made by a newer version than this one"
        )
    engine = app.extensions["duban.sessions"].kw["bind"]
    try:
        upgrade(app, manifest["revision"])
        _fill(engine, settings, source)
        upgrade(app)
        _hold(app, manifest)
    finally:
        engine.dispose()
    place.take_over()
    return manifest


def is_empty(url: str) -> bool:
    """Whether nobody has an account here (or there is no database at all)."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return True
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("user"):
                return True
            return connection.execute(sa.text('SELECT 1 FROM "user" LIMIT 1')).first() is None
    finally:
        engine.dispose()


def _fill(engine: sa.Engine, settings: Settings, source: Path) -> None:
    """All rows in one transaction, foreign keys looked at when the last one is there; files as they come by."""
    with engine.connect() as connection, _without_foreign_keys(connection), connection.begin():
        tables = reflected(connection)
        keys = _foreign_keys(connection)
        for statement in keys.drop:
            connection.exec_driver_sql(statement)
        for table in tables.values():
            if table.name != "alembic_version":
                connection.execute(table.delete())  # what a migration itself puts into a new database
        with opened(source) as members:
            for name, stream in members:
                kind, _slash, rest = name.partition("/")
                if kind == "tables":
                    _rows(connection, tables[rest.partition(".")[0]], stream)
                elif name != MANIFEST:
                    _file(settings.uploads / rest, stream)
        for statement in keys.add:
            connection.exec_driver_sql(statement)
        if engine.dialect.name == "sqlite" and (bad := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise Refused(f"备份中的记录缺少所指的记录 / rows of the backup refer to nothing: {bad[:3]}")


def _rows(connection: sa.Connection, table: sa.Table, lines: Iterable[bytes]) -> None:
    rows = (decode(line, table) for line in lines)
    while batch := list(islice(rows, _BATCH)):
        connection.execute(table.insert(), batch)


def _file(target: Path, stream: IO[bytes]) -> None:
    """Into its place by one rename. Names are random: a file that is there is this one, or a damaged one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(target.name + ".new")
    with new.open("wb") as out:
        shutil.copyfileobj(stream, out)
    new.chmod(0o640)
    new.replace(target)


@contextmanager
def _without_foreign_keys(connection: sa.Connection) -> Iterator[None]:
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


@dataclasses.dataclass
class _Keys:
    drop: list[str]
    add: list[str]


def _foreign_keys(connection: sa.Connection) -> _Keys:
    """PostgreSQL: statements that take foreign keys away while rows come in any order, and put them back."""
    if connection.dialect.name == "sqlite":
        return _Keys([], [])
    rows = connection.exec_driver_sql(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
    ).all()
    return _Keys(
        [f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _definition in rows],
        [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in rows],
    )


def _hold(app: Flask, manifest: dict[str, Any]) -> None:
    """Nothing is sent and no timer fires before somebody has looked: much of it has happened since the backup."""
    reason = f"恢复自 {manifest['made_at'][:19]} 的备份 / restored from the backup of {manifest['made_at'][:19]}"
    with app.extensions["duban.sessions"]() as session, write_transaction(session, alone=True):
        app.extensions["duban.engine"].hold(session, reason, by=SYSTEM)


# Where the new rows grow, and how they take over ----------------------------------------------------------------------


class _SQLite:
    """A second file beside the database."""

    def __init__(self, settings: Settings) -> None:
        database = sa.make_url(settings.database_url).database
        if not database or database == ":memory:":
            raise Refused("内存数据库不能恢复 / a database in memory cannot be restored")
        self.live = Path(database)
        self.new = self.live.with_name("duban.restoring.sqlite")
        self.url = f"sqlite:///{self.new}"

    def clear(self) -> None:
        for path in _with_logs(self.new):
            path.unlink(missing_ok=True)

    def take_over(self) -> None:
        """The old file is kept beside. Its write-ahead log goes into it first: a log never belongs to another file."""
        _settle(self.new)
        if self.live.exists():
            _settle(self.live)
            kept = self.live.with_name(REPLACED)
            kept.unlink(missing_ok=True)
            os.link(self.live, kept)
        for descriptor in (os.open(self.new, os.O_RDONLY), os.open(self.new.parent, os.O_RDONLY)):
            os.fsync(descriptor)
            os.close(descriptor)
        self.new.replace(self.live)


def _with_logs(path: Path) -> list[Path]:
    return [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))]


def _settle(path: Path) -> None:
    """One file without a log. Refused while another process has it open."""
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            mode = "busy"
    if mode != "delete":
        raise Refused(f"请先停止正在使用数据库的进程 / stop the processes that use this database first: {path.name}")


class _Schema:
    """A second schema in the same PostgreSQL database."""

    def __init__(self, settings: Settings) -> None:
        url = sa.make_url(settings.database_url)
        options = f"{url.query.get('options', '')} -c search_path={SCHEMA}".strip()
        self.live = settings.database_url
        self.url = url.update_query_dict({"options": options}).render_as_string(hide_password=False)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        engine = sa.create_engine(self.live)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def clear(self) -> None:
        with self._transaction() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")

    def take_over(self) -> None:
        """Drop the old tables and move the new ones to their place. Waits for running transactions to end."""
        with self._transaction() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
            names = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = "
            old = connection.exec_driver_sql(f"{names} current_schema()").scalars().all()
            new = connection.exec_driver_sql(f"{names} '{SCHEMA}'").scalars().all()
            here = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
            for name in sorted(set(old) & set(new)):
                connection.exec_driver_sql(f"DROP TABLE {here}.{name} CASCADE")
            for name in new:
                connection.exec_driver_sql(f"ALTER TABLE {SCHEMA}.{name} SET SCHEMA {here}")
            connection.exec_driver_sql(f"DROP SCHEMA {SCHEMA} CASCADE")
