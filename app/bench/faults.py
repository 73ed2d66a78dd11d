"""Servers killed at random while six clients work: nothing lost, nothing doubled, everything finishes.

Two servers stand on one database. Every now and then one of them is killed with SIGKILL and started again; on
PostgreSQL backends of the database are ended as well. Each client carries its task through with one idempotency key,
sends some requests twice at once, and asks again after every answer that is no answer. What is counted afterwards is
what the database holds, not what the clients were told.

Two controls: a naive client, which sends again without a key when an answer is lost, doubles things, and the count must
show it; and single records are damaged on purpose, since verification that names none of them would prove nothing.
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
LEAST_KILLS, PER_KILL = 6, 50  # kills: one for so many tasks, and never fewer than that
NAIVE = 10
_TWICE = 0.2  # share of requests that are sent twice at once
_UNANSWERED = (503, 502, 500, 429)


def faults(stage: Stage, count: int) -> list[Figure]:
    """F1 on SQLite, F2 on PostgreSQL: completions under random kills."""
    instances = stage.start("errand", count)
    work = _Work(stage.open_tasks("act", instances), max(LEAST_KILLS, count // PER_KILL))
    servers = [served.Program(stage, "serve", "--no-demo", "--no-scheduler") for _ in range(SERVERS)]
    clients = [_Client(work, servers, stage.token(stage.people[n]), random.Random(n)) for n in range(CLIENTS)]
    killer = _Killer(stage, servers, work, random.Random(count))
    try:
        for server in servers:
            server.start()
        began = time.monotonic()
        for thread in [killer, *clients]:
            thread.start()
        for client in clients:
            client.join()
        took = time.monotonic() - began
        killer.join()
        naive = _lost_answers(stage, servers[0].port, keyed=False)
        keyed = _lost_answers(stage, servers[0].port, keyed=True)
    finally:
        work.close()
        for server in servers:
            server.stop()
    return [
        *_told(work, clients, killer, count / took),
        *_counted(stage, instances),
        Figure("faults", f"control: of {NAIVE} starts sent again without a key, doubled", naive, "", 1, at_least=True),
        Figure("faults", f"of {NAIVE} starts sent again with their key, doubled", keyed, "", limit=0),
        *_planted(stage, instances),
    ]


def _told(work: _Work, clients: list[_Client], killer: _Killer, speed: float) -> list[Figure]:
    """What the clients saw."""
    failed = [client.failed for client in clients if client.failed]
    if failed:
        raise failed[0]
    sent = sum(sum(client.answers.values()) for client in clients)
    broken = sum(client.answers[0] for client in clients)
    busy = sum(client.answers[503] for client in clients)
    mute = sum(client.without_retry_after for client in clients)
    found = [
        Figure("faults", f"{len(work.tasks):,} completions, servers killed", float(len(killer.outages)), ""),
        Figure("faults", "requests sent", float(sent), ""),
        Figure("faults", "requests that broke off", float(broken), ""),
        Figure("faults", "told to come again (503)", float(busy), ""),
        Figure("faults", "503 without Retry-After", float(mute), "", limit=0),
        Figure("faults", "told that it was interrupted", float(sum(client.interrupted for client in clients)), ""),
        Figure("faults", "completions a second meanwhile", speed, "/s"),
        Figure("faults", "longest time until a killed server answered again", max(killer.outages, default=0.0), "s"),
    ]
    if killer.cuts:
        gaps = [min(after) - cut for cut in killer.cuts if (after := [at for at in work.done_at if at > cut])]
        found += [
            Figure("faults", "times that all connections to the database were ended", float(len(killer.cuts)), ""),
            Figure("faults", "longest time until something was done again", max(gaps, default=0.0), "s", limit=5),
        ]
    return found


def _lost_answers(stage: Stage, port: int, *, keyed: bool) -> float:
    """Start things, hang up before the answer comes, and send the same again; how many were started twice."""
    token = stage.token(stage.people[0])
    before = _instances(stage)
    for number in range(NAIVE):
        body = {"definition": "errand", "data": {"number": 10**6 + number}}
        key = {"Idempotency-Key": secrets.token_hex(16)} if keyed else {}
        first = served.Client(port, token)
        first.send_only("POST", "/instances", body, key)
        again, until = served.Client(port, token), time.monotonic() + 30
        while again.call("POST", "/instances", body, key)[0] != 201 and time.monotonic() < until:
            time.sleep(0.2)
        again.close()
        first.close()
    time.sleep(1)  # what was hung up is still carried out
    return float(_instances(stage) - before - NAIVE)


def _instances(stage: Stage) -> int:
    with stage.engine.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Instance)) or 0


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


class _Work:
    """The tasks, given out in as many portions as there are kills: every kill meets clients that are at work."""

    def __init__(self, tasks: list[str], kills: int) -> None:
        self.tasks, self.kills = tasks, kills
        self.done_at: list[float] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._left = list(tasks)

    def portion(self) -> None:
        size = -(-len(self.tasks) // self.kills)
        for task_id in self._left[:size]:
            self._queue.put(task_id)
        del self._left[:size]
        if not self._left:
            self.close()

    def close(self) -> None:
        for _client in range(CLIENTS):
            self._queue.put(None)

    def take(self, seconds: float) -> str | None:
        """A task; None when there will be none any more. queue.Empty after so many seconds."""
        return self._queue.get(timeout=seconds)


@dataclass
class _Killer(threading.Thread):
    """Kills one server after the other, at random moments; on PostgreSQL also connections in the database.

    The killed one is up again before the other is killed: somebody answers at any time.
    """

    stage: Stage
    servers: list[served.Program]
    work: _Work
    chance: random.Random
    outages: list[float] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        try:
            for turn in range(self.work.kills):
                self.work.portion()
                time.sleep(self.chance.uniform(0.05, 0.6))
                if not self.stage.is_sqlite and turn % 2:
                    self.cuts.append(time.monotonic())
                    self._end_backends()
                else:
                    server = self.servers[len(self.outages) % len(self.servers)]
                    server.kill()
                    began = time.monotonic()
                    server.start()
                    self.outages.append(time.monotonic() - began)
        finally:
            self.work.close()

    def _end_backends(self) -> None:
        with self.stage.engine.sessions() as session:
            session.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            )


@dataclass
class _Client(threading.Thread):
    """Takes one task after the other and does not let go of it before it has an answer."""

    work: _Work
    servers: list[served.Program]
    token: str
    chance: random.Random
    answers: Counter[int] = field(default_factory=Counter)
    interrupted: int = 0
    without_retry_after: int = 0
    failed: Exception | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._later: list[tuple[float, str, str]] = []  # when, task, key: the server said to come again
        self._over = False

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        try:
            while (one := self._next()) is not None:
                task_id, key = one
                copies = 2 if self.chance.random() < _TWICE else 1
                if self._settled(task_id, key, copies):
                    self.work.done_at.append(time.monotonic())
                else:
                    self._later.append((time.monotonic() + self.chance.uniform(0.1, 0.6), task_id, key))
        except Exception as error:  # told by the bench, which otherwise would count what was left undone
            self.failed = error
            raise

    def _next(self) -> tuple[str, str] | None:
        while True:
            self._later.sort()
            if self._later and self._later[0][0] <= time.monotonic():
                _when, task_id, key = self._later.pop(0)
                return task_id, key
            if self._over and not self._later:
                return None
            if self._over:
                time.sleep(0.05)
                continue
            try:
                found = self.work.take(0.05)
            except queue.Empty:
                continue
            if found is not None:
                return found, secrets.token_hex(16)
            self._over = True

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
            if status == 409 and "interrupted" in body:
                # Its process was killed after something was committed: the present state tells what.
                self.interrupted += 1
                seen, task = client.call("GET", f"/tasks/{task_id}")
                return seen == 200 and task["status"] == "done"
        except (OSError, http.client.HTTPException, ValueError):
            self.answers[0] += 1
            return False
        finally:
            client.close()
        self.answers[status] += 1
        if status == 503 and not client.retry_after:
            self.without_retry_after += 1
        if status == 200 or (status == 409 and "completed_by" in body):
            return True
        if status in _UNANSWERED or status == 409:
            return False
        raise RuntimeError(f"completion answered {status}: {body}")
