"""A worker of its own: it beats, ends gracefully, and leaves at once when it hangs or grows too large."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.audit import SYSTEM
from app.config import ROOT, ConfigurationError, Settings, load_settings
from app.engine import Message, WorkerBeat
from app.worker import process, start, sweep
from tests import started
from tests.conftest import environment


@pytest.fixture
def settings(new_city: Callable[[], Settings]) -> Settings:
    return new_city()


def beats(settings: Settings) -> list[Any]:
    engine = sa.create_engine(settings.database_url)
    with engine.connect() as connection:
        rows = list(connection.execute(sa.select(WorkerBeat.__table__).order_by(WorkerBeat.__table__.c.started_at)))
    engine.dispose()
    return rows


@pytest.fixture
def workers(settings: Settings) -> Iterator[Callable[..., Any]]:
    """`workers(code)` starts one; without code the real command. Those still alive are killed at the end."""
    launched: list[Any] = []

    def launch(code: str | None = None, **more: str) -> Any:
        env = environment(settings, **more)
        if code is not None:
            launched.append(started.run(code, env=env))
            return launched[-1]
        command = [sys.executable, "-W", "ignore", "-m", "app.cli", "worker"]
        launched.append(subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True))
        return launched[-1]

    yield launch
    for worker in launched:
        if worker.poll() is None:
            worker.kill()
        worker.communicate()


def wait_for(condition: Callable[[], object], seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "never happened"
        time.sleep(0.1)


# A worker whose batches are ours: `process.run` and everything below it is the real thing.
BATCH = """
import sys, time
from app import worker
from app.cli import create_app, logs
from app.config import load_settings
from app.worker import process
def tick(app):
    print("batch", file=sys.stderr, flush=True)
    {body}
    print("batch done", file=sys.stderr, flush=True)
    return 1
worker.tick, worker.TICK, process.LOOK = tick, 0.2, 0.2
logs.configure(production=True)
process.watch.__defaults__ = (*process.watch.__defaults__[:-1], 0.2)
process.run(create_app(load_settings()))
"""


def first_batch(worker: Any) -> None:
    assert worker.stderr
    for line in worker.stderr:
        if line.strip() == "batch":
            return


def test_a_worker_says_that_it_lives_and_told_to_stop_finishes_its_batch_and_says_so(
    settings: Settings, workers: Callable[..., Any]
) -> None:
    worker = workers(BATCH.format(body="time.sleep(1.5)"))
    first_batch(worker)
    assert [(row.name.rpartition(":")[2], row.stopped_at) for row in beats(settings)] == [(str(worker.pid), None)]
    worker.send_signal(signal.SIGTERM)
    _, told = worker.communicate(timeout=40)
    assert worker.returncode == 0, told
    assert "batch done" in told
    assert "worker stopped" in told
    assert beats(settings)[0].stopped_at is not None


def test_a_batch_that_hangs_ends_its_worker(settings: Settings, workers: Callable[..., Any]) -> None:
    worker = workers(BATCH.format(body="time.sleep(60)"), DUBAN_WORKER_HANG_SECONDS="1")
    _, told = worker.communicate(timeout=40)
    assert worker.returncode == process.HUNG, told
    assert "a batch hangs" in told
    assert beats(settings)[0].stopped_at is None  # it is missed, and health says so


def test_a_batch_that_hangs_while_stopping_ends_it_too(workers: Callable[..., Any]) -> None:
    worker = workers(BATCH.format(body="time.sleep(60)"), DUBAN_WORKER_HANG_SECONDS="3")
    first_batch(worker)
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=40)
    assert worker.returncode == process.HUNG


def test_a_worker_that_grows_too_large_ends(workers: Callable[..., Any]) -> None:
    grown = 'global held; held = b"x" * (400 << 20)'
    worker = workers(BATCH.format(body=grown), DUBAN_WORKER_MEMORY_MB="400")
    _, told = worker.communicate(timeout=40)
    assert worker.returncode == process.TOO_LARGE, told


def test_a_worker_that_behaves_is_left_alone() -> None:
    left: list[int] = []
    stopping = threading.Event()
    watching = threading.Thread(target=process.watch, args=(stopping, lambda: 0.0, 600, 1 << 20, left.append, 0.01))
    watching.start()
    time.sleep(0.1)
    stopping.set()
    watching.join(timeout=5)
    assert not watching.is_alive()
    assert left == []


def test_the_real_command_starts_on_an_empty_database_works_and_stops(
    settings: Settings, workers: Callable[..., Any], empty_database: Callable[[], str]
) -> None:
    url = empty_database()
    worker = workers(DUBAN_DATABASE_URL=url)
    assert worker.stderr
    assert any("worker started" in line for line in worker.stderr)
    assert len(beats(replace(settings, database_url=url))) == 1
    worker.send_signal(signal.SIGTERM)
    _, told = worker.communicate(timeout=60)
    assert worker.returncode == 0, told
    assert "worker stopped" in told


def test_beside_the_web_the_batches_are_counted(app: Flask) -> None:
    working = start(app)
    try:
        wait_for(lambda: working.beats.batches)
        working.beats.write()
    finally:
        working.shutdown()
    with app.extensions["duban.sessions"]() as session:
        row = session.scalars(sa.select(WorkerBeat).where(WorkerBeat.id == working.beats.id)).one()
    assert row.name.endswith(f":{os.getpid()}")
    assert row.batches >= 1
    assert row.stopped_at is not None


def test_once_an_hour_it_forgets_messages_that_nobody_came_for(app: Flask) -> None:
    engine = app.extensions["duban.engine"]
    engine.send_message("nobody", "A-1", {}, by=SYSTEM, ttl="PT1M")
    clock = engine.clock
    clock.set(clock.now() + dt.timedelta(days=2))
    sweep(app)
    with app.extensions["duban.sessions"]() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Message.name == "nobody")) == 0


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_no_number_stops_the_start(tmp_path: Any, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="DUBAN_WORKER_MEMORY_MB"):
        load_settings({"DUBAN_HOME": str(tmp_path), "DUBAN_WORKER_MEMORY_MB": wrong})
