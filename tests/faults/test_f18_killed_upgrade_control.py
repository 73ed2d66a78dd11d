"""F18, control: an upgrade that commits statement by statement leaves half a schema when it is killed.

The test that ours does not stands in tests/upgrade/test_kill_an_upgrade.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from app.config import ROOT, Settings
from tests.upgrade.test_kill_an_upgrade import UPGRADE, old, shape

__all__ = ["old"]

NAIVE = UPGRADE.replace("        left[0] -= 1\n", "        left[0] -= 1\n        cursor.connection.commit()\n")


def test_f18_control_an_upgrade_that_commits_each_statement_leaves_half_a_schema(old: Settings) -> None:
    assert NAIVE != UPGRADE
    before = shape(old)
    environment = {
        "DUBAN_HOME": str(old.home),
        "DUBAN_DATABASE_URL": old.database_url,
        "DUBAN_SECRET_KEY": old.secret_key,
        "DUBAN_TESTING": "",
        "DUBAN_ENV": "",
    }
    killed = subprocess.run([sys.executable, "-W", "ignore", "-c", NAIVE, "3"], cwd=ROOT, env=os.environ | environment)
    assert killed.returncode == -signal.SIGKILL
    assert set(shape(old)) > set(before)
