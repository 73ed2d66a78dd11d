"""The process that parses packages. It waits with everything loaded and works on each order in a fork of its own.

Starting Python and loading the parser takes ten times as long as parsing; who edits a diagram is checked after every
change. The waiting process never sees an order: it takes a socket and forks, and the fork reads the order from it,
under limits of time and memory, answers and ends. It was started without an environment and without open files.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import types
from pathlib import Path
from typing import Any

MEMORY = 1024**3
IDLE = 600  # seconds without an order until it ends; the next order starts another
_APP = Path(__file__).resolve().parents[2]


def _without_the_application() -> None:
    """Make app.engine.running.serializing importable without app/__init__.py, which would bring in everything else."""
    for name, folder in (("app", _APP), ("app.engine", _APP / "engine")):
        module = types.ModuleType(name)
        module.__path__ = [str(folder)]
        sys.modules[name] = module


def _limit(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(seconds + 5)  # for what waits without working


def _load_everything() -> None:
    """Before the first fork, which would do it anew each time. By name: what looks unused is taken away some day."""
    for name in ("front_door", "parsing", "rewriting"):
        importlib.import_module(f"app.engine.packages.{name}")
    importlib.import_module("app.engine.running.serializing")


def _parse(order: dict[str, Any]) -> bytes:
    from app.engine.packages.front_door import open_xml
    from app.engine.packages.parsing import Parser
    from app.engine.packages.rewriting import rewrite
    from app.engine.running.serializing import store_specs

    parser = Parser()
    for name, content in order["files"].items():
        root = open_xml(base64.b64decode(content))
        if name.endswith(".dmn"):
            parser.add_dmn_xml(root, name)
        else:
            parser.add_bpmn_xml(rewrite(root), name)
    process = parser.get_spec(order["key"])
    return store_specs(process, parser.get_subprocess_specs(order["key"]))


def _answered(order: dict[str, Any]) -> bytes:
    kind, answer = b"+", b""
    try:
        answer = _parse(order)
    except Exception as error:
        element = getattr(error, "id", None) or None
        said = {"message": f"{type(error).__name__}: {error}"[:1000], "element_id": element}
        kind, answer = b"-", json.dumps(said).encode()
    return kind + len(answer).to_bytes(4, "big") + answer


def _work(asked: socket.socket) -> None:
    """One order, in a fork."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what the parser warns of is nobody's
    asked.sendall(b".")
    received = bytearray()
    while chunk := asked.recv(1 << 16):
        received += chunk
    order = json.loads(received)
    _limit(order["seconds"])
    asked.sendall(_answered(order))


def _wait(control: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork ended
    gc.freeze()
    while select.select([control], [], [], IDLE)[0]:
        message, handed, _flags, _address = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            with contextlib.suppress(BaseException):
                _work(socket.socket(fileno=handed[0]))
            os._exit(0)
        os.close(handed[0])


if __name__ == "__main__":
    _without_the_application()
    _load_everything()
    _wait(socket.socket(fileno=int(sys.argv[1])))
