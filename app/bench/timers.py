"""Ten thousand timers due at once after an outage, while people work; and what a second worker brings."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

import sqlalchemy as sa

from app.audit import Actor
from app.bench import bare, served
from app.bench.calibrate import loop, ratios
from app.bench.complete import ANSWERS
from app.bench.measure import Figure, Sample
from app.bench.stage import Stage
from app.clock import SystemClock
from app.engine import Timer

USERS, PER_SECOND = 4, 4.0  # people at work, and how many tasks each finishes in a second at most


def timers(stage: Stage, count: int) -> list[Figure]:
    """Half are time limits of steps (overdue), half are timers drawn in the diagram that end the step.

    What a second worker brings is measured on PostgreSQL with nobody else at work: people's requests would take the
    processor that it is about, and take it from two workers more than from one.
    """
    least, python = bare.commits(stage.engine.sessions), loop()
    found = _storm(stage, count, 1)
    if found[0].value:
        found += ratios("timers", "one worker: time for a timer", 1000 / found[0].value, least, python)
    if not stage.is_sqlite:
        found += _storm(stage, count, 2)
        one, two = (_storm(stage, count, workers, users=0)[0] for workers in (1, 2))
        gain = two.value / one.value if one.value else 0.0
        found += [one, two, Figure("timers", "two workers ÷ one", gain, "×", limit=1.7, at_least=True)]
    return found


def _storm(stage: Stage, count: int, workers: int, users: int = USERS) -> list[Figure]:
    steps, drawn = count // 2, count - count // 2
    stage.start("errand", steps, days_ago=20)
    stage.start("alarm", drawn, days_ago=20)
    due = _waiting(stage)
    stage.start("errand", 2000)
    tasks = stage.open_tasks("act")[-2000:]
    people = [_Person(stage, actor, tasks[n::users]) for n, actor in enumerate(stage.people[:users])]
    with served.server(stage) as port, served.workers(stage, workers):
        began = _begun(stage, due)
        for person in people:
            person.work(port)
        while (left := _waiting(stage)) > 0:
            if time.monotonic() - began > 1800:
                raise RuntimeError(f"{left} timers are still waiting after half an hour")
            time.sleep(0.25)
        took = time.monotonic() - began
        for person in people:
            person.rest()
    seconds = [one for person in people for one in person.sample.seconds]
    sample = Sample("users", seconds)
    name = f"{count:,} due, {workers} worker{'s' if workers > 1 else ''}"
    if not users:
        return [Figure("timers", f"{name}, nobody else at work: timers a second", due / took, "/s")]
    return [
        Figure("timers", f"{name}: timers a second", due / took, "/s", limit=300, at_least=True),
        Figure(
            "timers", f"{name}: users' completion p95", sample.percentile(0.95), "ms", limit=500,
            samples=tuple(second * 1000 for second in seconds),
        ),
        Figure("timers", f"{name}: completions by users meanwhile", float(len(seconds)), ""),
    ]  # fmt: skip


def _begun(stage: Stage, due: int) -> float:
    """The instant at which the first timer was seen to have fired: the workers' own start is not counted."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        before = time.monotonic()
        if _waiting(stage) < due:
            return before
        time.sleep(0.02)
    raise RuntimeError("no worker fires anything")


def _waiting(stage: Stage) -> int:
    with stage.engine.sessions() as session:
        select = sa.select(sa.func.count()).where(Timer.state == "waiting", Timer.due_at <= SystemClock().now())
        return session.scalar(select) or 0


@dataclass
class _Person:
    stage: Stage
    actor: Actor
    tasks: list[str]
    sample: Sample = field(default_factory=lambda: Sample("completion"))
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def work(self, port: int) -> None:
        client = served.Client(port, self.stage.token(self.actor))
        self._thread = threading.Thread(target=self._run, args=(client,), daemon=True)
        self._thread.start()

    def _run(self, client: served.Client) -> None:
        for task_id in self.tasks:
            if self._stop.is_set():
                return
            with self.sample.time():
                key = {"Idempotency-Key": secrets.token_hex(16)}
                client.call("POST", f"/tasks/{task_id}/completion", {"answers": ANSWERS}, key)
            time.sleep(max(0.0, 1 / PER_SECOND - self.sample.seconds[-1]))

    def rest(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=60)
