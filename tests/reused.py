"""One database for many tests: filled again before each, while its connections and compiled statements stay.

Making a database, connecting to it and compiling every statement anew takes longer than most tests of the engine. What
is left in rows is taken away; after a test that left anything else behind (a listener, a trigger, a lock, a database
that was killed) everything is thrown away and made anew.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from app.db import make_sessions
from tests.postgres import Cluster

EVENTS = ("before_cursor_execute", "after_cursor_execute", "begin", "commit", "rollback")
POOL_EVENTS = ("connect", "first_connect", "checkout", "checkin", "close", "reset")
OFTEN = 50  # times that a PostgreSQL database is filled again until it is made anew: the dead rows are never swept


class Reused:
    """`begin()` → sessions on a database as filled; `end()` when the test is over."""

    def __init__(self) -> None:
        self._sessions: sessionmaker[Session] | None = None
        self._heard: tuple[int, ...] = ()

    @property
    def bind(self) -> sa.Engine:
        assert self._sessions is not None
        bind: sa.Engine = self._sessions.kw["bind"]
        return bind

    def begin(self) -> sessionmaker[Session]:
        if self._sessions is None:
            self._sessions = make_sessions(self.make())
            self._heard = self._listeners()
        return self._sessions

    def end(self) -> None:
        try:
            clean = self._listeners() == self._heard and self.refill()
        except (psycopg.Error, sa.exc.SQLAlchemyError):
            clean = False
        if not clean:
            self.close()

    def close(self) -> None:
        if self._sessions is not None:
            self.bind.dispose()
            self.drop()
        self._sessions = None

    def _listeners(self) -> tuple[int, ...]:
        heard: list[Any] = [getattr(self.bind.dispatch, name) for name in EVENTS]
        heard.append(self.bind.dialect.dispatch.handle_error)
        heard += [getattr(self.bind.pool.dispatch, name) for name in POOL_EVENTS]
        return tuple(len(list(listeners)) for listeners in heard)

    def make(self) -> str:
        """A filled database's URL."""
        raise NotImplementedError

    def refill(self) -> bool:
        """Every row as at the beginning. False where that is not enough."""
        raise NotImplementedError

    def drop(self) -> None:
        raise NotImplementedError


class ReusedFile(Reused):
    def __init__(self, template: Path, file: Path) -> None:
        super().__init__()
        self._template, self._file = template, file

    def make(self) -> str:
        self.refill_file()
        return f"sqlite:///{self._file}"

    def refill(self) -> bool:
        self.bind.dispose()
        self.refill_file()
        return True

    def refill_file(self) -> None:
        fresh = self._file.with_suffix(".fresh")
        shutil.copy(self._template, fresh)
        self.drop()
        fresh.replace(self._file)  # whoever has the old one open still sees that

    def drop(self) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self._file}{end}").unlink(missing_ok=True)


class ReusedDatabase(Reused):
    def __init__(self, cluster: Cluster, fill: Callable[[str], object]) -> None:
        super().__init__()
        self._cluster, self._fill = cluster, fill
        self._url, self._times, self._script, self._shape = "", 0, "", ""
        self._admin: psycopg.Connection[Any] | None = None

    def make(self) -> str:
        self._url = self._cluster.database("engine", self._fill)
        self._times = 0
        name = self._url.partition("?")[0].rpartition("/")[2]
        self._admin = psycopg.connect(host=str(self._cluster.home), user="postgres", dbname=name, autocommit=True)
        tables = [row[0] for row in self._admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        self._admin.execute("CREATE SCHEMA kept")
        again = ["SET session_replication_role = replica", "SET lock_timeout = '2s'", "BEGIN"]
        for table in tables:
            again.append(f'DELETE FROM public."{table}"')
            if self._one(f'SELECT EXISTS (SELECT FROM public."{table}")'):
                self._admin.execute(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"')
                again.append(f'INSERT INTO public."{table}" SELECT * FROM kept."{table}"')
        self._script = "; ".join([*again, "COMMIT"])
        self._shape = self._look()
        return self._url

    def refill(self) -> bool:
        self._times += 1
        if self._times >= OFTEN or self._look() != self._shape:
            return False
        assert self._admin is not None
        try:
            self._admin.execute(self._script)
        except psycopg.Error:
            return False
        return True

    def drop(self) -> None:
        if self._admin is not None:
            self._admin.close()
        self._admin = None
        with contextlib.suppress(psycopg.Error):  # at the very end the server is gone before us
            self._cluster.drop(self._url)

    def _one(self, sql: str) -> Any:
        assert self._admin is not None
        row = self._admin.execute(sql).fetchone()
        assert row is not None
        return row[0]

    def _look(self) -> str:
        """What tables, columns, indexes, triggers and rules there are, and sessions that have not ended their work."""
        return str(
            self._one(
                """SELECT concat_ws(' ',
                    (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped),
                    (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O'), (SELECT count(*) FROM pg_constraint),
                    (SELECT count(*) FROM pg_db_role_setting), (SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND state NOT IN ('idle') AND pid <> pg_backend_pid()))"""
            )
        )


class Kinds(dict[str, Reused]):
    """Made when first asked for."""

    def __init__(self, **makers: Callable[[], Reused]) -> None:
        super().__init__()
        self._makers = makers

    def __missing__(self, kind: str) -> Reused:
        self[kind] = self._makers[kind]()
        return self[kind]
