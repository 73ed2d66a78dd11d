"""A backup holds one moment and can be put back anywhere; a restore is everything or nothing, and then held."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from flask import Flask

from app.audit import SYSTEM
from app.clock import FixedClock
from app.config import Settings
from app.engine import Hold, HumanTask, Instance, Outbox, Timer
from app.upkeep import backup as backup_module
from app.upkeep import verification
from app.upkeep.archive import Refused
from app.upkeep.restore import restore
from app.web import WebSession
from tests import started
from tests.first_release import LEFT_AT, as_it_was, back_up, settings_of
from tests.upkeep.conftest import environment


@pytest.fixture
def settings(old_city: Callable[[], Settings]) -> Settings:
    return old_city()


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    place = tmp_path_factory.mktemp("backups")
    return lambda database: place / f"{database}.tar.gz"


@pytest.fixture
def kept(settings: Settings, database: str, backups: Callable[[str], Path]) -> Path:
    """A backup of the city as every test finds it, made once for each database."""
    target = backups(database)
    return target if target.exists() else back_up(settings, target)


@pytest.fixture
def elsewhere(tmp_path: Path, empty_database: Callable[[], str]) -> Settings:
    """An empty home with an empty database of the test's kind."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    url = empty_database()
    return settings_of(home, None if url.startswith("sqlite") else url)


def contents(settings: Settings) -> dict[str, list[str]]:
    """Every row as text, by table; without what only running processes leave."""
    engine = sa.create_engine(settings.database_url)
    left_out = {"web_session", "worker_beat", "hold", "audit_record"}
    with engine.connect() as connection:
        found = {
            name: sorted(
                repr(sorted(row.items())) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings()
            )
            for name in sa.inspect(connection).get_table_names()
            if name not in left_out
        }
    engine.dispose()
    assert found["history"]
    return found


def count(app: Flask, model: Any, *where: Any) -> int:
    with app.extensions["duban.sessions"]() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0


def test_what_is_restored_is_what_was_kept(
    settings: Settings, elsewhere: Settings, open_city: Callable[[Settings], Flask], kept: Path
) -> None:
    restore(elsewhere, kept)
    assert contents(elsewhere) == contents(settings)
    files = {path.name: path.read_bytes() for path in settings.uploads.rglob("*") if path.is_file()}
    assert {path.name: path.read_bytes() for path in elsewhere.uploads.rglob("*") if path.is_file()} == files
    found = list(verification.findings(open_city(elsewhere)))
    assert [(finding.kind, finding.known) for finding in found] == [("state.damaged", True)]


def test_a_city_moves_to_the_other_database_and_goes_on(
    elsewhere: Settings, tmp_path: Path, open_city: Callable[[Settings], Flask], clock: FixedClock
) -> None:
    """Kept at the first release's revision on SQLite; the schema is upgraded while it is restored."""
    kept = back_up(as_it_was(tmp_path / "old"), tmp_path / "kept.tar.gz")
    restore(elsewhere, kept)
    app = open_city(elsewhere)
    engine = app.extensions["duban.engine"]
    engine.release(by=SYSTEM)
    with app.app_context():
        assert engine.advance_to(LEFT_AT + dt.timedelta(days=8), clock.set) > 0
    assert not [finding for finding in verification.findings(app) if not finding.known]


def test_nothing_is_sent_and_no_timer_fires_until_it_is_released(
    elsewhere: Settings, kept: Path, open_city: Callable[[Settings], Flask], clock: FixedClock
) -> None:
    restore(elsewhere, kept)
    app = open_city(elsewhere)
    engine = app.extensions["duban.engine"]
    clock.set(LEFT_AT + dt.timedelta(days=20))
    waiting, due = count(app, Outbox, Outbox.state == "waiting"), count(app, Timer, Timer.state == "waiting")
    assert waiting
    with app.app_context():
        assert (engine.run_due_timers(), engine.retry_due(), engine.deliver_outbox()) == (0, 0, 0)
        assert (count(app, Outbox, Outbox.state == "waiting"), count(app, Timer, Timer.state == "waiting")) == (
            waiting,
            due,
        )
        assert engine.release(by=SYSTEM) is True
        assert engine.release(by=SYSTEM) is False
        assert engine.run_due_timers() > 0
        assert engine.deliver_outbox() >= waiting
    assert count(app, Hold) == 0


def test_who_was_signed_in_is_not_signed_in_again(
    settings: Settings, elsewhere: Settings, tmp_path: Path, open_city: Callable[[Settings], Flask]
) -> None:
    app = open_city(settings)
    app.test_client().get("/login")
    assert count(app, WebSession)
    restore(elsewhere, back_up(settings, tmp_path / "kept.tar.gz"))
    assert count(open_city(elsewhere), WebSession) == 0


def test_a_home_with_people_is_left_alone_unless_forced(
    settings: Settings, kept: Path, open_city: Callable[[Settings], Flask], duban: Callable[..., Any]
) -> None:
    app = open_city(settings)
    with app.extensions["duban.sessions"]() as session:
        session.execute(sa.update(HumanTask).values(title="后来改的"))
        session.commit()
    app.extensions["duban.sessions"].kw["bind"].dispose()
    with pytest.raises(Refused, match="--force"):
        restore(settings, kept)
    assert count(app, HumanTask, HumanTask.title == "后来改的")
    app.extensions["duban.sessions"].kw["bind"].dispose()
    done = duban(settings, "restore", str(kept), "--force")
    assert done.exit_code == 0, done.stderr
    assert "outbox release" in done.stdout
    assert count(app, HumanTask, HumanTask.title == "后来改的") == 0


def test_a_second_restore_over_the_first_is_the_same(settings: Settings, elsewhere: Settings, kept: Path) -> None:
    restore(elsewhere, kept)
    restore(elsewhere, kept, force=True)
    assert contents(elsewhere) == contents(settings)


@pytest.mark.one_database
def test_a_backup_with_another_secret_is_refused(first_backup: Path, elsewhere: Settings) -> None:
    from dataclasses import replace

    with pytest.raises(Refused, match="DUBAN_SECRET_KEY"):
        restore(replace(elsewhere, secret_key="another secret " + "y" * 40), first_backup)


def say_revision(settings: Settings, revision: str) -> None:
    """Let the database be at this revision."""
    engine = sa.create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


@pytest.mark.one_database
def test_a_backup_of_a_newer_version_is_refused(
    settings: Settings, elsewhere: Settings, kept: Path, tmp_path: Path
) -> None:
    say_revision(settings, "9999")
    with pytest.raises(Refused, match="newer version"):
        restore(elsewhere, back_up(settings, tmp_path / "newer.tar.gz"))
    restore(elsewhere, kept)


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The backup with one member changed, or left out (None), by somebody without the secret."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for info in old:
            content = change(info.name, old.extractfile(info).read())  # type: ignore[union-attr]
            if content is not None:
                info.size = len(content)
                new.addfile(info, io.BytesIO(content))
    return target


def _claims(name: str, content: bytes) -> bytes:
    if name != "manifest.json":
        return content
    return orjson.dumps(orjson.loads(content) | {"revision": "0002"})


def _drops(name: str, content: bytes) -> bytes | None:
    return None if name.startswith("files/") else content


def _edits(name: str, content: bytes) -> bytes:
    return (
        content.replace("市安委办".encode(), "县安委办".encode())
        if name.startswith("tables/organisation.")
        else content
    )


@pytest.mark.parametrize("change", [_claims, _drops, _edits])
@pytest.mark.one_database
def test_a_backup_that_was_changed_is_refused_before_anything_is_touched(
    first_backup: Path, tmp_path: Path, change: Callable[[str, bytes], bytes | None]
) -> None:
    home = settings_of(tmp_path / "home")
    with pytest.raises(Refused):
        restore(home, rewritten(first_backup, tmp_path / "changed.tar.gz", change))
    assert not home.home.exists()


@pytest.mark.one_database
@pytest.mark.parametrize("part", [0.2, 0.7, 0.99])
def test_a_backup_that_was_cut_off_is_refused(first_backup: Path, tmp_path: Path, part: float) -> None:
    whole = first_backup.read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(Refused):
        restore(settings_of(tmp_path / "home"), cut)


@pytest.mark.one_database
def test_a_backup_with_a_path_that_leads_elsewhere_is_refused(first_backup: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(first_backup) as old, tarfile.open(evil, "w:gz") as new:
        for info in old:
            new.addfile(info, old.extractfile(info))
        info = tarfile.TarInfo("files/../../../../outside")
        info.size = 4
        new.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(Refused, match="outside"):
        restore(settings_of(tmp_path / "home"), evil)


@pytest.mark.one_database
def test_something_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    for name, content in (("text", b"hello"), ("gzip", gzip.compress(b"hello")), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Refused):
            restore(settings_of(tmp_path / "home"), tmp_path / name)


@pytest.mark.one_database
def test_a_backup_never_takes_the_place_of_a_file(settings: Settings, tmp_path: Path) -> None:
    kept = back_up(settings, tmp_path / "kept.tar.gz")
    before = kept.read_bytes()
    with pytest.raises(Refused):
        back_up(settings, kept)
    assert kept.read_bytes() == before
    assert oct(kept.stat().st_mode & 0o777) == "0o600"


@pytest.fixture
def busy(settings: Settings, open_city: Callable[[Settings], Flask], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whenever a backup has written a table, somebody starts an instance, which writes to a dozen of them."""
    engine = open_city(settings).extensions["duban.engine"]
    whole, started = backup_module._table, []

    def and_meanwhile(connection: Any, table: sa.Table, writer: Any) -> int:
        rows = whole(connection, table, writer)
        if table.name in ("history", "human_task", "instance", "timer"):
            data = {"divisor": 4, "supervising_org_id": None}
            started.append(engine.start("long_waits", data, by=SYSTEM).instance_id)
        return rows

    monkeypatch.setattr(backup_module, "_table", and_meanwhile)
    return started


def test_a_backup_is_of_one_moment_while_people_work(
    settings: Settings, elsewhere: Settings, tmp_path: Path, open_city: Callable[[Settings], Flask], busy: list[str]
) -> None:
    restore(elsewhere, back_up(settings, tmp_path / "kept.tar.gz"))
    assert len(busy) == 4
    app = open_city(elsewhere)
    assert not [finding for finding in verification.findings(app) if not finding.known]
    assert count(app, Instance, Instance.id.in_(busy)) == 0


def test_the_check_would_see_a_backup_of_several_moments(
    settings: Settings, elsewhere: Settings, tmp_path: Path, busy: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def as_it_comes(url: str) -> Iterator[sa.Connection]:
        level = "READ COMMITTED" if url.startswith("postgresql") else "AUTOCOMMIT"  # each statement sees its own moment
        engine = sa.create_engine(url)
        try:
            with engine.connect().execution_options(isolation_level=level) as connection:
                yield connection
        finally:
            engine.dispose()

    monkeypatch.setattr(backup_module, "_one_moment", as_it_comes)
    mixed = back_up(settings, tmp_path / "mixed.tar.gz")
    with pytest.raises((Refused, sa.exc.IntegrityError)):
        restore(elsewhere, mixed)


# Killed in the middle -------------------------------------------------------------------------------------------------


# Names a point on each line: a child restores, and is killed there. One process forks them all, since it takes seconds
# to import everything.
RESTORER = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from app.config import load_settings
from app.upkeep import restore as r

def killed_after(where, name, calls=1, word=""):
    whole, left = getattr(where, name), [calls]
    def instead(*words, **more):
        done = whole(*words, **more)
        left[0] -= any(word in one for one in words if isinstance(one, str)) if word else 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    setattr(where, name, instead)

points = {
    "some rows": lambda: killed_after(r, "_rows", 20),
    "swapping sqlite": lambda: killed_after(os, "link"),
    "swapping postgresql": lambda: killed_after(sa.Connection, "exec_driver_sql", 3, "SET SCHEMA"),
    "swapped sqlite": lambda: killed_after(r._SQLite, "take_over"),
    "swapped postgresql": lambda: killed_after(r._Schema, "take_over"),
}
settings = load_settings()
for line in sys.stdin:
    if not (child := os.fork()):
        points[line.strip()]()
        r.restore(settings, Path(sys.argv[1]), force=True)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@contextmanager
def restorer(settings: Settings, kept: Path) -> Iterator[Callable[[str], int]]:
    """`restored("some rows")` → the exit code of a restore that is killed there."""
    process = started.run(RESTORER, str(kept), env=environment(settings))

    def restored(point: str) -> int:
        process.stdin.write(point + "\n")
        return int(process.stdout.readline())

    try:
        yield restored
    finally:
        process.communicate()


def test_a_restore_that_is_killed_leaves_what_was_there_or_all_of_the_new(
    settings: Settings, elsewhere: Settings, kept: Path, database: str
) -> None:
    """At several points; the old data is a city of another day, so that a mixture would show."""
    restore(elsewhere, kept)
    new = contents(settings)
    engine = sa.create_engine(elsewhere.database_url)
    with engine.begin() as connection:
        connection.execute(sa.update(HumanTask.__table__).values(title="旧的"))
    engine.dispose()
    old = contents(elsewhere)
    with restorer(elsewhere, kept) as restored:
        for point in ("some rows", f"swapping {database}"):
            assert restored(point) == -signal.SIGKILL, point
            assert contents(elsewhere) == old, point
        # What the dead ones left is in nobody's way.
        assert restored(f"swapped {database}") == -signal.SIGKILL
        assert contents(elsewhere) == new


def test_a_backup_that_is_killed_leaves_no_file_that_looks_like_one(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "kept.tar.gz"
    code = (
        "import os, signal, sys; from pathlib import Path; from app.config import load_settings\n"
        "from app.upkeep import backup as b\n"
        "whole = b.Writer.add_file\n"
        "def add(self, *words):\n"
        "    whole(self, *words)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "b.Writer.add_file = add\n"
        "b.backup(load_settings(), Path(sys.argv[1]))\n"
    )
    with started.run(code, str(target), env=environment(settings)) as process:
        assert process.wait(120) == -signal.SIGKILL
    assert not target.exists()
    partial = target.with_name("kept.tar.gz.partial")
    assert partial.exists()
    with pytest.raises(Refused):
        restore(elsewhere, partial)
    back_up(settings, target)  # what the dead one left is in nobody's way
    assert not partial.exists()
    restore(elsewhere, target)
    assert contents(elsewhere) == contents(settings)


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("SELECT count(*) FROM instance").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.one_database
def test_a_restore_under_a_running_server_is_refused(tmp_path: Path, old_city: Callable[[], Settings]) -> None:
    """On SQLite the file would be taken from under it. (PostgreSQL's swap waits for running transactions.)"""
    settings = old_city()
    kept = back_up(settings, tmp_path / "kept.tar.gz")
    before = contents(settings)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLDER,
            str(settings.home / "duban.sqlite"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    holder.stdout.readline()
    try:
        with pytest.raises(Refused, match="stop the processes"):
            restore(settings, kept, force=True)
    finally:
        holder.communicate()
    assert contents(settings) == before
