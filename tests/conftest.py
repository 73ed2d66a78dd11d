"""One small city per test module, on a real database; only the clock is ours.

Where the database matters (`ON_BOTH`), every test runs twice, as `[sqlite]` and `[postgresql]`. What tests ask for:

    app, session, sign_in …   a peopled city of the module, with the shipped processes; they know which database it is
    database                  "sqlite" or "postgresql", for what differs between the two
    new_city()                settings of one more copy of that city: `_build(settings, clock)` makes an application,
                              `environment(settings)` are the variables that make a subprocess work on it
    empty_database()          URL of a database without tables, of the same kind
    postgres                  the server itself (tests/postgres.py), to end connections or kill it; PostgreSQL only

A module of such a suite that says nothing about a database says so: `pytestmark = pytest.mark.one_database`; browser
walks run once anyway. What only PostgreSQL has (locks on rows, a server that dies) is marked `only_postgresql`.
"""

from __future__ import annotations

import gc
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.orm import Session, sessionmaker

from app import create_app
from app.audit import Actor
from app.clock import FixedClock
from app.config import ROOT, Settings
from app.db import Base, write_transaction
from app.i18n import CHINESE, set_locale
from tests import cast as cast_module
from tests import late_descriptions, once_compiled
from tests import postgres as postgres_server
from tests.cast import START, member, people_the_city
from tests.postgres import Cluster
from tests.spreading import LongestFirst, rank

SELDOM = (50_000, 20, 10)
gc.set_threshold(*SELDOM)  # while hundreds of modules are loaded, and after (`pytest_collection_finish`)
late_descriptions.install()
once_compiled.install()
PASSWORD = "test-only-Password-2026"
# The same way of keeping passwords, at a cost at which hundreds are checked in a second: the real one is a third of a
# second of a processor for each sign-in (tests/accounts/test_change_the_password.py holds it).
CHEAP = {"argon2__memory_cost": 64, "argon2__time_cost": 1, "argon2__parallelism": 1}
# What is stored, locked, ordered, searched or found twice. The rest reads files, computes or draws, goes the way that
# these have gone, or looks at pages whose data these have tested (docs/testing.md). DUBAN_BOTH=1 runs everything twice.
ON_BOTH = {
    "acceptance", "calendars", "engine", "faults", "files", "metrics", "upgrade", "upkeep",
    "accounts.test_find_people_and_organisations", "accounts.test_grant_roles", "accounts.test_keep_accounts",
    "accounts.test_keep_organisations", "accounts.test_read_the_audit_log", "accounts.test_sign_in",
    "architecture.test_schema_migrations", "campaigns.test_see_campaigns",
    "consultations.test_live_through_a_consultation", "console.test_keep_deliveries_going",
    "console.test_look_at_instances", "console.test_suspend_resume_and_cancel", "hazards.test_correct_a_hazard",
    "hazards.test_count_hazards", "hazards.test_import_a_ledger", "hazards.test_live_through_a_hazard",
    "hazards.test_see_hazards", "inbox.test_act_on_many_tasks", "inbox.test_complete_a_task",
    "inbox.test_count_the_inbox", "inbox.test_lose_a_race", "inbox.test_narrow_the_inbox", "inbox.test_read_the_inbox",
    "notifications.test_read_notifications", "subjects.test_find_a_subject", "web.test_be_told_what_went_wrong",
    "web.test_repeat_a_request_safely", "web.test_serve_many_at_once",
}  # fmt: skip
# Modules of those suites in which everything is computed before anything is stored.
ONCE = {
    "engine.test_clock_moving", "engine.test_events_and_returns", "engine.test_events_signals",
    "engine.test_joins_in_loops", "engine.test_send_back", "engine.test_sign_arrangement", "engine.test_sign_back",
    "engine.test_sign_clocks", "engine.test_sign_people", "engine.test_sign_policies", "engine.test_sign_property",
    "files.test_upload_a_file",
}  # fmt: skip
EVERYTHING_TWICE = os.environ.get("DUBAN_BOTH") == "1"


def _on_both(suite: str, module: str) -> bool:
    if EVERYTHING_TWICE:
        return True
    name = f"{suite}.{module}"
    return name in ON_BOTH or (suite in ON_BOTH and name not in ONCE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a database on both, where its suite is one of those for which that matters."""
    if "database" not in metafunc.fixturenames:
        return
    _tests, suite, *module = metafunc.module.__name__.split(".")
    marked = {mark.name for mark in metafunc.definition.iter_markers()}
    if "only_postgresql" in marked:
        metafunc.parametrize("database", ["postgresql"], indirect=True, scope="module")
    elif not marked & {"one_database", "e2e"} and _on_both(suite, module[-1]):
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True, scope="module")


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return LongestFirst(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))
    for item in items:
        if "/e2e/" in str(item.fspath):
            item.add_marker(pytest.mark.e2e)


def pytest_collection_finish() -> None:
    """What all modules have loaded stays: looking through it for rubbish again and again took a tenth of a run."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before any fixture: a request of the test before may have left this thread speaking English.

    And what serves or measures looks for rubbish ten times as often, also afterwards.
    """
    set_locale(CHINESE)
    gc.set_threshold(*SELDOM)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[pytest.TestReport]:
    """With DUBAN_NO_SKIP=1 (continuous integration) a skipped test is a failed one."""
    report: pytest.TestReport = yield
    if report.skipped and os.environ.get("DUBAN_NO_SKIP") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure here: {report.longrepr}"
    return report


def _settings(home: Path, url: str | None = None) -> Settings:
    return Settings(
        home=home,
        database_url=url or f"sqlite:///{home / 'duban.sqlite'}",
        secret_key="test-only-" + "x" * 40,
        testing=True,
        bpmn=ROOT / "bpmn",
    )


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a subprocess of `python -m app.cli` needs to work on the same database and files."""
    return {
        **os.environ,
        "DUBAN_HOME": str(settings.home),
        "DUBAN_DATABASE_URL": settings.database_url,
        "DUBAN_SECRET_KEY": settings.secret_key,
        "DUBAN_TESTING": "1",
        "DUBAN_ENV": "",
        **more,
    }


class Browser(FlaskClient):
    """Each request in an application context of its own, as when served.

    Flask reuses a context that a fixture has pushed, and with it `g`: the person of one request would still be
    signed in during the next.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("buffered", True)  # a streamed file is read and closed at once
        with self.application.app_context():
            return super().open(*args, **kwargs)


class CompiledTemplates(BytecodeCache):
    """Templates compiled once for all applications of a test run: each would compile them anew."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (kept := self._kept.get(bucket.key)) is not None:
            bucket.load_bytecode(io.BytesIO(kept))  # which looks whether the source is still the same

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_templates = CompiledTemplates()


def _build(place: Path | Settings, clock: FixedClock) -> Flask:
    """The application on a home of its own, or on settings of `new_city`."""
    app = create_app(place if isinstance(place, Settings) else _settings(place), clock)
    app.test_client_class = Browser
    app.jinja_env.bytecode_cache = _templates
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_FAULTS=True)
    app.extensions["security"].pwd_context.update(**CHEAP)
    return app


def _people(settings: Settings) -> None:
    """Fill an empty database: the city's people and the shipped processes."""
    from app.setup import install

    app = _build(settings, FixedClock(START))
    with app.app_context():
        from flask_security import hash_password

        sessions: sessionmaker[Session] = app.extensions["duban.sessions"]
        Base.metadata.create_all(sessions.kw["bind"])
        hashed = hash_password(PASSWORD)
        with sessions() as session, write_transaction(session):
            people_the_city(session, hashed)
        install(app)
        sessions.kw["bind"].dispose()


@pytest.fixture(scope="session")
def template_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A peopled city on SQLite; each module works on a copy."""
    home = tmp_path_factory.mktemp("template")
    _people(_settings(home))
    return home


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    if why := postgres_server.missing():
        pytest.skip(why)
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test is about."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="module")
def new_city(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Settings]]:
    """`new_city()` → settings of a fresh copy of the peopled city; 30 ms."""
    made: list[str] = []

    def city() -> Settings:
        home = tmp_path_factory.mktemp("city") / "home"
        if database == "sqlite":
            shutil.copytree(request.getfixturevalue("template_home"), home)
            return _settings(home)
        cluster: Cluster = request.getfixturevalue("postgres")
        home.mkdir()
        made.append(cluster.database("city", lambda url: _people(_settings(home, url))))
        return _settings(home, made[-1])

    yield city
    for url in made:
        request.getfixturevalue("postgres").drop(url)


@pytest.fixture
def empty_database(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """`empty_database()` → the URL of a database without tables, another one each time."""
    made: list[str] = []

    def empty() -> str:
        if database == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('empty') / 'duban.sqlite'}"
        made.append(request.getfixturevalue("postgres").database())
        return made[-1]

    yield empty
    for url in made:
        request.getfixturevalue("postgres").drop(url)


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
    # The shell first: the same engine without the browser's own windows, which a third of a walk went into.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return os.environ.get("DUBAN_CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = _chromium()
    if path is None:
        pytest.skip(
            "Chromium is not installed; the browser walks need it (Debian: apt-get install chromium-headless-shell)"
        )
    return {"executable_path": path, "args": FLAGS, "headless": True}


@pytest.fixture(scope="session")
def windows(browser: Any) -> Any:
    """The browser windows of this process (tests/e2e/harness.py)."""
    from tests.e2e.harness import Windows

    return Windows(browser)


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
def app(new_city: Callable[[], Settings], clock: FixedClock) -> Iterator[Flask]:
    clock.set(START)
    app = _build(new_city(), clock)
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
