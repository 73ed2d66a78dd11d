"""Browser walks: the real pages in Debian's Chromium against the served application."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.clock import FixedClock
from tests.cast import START
from tests.conftest import _build
from tests.e2e.harness import DESKTOP, Look, Opens, Screen, Served, Windows


@pytest.fixture(scope="module")
def e2e_clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture(scope="module")
def served(
    template_home: Path, static_files: Path, e2e_clock: FixedClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The cast's city, served with CSRF and error pages as in real life; one for each module, whatever ran before it."""
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(template_home, home)
    app = _build(home, e2e_clock)
    app.config.update(TESTING=False, WTF_CSRF_ENABLED=True, PROPAGATE_FAULTS=False)
    server = Served(app)
    yield server
    server.close()
    app.extensions["duban.sessions"].kw["bind"].dispose()


@pytest.fixture
def open_screen(windows: Windows, served: Served) -> Iterator[Opens]:
    """`open_screen("zhao", look)` → a window in which that person is signed in; at the end none may have an error."""
    opened: list[Screen] = []

    def opens(person: str | None = None, look: Look = DESKTOP) -> Screen:
        opened.append(windows.open(served, person, look))
        return opened[-1]

    yield opens
    for screen in opened:
        screen.close()
    for screen in opened:
        screen.assert_clean()


@pytest.fixture(scope="module")
def own_city(app: Flask, static_files: Path) -> Iterator[Served]:
    """A city for one module's walks alone: what they leave behind is in nobody else's lists."""
    app.config.update(TESTING=False, WTF_CSRF_ENABLED=True, PROPAGATE_FAULTS=False)
    server = Served(app)
    yield server
    server.close()
