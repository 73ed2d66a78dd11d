from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from app.config import ROOT, Settings
from tests.first_release import _upgraded, clock, first_backup, old_city, open_city

__all__ = ["_upgraded", "clock", "first_backup", "old_city", "open_city"]


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
def duban() -> Callable[..., Any]:
    """`duban(settings, "verify")` runs the command line in a process of its own."""

    def run(settings: Settings, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "ignore", "-m", "app.cli", *words]
        return subprocess.run(
            command, env=environment(settings), cwd=ROOT, capture_output=True, text=True, timeout=timeout
        )

    return run
