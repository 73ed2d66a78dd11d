"""The production server: gunicorn with threads. Its first process migrates, then only watches over the others.

Imported only where it serves: gunicorn runs on Unix.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger as Base

from app import collecting
from app.config import Settings

GRACE = 30  # seconds that running requests have when it stops


def share_figures() -> None:
    """Let the figures of all processes be summed. Before anything imports the Prometheus client: it looks only then."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="duban-figures-")


def serve(build: Callable[[], Flask], settings: Settings, host: str, port: int) -> None:
    """Blocks until SIGTERM; running requests are finished, new ones refused."""

    class Server(BaseApplication):
        def load_config(self) -> None:
            for name, value in options(settings, host, port).items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            """In each process, after the fork: connections are never shared."""
            app = build()
            collecting.settle()
            return app

    Server().run()


def options(settings: Settings, host: str, port: int) -> dict[str, Any]:
    return {
        "bind": f"{host}:{port}",
        "workers": settings.web_processes,
        "worker_class": "gthread",
        "threads": settings.web_threads,
        "timeout": 120,
        "graceful_timeout": GRACE,
        "keepalive": 5,
        "max_requests": 20_000,  # a process is renewed now and then, never two at once
        "max_requests_jitter": 5_000,
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: PTH112, S108
        "proc_name": "duban",
        "accesslog": None,  # requests are logged by the application, with their ids
        "errorlog": "-",
        "logger_class": "app.server.Logger",
        "child_exit": _ended,
        "control_socket_disable": True,
    }


def _ended(_server: object, worker: Any) -> None:
    """Figures that only a living process has go with it."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


class Logger(Base):
    """gunicorn's own lines go into the application's log, in its format."""

    def setup(self, cfg: Any) -> None:
        self.loglevel = logging.INFO
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(self.loglevel)
