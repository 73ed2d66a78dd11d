"""Random paths through random processes: each step in the engine, restored by a fresh one; in a second engine that
never restores anything; and in the model. After every step all three must agree, and `verify` must find nothing.

    python -m tests.engine.random_paths 0 1000                  plays these seeds and prints those that disagree
    python -m tests.engine.random_paths 0 1000 postgresql       the same on PostgreSQL
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.clock import FixedClock
from app.engine import HumanTask, Incident, Instance, Subscription, Timer
from app.engine.running import serializing
from app.engine.running.checkout import unsealed
from tests.cast import START, member
from tests.engine import random_processes as r
from tests.engine.conftest import World, build, engine_on, fill
from tests.engine.token_game import Game
from tests.postgres import Cluster

_IDS = re.compile(r"\b[0-9a-f]{32}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


# Asked after every step, of an instance.
_OF = sa.bindparam("instance")
STATUS = sa.select(Instance.status).where(Instance.id == _OF)
OPEN = sa.select(HumanTask.id, HumanTask.node_id, HumanTask.due_at).where(
    HumanTask.instance_id == _OF, HumanTask.status == "open"
)
EVENTS = sa.select(Timer.node_id, Timer.due_at).where(
    Timer.instance_id == _OF, Timer.kind == "event", Timer.state == "waiting"
)
DEADLINES = sa.select(Timer.task_id, Timer.due_at).where(
    Timer.instance_id == _OF, Timer.kind == "overdue", Timer.state.in_(("waiting", "fired"))
)
STUCK = sa.select(Incident.node_id).where(Incident.instance_id == _OF, Incident.resolved_at.is_(None))
WAITING = sa.select(Subscription.node_id).where(Subscription.instance_id == _OF, Subscription.state == "waiting")


class Disagreement(AssertionError):
    """The seed, the path so far, and what is different."""


class Memory:
    """While it is used, what was written is not restored but taken from memory, as it was left."""

    def __init__(self) -> None:
        self.kept: dict[bytes, Any] = {}
        self.dumped: tuple[bytes, Any] | None = None

    @contextmanager
    def used(self) -> Iterator[None]:
        load, dump, seal = serializing.load, serializing.dump, serializing.seal

        def remembered(text: bytes, specs: Any) -> Any:
            return self.kept.pop(text) if text in self.kept else load(text, specs)

        def watched(workflow: Any) -> bytes:
            text = dump(workflow)
            if serializing.load is remembered:
                self.dumped = (text, workflow)
            return text

        def sealed(text: bytes, secret: bytes, instance_id: str, rev: int) -> tuple[bytes, str]:
            assert self.dumped is not None
            if self.dumped[0] == text:
                self.kept = {text: self.dumped[1]}
            return seal(text, secret, instance_id, rev)

        def honest(text: bytes, specs: Any) -> None:
            """The same check; what it restores is not what goes on."""
            serializing.load = load
            try:
                trip(text, specs)
            finally:
                serializing.load = remembered

        trip = serializing.require_round_trip
        serializing.load, serializing.dump, serializing.seal = remembered, watched, sealed
        serializing.require_round_trip = honest
        try:
            yield
        finally:
            serializing.load, serializing.dump, serializing.seal = load, dump, seal
            serializing.require_round_trip = trip


@dataclass
class Side:
    """One engine with its database and clock, and the instance that is played."""

    world: World
    memory: Memory | None
    failing: set[str] = field(default_factory=set)
    instance: str = ""

    def __post_init__(self) -> None:
        self._register()

    def _register(self) -> None:
        services = self.world.engine.services.tasks
        for name in ("chance.work", "chance.once"):
            services.pop(name, None)

        def work(call: Any, node: str) -> None:
            if node in self.failing:
                raise ConnectionError("by chance")

        self.world.engine.service_task("chance.work")(work)
        self.world.engine.service_task("chance.once", repeatable=False)(lambda call, node: work(call, node))

    def do(self, act: Callable[[World], Any]) -> Any:
        """With a fresh engine, as after a restart; or without ever restoring."""
        if self.memory is not None:
            with self.memory.used():
                return act(self.world)
        services, handlers = self.world.engine.services, self.world.engine.handlers
        self.world.engine = engine_on(self.world.sessions, self.world.clock)
        self.world.engine.services = services
        for kind, handler in handlers.items():
            self.world.engine.handlers.setdefault(kind, handler)
        return act(self.world)

    def rows(self) -> list[HumanTask]:
        return self.world.tasks(self.instance)

    def state(self) -> Any:
        with self.world.sessions() as session:
            row = session.execute(sa.select(*Instance.__table__.c).where(Instance.id == self.instance)).mappings().one()
            return canonical(unsealed(self.world.engine, dict(row)))


def canonical(text: bytes) -> Any:
    """The tree as it is, without the names that differ by chance."""
    state = json.loads(_IDS.sub(lambda found: f"#{found[0]}" if "-" in found[0] else "#", text.decode()))

    def scope(one: dict[str, Any]) -> Any:
        tasks = one["tasks"]

        def task(key: str) -> Any:
            found = tasks[key]
            return {
                "spec": found["task_spec"],
                "state": found["state"],
                "data": found["data"],
                "delta": found["delta"] | {"deletions": sorted(found["delta"].get("deletions", ()))},
                "internal": found["internal_data"],
                "inner": scope(state["subprocesses"][key]) if key in state["subprocesses"] else None,
                "children": [task(child) for child in found["children"]],
            }

        last = tasks[one["last_task"]]["task_spec"] if one["last_task"] else None
        return {"root": task(one["root"]), "completed": one["completed"], "last": last}

    return json.loads(_IDS.sub("#", json.dumps(scope(state), sort_keys=True)))


class Player:
    """Plays one process by the dice of one seed."""

    again = 0.55  # how likely a loop goes round once more

    def __init__(self, seed: int, sides: list[Side], size: int = 14, moves: int = 30) -> None:
        self.seed, self.sides, self.moves = seed, sides, moves
        self.chance = random.Random(seed * 7919 + 1)
        self.body = r.process(seed, size)
        self.package = r.package(self.body, f"chance_{seed}")
        self.steps = {one.id: one for one in r.inside(self.body) if isinstance(one, r.Step)}
        self.services = [one.id for one in r.inside(self.body) if isinstance(one, r.Service)]
        self.path: list[str] = []
        self.counter = 0

    @property
    def first(self) -> Side:
        return self.sides[0]

    def play(self) -> list[str]:
        """The path that was taken. Raises Disagreement."""
        try:
            self._play()
        except Exception as error:
            raise Disagreement(
                f"seed {self.seed}\n" + "\n".join(self.path) + f"\n{type(error).__name__}: {error}"
            ) from error
        return self.path

    def _play(self) -> None:
        zero = self.start()
        self.game = Game(self.body, self.first.world.clock.now())
        self.game.data = zero | self.game.data
        self.agree()
        for _move in range(self.moves):
            if self.game.ended:
                break
            self.move()
            self.agree()

    def start(self) -> dict[str, int]:
        """With everything that a step will write at nought."""
        board = [member(key).id for key in r.SIGNERS]
        zero = dict.fromkeys(r.variables(self.body), 0)
        for side in self.sides:
            side.world.deploy(self.package)
            side.instance = side.do(lambda world: world.start(self.package.key, zero | {"board": board}))
        return zero

    # -- moves

    def move(self) -> None:
        kinds = ["advance"]
        if self.game.open:
            kinds += ["complete"] * 8 + ["fail"] * (1 if self.services else 0) + ["back", "take_back", "suspend"]
        if self.game.stuck:
            kinds += ["retry"] * 4
        if self.game.waiting:
            kinds += ["receive"] * 4
        if self.seed >= r.WIDE:
            kinds += ["sleep"]
        if self.seed >= r.AMENDED:
            kinds += ["amend"]
        getattr(self, f"_{self.chance.choice(kinds)}")()

    def each(self, act: Callable[[Side, World], Any]) -> list[Any]:
        return [side.do(lambda world, side=side: act(side, world)) for side in self.sides]  # type: ignore[misc]

    def _row(self, side: Side, node: str, who: str = "") -> HumanTask:
        rows = [row for row in side.rows() if row.node_id == node]
        return next((row for row in rows if not who or row.assignee_id == member(who).id), rows[0])

    def _actor(self, row: HumanTask, world: World) -> Any:
        held = next((key for key in r.SIGNERS if row.assignee_id == member(key).id), "zhao")
        return world.person(held)

    def _complete(self) -> None:
        node = self.chance.choice(sorted(set(self.game.open)))
        step = self.steps[node]
        values: dict[str, Any] = {}
        who = ""
        if step.policy:
            holders = {row.assignee_id for row in self.first.rows() if row.node_id == node}
            who = self.chance.choice([key for key in r.SIGNERS if member(key).id in holders])
        elif not step.silent:
            self.counter += 1
            values = {f"v_{node}": self.counter} | {
                pick: int(self.chance.random() < (self.again if pick.startswith("again") else 0.5))
                for pick in step.picks
            }
        answers = {"decision": "agree"} if step.policy else values
        self.path.append(f"complete {node} {values} {who}")

        def act(side: Side, world: World) -> None:
            row = self._row(side, node, who)
            world.engine.complete(row.id, answers, by=self._actor(row, world))

        self.each(act)
        self.game.complete(node, values, who)

    def _fail(self) -> None:
        """Whatever service the next step reaches fails."""
        self.path.append("services fail")
        for side in self.sides:
            side.failing |= set(self.services)
        self.game.failing = set(self.services)
        self._complete()
        for side in self.sides:
            side.failing.clear()
        self.game.failing = set()

    def _retry(self) -> None:
        node = self.chance.choice(self.game.stuck)
        self.path.append(f"retry {node}")

        def act(side: Side, world: World) -> None:
            incident = next(row for row in world.incidents(side.instance) if row.node_id == node)
            assert world.engine.retry(incident.id, by=world.person("zhao"))

        self.each(act)
        self.game.retry(node)

    def _receive(self) -> None:
        node = self.chance.choice(self.game.waiting)
        self.path.append(f"receive {node}")
        message = node in self.game.messages

        def act(side: Side, world: World) -> None:
            if message:
                world.engine.send_message(node, side.instance, {}, by=world.person("zhao"))
            else:
                world.engine.send_signal(node, {}, by=world.person("zhao"))
                world.engine.deliver_all()

        self.each(act)
        self.game.receive(node)

    def _sleep(self) -> None:
        """Nothing runs for a while: no timer fires, no retry runs, and then all that is due does."""
        seconds = self.chance.choice([6000, 20_000, 100_000]) + self.chance.randrange(599)
        self.path.append(f"nothing runs for {seconds} s")

        def act(_side: Side, world: World) -> None:
            world.clock.set(world.clock.now() + dt.timedelta(seconds=seconds))
            world.engine.run_due_timers()
            world.advance(seconds=0)

        self.each(act)
        self.game.down_until(self.first.world.clock.now())

    def _advance(self) -> None:
        seconds = self.chance.choice([600, 6000, 20_000, 100_000]) + self.chance.randrange(599)
        self.path.append(f"advance {seconds} s")
        self.each(lambda _side, world: world.advance(seconds=seconds))
        self.game.advance(self.first.world.clock.now())

    def _amend(self) -> None:
        """One value that no step writes: wherever a token goes afterwards, it knows the newest."""
        self.counter += 1
        self.path.append(f"amend {self.counter}")
        values = {"amended": self.counter}
        self.each(lambda side, world: world.engine.amend(side.instance, values, "补录", by=world.person("zhao")))
        self.game.data |= values

    def _suspend(self) -> None:
        self.path.append("suspend, resume")
        node = self.game.open[0]

        def act(side: Side, world: World) -> None:
            row = self._row(side, node)
            world.engine.suspend(side.instance, "核查", by=world.person("zhao"))
            for refused in (
                lambda: world.engine.complete(row.id, {}, by=self._actor(row, world)),
                lambda: world.engine.send_back(row.id, node, "x", by=self._actor(row, world)),
            ):
                try:
                    refused()
                except (errors.Conflict, errors.Forbidden):
                    continue
                raise AssertionError("a suspended instance was acted on")
            world.engine.resume(side.instance, by=world.person("zhao"))

        self.each(act)

    def _back(self) -> None:
        node = self.chance.choice(self.game.open)
        row = self._row(self.first, node)
        with self.first.world.sessions() as session:
            offered = [target.node_id for target in self.first.world.engine.return_targets(session, row)]
        if not offered:
            return
        to = self.chance.choice(offered)
        self.path.append(f"return {node} to {to} (of {', '.join(offered)})")

        def act(side: Side, world: World) -> None:
            mine = self._row(side, node)
            world.engine.send_back(mine.id, to, "材料不全", by=self._actor(mine, world))

        self.each(act)
        self.game.go_back(to, node)

    def _take_back(self) -> None:
        world = self.first.world
        done = [row for row in world.tasks(self.first.instance, "done") if not self.steps[row.node_id].policy]
        with world.sessions() as session:
            may = [row for row in done if world.engine.may_withdraw(session, row, row.completed_by_id or "")]
        if not may:
            return
        chosen = self.chance.choice(sorted(may, key=lambda row: row.id))
        if [row.node_id for row in may].count(chosen.node_id) > 1:
            return
        self.path.append(f"withdraw {chosen.node_id}")

        def act(side: Side, world: World) -> None:
            mine = [
                row
                for row in sorted(side.world.tasks(side.instance, "done"), key=lambda row: row.id)
                if row.node_id == chosen.node_id and row.completed_by_id == chosen.completed_by_id
            ][-1]
            by = next(key for key in r.SIGNERS if member(key).id == mine.completed_by_id)
            world.engine.withdraw(mine.id, "填错了", by=world.person(by))

        self.each(act)
        self.game.go_back(chosen.node_id, None)

    # -- agreement

    def agree(self) -> None:
        for side in self.sides:
            with side.world.sessions() as session:
                steps = self._as_the_model(side, session)
                self._whole(side, session, steps)
                session.rollback()
        states = [side.state() for side in self.sides]
        for other in states[1:]:
            same("the state, restored and not restored", states[0], other)

    def _as_the_model(self, side: Side, session: Session) -> list[Any]:
        """The open steps, as they are stored."""
        game, of = self.game, {"instance": side.instance}
        same("ended", game.ended, session.scalar(STATUS, of) == "ended")
        steps = list(session.execute(OPEN, of))
        same("open steps", game.open, sorted(row.node_id for row in steps))
        same("timers", game.timers, sorted((row.node_id, row.due_at) for row in session.execute(EVENTS, of)))
        same("services that wait", game.stuck, sorted(str(node) for node in session.scalars(STUCK, of)))
        same("messages waited for", game.waiting, sorted(session.scalars(WAITING, of)))
        known = side.world.engine.data(session, side.instance)
        same("what is known", game.known, {name: known.get(name) for name in game.known})
        return steps

    def _whole(self, side: Side, session: Session, steps: list[Any]) -> None:
        """No deadline vanished, and what is stored agrees with itself."""
        armed = {(row.task_id, row.due_at) for row in session.execute(DEADLINES, {"instance": side.instance})}
        for row in steps:
            if row.due_at is not None and (row.id, row.due_at) not in armed:
                raise AssertionError(f"the deadline of {row.node_id} has vanished")
        same("what verify finds", [], [str(one) for one in side.world.engine._instance(session, side.instance)])


def same(what: str, wanted: Any, got: Any) -> None:
    if wanted != got:
        raise AssertionError(f"{what}: expected {wanted}, got {got}")


def play(seed: int, worlds: list[World], **more: int) -> list[str]:
    """The first world restores after every step, the second never does."""
    sides = [Side(world, None if index == 0 else Memory()) for index, world in enumerate(worlds)]
    return Player(seed, sides, **more).play()


@contextmanager
def two_urls(database: str) -> Iterator[Callable[[], list[str]]]:
    """Gives the addresses of two fresh databases each time it is called; the ones before are gone then."""
    if database == "postgresql":
        cluster, old = Cluster(), list[str]()

        def copies() -> list[str]:
            while old:
                cluster.drop(old.pop())
            old.extend(cluster.database("engine", fill) for _name in ("one", "two"))
            return old

        try:
            yield copies
        finally:
            cluster.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.sqlite"
        fill(f"sqlite:///{template}")

        def files() -> list[str]:
            paths = [Path(folder) / f"{name}.sqlite" for name in ("one", "two")]
            for path in paths:
                shutil.copy(template, path)
            return [f"sqlite:///{path}" for path in paths]

        yield files


def play_all(play: Callable[..., list[str]], first: int, last: int, database: str = "sqlite") -> int:
    """How many seeds disagree; each is printed with the path that led there."""
    wrong = 0
    with two_urls(database) as fresh:
        for seed in range(first, last):
            worlds = [build(url, FixedClock(START)) for url in fresh()]
            try:
                play(seed, worlds)
            except Disagreement as found:
                wrong += 1
                sys.stdout.write(f"{found}\n\n")
                sys.stdout.flush()
            for world in worlds:
                world.sessions.kw["bind"].dispose()
    sys.stdout.write(f"{last - first} seeds, {wrong} disagree\n")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if play_all(play, int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]) else 0)
