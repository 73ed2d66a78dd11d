"""Backup: all rows as they were at one moment, and the attachments that these rows name. People go on working."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from app.config import Settings
from app.db import configure_engine, engine_options
from app.upkeep.archive import Refused, Writer, encode

PART = 8 << 20  # bytes of rows in memory before they become a member of the archive
# Not of the installation but of its running processes: who is signed in, which workers live, what is held back.
PASSING = frozenset({"web_session", "worker_beat", "hold"})


@dataclass
class Made:
    """What a backup holds. `missing`: files that the database names and that were not there."""

    rows: int = 0
    files: int = 0
    missing: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)


def backup(settings: Settings, target: Path) -> Made:
    """Write FILE as a whole or not at all. Refused when it exists already or there is no database."""
    if target.exists():
        raise Refused(f"文件已存在 / the file exists already: {target}")
    partial = target.with_name(target.name + ".partial")
    made = Made()
    descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out, _one_moment(settings.database_url) as connection:
            _write(settings, connection, out, made)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return made


def _write(settings: Settings, connection: sa.Connection, out: IO[bytes], made: Made) -> None:
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        writer = Writer(tar)
        tables = reflected(connection)
        if "alembic_version" not in tables:
            raise Refused("还没有数据库 / there is no database yet")
        counts = {name: _table(connection, table, writer) for name, table in sorted(tables.items())}
        made.rows = sum(counts.values())
        for name in _files(connection, tables):
            try:
                writer.add_file(f"files/{name}", settings.uploads / name)
                made.files += 1
            except FileNotFoundError:
                if not name.endswith("_t"):  # only pictures have a small form
                    made.missing.append(name)
        made.manifest = writer.close(
            {
                "made_at": dt.datetime.now(dt.UTC).isoformat(),
                "database": connection.dialect.name,
                "revision": revision(connection, tables),
                "rows": counts,
                "missing": made.missing,
            },
            settings.secret_key,
        )


@contextmanager
def _one_moment(url: str) -> Iterator[sa.Connection]:
    """One read transaction: SQLite's sees the moment of its first read, PostgreSQL's by its isolation."""
    engine = sa.create_engine(url, **engine_options(url))
    configure_engine(engine)
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if engine.dialect.name != "postgresql":
        options = {}
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def reflected(connection: sa.Connection) -> dict[str, sa.Table]:
    """The tables as the database has them, whatever revision it is at: columns and keys, a third of all there is."""
    look, metadata = sa.inspect(connection), sa.MetaData()
    keys = look.get_multi_pk_constraint()
    for (schema, name), columns in look.get_multi_columns().items():
        key = sa.PrimaryKeyConstraint(*keys[schema, name]["constrained_columns"])
        sa.Table(name, metadata, *(sa.Column(one["name"], one["type"]) for one in columns), key)
    return dict(metadata.tables)


def revision(connection: sa.Connection, tables: dict[str, sa.Table]) -> str:
    found: str = connection.execute(sa.select(tables["alembic_version"].c.version_num)).scalar_one()
    return found


def _table(connection: sa.Connection, table: sa.Table, writer: Writer) -> int:
    """Rows in the order of their key, a part at a time; how many."""
    if table.name in PASSING or table.name == "alembic_version":
        return 0
    rows = part = 0
    held = io.BytesIO()
    select = sa.select(table).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=500).execute(select).mappings():
        held.write(encode(dict(row)))
        rows += 1
        if held.tell() >= PART:
            part += 1
            writer.add(f"tables/{table.name}.{part}.jsonl", held.getvalue())
            held = io.BytesIO()
    if held.tell():
        writer.add(f"tables/{table.name}.{part + 1}.jsonl", held.getvalue())
    return rows


def _files(connection: sa.Connection, tables: dict[str, sa.Table]) -> Iterator[str]:
    keys = sa.select(tables["attachment"].c.key).order_by(tables["attachment"].c.key)
    for key in connection.execution_options(yield_per=1000).execute(keys).scalars():
        yield f"{key[:2]}/{key[2:4]}/{key}"
        yield f"{key[:2]}/{key[2:4]}/{key}_t"
