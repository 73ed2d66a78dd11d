"""After an outage thousands of rows are due at once; a worker does not wait between two batches of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app import worker


class Counting:
    """Beats that only count."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def begin(self) -> None:
        """A batch begins."""

    def busy_for(self) -> float:
        return 0.0

    def end(self, done: int) -> None:
        self.batches.append(done)


def batches(monkeypatch: pytest.MonkeyPatch, sizes: Iterator[int], stopping: threading.Event) -> list[int]:
    beats: Any = Counting()
    monkeypatch.setattr(worker, "tick", lambda _app: next(sizes))
    worker.work(Flask("a"), beats, stopping)
    return list(beats.batches)


def test_it_goes_on_until_a_batch_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batches(monkeypatch, iter([700, 650, 12, 500]), threading.Event()) == [700, 650, 12]


def test_it_stops_after_the_present_batch_when_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = threading.Event()
    stopping.set()
    assert batches(monkeypatch, iter([700, 650]), stopping) == [700]
