"""A process of its own for timers and outbox: ends gracefully when told to, and at once when it no longer works."""

from __future__ import annotations

import logging
import os
import resource
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app import collecting
from app.config import Settings

log = logging.getLogger("duban.worker")
HUNG, TOO_LARGE = 70, 71  # exit codes; whatever supervises the process starts it anew
LOOK = 5.0  # seconds between two looks of the watchdog


def run(app: Flask) -> None:
    """Work until SIGTERM or SIGINT; then the present batch is finished, and its leases end with it."""
    from app.worker import start

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    working = start(app)
    settings: Settings = app.extensions["duban.settings"]
    watchdog = threading.Thread(
        target=watch,
        args=(stopping, working.beats.busy_for, settings.worker_hang_seconds, settings.worker_memory_mb),
        daemon=True,
    )
    watchdog.start()
    collecting.settle()
    log.info("worker started")
    stopping.wait()
    log.info("worker stops after the present batch")
    working.shutdown()
    log.info("worker stopped")


def watch(
    stopping: threading.Event,
    busy_for: Callable[[], float],
    hang_seconds: float,
    memory_mb: int,
    leave: Callable[[int], object] = os._exit,
    look: float = LOOK,
) -> None:
    """Leave the process when a batch hangs or memory grows over its limit: a thread that hangs cannot be ended."""
    while True:
        stopped = stopping.wait(look)
        if (busy := busy_for()) > hang_seconds:
            log.critical("a batch hangs, leaving", extra={"seconds": round(busy), "limit": hang_seconds})
            leave(HUNG)
            return
        if not stopped and (used := memory()) > memory_mb:
            log.critical("memory is over its limit, leaving", extra={"mb": used, "limit": memory_mb})
            leave(TOO_LARGE)
            return
        if stopped:
            if not busy:
                return
            threading.Event().wait(look)  # the last batch may hang too


def memory() -> int:
    """Resident megabytes of this process; where /proc is missing, the most it ever had."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() >> 20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
