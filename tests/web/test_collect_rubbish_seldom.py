"""A process that serves sets aside what it has loaded; a batch looks for rubbish seldom and leaves all as it was.

In a process of its own, which has loaded the application and no tests: looking through those takes many times as long.
"""

from __future__ import annotations

from tests import started

AS_PYTHON_STARTS = """
import gc
from app import collecting
gc.unfreeze()
gc.set_threshold(700, 10, 10)
"""
SERVES = """
before = gc.get_threshold()
collecting.settle()
assert gc.get_freeze_count() > 10_000
assert len(gc.get_objects()) < 10_000
assert gc.get_threshold()[0] > before[0]
"""
A_BATCH = """
before = gc.get_threshold(), bool(gc.get_freeze_count())
with collecting.seldom():
    assert gc.get_threshold()[0] > before[0][0]
    assert gc.get_freeze_count()
assert (gc.get_threshold(), bool(gc.get_freeze_count())) == before
"""


def hold(*code: str) -> None:
    with started.run("".join(code)) as process:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors


def test_what_a_server_has_loaded_is_looked_through_no_more() -> None:
    hold(AS_PYTHON_STARTS, SERVES)


def test_a_batch_leaves_all_as_it_was() -> None:
    hold(AS_PYTHON_STARTS, "assert not gc.get_freeze_count()", A_BATCH)


def test_a_batch_of_a_server_leaves_all_as_it_was() -> None:
    hold(AS_PYTHON_STARTS, "collecting.settle()\nassert gc.get_freeze_count()", A_BATCH)
