"""Schema migrations by Alembic, run at every start; the first start makes everything."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from flask import Flask

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(app: Flask) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = app.extensions["duban.sessions"].kw["bind"]
    return config


def upgrade(app: Flask, revision: str = "head") -> None:
    """Bring the schema to the newest revision; a no-op when it is there."""
    command.upgrade(configuration(app), revision)


def revise(app: Flask, message: str) -> None:
    """Write a migration for what the models have and the database has not (for developers)."""
    command.revision(configuration(app), message, autogenerate=True)
