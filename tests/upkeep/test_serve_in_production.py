"""`duban serve` in production: several processes, figures of all of them, and a stop that finishes what is running."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.config import ROOT, Settings
from tests.upkeep.conftest import environment

pytestmark = pytest.mark.one_database


@pytest.fixture
def server(old_city: Callable[[], Settings]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = old_city()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "app.cli", "serve", "--port", str(port)],
        env=environment(settings) | {"DUBAN_ENV": "production", "DUBAN_WEB_PROCESSES": "2", "DUBAN_WEB_THREADS": "2"},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    booted = 0
    for line in process.stderr:
        booted += "Booting worker" in line
        if booted == 2:
            break
    assert booted == 2
    yield process, port
    if process.poll() is None:
        process.kill()
    process.communicate()


def get(port: int, path: str) -> str:
    for _attempt in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return str(answer.read().decode())
        except (ConnectionError, urllib.error.URLError):
            time.sleep(0.1)
    raise AssertionError("never answered")


def test_it_counts_over_all_its_processes_logs_json_and_finishes_what_is_running_when_it_stops(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    """Half of a request's body has come when SIGTERM does. One server for all of it: starting takes many seconds."""
    process, port = server
    for _request in range(12):
        get(port, "/login")
    figures = get(port, "/healthz/metrics")
    counted = next(
        line for line in figures.splitlines() if line.startswith("duban_request_seconds_count{") and "login" in line
    )
    assert float(counted.split()[1]) == 12

    body = b"username=zhao&password=wrong"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body[:10])
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert process.poll() is None
        connection.sendall(body[10:])
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 ")
    _, told = process.communicate(timeout=40)
    assert process.returncode == 0

    lines: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert sum((line["route"], line["method"]) == ("/login", "GET") for line in requests) == 12
    assert sum((line["route"], line["method"]) == ("/login", "POST") for line in requests) == 1
    assert len({line["request_id"] for line in requests}) == len(requests) >= 13
