from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app import cli as command_line
from app.config import Settings
from tests.first_release import _copies, _published, _upgraded, clock, first_backup, old_city, open_city

__all__ = ["_copies", "_published", "_upgraded", "clock", "first_backup", "old_city", "open_city"]


def environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "DUBAN_HOME": str(settings.home),
        "DUBAN_DATABASE_URL": settings.database_url,
        "DUBAN_SECRET_KEY": settings.secret_key,
        "DUBAN_TESTING": "",
        "DUBAN_ENV": "",
    }


@pytest.fixture
def duban() -> Iterator[Callable[..., Any]]:
    """`duban(settings, "verify")` runs the command line, in this process: a new one takes seconds to import it all."""
    opened: list[Flask] = []
    command_line._groups()

    def application(**options: Any) -> Flask:
        opened.append(command_line.application(**options))
        return opened[-1]

    def run(settings: Settings, *words: str) -> Result:
        return CliRunner(env=environment(settings)).invoke(command_line.cli, words, obj=application)

    yield run
    for app in opened:
        app.extensions["duban.sessions"].kw["bind"].dispose()
