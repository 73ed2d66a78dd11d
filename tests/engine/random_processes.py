"""Random block-structured processes: every combination of what a diagram may contain, as blocks and as BPMN.

A variable has one step that writes it, so that what a process knows does not depend on which branch came first.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.engine import Package, package_from_files
from tests.engine import diagrams as d

KEY = "chance"
WIDE = 240  # from this seed on with signals, event gateways, event sub-processes, more kinds of events on edges
AMENDED = 640  # from this seed on a variable is corrected on the way
SIGNERS = ("zhao", "liu")
ALLOW = "claim, comment, return, withdraw"
ALLOW_SIGNING = "claim, comment, return"


@dataclass(frozen=True)
class Step:
    """A user task. It writes `v_<id>` and its picks; a silent one writes nothing."""

    id: str
    picks: tuple[str, ...] = ()
    silent: bool = False
    policy: str = ""
    deadline: str = ""


@dataclass(frozen=True)
class Script:
    id: str


@dataclass(frozen=True)
class Service:
    id: str
    repeatable: bool = True


@dataclass(frozen=True)
class Wait:
    """A timer on the way."""

    id: str
    minutes: int


@dataclass(frozen=True)
class Until:
    """A conditional event on the way: until a step of another branch was done."""

    id: str
    step: str


@dataclass(frozen=True)
class Receive:
    """A message on the way."""

    id: str


@dataclass(frozen=True)
class Hear:
    """A signal on the way."""

    id: str


@dataclass(frozen=True)
class Throw:
    """The signal that a `Hear`, an edge or an event sub-process of this id waits for."""

    id: str
    signal: str


@dataclass(frozen=True)
class Seq:
    parts: tuple[Block, ...]


@dataclass(frozen=True)
class Choice:
    """Exclusive: the first branch whose pick is set, else the last."""

    id: str
    branches: tuple[Seq, ...]


@dataclass(frozen=True)
class Some:
    """Inclusive: every branch whose pick is set, else the last."""

    id: str
    branches: tuple[Seq, ...]


@dataclass(frozen=True)
class Fork:
    id: str
    branches: tuple[Seq, ...]


@dataclass(frozen=True)
class Loop:
    """The body, again while `again_<id>` is set; its last step sets it."""

    id: str
    body: Seq


@dataclass(frozen=True)
class Edge:
    """An event on the boundary, or what starts an event sub-process.

    A timer, with `turns` a cycle; else a message or signal of this id, or the condition that a step was done.
    """

    id: str
    minutes: int
    interrupting: bool
    handler: Seq
    turns: int = 0
    kind: str = "timer"  # timer, message, signal, condition
    step: str = ""


@dataclass(frozen=True)
class Sub:
    """`events` start event sub-processes in it."""

    id: str
    body: Seq
    events: tuple[Edge, ...] = ()


@dataclass(frozen=True)
class Call:
    id: str
    body: Seq


@dataclass(frozen=True)
class Race:
    """An event gateway: the first of its events decides which branch is gone."""

    id: str
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Guard:
    host: Step | Sub | Call
    edges: tuple[Edge, ...]


Block = (
    Step | Script | Service | Wait | Until | Receive | Hear | Throw
    | Seq | Choice | Some | Fork | Loop | Sub | Call | Race | Guard
)  # fmt: skip


def inside(block: Block) -> Iterator[Block]:
    """The block and all it holds."""
    yield block
    if isinstance(block, Seq):
        held: tuple[Block, ...] = block.parts
    elif isinstance(block, (Choice, Some, Fork)):
        held = block.branches
    elif isinstance(block, Sub):
        held = (block.body, *(event.handler for event in block.events))
    elif isinstance(block, (Loop, Call)):
        held = (block.body,)
    elif isinstance(block, Race):
        held = tuple(edge.handler for edge in block.edges)
    elif isinstance(block, Guard):
        held = (block.host, *(edge.handler for edge in block.edges))
    else:
        held = ()
    for one in held:
        yield from inside(one)


# -- by chance


@dataclass
class Dice:
    """Makes blocks; the same seed makes the same."""

    chance: random.Random
    left: int
    used: int = 0
    minutes: int = 90
    services: bool = True
    wide: bool = False

    def name(self, word: str) -> str:
        self.used += 1
        return f"{word}{self.used}"

    def span(self) -> int:
        """No two timers take the same time: what happens first is never a matter of taste."""
        self.minutes += 7 + self.chance.randrange(5)
        return self.minutes

    def seq(self, depth: int, most: int = 4) -> Seq:
        parts: list[Block] = []
        for _part in range(self.chance.randint(1, most)):
            if self.left <= 0 and parts:
                break
            parts += self.block(depth)
        return Seq(tuple(parts))

    def block(self, depth: int) -> list[Block]:
        self.left -= 1
        simple = depth <= 0 or self.left <= 0
        kinds = ["step"] * 5 + ["script", "service", "wait", "receive", "signed"]
        if not simple:
            kinds += ["choice", "some", "fork", "fork", "loop", "rework", "rework"]
            kinds += ["sub", "call", "guard", "guard", "until"]
        if self.wide:
            kinds += ["hear"] if simple else ["hear", "told", "told", "heard", "race", "race", "stage", "stage"]
        made: list[Block] = getattr(self, f"_{self.chance.choice(kinds)}")(depth - 1)
        return made

    def step(self, *picks: str, silent: bool = False) -> Step:
        deadline = self.chance.choice(["", "", "P2D", "work_days(1)"])
        return Step(self.name("step"), picks, silent, deadline=deadline)

    def _step(self, _depth: int) -> list[Block]:
        return [self.step()]

    def _signed(self, _depth: int) -> list[Block]:
        return [Step(self.name("sign"), silent=True, policy=self.chance.choice(["all", "any"]))]

    def _script(self, _depth: int) -> list[Block]:
        return [Script(self.name("script"))]

    def _service(self, _depth: int) -> list[Block]:
        return [Service(self.name("service"), self.chance.random() < 0.8)]

    def _wait(self, _depth: int) -> list[Block]:
        return [Wait(self.name("wait"), self.span())]

    def _receive(self, _depth: int) -> list[Block]:
        return [Receive(self.name("receive"))]

    def _choice(self, depth: int) -> list[Block]:
        name = self.name("choice")
        branches = tuple(self.seq(depth, 2) for _branch in range(self.chance.randint(2, 3)))
        return [self.step(*(f"{name}_{i}" for i in range(len(branches) - 1))), Choice(name, branches)]

    def _some(self, depth: int) -> list[Block]:
        name = self.name("some")
        branches = tuple(self.seq(depth, 2) for _branch in range(self.chance.randint(2, 3)))
        return [self.step(*(f"{name}_{i}" for i in range(len(branches) - 1))), Some(name, branches)]

    def _fork(self, depth: int) -> list[Block]:
        return [Fork(self.name("fork"), tuple(self.seq(depth, 3) for _branch in range(self.chance.randint(2, 3))))]

    def _loop(self, depth: int) -> list[Block]:
        name = self.name("loop")
        return [Loop(name, Seq((*self.seq(depth, 3).parts, self.step(f"again_{name}"))))]

    def _rework(self, depth: int) -> list[Block]:
        """What several do side by side is looked at together, and again if it is not good."""
        name = self.name("loop")
        (side_by_side,) = self._fork(min(depth, 1))
        return [Loop(name, Seq((side_by_side, self.step(f"again_{name}"))))]

    def _sub(self, depth: int) -> list[Block]:
        return [Sub(self.name("sub"), self.seq(depth, 3))]

    def _call(self, depth: int) -> list[Block]:
        return [Call(self.name("call"), self.seq(depth, 3))]

    def _until(self, depth: int) -> list[Block]:
        told = self.step()
        one = Seq((*self.seq(depth - 1, 1).parts, told))
        other = Seq((Until(self.name("until"), told.id), self.step()))
        return [Fork(self.name("fork"), (one, other))]

    def _hear(self, _depth: int) -> list[Block]:
        return [Hear(self.name("hear"))]

    def _heard(self, depth: int) -> list[Block]:
        """What one branch throws, another hears, if it listens by then."""
        hear = Hear(self.name("hear"))
        one = Seq((*self.seq(depth - 1, 1).parts, self.step(), Throw(self.name("throw"), hear.id)))
        return [Fork(self.name("fork"), (one, Seq((*self.seq(depth - 1, 1).parts, hear, self.step()))))]

    def _told(self, depth: int) -> list[Block]:
        """A condition on an edge comes true by what another branch does."""
        told = self.step()
        host = self.chance.choice([self.step, self._a_sub])()
        edge = self._other(Edge(self.name("edge"), 0, self.chance.random() < 0.5, Seq(()), 0, "condition", told.id))
        one = Seq((*self.seq(depth - 1, 1).parts, told))
        return [Fork(self.name("fork"), (one, Seq((Guard(host, (edge,)), self.step()))))]

    def _race(self, depth: int) -> list[Block]:
        kinds = self.chance.sample(["timer", "message", "signal"], self.chance.randint(2, 3))
        edges = tuple(
            Edge(self.name("race"), self.span() if kind == "timer" else 0, True, self.seq(min(depth, 1), 2), 0, kind)
            for kind in kinds
        )
        return [Race(self.name("gate"), edges)]

    def _stage(self, depth: int) -> list[Block]:
        """A sub-process with event sub-processes."""
        body = self.seq(depth, 3)
        return [Sub(self.name("stage"), body, tuple(self.event() for _one in range(self.chance.randint(1, 2))))]

    def event(self) -> Edge:
        kind = self.chance.choice(["timer", "message", "signal"])
        minutes = self.span() if kind == "timer" else 0
        return self._other(Edge(self.name("event"), minutes, self.chance.random() < 0.5, Seq(()), 0, kind))

    def _other(self, edge: Edge) -> Edge:
        """With something to do: what happens beside writes nothing but notes."""
        if edge.interrupting:
            return replace(edge, handler=self.seq(1, 2))
        silent = self.step(silent=True) if self.chance.random() < 0.6 else Script(self.name("note"))
        return replace(edge, handler=Seq((silent,)))

    def _guard(self, depth: int) -> list[Block]:
        hosts: list[Callable[[], Step | Sub | Call]] = [self.step, self.step, self._a_sub, self._a_call]
        host = self.chance.choice(hosts)()
        edges = tuple(self.edge(depth) for _edge in range(self.chance.randint(1, 2)))
        return [Guard(host, edges)]

    def _a_sub(self) -> Sub:
        return Sub(self.name("sub"), self.seq(1, 3))

    def _a_call(self) -> Call:
        return Call(self.name("call"), self.seq(1, 2))

    def edge(self, depth: int) -> Edge:
        """What happens beside writes nothing: it may happen twice at the same time."""
        if self.wide and self.chance.random() < 0.4:
            kind = self.chance.choice(["message", "signal"])
            return self._other(Edge(self.name("edge"), 0, self.chance.random() < 0.5, Seq(()), 0, kind))
        kind = self.chance.choice(["interrupting", "beside", "cycle"])
        if kind == "interrupting":
            return Edge(self.name("edge"), self.span(), True, self.seq(min(depth, 1), 2))
        handler = Seq((self.step(silent=True),)) if kind == "beside" else Seq((Script(self.name("note")),))
        return Edge(self.name("edge"), self.span(), False, handler, self.chance.randint(2, 4) if kind == "cycle" else 0)


def process(seed: int, size: int = 14) -> Seq:
    """The block of a whole process; it begins with a step, so that it never runs to its end by itself."""
    dice = Dice(random.Random(seed), size, wide=seed >= WIDE)
    parts: list[Block] = [dice.step()]
    while dice.left > 0:
        parts += dice.block(3)
    return Seq(tuple(parts))


# -- as BPMN


@dataclass
class _Scope:
    elements: list[d.Element] = field(default_factory=list)
    flows: list[d.Flow] = field(default_factory=list)

    def add(self, element: d.Element) -> str:
        self.elements.append(element)
        return element.id

    def flow(self, source: str, target: str, condition: str | None = None, id: str = "") -> None:
        self.flows.append(d.Flow(source, target, condition, id))


@dataclass
class _Drawing:
    called: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)

    def body(self, name: str, block: Seq, events: tuple[Edge, ...] = ()) -> tuple[list[d.Element], list[d.Flow]]:
        scope = _Scope()
        first, last = self.draw(block, scope)
        scope.elements = [d.start(f"begin_{name}"), *scope.elements, d.end(f"end_{name}")]
        for event in events:
            inner = _Scope()
            start, end = self.draw(event.handler, inner)
            inner.flow(event.id, start)
            inner.flow(end, f"end_{event.id}")
            what, words = self._event(event)
            begin = d.start(event.id, what, interrupting=event.interrupting, **words)
            elements = [begin, *inner.elements, d.end(f"end_{event.id}")]
            scope.add(d.event_subprocess(f"on_{event.id}", *elements, flows=inner.flows))
        scope.flow(f"begin_{name}", first)
        scope.flow(last, f"end_{name}")
        return scope.elements, scope.flows

    def draw(self, block: Block, scope: _Scope) -> tuple[str, str]:
        """Put the block into the scope; its first and its last node."""
        if isinstance(block, Seq):
            ends = [self.draw(part, scope) for part in block.parts]
            for (_first, last), (first, _last) in itertools.pairwise(ends):
                scope.flow(last, first)
            return ends[0][0], ends[-1][1]
        if isinstance(block, (Choice, Some, Fork)):
            return self._branches(block, scope)
        if isinstance(block, Loop):
            first, last = self.draw(block.body, scope)
            into, out = scope.add(d.exclusive(f"into_{block.id}")), f"{block.id}"
            scope.add(d.exclusive(out, default=f"out_{block.id}"))
            merge = scope.add(d.exclusive(f"after_{block.id}"))
            scope.flow(into, first)
            scope.flow(last, out)
            scope.flow(out, into, f"again_{block.id} == 1")
            scope.flow(out, merge, id=f"out_{block.id}")
            return into, merge
        if isinstance(block, Guard):
            return self._guard(block, scope)
        if isinstance(block, Race):
            scope.add(d.event_gateway(block.id))
            past = scope.add(d.exclusive(f"past_{block.id}"))
            for edge in block.edges:
                what, words = self._event(edge)
                scope.flow(block.id, scope.add(d.catch(edge.id, what, **words)))
                first, last = self.draw(edge.handler, scope)
                scope.flow(edge.id, first)
                scope.flow(last, past)
            return block.id, past
        node = scope.add(self._node(block))
        return node, node

    def _node(self, block: Block) -> d.Element:
        if isinstance(block, Step):
            return _step(block)
        if isinstance(block, Script):
            return d.script(block.id, f"v_{block.id} = 1")
        if isinstance(block, Service):
            return d.service(block.id, "chance.once" if not block.repeatable else "chance.work", node=f"'{block.id}'")
        if isinstance(block, Throw):
            return d.throw(block.id, d.signal(block.signal))
        if isinstance(block, Sub):
            elements, flows = self.body(block.id, block.body, block.events)
            return d.subprocess(block.id, *elements, flows=flows)
        if isinstance(block, Call):
            return self._call(block)
        return self._catch(block)

    def _catch(self, block: Block) -> d.Element:
        if isinstance(block, Wait):
            return d.catch(block.id, d.timer("timeDuration", f"PT{block.minutes}M"))
        if isinstance(block, Until):
            return d.catch(block.id, d.condition(f"v_{block.step} > 0"))
        if isinstance(block, Receive):
            self.messages.append(block.id)
            return d.catch(block.id, d.message(block.id), correlation="instance_id")
        assert isinstance(block, Hear)
        self.signals.append(block.id)
        return d.catch(block.id, d.signal(block.id))

    def _call(self, block: Call) -> d.Element:
        elements, flows = self.body(block.id, block.body)
        inner = "".join(element.xml for element in elements) + "".join(flow.xml for flow in flows)
        self.called.append(f'<bpmn:process id="p_{block.id}" isExecutable="true">{inner}</bpmn:process>')
        return d.Element(
            block.id, f'<bpmn:callActivity id="{block.id}" name="{block.id}" calledElement="p_{block.id}"/>'
        )

    def _event(self, edge: Edge) -> tuple[str, dict[str, str]]:
        """What it waits for, and the words on its node."""
        if edge.kind == "message":
            self.messages.append(edge.id)
            return d.message(edge.id), {"correlation": "instance_id"}
        if edge.kind == "signal":
            self.signals.append(edge.id)
            return d.signal(edge.id), {}
        if edge.kind == "condition":
            return d.condition(f"v_{edge.step} > 0"), {}
        text = f"PT{edge.minutes}M"
        return (d.timer("timeCycle", f"R{edge.turns}/{text}") if edge.turns else d.timer("timeDuration", text)), {}

    def _branches(self, block: Choice | Some | Fork, scope: _Scope) -> tuple[str, str]:
        kind = {Choice: "exclusive", Some: "inclusive", Fork: "parallel"}[type(block)]
        usual = "" if isinstance(block, Fork) else f' default="last_{block.id}"'
        split = scope.add(d.Element(block.id, f'<bpmn:{kind}Gateway id="{block.id}" name="{block.id}"{usual}/>'))
        join = f"join_{block.id}"
        scope.add(d.Element(join, f'<bpmn:{kind}Gateway id="{join}" name="{join}"/>'))
        for index, branch in enumerate(block.branches):
            first, last = self.draw(branch, scope)
            if isinstance(block, Fork):
                scope.flow(split, first)
            elif index == len(block.branches) - 1:
                scope.flow(split, first, id=f"last_{block.id}")
            else:
                scope.flow(split, first, f"{block.id}_{index} == 1")
            scope.flow(last, join)
        return split, join

    def _guard(self, block: Guard, scope: _Scope) -> tuple[str, str]:
        host = last = scope.add(self._node(block.host))
        if any(edge.interrupting for edge in block.edges):
            last = scope.add(d.exclusive(f"past_{host}"))
            scope.flow(host, last)
        for edge in block.edges:
            event, words = self._event(edge)
            scope.add(d.boundary(edge.id, host, event, interrupting=edge.interrupting, **words))
            first, end = self.draw(edge.handler, scope)
            scope.flow(edge.id, first)
            scope.flow(end, last if edge.interrupting else scope.add(d.end(f"end_{edge.id}")))
        return host, last


def _step(block: Step) -> d.Element:
    words = {"allow": ALLOW} | ({"deadline": block.deadline} if block.deadline else {})
    if block.policy:
        words |= {"policy": block.policy, "signers": "board", "form": "sign", "allow": ALLOW_SIGNING}
    elif not block.silent:
        words |= {"form": "all"}
    return d.user(block.id, **words)


def variables(block: Block) -> list[str]:
    """Everything that the process may write."""
    found = []
    for one in inside(block):
        if isinstance(one, Step):
            found += [f"v_{one.id}", *one.picks]
        elif isinstance(one, Script):
            found.append(f"v_{one.id}")
    return found


def package(block: Seq, key: str = KEY) -> Package:
    drawing = _Drawing()
    elements, flows = drawing.body("all", block)
    inner = "".join(element.xml for element in elements) + "".join(flow.xml for flow in flows)
    messages = "".join(f'<bpmn:message id="message_{name}" name="{name}"/>' for name in drawing.messages)
    messages += "".join(f'<bpmn:signal id="signal_{name}" name="{name}"/>' for name in drawing.signals)
    names = variables(block)
    label = {"zh": "数", "en": "number"}
    fields = [{"name": name, "kind": "number", "label": label} for name in names]
    options = [{"value": value, "label": {"zh": value, "en": value}} for value in ("agree", "refuse")]
    vote = {"name": "decision", "kind": "radio", "required": True, "options": options}
    votes = [vote | {"label": {"zh": "意见", "en": "Opinion"}}]
    title = {"zh": "填写", "en": "Fill in"}
    return package_from_files(
        key,
        {
            "process.toml": f'key = "{key}"\ntitle = {{ zh = "{key}", en = "{key}" }}\nstarters = ["dept_staff"]\n'
            f"inputs = {json.dumps([*names, 'board'])}\n",
            "process.bpmn": f'{d._HEAD}{messages}<bpmn:process id="{key}" isExecutable="true">{inner}</bpmn:process>'
            f"{''.join(drawing.called)}</bpmn:definitions>",
            "forms/all.json": json.dumps({"title": title, "fields": fields}, ensure_ascii=False),
            "forms/sign.json": json.dumps({"title": title, "fields": votes}, ensure_ascii=False),
        },
    )
