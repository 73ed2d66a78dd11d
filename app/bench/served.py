"""The real server and workers as processes of their own, and a client that keeps its connection."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from app.bench.stage import Stage
from app.config import ROOT

_PATIENCE = 60.0  # seconds until a program must be up


def _start(stage: Stage, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *words],
        cwd=ROOT,
        env=os.environ | stage.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _stop(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(timeout=20)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server(stage: Stage) -> Iterator[int]:
    """`duban serve` without its scheduler; gives the port."""
    port = _free_port()
    program = _start(stage, "serve", "--no-demo", "--no-scheduler", "--port", str(port))
    try:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if program.poll() is not None:
                raise RuntimeError(f"the server ended with {program.returncode}")
            time.sleep(0.1)
        yield port
    finally:
        _stop(program)


@contextmanager
def workers(stage: Stage, count: int) -> Iterator[None]:
    """`duban worker`, so many times."""
    programs = [_start(stage, "worker") for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            _stop(program)


@dataclass
class Client:
    """One person's program on the JSON API."""

    port: int
    token: str
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def call(self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            self._connection.connect()
            assert self._connection.sock is not None
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        content = None if body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        try:
            self._connection.request(verb, f"/api/v1{path}", content, given)
            answer = self._connection.getresponse()
            text = answer.read()
        except BaseException:
            self._connection.close()
            self._connection = None
            raise
        return answer.status, json.loads(text) if text else None
