"""Servers killed at random while six clients work: nothing lost, nothing doubled, everything finishes.

Two servers stand on one database. Every now and then one of them is killed with SIGKILL and started again; on
PostgreSQL backends of the database are ended as well. Each client carries its task through with one idempotency key,
sends some requests twice at once, and asks again after every answer that is no answer. What is counted afterwards is
what the database holds, not what the clients were told. Then single records are damaged on purpose: verification that
names none of them would prove nothing.
"""

from __future__ import annotations

import http.client
import queue
import random
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from app.audit import SYSTEM
from app.bench import served
from app.bench.complete import ANSWERS
from app.bench.measure import Figure
from app.bench.stage import Stage
from app.engine import History, Instance

CLIENTS, SERVERS = 6, 2
_TWICE = 0.2  # share of requests that are sent twice at once
_UNANSWERED = (503, 502, 500, 429)


def faults(stage: Stage, count: int) -> list[Figure]:
    """F1 on SQLite, F2 on PostgreSQL: completions under random kills."""
    instances = stage.start("errand", count)
    work: queue.Queue[str] = queue.Queue()
    for task_id in stage.open_tasks("act", instances):
        work.put(task_id)
    servers = [served.Program(stage, "serve", "--no-demo", "--no-scheduler") for _ in range(SERVERS)]
    clients = [_Client(work, servers, stage.token(stage.people[n]), random.Random(n)) for n in range(CLIENTS)]
    killer = _Killer(stage, servers, random.Random(count))
    try:
        for server in servers:
            server.start()
        began = time.monotonic()
        for thread in [killer, *clients]:
            thread.start()
        for client in clients:
            client.join()
        took = time.monotonic() - began
    finally:
        killer.stop()
        for server in servers:
            server.stop()
    answers = sum((client.answers for client in clients), Counter())
    return [
        Figure("faults", f"{count:,} completions, kills", float(killer.kills), ""),
        Figure("faults", "requests sent", float(sum(answers.values())), ""),
        Figure("faults", "completions a second meanwhile", count / took, "/s"),
        Figure("faults", "longest time until a killed server answered again", max(killer.outages, default=0.0), "s"),
        *_counted(stage, instances),
        *_planted(stage, instances),
    ]


def _counted(stage: Stage, instances: list[str]) -> list[Figure]:
    """What the database says: exactly one completion of each, all of it consistent, and it goes on to the end."""
    done = Counter(_completions(stage, instances))
    lost = sum(1 for one in instances if not done[one])
    doubled = sum(1 for one in instances if done[one] > 1)
    bad = len(_findings(stage))
    for task_id in stage.open_tasks("review", instances):
        stage.engine.complete(task_id, {}, by=SYSTEM)
    with stage.engine.sessions() as session:
        ended = session.scalar(
            sa.select(sa.func.count())
            .select_from(Instance)
            .where(Instance.id.in_(instances), Instance.status == "ended")
        )
    return [
        Figure("faults", "lost", float(lost), "", limit=0),
        Figure("faults", "doubled", float(doubled), "", limit=0),
        Figure("faults", "mismatches that verification names", float(bad), "", limit=0),
        Figure("faults", "instances that finish", float(ended or 0), "", limit=len(instances), at_least=True),
    ]


def _completions(stage: Stage, instances: list[str]) -> list[str]:
    with stage.engine.sessions() as session:
        select = sa.select(History.instance_id).where(
            History.event == "task.completed", History.node_id == "act", History.instance_id.in_(instances)
        )
        return list(session.scalars(select))


def _findings(stage: Stage) -> list[str]:
    with stage.engine.sessions() as session:
        return [found.as_text() for found in stage.engine.verify_everything(session)]


def _planted(stage: Stage, instances: list[str]) -> list[Figure]:
    """Three kinds of damage that a lost, a doubled and a torn write would leave."""
    lost, doubled, torn = instances[:3]
    with stage.engine.sessions() as session:
        session.execute(sa.update(Instance).where(Instance.id == torn).values(rev=Instance.rev - 1))
        session.execute(sa.delete(History).where(History.instance_id == lost, History.event == "task.completed"))
        row = dict(
            session.execute(
                sa.select(History.__table__).where(History.instance_id == doubled, History.node_id == "act").limit(1)
            )
            .mappings()
            .one()
        )
        session.execute(sa.insert(History.__table__).values(**row | {"id": secrets.token_hex(16), "seq": 900}))
        session.commit()
    named = _findings(stage)
    found = sum(any(one in text for text in named) for one in (lost, doubled, torn))
    return [Figure("faults", "of 3 planted damages, named", float(found), "", limit=3, at_least=True)]


@dataclass
class _Killer(threading.Thread):
    """Kills one server after the other, at random moments; on PostgreSQL also connections in the database."""

    stage: Stage
    servers: list[served.Program]
    chance: random.Random
    kills: int = 0
    outages: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        turn = 0
        while not self._over.wait(self.chance.uniform(0.3, 1.2)):
            if not self.stage.is_sqlite and self.chance.random() < 0.5:
                self._end_backends()
            else:
                server = self.servers[turn % len(self.servers)]
                server.kill()
                began = time.monotonic()
                server.start()
                self.outages.append(time.monotonic() - began)
                turn += 1
            self.kills += 1

    def _end_backends(self) -> None:
        with self.stage.engine.sessions() as session:
            session.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            )

    def stop(self) -> None:
        self._over.set()
        if self.is_alive():
            self.join(timeout=90)


@dataclass
class _Client(threading.Thread):
    """Takes one task after the other and does not let go of it before it has an answer."""

    work: queue.Queue[str]
    servers: list[served.Program]
    token: str
    chance: random.Random
    answers: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._later: list[tuple[float, str, str]] = []  # when, task, key: the server said to come again

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while (one := self._next()) is not None:
            task_id, key = one
            copies = 2 if self.chance.random() < _TWICE else 1
            if not self._settled(task_id, key, copies):
                self._later.append((time.monotonic() + self.chance.uniform(0.1, 0.6), task_id, key))

    def _next(self) -> tuple[str, str] | None:
        self._later.sort()
        if self._later and self._later[0][0] <= time.monotonic():
            _when, task_id, key = self._later.pop(0)
            return task_id, key
        try:
            return self.work.get_nowait(), secrets.token_hex(16)
        except queue.Empty:
            if not self._later:
                return None
            when, task_id, key = self._later.pop(0)
            time.sleep(max(0.0, when - time.monotonic()))
            return task_id, key

    def _settled(self, task_id: str, key: str, copies: int) -> bool:
        if copies == 1:
            return self._ask(task_id, key)
        outcome: list[bool] = []
        twin = threading.Thread(target=lambda: outcome.append(self._ask(task_id, key)), daemon=True)
        twin.start()
        own = self._ask(task_id, key)
        twin.join()
        return own or any(outcome)

    def _ask(self, task_id: str, key: str) -> bool:
        """True when it is certain that the task is done, by this request or by its twin."""
        server = self.chance.choice(self.servers)
        client = served.Client(server.port, self.token, timeout=15)
        try:
            status, body = client.call(
                "POST", f"/tasks/{task_id}/completion", {"answers": ANSWERS}, {"Idempotency-Key": key}
            )
        except (OSError, http.client.HTTPException, ValueError):
            self.answers[0] += 1
            return False
        finally:
            client.close()
        self.answers[status] += 1
        if status == 200 or (status == 409 and (body or {}).get("status") == "done"):
            return True
        if status in _UNANSWERED or status == 409:
            return False
        raise RuntimeError(f"completion answered {status}: {body}")
