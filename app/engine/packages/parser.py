"""Our end of the parser's process: started when first needed, asked over a socket, started anew when it has gone."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

_SCRIPT = Path(__file__).with_name("parser_process.py")
GRACE = 5  # seconds that an order may take beyond its own: it waits for a core, too


class Stopped(Exception):
    """The order was not answered: it took more time or memory than it may."""


class _Lost(Exception):
    """The waiting process ended before it took the order: nobody has worked on it."""


class Parser:
    """The waiting process of this process of ours; a fork of ours gets one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0

    @property
    def pid(self) -> int | None:
        """Of the process that waits for orders, if there is one."""
        return self._waiting.pid if self._waiting and self._owner == os.getpid() else None

    def ask(self, order: bytes, seconds: int) -> tuple[bool, bytes]:
        """Whether it parses, and the specs or what the parser said, as JSON. Raises Stopped."""
        try:
            return self._ask(order, seconds)
        except _Lost:  # it had nothing to do for long, or somebody killed it
            with self._lock:
                self._end()
            try:
                return self._ask(order, seconds)
            except _Lost:
                raise RuntimeError("the parser's process does not start") from None

    def close(self) -> None:
        """End the waiting process; the next order starts another."""
        with self._lock:
            self._end()

    def _ask(self, order: bytes, seconds: int) -> tuple[bool, bytes]:
        mine, theirs = socket.socketpair()
        with mine:
            with theirs:
                self._hand_over(theirs)
            until = time.monotonic() + seconds + 2 * GRACE
            begun, answer = False, bytearray()
            try:
                mine.settimeout(seconds + 2 * GRACE)
                mine.sendall(order)
                mine.shutdown(socket.SHUT_WR)
                while chunk := mine.recv(1 << 16):
                    begun = True
                    answer += chunk
                    mine.settimeout(max(until - time.monotonic(), 0.001))
            except TimeoutError:
                raise Stopped from None
            except OSError as broken:  # it died with our order unread
                raise (Stopped if begun else _Lost) from broken
        if not begun:
            raise _Lost
        # "." for taken, "+" or "-", how long the answer is, the answer. One that was stopped gets no further.
        if len(answer) < 6 or len(answer) < 6 + int.from_bytes(answer[2:6], "big"):
            raise Stopped
        return answer[1:2] == b"+", bytes(answer[6:])

    def _hand_over(self, theirs: socket.socket) -> None:
        with self._lock:
            if self._control is None or self._owner != os.getpid():
                self._start()
            assert self._control is not None
            try:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            except OSError as gone:
                raise _Lost from gone

    def _start(self) -> None:
        self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            self._waiting = subprocess.Popen(  # noqa: S603 (our own file; nothing from outside on the command line)
                [sys.executable, "-I", str(_SCRIPT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C at the terminal is for us; it ends when we do
            )
        self._control, self._owner = ours, os.getpid()

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._waiting is not None:
            if self._owner == os.getpid():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._waiting.wait(timeout=GRACE)
            else:
                self._waiting.returncode = 0  # our parent's child: not ours to wait for
        self._control = self._waiting = None


parser = Parser()
atexit.register(parser.close)
