"""Completing and starting: as a call, over HTTP, and against a bare commit."""

from __future__ import annotations

import secrets

from app.audit import SYSTEM
from app.bench import bare, served
from app.bench.calibrate import loop, ratios
from app.bench.measure import Figure, Sample, of
from app.bench.stage import Stage

ANSWERS = {"result": "已到现场核查，问题整改到位，资料齐全。", "decision": "done"}
WARM = 30  # the first ones fill caches and are not counted


def complete(stage: Stage, count: int) -> list[Figure]:
    """A task with form, deadline and reminder; the next task begins in the same turn."""
    by = stage.people[0]
    least, python = bare.commits(stage.engine.sessions), loop()
    stage.start("errand", count + WARM)
    tasks = stage.open_tasks("act")
    call = Sample("as a call")
    for number, task_id in enumerate(tasks):
        if number < WARM:
            stage.engine.complete(task_id, ANSWERS, by=by)
        else:
            with call.time():
                stage.engine.complete(task_id, ANSWERS, by=by)
    over_http = _over_http(stage, count)
    return [
        *of("complete", least),
        *of("complete", python),
        *of("complete", call, limit=_limit(stage, 3.0)),
        *ratios("complete", call.name, call.median, least, python),
        *of("complete", over_http, limit=_limit(stage, 6.0)),
        *ratios("complete", over_http.name, over_http.median, least, python),
    ]


def _limit(stage: Stage, milliseconds: float) -> float | None:
    """The limits are for SQLite; a server in between has a price of its own."""
    return milliseconds if stage.is_sqlite else None


def _over_http(stage: Stage, count: int) -> Sample:
    stage.start("errand", count + WARM)
    tasks, token = stage.open_tasks("act"), stage.token(stage.people[0])
    sample = Sample("over HTTP, one client")
    with served.server(stage) as port:
        client = served.Client(port, token)
        for number, task_id in enumerate(tasks):
            key = {"Idempotency-Key": secrets.token_hex(16)}
            with Sample("warm").time() if number < WARM else sample.time():
                status, body = client.call("POST", f"/tasks/{task_id}/completion", {"answers": ANSWERS}, key)
            if status != 200:
                raise RuntimeError(f"completion answered {status}: {body}")
    return sample


def start(stage: Stage, count: int) -> list[Figure]:
    """A new instance with its first task, deadline and reminder."""
    least, python = bare.commits(stage.engine.sessions), loop()
    stage.start("errand", WARM)
    sample = Sample("as a call").repeat(
        lambda number: stage.engine.start("errand", {"number": number}, by=SYSTEM), list(range(count))
    )
    return [*of("start", sample), *ratios("start", sample.name, sample.median, least, python)]
