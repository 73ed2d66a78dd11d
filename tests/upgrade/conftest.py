"""A fresh copy of what the first release left, opened by the present code."""

from __future__ import annotations

import datetime as dt
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.clock import SHANGHAI, FixedClock
from app.config import Settings

ARCHIVE = Path(__file__).parent / "first_release.tar.xz"
SECRET = "test-only-first-release-" + "x" * 40
LEFT_AT = dt.datetime(2026, 4, 12, 10, tzinfo=SHANGHAI)  # the clock of the archive when it was packed


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(home, filter="data")
    return home


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(LEFT_AT)


@pytest.fixture
def open_city(clock: FixedClock) -> Iterator[Callable[..., Flask]]:
    """`open_city(home)` → the application on that home; all of them are closed afterwards."""
    opened: list[Flask] = []

    def build(home: Path, url: str | None = None) -> Flask:
        url = url or f"sqlite:///{home / 'duban.sqlite'}"
        app = create_app(Settings(home=home, database_url=url, secret_key=SECRET), clock)
        opened.append(app)
        return app

    yield build
    for app in opened:
        app.extensions["duban.sessions"].kw["bind"].dispose()
