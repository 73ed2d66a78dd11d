"""Random paths on which an operator moves tokens. Where they go no block says, so the model is silent; what must hold:

restored and not restored the state is the same, `verify` finds nothing, no deadline is gone, nowhere stand two tokens
where one belongs, a refused move has changed nothing, and whatever was moved, the instance still comes to its end.

    python -m tests.engine.moved_paths 0 1000 [postgresql]      prints the seeds that disagree
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import sqlalchemy as sa

from app import errors
from app.engine import Subscription, Timer
from tests.engine import random_processes as r
from tests.engine.conftest import World
from tests.engine.random_paths import OPEN, Memory, Player, Side, play_all, same

_STEPS = 120  # to come to an end once nothing is moved any more


class _Stored:
    """What there is to do, as it is stored; it takes the place of the model and knows nothing in advance."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.data: dict[str, Any] = {}
        self.failing: set[str] = set()

    @property
    def ended(self) -> bool:
        return self.side.world.instance(self.side.instance).status == "ended"

    @property
    def open(self) -> list[str]:
        return sorted(row.node_id for row in self.side.rows())

    @property
    def stuck(self) -> list[str]:
        rows = self.side.world.incidents(self.side.instance)
        for row in rows:
            if row.node_id is None:
                raise AssertionError(f"{row.kind}: {row.message}")
        return sorted(row.node_id for row in rows)

    def _waits(self, kind: str) -> list[str]:
        rows = self.side.world.rows(Subscription, self.side.instance, state="waiting", kind=kind)
        return sorted(row.node_id for row in rows)

    @property
    def messages(self) -> list[str]:
        return self._waits("message")

    @property
    def waiting(self) -> list[str]:
        return sorted([*self.messages, *self._waits("signal")])

    def _happened(self, *_what: Any) -> None:
        """It is stored already."""

    complete = retry = receive = advance = down_until = go_back = _happened


class Mover(Player):
    """Plays one process, with an operator at work."""

    game: Any

    def _play(self) -> None:
        self.start()
        self.game = _Stored(self.first)
        self.once = _once(self.body)
        self.agree()
        for _move in range(self.moves):
            if self.game.ended:
                return
            self.move() if self.chance.random() < 0.75 else self._move_token()
            self.agree()
        self._come_to_an_end()

    def _move_token(self) -> None:
        engine = self.first.world.engine
        with self.first.world.sessions() as session:
            found = engine.movable(session, self.first.instance)
        if not found:
            return
        here = self.chance.choice(sorted(found, key=lambda one: one.node.id))
        there = self.chance.choice(sorted(place.node.id for place in here.places))
        before = [side.state() for side in self.sides]

        def act(side: Side, world: World) -> str:
            try:
                world.engine.move_token(side.instance, here.node.id, there, "走错", by=world.person("gao"))
            except errors.Invalid as refused:
                return "; ".join(str(text) for text in refused.errors["to"])
            return ""

        self.path.append(f"move {here.node.id} to {there}")
        first, second = self.each(act)
        same("whether the operator is refused", bool(first), bool(second))
        self.path[-1] += " (refused)" if first else ""
        if first:
            same("the state after a refusal", before, [side.state() for side in self.sides])

    def _come_to_an_end(self) -> None:
        """Straight on: no loop goes round again, what waits for a step that was passed over is told that it was done."""
        self.again = 0.0
        for _step in range(_STEPS):
            if self.game.ended:
                return
            if self.game.open:
                self._complete()
            elif self.game.stuck:
                self._retry()
            elif self.game.waiting and self.chance.random() < 0.5:
                self._receive()  # not always: what is done beside may begin again each time
            elif self.chance.random() < 0.5:
                self._advance()
            else:
                self._tell_of_what_was_passed_over()
            self.agree()
        raise AssertionError(f"it does not come to its end: {self.game.open}, {self.game.stuck}, {self.game.waiting}")

    def _tell_of_what_was_passed_over(self) -> None:
        steps = sorted(f"v_{one.step}" for one in r.inside(self.body) if isinstance(one, r.Until))
        self.path.append(f"amend {steps}")
        if values := dict.fromkeys(steps, 1):
            self.each(lambda side, world: world.engine.amend(side.instance, values, "补录", by=world.person("zhao")))

    def agree(self) -> None:
        for side in self.sides:
            with side.world.sessions() as session:
                steps = list(session.execute(OPEN, {"instance": side.instance}))
                self._whole(side, session, steps)
                places = [row.node_id for row in steps if not self.steps[row.node_id].policy]
                for model, column in ((Subscription, Subscription.node_id), (Timer, Timer.node_id)):
                    of = sa.select(column).where(model.instance_id == side.instance, model.state == "waiting")
                    places += session.scalars(of.where(Timer.kind == "event") if model is Timer else of)
                session.rollback()
            twice = [node for node, count in Counter(places).items() if count > 1 and node in self.once]
            same("two tokens where one belongs", [], twice)
        first, second = [side.state() for side in self.sides]
        same("the state, restored and not restored", first, second)


def _once(body: r.Seq) -> set[str]:
    """Where there can be one token only: not in what is done beside a step, as often as its event happens."""
    beside: set[str] = set()
    for block in r.inside(body):
        edges = block.edges if isinstance(block, r.Guard) else block.events if isinstance(block, r.Sub) else ()
        for edge in edges:
            if not edge.interrupting:
                beside |= {one.id for one in r.inside(edge.handler) if hasattr(one, "id")}
    return {one.id for one in r.inside(body) if hasattr(one, "id")} - beside


def play(seed: int, worlds: list[World], **more: int) -> list[str]:
    """The first world restores after every step, the second never does."""
    sides = [Side(world, None if index == 0 else Memory()) for index, world in enumerate(worlds)]
    return Mover(seed, sides, **more).play()


if __name__ == "__main__":
    sys.exit(1 if play_all(play, int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]) else 0)
