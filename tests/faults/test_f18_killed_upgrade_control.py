"""F18, control: an upgrade that commits statement by statement leaves half a schema when it is killed.

The test that ours does not stands in tests/upgrade/test_kill_an_upgrade.py.
"""

from __future__ import annotations

import signal

from app.config import Settings
from tests.upgrade.test_kill_an_upgrade import UPGRADE, ended, old, shape

__all__ = ["old"]

NAIVE = UPGRADE.replace("        left[0] -= 1\n", "        left[0] -= 1\n        cursor.connection.commit()\n")


def test_f18_control_an_upgrade_that_commits_each_statement_leaves_half_a_schema(old: Settings) -> None:
    assert NAIVE != UPGRADE
    before = shape(old)
    assert ended(NAIVE, 3, old) == -signal.SIGKILL
    assert set(shape(old)) > set(before)
