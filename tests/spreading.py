"""How the suite is spread over processes: a file's tests on one database stay together, and the longest begin first.

Kept together because a module's city serves them all; apart by database because the two share nothing. Without the
order one process would begin a file of a minute when the other has nothing left to do.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_DATABASE = re.compile(r"\[(sqlite|postgresql)\b")
# What takes longest, roughly in this order; a file that is missing here costs some idle seconds at the end, no more.
# The numbers stand in `pytest --durations=0`, or in the report of `--junitxml`.
LONGEST = (
    "tests/upkeep/test_back_up_and_restore.py",
    "tests/demo/test_build_the_city.py",
    "tests/e2e/test_look_at_every_screen.py",
    "tests/e2e/test_work_through_the_inbox.py",
    "tests/upkeep/test_verify_the_records.py",
    "tests/engine/",
    "tests/worker/",
    "tests/bpmn/",
    "tests/e2e/",
    "tests/designer/comparing/",
    "tests/upgrade/",
    "tests/faults/",
    "tests/hazards/ledger/",
    "tests/inspections/",
    "tests/architecture/test_schema_migrations.py",
    "tests/upkeep/",
    "tests/forms/test_fill_in_a_form_in_a_browser.py",
)


def group(nodeid: str) -> str:
    """`tests/inbox/test_count_the_inbox.py` and, where there is one, the database."""
    file, _colons, name = nodeid.partition("::")
    found = _DATABASE.search(name)
    return f"{file} [{found[1]}]" if found else file


def rank(name: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))


class LongestFirst(LoadScopeScheduling):
    """Groups in the order of the collection, which `pytest_collection_modifyitems` has put the longest first in."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # else: by the number of tests, and a browser walk is one test

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
