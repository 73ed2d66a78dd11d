"""The city that the first release left (tests/upgrade/first_release.tar.xz), brought to the present schema.

old_city()            → settings of a fresh copy of it, on the test's database
new_in_old_city()     → the same with the processes of this release published in it
open_city(settings)   → the application on it, closed after the test; its clock stands where the archive was packed
as_it_was(home)       unpacks the archive itself, before any upgrade: SQLite at revision 0001
"""

from __future__ import annotations

import datetime as dt
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app, migrate
from app.audit import SYSTEM
from app.clock import SHANGHAI, FixedClock
from app.config import Settings
from app.setup import install
from app.upkeep.backup import backup
from app.upkeep.restore import restore

ARCHIVE = Path(__file__).parent / "upgrade" / "first_release.tar.xz"
SECRET = "test-only-first-release-" + "x" * 40
LEFT_AT = dt.datetime(2026, 4, 12, 10, tzinfo=SHANGHAI)  # the archive's clock when it was packed


def settings_of(home: Path, url: str | None = None) -> Settings:
    return Settings(home=home, database_url=url or f"sqlite:///{home / 'duban.sqlite'}", secret_key=SECRET)


def as_it_was(home: Path) -> Settings:
    known: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # from Python 3.11.4
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(home, **known)
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


def _publish(settings: Settings) -> None:
    app = create_app(settings, FixedClock(LEFT_AT))
    with app.app_context():
        install(app)
    app.extensions["duban.sessions"].kw["bind"].dispose()


@pytest.fixture(scope="session")
def _published(_upgraded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("published") / "home"
    shutil.copytree(_upgraded, home)
    _publish(settings_of(home))
    return home


@pytest.fixture
def _copies(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Settings]]:
    """On SQLite the archive's own file is upgraded; on PostgreSQL its rows go in by a backup, and then the schema."""
    made: list[str] = []

    def copy(template: str) -> Settings:
        home = tmp_path_factory.mktemp("old") / "home"
        shutil.copytree(request.getfixturevalue(template), home)
        if database == "sqlite":
            return settings_of(home)
        made.append(request.getfixturevalue("postgres").database(f"old_city{template}", fill[template]))
        return settings_of(home, made[-1])

    def upgraded(url: str) -> Settings:
        settings = settings_of(tmp_path_factory.mktemp("filled"), url)
        restore(settings, request.getfixturevalue("first_backup"))
        app = create_app(settings, FixedClock(LEFT_AT))
        app.extensions["duban.engine"].release(by=SYSTEM)
        app.extensions["duban.sessions"].kw["bind"].dispose()
        return settings

    fill = {"_upgraded": upgraded, "_published": lambda url: _publish(upgraded(url))}
    yield copy
    for url in made:
        request.getfixturevalue("postgres").drop(url)


@pytest.fixture
def old_city(_copies: Callable[[str], Settings]) -> Callable[[], Settings]:
    return lambda: _copies("_upgraded")


@pytest.fixture
def new_in_old_city(_copies: Callable[[str], Settings]) -> Callable[[], Settings]:
    return lambda: _copies("_published")


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
