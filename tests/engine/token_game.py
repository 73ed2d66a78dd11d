"""What a block-structured process may do, played with nothing but the blocks: the model that the engine is held to.

It knows no tree of tasks, no joins, no stored state: a block runs, its parts run in it, and when they are over so
is it. A sub-process is over when nothing runs in it any more. Time is given from outside.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.engine import random_processes as r


class Impossible(AssertionError):
    """The engine did what the blocks do not allow."""


class Game:
    """One instance. `failing` names services that fail when a token comes to them."""

    def __init__(self, body: r.Seq, now: dt.datetime) -> None:
        self.body, self.now = body, now
        self.data: dict[str, Any] = {}
        self.failing: set[str] = set()
        self.selected: dict[str, int] = {}  # inclusive gateways: how many branches went on at the last time
        self.began: dict[str, int] = {}  # steps: when they began last
        self.count = itertools.count()
        self.ended = False
        self.root = Scope(self, r.Sub("all", body), None)
        self.root.begin()
        self.look()

    # -- what is there

    def live(self, kind: type) -> list[Any]:
        return [run for run in self.root.all() if isinstance(run, kind)]

    @property
    def open(self) -> list[str]:
        return sorted(run.block.id for run in self.live(StepRun) for _row in range(run.rows))

    @property
    def timers(self) -> list[tuple[str, dt.datetime]]:
        return sorted((name, due) for name, due, _fire in self._timers())

    @property
    def stuck(self) -> list[str]:
        return sorted(run.block.id for run in self.live(ServiceRun) if run.failed)

    @property
    def waiting(self) -> list[str]:
        """Messages and signals."""
        return sorted([*self.messages, *self.signals])

    @property
    def messages(self) -> list[str]:
        own = [run.block.id for run in self.live(ReceiveRun)]
        return sorted(own + [edge.id for run in self._armed() for edge in run.armed if edge.kind == "message"])

    @property
    def signals(self) -> list[str]:
        own = [run.block.id for run in self.live(HearRun)]
        return sorted(own + [edge.id for run in self._armed() for edge in run.armed if edge.kind == "signal"])

    def _armed(self) -> list[Any]:
        return [run for run in self.root.all() if isinstance(run, (Scope, GuardRun, RaceRun))]

    @property
    def known(self) -> dict[str, Any]:
        """All that branches and called processes have found out."""
        found = dict(self.data)
        for run in self.root.all():
            if isinstance(run, Scope):
                found |= run.own
        return found

    # -- what happens

    def complete(self, step: str, values: dict[str, Any], who: str = "") -> None:
        run = next(run for run in self.live(StepRun) if run.block.id == step)
        run.complete(values, who)
        self.look()

    def receive(self, name: str) -> None:
        """A message, or a signal from outside."""
        self.hear(name)
        self.look()

    def hear(self, name: str) -> None:
        for run in [run for run in self.root.all() if isinstance(run, (ReceiveRun, HearRun)) and run.block.id == name]:
            run.finish()
        for run in self._armed():
            for edge in [edge for edge in run.armed if edge.id == name]:
                run.fire(edge.id)

    def retry(self, service: str) -> None:
        next(run for run in self.live(ServiceRun) if run.block.id == service and run.failed).again()
        self.look()

    def advance(self, to: dt.datetime) -> None:
        while True:
            due = min((at for _name, at, _fire in self._timers(all_kinds=True)), default=None)
            if due is None or due > to:
                break
            self.now = due
            for _name, at, fire in self._timers(all_kinds=True):
                if at == due:
                    fire()
                    self.look()
                    break
        self.now = to

    def down_until(self, to: dt.datetime) -> None:
        """Nothing ran for so long: what became due meanwhile happens now, all at once, outer scopes first.

        What interrupts comes before what happens beside, and that before what only goes on. Turns of a cycle that
        were missed are one.
        """
        self.now = to
        due = [one for one in self._timers() if one[1] <= to]
        runs = [run for run in self._armed() if run.due]
        late = [(run, edge) for run in runs for edge in run.armed if run.due.get(edge.id, self.never) <= to]
        cycles = [(run, edge) for run, edge in late if edge.turns]
        for run, edge in cycles:
            run.skip(edge, to)
        edges = [(run, edge) for run, edge in late if not edge.turns and not isinstance(run, RaceRun)]
        for run, edge in sorted(
            edges, key=lambda one: (not one[1].interrupting, one[0].depth, one[0].due.get(one[1].id, self.never))
        ):
            if run in self.root.all() and edge.id in run.due:
                run.fire(edge.id)
                self.look()
            elif not edge.interrupting and run.was_over and run.scope in self.root.all():
                run.scope.add(edge.handler).begin()  # it was due as well as what interrupted
                self.look()
        for run, edge in cycles:
            if run in self.root.all() or (run.was_over and run.scope in self.root.all()):
                run.scope.add(edge.handler).begin()
                self.look()
        self._go_on(due)
        for run in self.live(ServiceRun):
            if run in self.root.all() and run.failed and run.failed <= to:
                run.again()
                self.look()

    def _go_on(self, due: list[tuple[str, dt.datetime, Callable[[], None]]]) -> None:
        """Timers on the way, the innermost first; of an event gateway only the earliest."""
        catches = {name: fire for name, _at, fire in sorted(due, key=lambda one: one[1])}
        there = {run for run in self.root.all() if isinstance(run, (WaitRun, RaceRun))}
        for run in sorted(there, key=lambda run: -run.depth):
            names = [run.block.id] if isinstance(run, WaitRun) else [edge.id for edge in run.block.edges]
            first = next((name for name in catches if name in names), None)
            if first is not None and run in self.root.all():
                catches[first]()
                self.look()

    never = dt.datetime.max.replace(tzinfo=dt.UTC)

    def go_back(self, step: str, here: str | None) -> None:
        """One token takes the place of one; `here` is the step that is returned, None when one's own is taken back."""
        run: Run = self.root
        while (inner := next((one for one in run.children if _holds(one.block, step)), None)) is not None:
            run = inner
        if here is None:
            self._undo_beside(step, self.began[step])
        run.restart(step, here)
        self.look()

    def _undo_beside(self, step: str, since: int) -> None:
        """What events on the step, or on what came after it, had begun beside the main line is undone with it."""
        rounds = {run.block: run.children[0].number for run in self.live(LoopRun) if run.children}
        after = dict(_after_step(self.body, step))
        for scope in [run for run in self.root.all() if isinstance(run, Scope)]:
            for run in [run for run in scope.children if run.block in after and run.number > since]:
                loop = after[run.block]
                if loop is None or since < rounds.get(loop, since) < run.number:
                    run.keep()
                    scope.children.remove(run)

    def look(self) -> None:
        """Conditions, until none holds that was not seen."""
        while held := next(self._held(), None):
            held()

    def _held(self) -> Iterator[Callable[[], None]]:
        for run in self.live(UntilRun):
            if self.known.get(f"v_{run.block.step}", 0) > 0:
                yield run.finish
        for run in self._armed():
            for edge in run.armed:
                if edge.kind == "condition" and self.known.get(f"v_{edge.step}", 0) > 0:
                    yield lambda run=run, edge=edge: run.fire(edge.id)  # type: ignore[misc]

    def _timers(self, all_kinds: bool = False) -> Iterator[tuple[str, dt.datetime, Callable[[], None]]]:
        for run in list(self.root.all()):
            if isinstance(run, WaitRun):
                yield run.block.id, run.due, run.finish
            elif isinstance(run, (GuardRun, RaceRun, Scope)):
                for name, due in list(run.due.items()):
                    yield name, due, lambda run=run, name=name: run.fire(name)  # type: ignore[misc]
            elif all_kinds and isinstance(run, ServiceRun) and run.failed:
                yield run.block.id, run.failed, run.again


def _holds(block: r.Block, step: str) -> bool:
    return any(isinstance(one, r.Step) and one.id == step for one in r.inside(block))


def _after_step(block: Any, step: str) -> Iterator[tuple[r.Seq, r.Loop | None]]:
    """What is done beside by events on the step, and on whatever follows it up to the end or round a loop.

    With the loop where it follows only once another round has begun: in the step's own round it may stand in another
    branch. What follows in the round itself is told last, without a loop.
    """
    if isinstance(block, r.Guard):
        on_it = block.host == next(one for one in r.inside(block) if isinstance(one, r.Step) and one.id == step)
        if on_it:
            yield from ((handler, None) for handler in _beside(block))
        else:
            yield from _after_step(next(part for part in _parts(block) if _holds(part, step)), step)
        return
    if isinstance(block, r.Step):
        return
    if isinstance(block, r.Loop):
        yield from ((handler, block) for handler in _beside(block))
    for part in _parts(block):
        if _holds(part, step):
            yield from _after_step(part, step)
        elif isinstance(block, r.Seq) and block.parts.index(part) > _place(block, step):
            yield from ((handler, None) for handler in _beside(part))


def _place(block: r.Seq, step: str) -> int:
    return next(index for index, part in enumerate(block.parts) if _holds(part, step))


def _parts(block: Any) -> list[Any]:
    if isinstance(block, r.Guard):
        return [block.host, *(edge.handler for edge in block.edges)]
    if isinstance(block, r.Seq):
        return list(block.parts)
    if isinstance(block, (r.Choice, r.Some, r.Fork)):
        return list(block.branches)
    if isinstance(block, r.Race):
        return [edge.handler for edge in block.edges]
    if isinstance(block, r.Sub):
        return [block.body, *(event.handler for event in block.events)]
    return [block.body] if isinstance(block, (r.Loop, r.Call)) else []


def _beside(block: Any) -> Iterator[r.Seq]:
    for one in r.inside(block):
        if isinstance(one, r.Guard):
            yield from (edge.handler for edge in one.edges if not edge.interrupting)


class Run:
    def __init__(self, game: Game, block: Any, parent: Run | None) -> None:
        self.game, self.block, self.parent = game, block, parent
        self.number = next(game.count)
        if isinstance(block, r.Step):
            game.began[block.id] = self.number
        self.children: list[Run] = []

    def begin(self) -> None:
        """Start what the block does."""

    def over(self, child: Run) -> None:
        """A part is over."""

    def finish(self) -> None:
        assert self.parent is not None
        self.parent.children.remove(self)
        self.parent.over(self)

    def add(self, block: r.Block) -> Run:
        run = RUNS[type(block)](self.game, block, self)
        self.children.append(run)
        return run

    def all(self) -> Iterator[Run]:
        yield self
        for child in self.children:
            yield from child.all()

    @property
    def leaves(self) -> list[Run]:
        alone = (StepRun, WaitRun, UntilRun, ReceiveRun, HearRun, ServiceRun)
        return [run for run in self.all() if isinstance(run, alone) or (isinstance(run, RaceRun) and not run.children)]

    @property
    def depth(self) -> int:
        """How many scopes are around it."""
        depth, run = 0, self.parent
        while run is not None:
            depth, run = depth + isinstance(run, Scope), run.parent
        return depth

    @property
    def scope(self) -> Scope:
        run = self.parent
        while not isinstance(run, Scope):
            assert run is not None
            run = run.parent
        return run

    def write(self, name: str, value: Any) -> None:
        """Where a called process runs, it is its own until it is over."""
        scope = self if isinstance(self, Scope) else self.scope
        while scope.parent is not None and not isinstance(scope.block, r.Call):
            scope = scope.scope
        (scope.own if scope.parent is not None else self.game.data)[name] = value

    # -- going back

    def restart(self, step: str, here: str | None) -> None:
        self.drop(self.children, here)
        self.resume(step)

    def resume(self, step: str) -> None:
        """Be where the step begins anew."""
        raise Impossible(f"{step} lies in {type(self.block).__name__} that is over")

    def drop(self, runs: list[Run], here: str | None) -> None:
        """What was found out stays known; of what still runs only the token that goes back may be undone."""
        leaves = [leaf for run in runs for leaf in run.leaves]
        if here is not None and [leaf.block.id for leaf in leaves] != [here]:
            raise Impossible(f"{[leaf.block.id for leaf in leaves]} would be lost, not only {here}")
        for run in list(runs):
            run.keep()
            self.children.remove(run)

    def keep(self) -> None:
        for run in self.all():
            if isinstance(run, Scope) and run.own:
                for name, value in run.own.items():
                    (self.parent or self).write(name, value)


class StepRun(Run):
    rows = 1

    def begin(self) -> None:
        self.signed: set[str] = set()
        if self.block.policy:
            self.rows = len(r.SIGNERS)

    def resume(self, step: str) -> None:
        self.begin()

    def complete(self, values: dict[str, Any], who: str) -> None:
        self.signed.add(who)
        if self.block.policy == "all" and len(self.signed) < len(r.SIGNERS):
            self.rows -= 1
            return
        for name, value in values.items():
            self.write(name, value)
        self.finish()


class ScriptRun(Run):
    def begin(self) -> None:
        self.write(f"v_{self.block.id}", 1)
        self.finish()


class ServiceRun(Run):
    failed: dt.datetime | None = None

    def begin(self) -> None:
        if self.block.id in self.game.failing:
            self.failed = self.game.now + dt.timedelta(seconds=60)  # when it is tried again by itself
        else:
            self.finish()

    def again(self) -> None:
        self.failed = None
        self.begin()


class WaitRun(Run):
    def begin(self) -> None:
        self.due = self.game.now + dt.timedelta(minutes=self.block.minutes)


class UntilRun(Run):
    """The game looks."""


class ReceiveRun(Run):
    """The game delivers."""


class HearRun(Run):
    """The same for a signal."""


class ThrowRun(Run):
    def begin(self) -> None:
        self.game.hear(self.block.signal)
        self.finish()


class SeqRun(Run):
    at = 0

    def begin(self) -> None:
        self.add(self.block.parts[self.at]).begin()

    def over(self, child: Run) -> None:
        self.at += 1
        if self.at < len(self.block.parts):
            self.begin()
        else:
            self.finish()

    def resume(self, step: str) -> None:
        self.at = next(i for i, part in enumerate(self.block.parts) if _holds(part, step))
        self.add(self.block.parts[self.at]).resume(step)


class BranchesRun(Run):
    def begin(self) -> None:
        chosen = self.chosen()
        self.game.selected[self.block.id] = len(chosen)
        for run in [self.add(branch) for branch in chosen]:
            run.begin()

    def chosen(self) -> list[r.Seq]:
        if isinstance(self.block, r.Fork):
            return list(self.block.branches)
        known, last = self.game.known, len(self.block.branches) - 1
        held = [branch for i, branch in enumerate(self.block.branches[:last]) if known.get(f"{self.block.id}_{i}") == 1]
        some = held or [self.block.branches[last]]
        return some[:1] if isinstance(self.block, r.Choice) else some

    def over(self, child: Run) -> None:
        if not self.children:
            self.finish()

    def restart(self, step: str, here: str | None) -> None:
        """Another branch goes on; where there is only one, it is another round's."""
        if isinstance(self.block, r.Choice):
            self.drop(self.children, here)
        self.add(next(branch for branch in self.block.branches if _holds(branch, step))).resume(step)

    def resume(self, step: str) -> None:
        if not isinstance(self.block, r.Choice) and self.game.selected.get(self.block.id) != 1:
            raise Impossible(f"{step} lies in a branch that was joined with others")
        self.add(next(branch for branch in self.block.branches if _holds(branch, step))).resume(step)


class LoopRun(Run):
    def begin(self) -> None:
        self.add(self.block.body).begin()

    def over(self, child: Run) -> None:
        if self.game.known.get(f"again_{self.block.id}") == 1:
            self.begin()
        else:
            self.finish()

    def resume(self, step: str) -> None:
        self.add(self.block.body).resume(step)


class Armed(Run):
    """Something with events: those that wait, and when the timers among them are due."""

    was_over = False

    def arm(self, edges: Iterable[r.Edge]) -> None:
        self.armed = list(edges)
        self.turns = {edge.id: edge.turns for edge in edges}
        self.due = {edge.id: _after(edge, self.game.now) for edge in edges if edge.kind == "timer"}

    def disarm(self) -> None:
        self.armed, self.due = [], {}

    def skip(self, edge: r.Edge, to: dt.datetime) -> None:
        """Turns of a cycle that were missed."""
        while self.turns[edge.id] and self.due[edge.id] <= to:
            self.turns[edge.id] -= 1
            self.due[edge.id] = _after(edge, self.due[edge.id])
        if not self.turns[edge.id]:
            del self.due[edge.id]

    def beside(self, edge: r.Edge) -> None:
        """What does not interrupt: timers come once or as often as the cycle has turns, conditions once, others ever."""
        due = self.due.pop(edge.id, None)
        if edge.turns and due is not None and self.turns[edge.id] > 1:
            self.turns[edge.id] -= 1
            self.due[edge.id] = _after(edge, due)
        elif edge.kind in ("timer", "condition"):
            self.armed.remove(edge)


def _after(edge: r.Edge, start: dt.datetime) -> dt.datetime:
    return start + dt.timedelta(minutes=edge.minutes)


class RaceRun(Armed):
    def begin(self) -> None:
        self.arm(self.block.edges)

    def fire(self, name: str) -> None:
        self.disarm()
        self.add(next(edge.handler for edge in self.block.edges if edge.id == name)).begin()

    def over(self, child: Run) -> None:
        self.finish()

    def restart(self, step: str, here: str | None) -> None:
        self.drop(self.children, here)
        self.resume(step)

    def resume(self, step: str) -> None:
        self.disarm()
        self.add(next(edge.handler for edge in self.block.edges if _holds(edge.handler, step))).resume(step)


class Scope(Armed):
    """A process, sub-process or called process: what is opened beside it belongs to it."""

    def __init__(self, game: Game, block: Any, parent: Run | None) -> None:
        super().__init__(game, block, parent)
        self.own: dict[str, Any] = {}
        self.disarm()

    def begin(self) -> None:
        self.arm(getattr(self.block, "events", ()))
        self.add(self.block.body).begin()

    def fire(self, name: str) -> None:
        """An event sub-process begins."""
        edge = next(edge for edge in self.block.events if edge.id == name)
        if edge.interrupting:
            self.disarm()
            for run in list(self.children):
                run.keep()
            self.children.clear()
        else:
            self.beside(edge)
        self.add(edge.handler).begin()

    def over(self, child: Run) -> None:
        if self.children:
            return
        self.disarm()
        if self.parent is None:
            self.game.ended = True
            return
        own, self.own = self.own, {}
        for name, value in own.items():
            self.parent.write(name, value)
        self.finish()

    def restart(self, step: str, here: str | None) -> None:
        """The main line is over and goes on again from there; only the token that goes back may be left."""
        self.drop(self.children, here)
        self.add(self.block.body).resume(step)


class GuardRun(Armed):
    def begin(self) -> None:
        """A condition that holds already when the activity begins is an event at once, also where it ends at once."""
        self.arm(self.block.edges)
        host = self.add(self.block.host)
        for edge in sorted(self.block.edges, key=lambda edge: not edge.interrupting):
            if edge.kind == "condition" and edge in self.armed and self.game.known.get(f"v_{edge.step}", 0) > 0:
                self.fire(edge.id)
        if host in self.children:
            host.begin()

    def fire(self, name: str) -> None:
        edge = next(edge for edge in self.block.edges if edge.id == name)
        if edge.interrupting:
            self.was_over = True
            self.disarm()
            (host,) = self.children
            if isinstance(self.block.host, r.Sub):  # it shares its data with the scope around it
                host.keep()
            self.children.clear()
            self.add(edge.handler).begin()
            return
        self.beside(edge)
        self.scope.add(edge.handler).begin()

    def over(self, child: Run) -> None:
        self.disarm()
        self.finish()

    def restart(self, step: str, here: str | None) -> None:
        self.drop(self.children, here)
        self.resume(step)

    def resume(self, step: str) -> None:
        if _holds(self.block.host, step):
            if not isinstance(self.block.host, r.Step):
                raise Impossible(f"{step} lies in a sub-process that is over")
            self.begin()
            return
        self.disarm()
        self.add(next(edge.handler for edge in self.block.edges if _holds(edge.handler, step))).resume(step)


RUNS: dict[type, type[Run]] = {
    r.Step: StepRun,
    r.Script: ScriptRun,
    r.Service: ServiceRun,
    r.Wait: WaitRun,
    r.Until: UntilRun,
    r.Receive: ReceiveRun,
    r.Hear: HearRun,
    r.Throw: ThrowRun,
    r.Race: RaceRun,
    r.Seq: SeqRun,
    r.Choice: BranchesRun,
    r.Some: BranchesRun,
    r.Fork: BranchesRun,
    r.Loop: LoopRun,
    r.Sub: Scope,
    r.Call: Scope,
    r.Guard: GuardRun,
}
