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


class Program:
    """One `duban` program on the stage's data. It keeps its port when it is started again."""

    def __init__(self, stage: Stage, *words: str) -> None:
        self._stage, self._words, self.port = stage, words, _free_port()
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def _serves(self) -> bool:
        return self._words[0] == "serve"

    def start(self) -> None:
        """Back when a server answers, or a worker has been started."""
        words = [*self._words, "--port", str(self.port)] if self._serves else self._words
        self._running = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *words],
            cwd=ROOT,
            env=os.environ | self._stage.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if self._serves:
            self._wait()

    def _wait(self) -> None:
        assert self._running is not None
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if self._running.poll() is not None:
                raise RuntimeError(f"the server ended with {self._running.returncode}")
            time.sleep(0.05)
        raise RuntimeError("the server did not come up")

    def kill(self) -> None:
        """At once, without a last word."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def stop(self) -> None:
        if self._running is None:
            return
        self._running.terminate()
        try:
            self._running.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server(stage: Stage) -> Iterator[int]:
    """`duban serve` without its scheduler; gives the port."""
    program = Program(stage, "serve", "--no-demo", "--no-scheduler")
    try:
        program.start()
        yield program.port
    finally:
        program.stop()


@contextmanager
def workers(stage: Stage, count: int) -> Iterator[None]:
    """`duban worker`, so many times."""
    programs = [Program(stage, "worker") for _ in range(count)]
    try:
        for program in programs:
            program.start()
        yield
    finally:
        for program in programs:
            program.stop()


@dataclass
class Client:
    """One person's program on the JSON API."""

    port: int
    token: str
    timeout: float = 60
    retry_after: str | None = None  # as the last answer said
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def send_only(self, verb: str, path: str, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send a request whose answer will never be read."""
        self._send(verb, path, body, headers)

    def call(self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        try:
            connection = self._send(verb, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            self.retry_after = answer.headers.get("Retry-After")
        except BaseException:
            self.close()
            raise
        return answer.status, json.loads(text) if text else None

    def _send(self, verb: str, path: str, body: Any, headers: dict[str, str] | None) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            self._connection.connect()
            assert self._connection.sock is not None
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        content = None if body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        self._connection.request(verb, f"/api/v1{path}", content, given)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
