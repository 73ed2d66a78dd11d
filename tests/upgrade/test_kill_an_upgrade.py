"""F18: an upgrade that is killed half-way leaves the schema and every row as they were; the next start finishes it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app, migrate
from app.config import Settings
from app.upkeep.backup import reflected
from app.upkeep.verification import findings
from tests import started
from tests.conftest import environment
from tests.first_release import as_it_was, settings_of

# Dies inside the transaction of the upgrade, after so many of its statements that change the schema.
UPGRADE = """
import os, signal, sys
import sqlalchemy as sa
from app import create_app, migrate
app, left = create_app(), [int(sys.argv[1])]
@sa.event.listens_for(app.extensions["duban.sessions"].kw["bind"], "after_cursor_execute")
def dies(connection, cursor, statement, *_more):
    if statement.lstrip().upper().startswith(("CREATE", "ALTER")):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
migrate.upgrade(app)
"""


@pytest.fixture
def old(database: str, tmp_path: Path, empty_database: Callable[[], str]) -> Settings:
    """The first release's city; on PostgreSQL its schema, which is what the upgrade changes."""
    if database == "sqlite":
        return as_it_was(tmp_path / "home")
    (tmp_path / "home").mkdir()
    settings = settings_of(tmp_path / "home", empty_database())
    app = create_app(settings)
    migrate.upgrade(app, "0001")
    app.extensions["duban.sessions"].kw["bind"].dispose()
    return settings


def shape(settings: Settings) -> dict[str, tuple[list[str], int]]:
    """Columns and number of rows of every table."""
    engine = sa.create_engine(settings.database_url)
    with engine.connect() as connection:
        found = {
            name: (
                sorted(table.c.keys()),
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one(),
            )
            for name, table in reflected(connection).items()
        }
    engine.dispose()
    return found


def ended(code: str, after: int, settings: Settings) -> int:
    """How a process ended that ran this on that city."""
    with started.run(code, str(after), env=environment(settings, DUBAN_TESTING="")) as process:
        return process.wait(120)


@pytest.mark.parametrize("after", [1, 6])
def test_an_upgrade_that_is_killed_changes_nothing_and_the_next_one_finishes(
    old: Settings, open_city: Callable[[Settings], Flask], after: int
) -> None:
    before = shape(old)
    assert ended(UPGRADE, after, old) == -signal.SIGKILL
    assert shape(old) == before
    app = open_city(old)
    migrate.upgrade(app)
    after_it = shape(old)
    assert {name: rows for name, (_columns, rows) in after_it.items() if name in before} == {
        name: rows for name, (_columns, rows) in before.items()
    }
    assert set(after_it) > set(before)
    assert not [finding for finding in findings(app) if not finding.known]
