"""A second process with an engine of its own on the same database: another web server, or another worker.

    with Another(world.url, world.clock.now()) as other:
        other.ask("complete", task_id, {}, by="liu")   # begins there at once, while this process goes on
        other.answer()                                 # "ok" and what came of it, or the error's code and its extra

Several orders may be given before the answers are fetched; they are carried out in turn. A verb is any of the engine's;
`by` is a key of the cast. `sleep` and `clock` are orders of our own.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from typing import Any

from app import errors
from app.clock import FixedClock
from tests import started


class Another:
    def __init__(self, url: str, now: dt.datetime) -> None:
        self._process = started.run("from tests.engine.another import serve; serve()", url, now.isoformat())
        assert self.answer() == ("ready", None)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, verb: str, *words: Any, **more: Any) -> None:
        self._process.stdin.write(json.dumps([verb, words, more]) + "\n")

    def answer(self) -> tuple[str, Any]:
        line = self._process.stdout.readline()
        assert line, f"the other process ended with {self._process.wait()}"
        code, value = json.loads(line)
        return code, value

    def __enter__(self) -> Another:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.__exit__()


def serve() -> None:
    url, now = sys.argv[1:]
    from tests.engine.conftest import build

    world = build(url, FixedClock(dt.datetime.fromisoformat(now)))
    with world.sessions() as session:
        session.connection()
    _say("ready")
    for line in sys.stdin:
        verb, words, more = json.loads(line)
        if "by" in more:
            more["by"] = world.person(more["by"])
        try:
            if verb == "sleep":
                time.sleep(*words)
                done: Any = None
            elif verb == "clock":
                done = world.clock.set(dt.datetime.fromisoformat(*words))
            else:
                done = getattr(world.engine, verb)(*words, **more)
        except errors.DubanError as refused:
            _say(refused.code, {name: str(value) for name, value in refused.extra.items()})
        else:
            _say("ok", done if isinstance(done, (int, str, type(None))) else str(done))


def _say(code: str, value: Any = None) -> None:
    sys.stdout.write(json.dumps([code, value]) + "\n")
    sys.stdout.flush()
