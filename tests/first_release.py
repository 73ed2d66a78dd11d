"""The city that the first release left (tests/upgrade/first_release.tar.xz), brought to the present schema.

old_city()            → settings of a fresh copy of it, on the test's database
open_city(settings)   → the application on it, closed after the test; its clock stands where the archive was packed
as_it_was(home)       unpacks the archive itself, before any upgrade: SQLite at revision 0001
"""

from __future__ import annotations

import datetime as dt
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app, migrate
from app.audit import SYSTEM
from app.clock import SHANGHAI, FixedClock
from app.config import Settings
from app.upkeep.backup import backup
from app.upkeep.restore import restore

ARCHIVE = Path(__file__).parent / "upgrade" / "first_release.tar.xz"
SECRET = "test-only-first-release-" + "x" * 40
LEFT_AT = dt.datetime(2026, 4, 12, 10, tzinfo=SHANGHAI)  # the archive's clock when it was packed


def settings_of(home: Path, url: str | None = None) -> Settings:
    return Settings(home=home, database_url=url or f"sqlite:///{home / 'duban.sqlite'}", secret_key=SECRET)


def as_it_was(home: Path) -> Settings:
    with tarfile.open(ARCHIVE) as tar:
        # Python 3.11 has the filter from its fourth patch release on; the archive is our own.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        tar.extractall(home)
    return settings_of(home)


def back_up(settings: Settings, target: Path) -> Path:
    backup(settings, target)
    return target


@pytest.fixture(scope="session")
def first_backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the archive, at its own revision."""
    place = tmp_path_factory.mktemp("first")
    return back_up(as_it_was(place / "home"), place / "first.tar.gz")


@pytest.fixture(scope="session")
def _upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("upgraded") / "home"
    app = create_app(as_it_was(home))
    migrate.upgrade(app)
    app.extensions["duban.sessions"].kw["bind"].dispose()
    return home


@pytest.fixture
def old_city(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Settings]]:
    """On SQLite the archive's own file is upgraded; on PostgreSQL its rows go in by a backup, and then the schema."""
    made: list[str] = []

    def city() -> Settings:
        home = tmp_path_factory.mktemp("old") / "home"
        shutil.copytree(request.getfixturevalue("_upgraded"), home)
        if database == "sqlite":
            return settings_of(home)
        made.append(request.getfixturevalue("postgres").database("old_city", fill))
        return settings_of(home, made[-1])

    def fill(url: str) -> None:
        settings = settings_of(tmp_path_factory.mktemp("filled"), url)
        restore(settings, request.getfixturevalue("first_backup"))
        app = create_app(settings, FixedClock(LEFT_AT))
        app.extensions["duban.engine"].release(by=SYSTEM)
        app.extensions["duban.sessions"].kw["bind"].dispose()

    yield city
    for url in made:
        request.getfixturevalue("postgres").drop(url)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(LEFT_AT)


@pytest.fixture
def open_city(clock: FixedClock) -> Iterator[Callable[[Settings], Flask]]:
    opened: list[Flask] = []

    def build(settings: Settings) -> Flask:
        app = create_app(settings, clock)
        opened.append(app)
        return app

    yield build
    for app in opened:
        app.extensions["duban.sessions"].kw["bind"].dispose()
