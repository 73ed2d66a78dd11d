"""A process that serves sets aside what it has loaded; a batch looks for rubbish seldom and leaves all as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from app import collecting


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    usual = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    yield
    gc.freeze()  # as tests/conftest.py has it
    gc.set_threshold(*usual)


def test_what_a_server_has_loaded_is_looked_through_no_more() -> None:
    before = gc.get_threshold()
    collecting.settle()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 10_000
    assert gc.get_threshold()[0] > before[0]


@pytest.mark.parametrize("serving", [False, True])
def test_a_batch_leaves_all_as_it_was(serving: bool) -> None:
    if serving:
        collecting.settle()
    before = gc.get_threshold(), bool(gc.get_freeze_count())
    with collecting.seldom():
        assert gc.get_threshold()[0] > before[0][0]
        assert gc.get_freeze_count()
    assert (gc.get_threshold(), bool(gc.get_freeze_count())) == before
