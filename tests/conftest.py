"""One small city per test module, on a real database; only the clock is ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session, sessionmaker

from app import create_app
from app.audit import Actor
from app.clock import FixedClock
from app.config import ROOT, Settings
from app.db import Base, write_transaction
from tests import cast as cast_module
from tests.cast import START, member, people_the_city

PASSWORD = "test-only-Password-2026"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/e2e/" in str(item.fspath):
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[pytest.TestReport]:
    """With DUBAN_NO_SKIP=1 (continuous integration) a skipped test is a failed one."""
    report: pytest.TestReport = yield
    if report.skipped and os.environ.get("DUBAN_NO_SKIP") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure here: {report.longrepr}"
    return report


def _settings(home: Path) -> Settings:
    return Settings(
        home=home,
        database_url=f"sqlite:///{home / 'duban.sqlite'}",
        secret_key="test-only-" + "x" * 40,
        testing=True,
        bpmn=ROOT / "bpmn",
    )


class Browser(FlaskClient):
    """Each request in an application context of its own, as when served.

    Flask reuses a context that a fixture has pushed, and with it `g`: the person of one request would still be
    signed in during the next.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("buffered", True)  # a streamed file is read and closed at once
        with self.application.app_context():
            return super().open(*args, **kwargs)


def _build(home: Path, clock: FixedClock) -> Flask:
    app = create_app(_settings(home), clock)
    app.test_client_class = Browser
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_FAULTS=True)
    return app


@pytest.fixture(scope="session")
def template_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A peopled city with the shipped processes deployed; each module works on a copy."""
    from app.setup import install

    home = tmp_path_factory.mktemp("template")
    app = _build(home, FixedClock(START))
    with app.app_context():
        from flask_security import hash_password

        sessions: sessionmaker[Session] = app.extensions["duban.sessions"]
        Base.metadata.create_all(sessions.kw["bind"])
        hashed = hash_password(PASSWORD)
        with sessions() as session, write_transaction(session):
            people_the_city(session, hashed)
        install(app)
        sessions.kw["bind"].dispose()
    return home


# A container's root has no sandbox; the rest keeps the browser from talking to anybody but the application.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("DUBAN_CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = _chromium()
    if path is None:
        pytest.skip("Chromium is not installed; the browser walks need it (Debian: apt-get install chromium)")
    return {"executable_path": path, "args": FLAGS, "headless": True}


@pytest.fixture(scope="session")
def static_files() -> Path:
    """The built front end, built anew when a source is younger than it."""
    dist = ROOT / "static" / "dist"
    manifest = dist / "manifest.json"
    sources = [
        *(ROOT / "static" / "js").iterdir(),
        *(ROOT / "static" / "css").iterdir(),
        *ROOT.glob("templates/**/*.html"),
    ]
    if not manifest.exists() or max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime:
        node = shutil.which("node") or pytest.fail("static/dist is not built and there is no node; run.py brings one")
        subprocess.run([str(node), "static/build.mjs"], cwd=ROOT, check=True, timeout=120)
    return dist


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture(scope="module")
def app(template_home: Path, tmp_path_factory: pytest.TempPathFactory, clock: FixedClock) -> Iterator[Flask]:
    clock.set(START)
    home = tmp_path_factory.mktemp("city") / "home"
    shutil.copytree(template_home, home)
    app = _build(home, clock)
    with app.app_context():
        yield app
        app.extensions["duban.sessions"].kw["bind"].dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.extensions["duban.sessions"]() as session:
        yield session


@pytest.fixture(scope="module")
def sign_in(app: Flask) -> Callable[[str], FlaskClient]:
    """`sign_in("zhao")` → a browser in which that person is signed in."""

    def browser(key: str) -> FlaskClient:
        client = app.test_client()
        with client.session_transaction() as stored:
            stored["_user_id"] = member(key).fs_uniquifier
            stored["_fresh"] = True
        return client

    return browser


@pytest.fixture(scope="module")
def actor() -> Callable[[str], Actor]:
    def of(key: str) -> Actor:
        person = member(key)
        org = next(o for o in cast_module.ORGS if cast_module.org_id(o[0]) == person.org_id)
        return Actor(id=person.id, name=person.name, org_id=person.org_id, org_name=org[2])

    return of


@pytest.fixture
def anonymous(app: Flask) -> FlaskClient:
    return app.test_client()
