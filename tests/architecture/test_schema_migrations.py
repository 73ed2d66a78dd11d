"""The database that migrations make is the one the models describe, whatever happens on the way."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app, migrate
from app.accounts import User
from app.config import Settings
from app.db import write_transaction
from tests import started
from tests.cast import people_the_city

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = {previous!r}


def upgrade():
"""


def application(home: Path, url: str) -> Flask:
    return create_app(Settings(home=home, database_url=url, secret_key="test-only-" + "x" * 40))


@pytest.fixture
def app(tmp_path: Path, empty_database: Callable[[], str]) -> Iterator[Flask]:
    """The application on a database without tables."""
    app = application(tmp_path, empty_database())
    yield app
    app.extensions["duban.sessions"].kw["bind"].dispose()


def tables(app: Flask) -> set[str]:
    return set(sa.inspect(app.extensions["duban.sessions"].kw["bind"]).get_table_names())


@pytest.fixture
def another_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file after the shipped migrations, to be written by the test."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "MIGRATIONS", folder)
    return folder / "versions" / "9999_next.py"


def head() -> str:
    return max(path.name for path in (migrate.MIGRATIONS / "versions").glob("[0-9]*.py") if "9999" not in path.name)[:4]


def test_models_and_migrations_agree(app: Flask) -> None:
    """When this fails: `.venv/bin/python -m app.migrate "what changed"` writes the migration that is missing."""
    migrate.upgrade(app)
    migrate.check(app)


def test_a_start_with_nothing_to_migrate_takes_less_than_a_second(app: Flask) -> None:
    migrate.upgrade(app)
    began = time.monotonic()
    migrate.upgrade(app)
    assert time.monotonic() - began < 1


def test_a_migration_that_fails_half_way_leaves_the_schema_as_it_was(app: Flask, another_migration: Path) -> None:
    body = "    op.create_table('half', sa.Column('id', sa.Integer))\n    raise RuntimeError('killed')\n"
    another_migration.write_text(NEXT.format(previous=head()) + body)
    migrate.upgrade(app, head())
    before = tables(app)
    with pytest.raises(RuntimeError, match="killed"):
        migrate.upgrade(app)
    assert tables(app) == before
    another_migration.write_text(another_migration.read_text().replace("raise RuntimeError('killed')", "pass"))
    migrate.upgrade(app)
    assert tables(app) == {*before, "half"}


def test_a_table_made_anew_keeps_the_rows_that_refer_to_it(app: Flask, database: str, another_migration: Path) -> None:
    """SQLite changes a table by making it anew and dropping the old one, which foreign keys would forbid or spread."""
    migrate.upgrade(app, head())
    with app.app_context(), app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_city(session, "no password")
    anew = "always" if database == "sqlite" else "never"
    body = f"    with op.batch_alter_table('organisation', recreate='{anew}') as table:\n        table.add_column("
    another_migration.write_text(NEXT.format(previous=head()) + body + "sa.Column('motto', sa.Text))\n")
    count = sa.select(sa.func.count()).select_from(User)
    with app.extensions["duban.sessions"]() as session:
        people = session.scalar(count)
    migrate.upgrade(app)
    with app.extensions["duban.sessions"]() as session:
        assert session.scalar(count) == people > 0
        assert database == "postgresql" or session.scalar(sa.text("PRAGMA foreign_keys")) == 1


def test_two_first_starts_at_once_make_one_database(app: Flask) -> None:
    settings = app.extensions["duban.settings"]
    start = (
        "from pathlib import Path; from app import create_app, migrate; from app.config import Settings; "
        f"settings = Settings(Path({str(settings.home)!r}), {settings.database_url!r}, {settings.secret_key!r}); "
        "migrate.upgrade(create_app(settings))"
    )
    for process in [started.run(start) for _ in range(2)]:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    migrate.check(app)
