"""Schema migrations by Alembic, run at every start; the first start makes everything.

For developers: `.venv/bin/python -m app.migrate "what changed"` writes the next migration, to be read and completed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(app: Flask) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["engine"] = app.extensions["duban.sessions"].kw["bind"]
    return config


def upgrade(app: Flask, revision: str = "head") -> None:
    """Bring the schema to the newest revision; a no-op when it is there."""
    command.upgrade(configuration(app), revision)


def revisions(app: Flask) -> set[str]:
    """Those that this version of the program knows."""
    return {script.revision for script in ScriptDirectory.from_config(configuration(app)).walk_revisions()}


def check(app: Flask) -> None:
    """Raise where the models have what no migration makes; for a database that is up to date."""
    command.check(configuration(app))


def revise(app: Flask, message: str) -> None:
    """Write a migration for what the models have and the database has not. Revisions are numbered: 0001, 0002 …"""
    number = 1 + len(list((MIGRATIONS / "versions").glob("[0-9]*.py")))
    command.revision(configuration(app), message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    from app import create_app

    application = create_app()
    upgrade(application)
    revise(application, sys.argv[1])
