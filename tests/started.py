"""Processes that have loaded the application already: importing it takes two seconds, and dozens of tests start one.

    process = started.run(CODE, "a word", env={…})     like subprocess.Popen([sys.executable, "-c", CODE, "a word"], env={…})

One process for each test process has imported everything and done nothing; it is forked for each that is asked for. What
is forked is a process of its own in every respect that a test asks for: its environment and zone, its engine and
connections, its signals and its death. What starts a *command* (`python -m app.cli …`) still starts it.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO, Any

from app.config import ROOT

LOADED = (
    "app.cli", "app.migrate", "app.upkeep.backup", "app.upkeep.restore", "app.worker", "tests.conftest",
    "tests.engine.conftest",
)  # fmt: skip


class Started:
    """As much of a `subprocess.Popen` as tests need; all three streams are pipes of text."""

    def __init__(self, code: str, words: tuple[str, ...], env: Mapping[str, str] | None) -> None:
        streams = [os.pipe() for _stream in range(4)]
        (their_in, our_in), (our_out, their_out), (our_err, their_err), (self._told, their_end) = streams
        theirs = [their_in, their_out, their_err, their_end]
        order = {"code": code, "words": words, "env": dict(os.environ if env is None else env)}
        try:
            socket.send_fds(_source(), [json.dumps(order).encode() + b"\n"], theirs)
        finally:
            for one in theirs:
                os.close(one)
        self.stdin: IO[str] = os.fdopen(our_in, "w", buffering=1)
        self.stdout: IO[str] = os.fdopen(our_out, "r")
        self.stderr: IO[str] = os.fdopen(our_err, "r")
        self.returncode: int | None = None
        self.pid = int(self._line())

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            read = os.read(self._told, 1)
            assert read, "the process that is forked has gone"
            line += read
        return line

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a started process", timeout or 0)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            self.returncode = int(self._line())
            os.close(self._told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it still says, until its end."""
        if not self.stdin.closed:
            self.stdin.close()
        heard: dict[str, str] = {"stdout": "", "stderr": ""}

        def listen(name: str) -> None:
            stream: IO[str] = getattr(self, name)
            with stream:
                heard[name] = stream.read()

        listeners = [threading.Thread(target=listen, args=(name,)) for name in heard if not getattr(self, name).closed]
        for one in listeners:
            one.start()
        try:
            self.wait(timeout)
        finally:
            if self.returncode is None:
                self.kill()
                self.wait(10)
            for one in listeners:
                one.join()
        return heard["stdout"], heard["stderr"]

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        self.wait(10)
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


def run(code: str, *words: str, env: Mapping[str, str] | None = None) -> Started:
    return Started(code, words, env)


# -- the process that is forked

_server: dict[int, tuple[subprocess.Popen[bytes], socket.socket]] = {}  # by the process that asks: a fork has none


def _source() -> socket.socket:
    if (mine := _server.get(os.getpid())) is None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-W", "ignore", "-m", "tests.started", str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        mine = _server[os.getpid()] = (process, ours)
        atexit.register(_close, os.getpid())
    return mine[1]


def _close(asker: int) -> None:
    if os.getpid() == asker:
        process, ours = _server.pop(asker)
        ours.close()
        process.wait()


def _load() -> None:
    """All that an application needs that is made in a fork."""
    import pkgutil
    from importlib import import_module

    from sqlalchemy.orm import configure_mappers

    for name in LOADED:
        import_module(name)
    from app import SLICES

    for name in SLICES:
        package = import_module(f"app.{name}")
        if name == "upkeep":
            continue  # its figures look at the environment when they are loaded
        for found in pkgutil.walk_packages(package.__path__, f"app.{name}."):
            import_module(found.name)
    configure_mappers()


def _serve(asked: socket.socket) -> None:
    import gc

    _load()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those who wait for the forks need nobody who waits for them
    while True:
        order, streams, _flags, _address = socket.recv_fds(asked, 1 << 20, 4)
        if not order:
            return
        while not order.endswith(b"\n"):
            if not (more := asked.recv(1 << 20)):
                return  # whoever asked has gone in the middle of it
            order += more
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            _keep(json.loads(order), streams)
        for one in streams:
            os.close(one)


def _keep(order: dict[str, Any], streams: list[int]) -> None:
    """Fork what was asked for, and tell its number and then its end."""
    told = streams.pop()
    child = os.fork()
    if not child:
        os.close(told)
        _become(order, streams)
    for one in streams:
        os.close(one)
    for one in range(3):
        os.close(one)
    os.write(told, b"%d\n" % child)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        os.write(told, b"%d\n" % code)
    finally:
        os._exit(0)


def _become(order: dict[str, Any], streams: list[int]) -> None:
    import time
    import traceback

    code = 1
    try:
        for place, one in enumerate(streams):
            os.dup2(one, place)
            os.close(one)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        os.environ.clear()
        os.environ.update(order["env"])
        time.tzset()
        sys.argv = ["-c", *order["words"]]
        try:
            exec(compile(order["code"], "<started>", "exec"), {"__name__": "__main__"})
            code = 0
        except SystemExit as ends:
            code = ends.code if isinstance(ends.code, int) else int(ends.code is not None)
        except BaseException:  # noqa: BLE001 — told, as Python itself does
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
