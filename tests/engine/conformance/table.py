"""Every element and combination of BPMN that a diagram may hold: what it must do here, or the problem that refuses it.

`bpmn/README.md` lists the same; test_conformance.py compares the two.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.engine import Package
from tests.checking.packages import decision
from tests.engine import diagrams as d
from tests.engine.diagrams import Flow


@dataclass(frozen=True)
class Do:
    """One thing that happens, and the steps that are open afterwards."""

    open: Sequence[str]
    complete: str = ""
    days: int = 0
    message: str = ""
    signal: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """`elements` are those of the README's table that it covers. Without steps it is refused with `code`."""

    what: str
    package: Package
    elements: tuple[str, ...]
    others: Sequence[Package] = ()  # deployed before it
    started_by: str = ""  # message or signal, called `start`, where no person starts it
    begin: Sequence[str] = ()
    steps: Sequence[Do] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    end: str = ""  # where it ends
    passed: Sequence[str] = ()  # among others, in this order
    never: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""


def chain(*names: str) -> list[Flow]:
    return [Flow(a, b) for a, b in itertools.pairwise(names)]


def inner(*elements: d.Element) -> list[d.Element]:
    return [d.start("s"), *elements, d.end("e")]


KEY = {"order": "A"}
RUNS: list[Case] = []
REFUSED: list[Case] = []


def runs(what: str, elements: str, package: Package, **given: Any) -> None:
    RUNS.append(Case(what, package, tuple(elements.split(", ")), **given))


def refused(what: str, elements: str, package: Package, code: str) -> None:
    REFUSED.append(Case(what, package, tuple(elements.split(", ")), code=code))


# -- tasks, gateways


runs(
    "tasks one after another",
    "plain start, plain end, user task, script task",
    d.package("line", d.user("a"), d.script("b", "x = 1"), d.user("c"), d.end()),
    begin=["a"],
    steps=[Do(["c"], complete="a"), Do([], complete="c")],
    end="end",
    values={"x": 1},
)
runs(
    "an exclusive gateway takes the first flow in the file whose condition holds",
    "exclusive gateway",
    d.package(
        "first", d.exclusive("x", default="f_x_c"), d.user("a"), d.user("b"), d.user("c"), d.end(),
        flows=[Flow("x", "b", "n > 1"), Flow("x", "a", "n > 0"), Flow("x", "c"), *chain("a", "end"), *chain("b", "end"),
               *chain("c", "end")],
    ),
    data={"n": 5}, begin=["b"], steps=[Do([], complete="b")], end="end", never=["a", "c"],
)  # fmt: skip
runs(
    "an exclusive gateway takes its default where nothing holds",
    "exclusive gateway",
    d.package(
        "fallback", d.exclusive("x", default="f_x_a"), d.user("a"), d.user("b"), d.end(),
        flows=[Flow("x", "a"), Flow("x", "b", "n > 9"), *chain("a", "end"), *chain("b", "end")],
    ),
    data={"n": 1}, begin=["a"], steps=[Do([], complete="a")], end="end",
)  # fmt: skip
FORK = [Flow("p", "a"), Flow("p", "b"), Flow("a", "q"), Flow("b", "q")]
runs(
    "a parallel join waits for every branch",
    "parallel gateway",
    d.package("fork", d.parallel("p"), d.user("a"), d.user("b"), d.parallel("q"), d.user("c"), d.end(),
              flows=[*FORK, *chain("q", "c", "end")]),
    begin=["a", "b"],
    steps=[Do(["a"], complete="b"), Do(["c"], complete="a"), Do([], complete="c")],
    end="end", passed=["p", "q", "c"],
)  # fmt: skip
runs(
    "a parallel block in a loop waits anew in every round",
    "parallel gateway",
    d.package("rounds", d.exclusive("m", default="f_m_p"), d.parallel("p"), d.user("a"), d.user("b"), d.parallel("q"),
              d.script("n", "n = n + 1"), d.exclusive("x", default="f_x_end"), d.end(),
              flows=[Flow("m", "p"), *FORK, *chain("q", "n", "x"), Flow("x", "m", "n < 2"), Flow("x", "end")]),
    data={"n": 0}, begin=["a", "b"],
    steps=[Do(["b"], complete="a"), Do(["a", "b"], complete="b"), Do(["a"], complete="b"), Do([], complete="a")],
    end="end", values={"n": 2},
)  # fmt: skip
runs(
    "an inclusive gateway takes all flows whose condition holds, and its join waits for just those",
    "inclusive gateway",
    d.package("some", d.inclusive("i", default="f_i_c"), d.user("a"), d.user("b"), d.user("c"), d.inclusive("j"), d.user("z"),
              d.end(), flows=[Flow("i", "a", "n > 0"), Flow("i", "b", "n > 1"), Flow("i", "c"), Flow("a", "j"),
                              Flow("b", "j"), Flow("c", "j"), *chain("j", "z", "end")]),
    data={"n": 5}, begin=["a", "b"],
    steps=[Do(["b"], complete="a"), Do(["z"], complete="b"), Do([], complete="z")], end="end", never=["c"],
)  # fmt: skip
runs(
    "several flows out of an activity are a parallel split",
    "implicit split",
    d.package("implicit", d.user("a"), d.user("b"), d.user("c"), d.end(), d.end("end2"),
              flows=[*chain("a", "b", "end"), *chain("a", "c", "end2")]),
    begin=["a"], steps=[Do(["b", "c"], complete="a"), Do(["c"], complete="b"), Do([], complete="c")], end="end2",
)  # fmt: skip
runs(
    "of the flows out of an activity those without condition are taken, and of the others all that hold",
    "implicit split",
    d.package("implicit_some", d.user("a"), d.user("b"), d.user("c"), d.user("x"), d.end(),
              flows=[Flow("a", "b"), Flow("a", "c", "n > 1"), Flow("a", "x", "n > 9"), *chain("b", "end"),
                     *chain("c", "end"), *chain("x", "end")]),
    data={"n": 5}, begin=["a"],
    steps=[Do(["b", "c"], complete="a"), Do(["c"], complete="b"), Do([], complete="c")], end="end", never=["x"],
)  # fmt: skip
runs(
    "where no condition of the others holds, the flow without one goes alone",
    "implicit split",
    d.package("implicit_one", d.user("a"), d.user("b"), d.user("c"), d.end(),
              flows=[Flow("a", "b"), Flow("a", "c", "n > 1"), *chain("b", "end"), *chain("c", "end")]),
    data={"n": 0}, begin=["a"], steps=[Do(["b"], complete="a"), Do([], complete="b")], end="end", never=["c"],
)  # fmt: skip
runs(
    "a boundary event and the start may split too",
    "implicit split",
    d.package("implicit_event", d.user("a"), d.boundary("t", "a", d.timer("timeDuration", "P1D")), d.user("b"), d.user("c"),
              d.end(), flows=[*chain("a", "end"), *chain("t", "b", "end"), *chain("t", "c", "end")]),
    begin=["a"], steps=[Do(["b", "c"], days=1), Do(["c"], complete="b"), Do([], complete="c")], end="end",
)  # fmt: skip
runs(
    "several flows into an activity: each token passes by itself",
    "implicit join",
    d.package("tokens", d.parallel("p"), d.user("a"), d.user("b"), d.user("c"), d.end(),
              flows=[Flow("p", "a"), Flow("p", "b"), Flow("a", "c"), Flow("b", "c"), Flow("c", "end")]),
    begin=["a", "b"],
    steps=[Do(["b", "c"], complete="a"), Do(["c", "c"], complete="b"), Do(["c"], complete="c"), Do([], complete="c")],
    end="end",
)  # fmt: skip


runs(
    "manual, service and business rule tasks",
    "manual task, service task, business rule task",
    d.package(
        "kinds",
        d.Element("a", f'<bpmn:manualTask id="a" name="a">{d._extension({"role": "dept_staff"})}</bpmn:manualTask>'),
        d.service("b", "sample.double", number="n"),
        d.Element("c", '<bpmn:businessRuleTask id="c" name="c"><bpmn:extensionElements><spiffworkflow:calledDecisionId>'
                       "grading</spiffworkflow:calledDecisionId></bpmn:extensionElements></bpmn:businessRuleTask>"),
        d.end(), files={"decisions/grading.dmn": decision(column="n")},
    ),
    data={"n": 6}, begin=["a"], steps=[Do([], complete="a")], end="end", values={"twice": 12, "grade": "big"},
)  # fmt: skip
for kind, event in (("message", d.message("start")), ("signal", d.signal("start"))):
    runs(
        f"a {kind} starts the process whose start event it is",
        f"{kind} start",
        d.package(f"by_{kind}", d.start("came", event), d.user("a"), d.end(), manifest="starters = []\n"),
        started_by=kind, begin=["a"], steps=[Do([], complete="a")], end="end",
    )  # fmt: skip


# -- ends


runs(
    "a terminate end ends everything",
    "terminate end",
    d.package("stop", d.parallel("p"), d.user("a"), d.user("b"), d.end("over", terminate=True), d.end(),
              flows=[Flow("p", "a"), Flow("p", "b"), *chain("a", "over"), *chain("b", "end")]),
    begin=["a", "b"], steps=[Do([], complete="a")], end="over",
)  # fmt: skip
runs(
    "a terminate end in a sub-process ends that only",
    "terminate end, sub-process",
    d.package("stop_inner",
              d.subprocess("sub", d.start("s"), d.parallel("p"), d.user("a"), d.user("b"), d.end("over", terminate=True),
                           d.end("e"), flows=[*chain("s", "p"), Flow("p", "a"), Flow("p", "b"), Flow("a", "over"),
                                              Flow("b", "e")]),
              d.user("next"), d.end()),
    begin=["a", "b"], steps=[Do(["next"], complete="a"), Do([], complete="next")], end="end",
)  # fmt: skip
runs(
    "a terminate end keeps what the branches that it ends found out",
    "terminate end, parallel gateway",
    d.package("stop_data", d.subprocess("sub", d.start("s"), d.parallel("p"), d.user("a"), d.script("y", "y = 2"),
                                        d.end("over", terminate=True), d.user("b"), d.script("x", "x = 1"), d.user("c"), d.end("e"),
                                        flows=[*chain("s", "p"), Flow("p", "a"), *chain("a", "y", "over"), Flow("p", "b"),
                                               *chain("b", "x", "c", "e")]), d.user("next"), d.end()),
    begin=["a", "b"], steps=[Do(["a", "c"], complete="b"), Do(["next"], complete="a"), Do([], complete="next")], end="end",
    values={"x": 1, "y": 2},
)  # fmt: skip
CAUGHT = [*chain("sub", "end"), *chain("edge", "after", "end2")]
for kind, definition, interrupting in (
    ("error", d.error("no"), True),
    ("escalation", d.escalation("no"), True),
    ("escalation", d.escalation("no"), False),
):
    how = "" if interrupting else ", beside"
    runs(
        f"an {kind} end of a sub-process goes to the boundary event around it{how}",
        f"{kind} end, {kind} boundary",
        d.package(f"{kind}_{interrupting}".lower(),
                  d.subprocess("sub", d.start("s"), d.parallel("p"), d.user("a"), d.user("b"), d.end("fail", definition),
                               d.end("e"), flows=[*chain("s", "p"), Flow("p", "a"), Flow("p", "b"), Flow("a", "fail"),
                                                  Flow("b", "e")]),
                  d.boundary("edge", "sub", definition, interrupting=interrupting), d.end(), d.user("after"), d.end("end2"),
                  flows=CAUGHT),
        begin=["a", "b"],
        steps=[Do(["after"], complete="a"), Do([], complete="after")] if interrupting
        else [Do(["after", "b"], complete="a"), Do(["after"], complete="b"), Do([], complete="after")],
        end="end2",
    )  # fmt: skip
runs(
    "an error reaches the sub-process it is thrown in, not another one that runs beside it",
    "error end, error boundary, parallel gateway",
    d.package(
        "two_subs", d.parallel("p"),
        d.subprocess("one", d.start("s1"), d.user("a"), d.end("fail", d.error("no"))),
        d.boundary("edge1", "one", d.error("no")),
        d.subprocess("two", d.start("s2"), d.user("b"), d.exclusive("x", default="f_x_e2"), d.end("e2"),
                     d.end("fail2", d.error("no")), flows=[*chain("s2", "b", "x"), Flow("x", "e2"),
                                                           Flow("x", "fail2", "n > 1")]),
        d.boundary("edge2", "two", d.error("no")), d.user("c"), d.user("dd"), d.end(),
        flows=[Flow("p", "one"), Flow("p", "two"), *chain("one", "end"), *chain("two", "end"), *chain("edge1", "c", "end"),
               *chain("edge2", "dd", "end")],
    ),
    data={"n": 0}, begin=["a", "b"],
    steps=[Do(["b", "c"], complete="a"), Do(["c"], complete="b"), Do([], complete="c")], end="end", never=["dd", "edge2"],
)  # fmt: skip
runs(
    "of two boundary events the one with the error's own code catches it",
    "error boundary",
    d.package("codes", d.subprocess("sub", d.start("s"), d.user("a"), d.end("fail", d.error("no"))),
              d.boundary("any", "sub", d.error("")), d.boundary("own", "sub", d.error("no")), d.user("b"), d.user("c"), d.end(),
              flows=[*chain("sub", "end"), *chain("any", "b", "end"), *chain("own", "c", "end")]),
    begin=["a"], steps=[Do(["c"], complete="a"), Do([], complete="c")], end="end", never=["any", "b"],
)  # fmt: skip
runs(
    "an error passes the scopes that do not catch it, up to the one that does",
    "error end, error boundary, sub-process",
    d.package("deep", d.subprocess("outer", d.start("s"), d.subprocess("sub", d.start("s2"), d.user("a"),
                                                                       d.end("fail", d.error("no"))), d.user("b"), d.end("e")),
              d.boundary("edge", "outer", d.error("no")), d.end(), d.user("after"), d.end("end2"),
              flows=[*chain("outer", "end"), *chain("edge", "after", "end2")]),
    begin=["a"], steps=[Do(["after"], complete="a"), Do([], complete="after")], end="end2", never=["b"],
)  # fmt: skip
runs(
    "an error leaves a call activity through its boundary event",
    "error boundary, call activity",
    d.package("caller", d.call("sub", "called"), d.boundary("edge", "sub", d.error("no")), d.end(), d.user("after"),
              d.end("end2"), flows=CAUGHT,
              more=d.process("called", d.start("s"), d.user("a"), d.end("fail", d.error("no")))),
    begin=["a"], steps=[Do(["after"], complete="a"), Do([], complete="after")], end="end2",
)  # fmt: skip
LEAF = d.package("leaf", d.script("twice", "twice = 2 * n"), d.end(), manifest='inputs = ["n"]\n')
EACH = {"for_each": "[1, 2]", "inputs": '{"n": item}'}
runs(
    "a detached call waits for its children and takes what they found",
    "detached call activity",
    d.package("parent", d.user("a"), d.detached("c", "leaf", outputs="twice", result="found", **EACH),
              d.script("sum", "both = found[0].twice + found[1].twice"), d.user("b"), d.end()),
    others=[LEAF], begin=["a"], steps=[Do(["b"], complete="a"), Do([], complete="b")], end="end", values={"both": 6},
)  # fmt: skip
runs(
    "a detached call that does not wait goes on at once",
    "detached call activity",
    d.package("parent", d.user("a"), d.detached("c", "leaf", wait="false", **EACH), d.end()),
    others=[LEAF], begin=["a"], steps=[Do([], complete="a")], end="end", passed=["a", "c", "end"],
)  # fmt: skip
runs(
    "an interrupting event ends the wait for a detached call",
    "detached call activity, timer boundary",
    d.package("parent", d.detached("sub", "stays"), d.boundary("edge", "sub", d.timer("timeDuration", "P1D")), d.end(),
              d.user("after"), d.end("end2"), flows=CAUGHT),
    others=[d.package("stays", d.user("a"), d.end())],
    begin=[], steps=[Do(["after"], days=2), Do([], complete="after")], end="end2", never=["end"],
)  # fmt: skip
runs(
    "an escalation on the way goes on beside",
    "escalation throw, escalation boundary",
    d.package("raise", d.subprocess("sub", *inner(d.throw("up", d.escalation("late")), d.user("a"))),
              d.boundary("edge", "sub", d.escalation("late"), interrupting=False), d.end(), d.user("after"), d.end("end2"),
              flows=CAUGHT),
    begin=["a", "after"], steps=[Do(["after"], complete="a"), Do([], complete="after")], end="end2",
)  # fmt: skip
runs(
    "an interrupting escalation thrown inside goes before the steps that follow it",
    "escalation throw, escalation boundary",
    d.package("at_once", d.subprocess("sub", *inner(d.throw("up", d.escalation("late")), d.script("then", "ran_on = True"))),
              d.boundary("edge", "sub", d.escalation("late")), d.end(), d.user("after"), d.end("end2"), flows=CAUGHT),
    begin=["after"], steps=[Do([], complete="after")], end="end2", never=["then", "end"],
)  # fmt: skip
runs(
    "a plain event thrown on the way marks that a token passed",
    "plain throw",
    d.package("mark", d.user("a"), d.throw("reached"), d.user("b"), d.end()),
    begin=["a"], steps=[Do(["b"], complete="a"), Do([], complete="b")], end="end", passed=["a", "reached", "b"],
)  # fmt: skip


# -- links


runs(
    "a link goes on where it is caught, from everywhere it is thrown",
    "link throw, link catch",
    d.package("jump", d.exclusive("x", default="f_x_t1"), d.throw("t1", d.link("there")), d.throw("t2", d.link("there")),
              d.catch("c", d.link("there")), d.user("a"), d.end(),
              flows=[Flow("x", "t1"), Flow("x", "t2", "n > 1"), *chain("c", "a", "end")]),
    data={"n": 5}, begin=["a"], steps=[Do([], complete="a")], end="end", passed=["x", "t2", "c", "a"], never=["t1"],
)  # fmt: skip


# -- timers and conditions


EDGE = [*chain("a", "end"), *chain("edge", "after", "end2")]
runs(
    "a timer catch waits for its instant",
    "timer catch",
    d.package("pause", d.catch("t", d.timer("timeDuration", "P2D")), d.user("a"), d.end()),
    steps=[Do([], days=1), Do(["a"], days=1), Do([], complete="a")], end="end",
)  # fmt: skip
runs(
    "a timer on a step interrupts it",
    "timer boundary, user task",
    d.package("late", d.user("a"), d.boundary("edge", "a", d.timer("timeDuration", "P1D")), d.end(), d.user("after"),
              d.end("end2"), flows=EDGE),
    begin=["a"], steps=[Do(["after"], days=1), Do([], complete="after")], end="end2",
)  # fmt: skip
runs(
    "a timer on a sub-process cancels all that runs in it, and its waits",
    "timer boundary, sub-process",
    d.package("late_sub", d.subprocess("sub", d.start("s"), d.parallel("p"), d.user("a"), d.catch("m", d.message("m"),
                                                                                                correlation="order"),
                                       d.end("e"), flows=[*chain("s", "p"), Flow("p", "a"), Flow("p", "m"), Flow("a", "e"),
                                                          Flow("m", "e")]),
              d.boundary("edge", "sub", d.timer("timeDuration", "P1D")), d.end(), d.user("after"), d.end("end2"), flows=CAUGHT),
    data=KEY, begin=["a"], steps=[Do(["after"], days=1), Do([], complete="after")], end="end2",
)  # fmt: skip
runs(
    "a repeating timer beside a step happens as often as it says",
    "repeating timer boundary",
    d.package("again", d.user("a"), d.boundary("edge", "a", d.timer("timeCycle", "R2/P1D"), interrupting=False), d.end(),
              d.user("after"), d.end("end2"), flows=EDGE),
    begin=["a"],
    steps=[Do(["a", "after"], days=1), Do(["a", "after", "after"], days=1), Do(["a", "after", "after"], days=1),
           Do(["after", "after"], complete="a"), Do(["after"], complete="after"), Do([], complete="after")],
    end="end2",
)  # fmt: skip
runs(
    "a condition sees what another branch found out",
    "conditional catch, parallel gateway",
    d.package("seen", d.parallel("p"), d.user("a"), d.script("set", "ready = True"), d.end("e1"),
              d.catch("c", d.condition("default(ready, False)")), d.exclusive("x", default="f_x_no"), d.user("b"), d.user("no"),
              d.end(), flows=[Flow("p", "a"), *chain("a", "set", "e1"), Flow("p", "c"), *chain("c", "x"),
                              Flow("x", "b", "ready"), Flow("x", "no"), *chain("b", "end"), *chain("no", "end")]),
    data={"ready": False}, begin=["a"], steps=[Do(["b"], complete="a"), Do([], complete="b")], end="end",
)  # fmt: skip
runs(
    "a condition on a sub-process sees what its steps set, before the next one runs",
    "conditional boundary, sub-process",
    d.package("guard", d.subprocess("sub", *inner(d.user("a"), d.script("set", "stop = True"), d.script("then", "on = True"))),
              d.boundary("edge", "sub", d.condition("stop")), d.end(), d.user("after"), d.end("end2"), flows=CAUGHT),
    data={"stop": False, "on": False}, begin=["a"], steps=[Do(["after"], complete="a"), Do([], complete="after")], end="end2",
    never=["then"], values={"stop": True, "on": False},
)  # fmt: skip
runs(
    "a conditional event inside a sub-process is looked at after every step",
    "conditional catch, sub-process",
    d.package("inside", d.subprocess("sub", d.start("s"), d.parallel("p"), d.user("a"), d.script("set", "go = True"),
                                     d.catch("c", d.condition("go")), d.user("b"), d.end("e"),
                                     flows=[*chain("s", "p"), Flow("p", "a"), *chain("a", "set", "e"), Flow("p", "c"),
                                            *chain("c", "b", "e")]), d.end()),
    data={"go": False}, begin=["a"], steps=[Do(["b"], complete="a"), Do([], complete="b")], end="end",
)  # fmt: skip
runs(
    "a condition beside a step counts once, and again after it has failed",
    "conditional boundary",
    d.package("counts", d.parallel("p"), d.user("a"), d.boundary("edge", "a", d.condition("n > 1"), interrupting=False),
              d.user("u"), d.script("up", "n = n + 1"), d.exclusive("x", default="f_x_u"), d.end(), d.user("after"), d.end("end2"),
              flows=[Flow("p", "a"), Flow("p", "u"), *chain("u", "up", "x"), Flow("x", "u"), Flow("x", "end", "n > 2"),
                     *EDGE]),
    data={"n": 0}, begin=["a", "u"],
    steps=[Do(["a", "u"], complete="u"), Do(["a", "after", "u"], complete="u"), Do(["a", "after"], complete="u"),
           Do(["after"], complete="a"), Do([], complete="after")],
    end="end2",
)  # fmt: skip


# -- messages and signals


runs(
    "a message catch waits for its message",
    "message catch",
    d.package("mail", d.catch("m", d.message("mail"), correlation="order"), d.user("a"), d.end()),
    data=KEY, steps=[Do(["a"], message="mail", payload={"x": 1}), Do([], complete="a")], end="end", values={"x": 1},
)  # fmt: skip
runs(
    "a receive task waits for its message, with a limit on its edge",
    "receive task, timer boundary",
    d.package("mail_limit", d.receive("a", "mail", correlation="order"), d.boundary("edge", "a", d.timer("timeDuration", "P1D")),
              d.end(), d.user("after"), d.end("end2"), flows=EDGE),
    data=KEY, steps=[Do(["after"], days=1), Do([], complete="after")], end="end2",
)  # fmt: skip
for interrupting in (True, False):
    runs(
        f"a message on a step, {'interrupting' if interrupting else 'beside, as often as it comes'}",
        "message boundary",
        d.package(f"mail_edge_{interrupting}".lower(), d.user("a"),
                  d.boundary("edge", "a", d.message("mail"), correlation="order", interrupting=interrupting), d.end(),
                  d.user("after"), d.end("end2"), flows=EDGE),
        data=KEY, begin=["a"],
        steps=[Do(["after"], message="mail"), Do([], complete="after")] if interrupting
        else [Do(["a", "after"], message="mail"), Do(["a", "after", "after"], message="mail"),
              Do(["after", "after"], complete="a"), Do(["after"], complete="after"), Do([], complete="after")],
        end="end2",
    )  # fmt: skip
runs(
    "a message thrown on the way and at the end reaches whoever waits",
    "message throw, message end, message catch, send task",
    d.package("talk", d.parallel("p"), d.throw("t", d.message("one"), correlation="order", payload="{'x': 1}"),
              d.send("t2", "two", correlation="order"), d.end("t3", d.message("three"), correlation="order"),
              d.catch("c1", d.message("one"), correlation="order"), d.catch("c2", d.message("two"), correlation="order"),
              d.catch("c3", d.message("three"), correlation="order"), d.user("a"), d.end(),
              flows=[Flow("p", "t"), *chain("t", "t2", "t3"), Flow("p", "c1"), *chain("c1", "c2", "c3", "a", "end")]),
    data=KEY, begin=["a"], steps=[Do([], complete="a")], end="end", values={"x": 1},
)  # fmt: skip
runs(
    "a signal reaches everything in the instance at once",
    "signal throw, signal catch, signal boundary",
    d.package("alarm", d.parallel("p"), d.user("a"), d.throw("t", d.signal("alarm"), payload="{'x': 1}"), d.end("e1"),
              d.user("b"), d.boundary("edge", "b", d.signal("alarm")), d.user("c"), d.catch("w", d.signal("alarm")), d.user("u"),
              d.end(), flows=[Flow("p", "a"), *chain("a", "t", "e1"), Flow("p", "b"), *chain("b", "end"), *chain("edge", "c", "end"),
                              Flow("p", "w"), *chain("w", "u", "end")]),
    begin=["a", "b"], steps=[Do(["c", "u"], complete="a"), Do(["c"], complete="u"), Do([], complete="c")], end="end",
    values={"x": 1},
)  # fmt: skip
runs(
    "a signal end is thrown",
    "signal end, signal catch",
    d.package("alarm_end", d.parallel("p"), d.user("a"), d.end("t", d.signal("alarm")), d.catch("w", d.signal("alarm")),
              d.user("u"), d.end(), flows=[Flow("p", "a"), *chain("a", "t"), Flow("p", "w"), *chain("w", "u", "end")]),
    begin=["a"], steps=[Do(["u"], complete="a"), Do([], complete="u")], end="end",
)  # fmt: skip
runs(
    "a signal from outside",
    "signal catch",
    d.package("outside", d.catch("w", d.signal("alarm")), d.user("u"), d.end()),
    steps=[Do(["u"], signal="alarm"), Do([], complete="u")], end="end",
)  # fmt: skip
AFTER = [d.user("a"), d.user("b"), d.user("c"), d.end()]
GATE = [Flow("g", "t1"), Flow("g", "t2"), Flow("g", "m"), *chain("t1", "a", "end"), *chain("t2", "b", "end"),
        *chain("m", "c", "end")]  # fmt: skip
GATEWAY = d.package(
    "gate", d.event_gateway("g"), d.catch("t1", d.timer("timeDuration", "P3D")), d.catch("t2", d.timer("timeDuration", "P1D")),
    d.catch("m", d.message("mail"), correlation="order"), *AFTER, flows=GATE,
)  # fmt: skip
runs(
    "an event-based gateway: of two timers each has its own instant, and the earlier one wins",
    "event-based gateway, timer catch",
    GATEWAY, data=KEY, steps=[Do(["b"], days=1), Do(["b"], days=5), Do([], complete="b")], end="end", never=["t1", "m"],
)  # fmt: skip
runs(
    "an event-based gateway: the message wins, and no timer fires any more",
    "event-based gateway, message catch",
    GATEWAY, data=KEY, steps=[Do(["c"], message="mail"), Do(["c"], days=9), Do([], complete="c")], end="end",
    never=["t1", "t2"],
)  # fmt: skip
runs(
    "an event-based gateway: signal, condition and receive task",
    "event-based gateway, signal catch, conditional catch, receive task",
    d.package("gate_more", d.parallel("p"), d.user("u"), d.script("set", "go = True"), d.end("e"), d.event_gateway("g"),
              d.catch("t1", d.signal("alarm")), d.catch("t2", d.condition("go")), d.receive("m", "mail", correlation="order"),
              *AFTER, flows=[Flow("p", "u"), *chain("u", "set", "e"), Flow("p", "g"), *GATE]),
    data=KEY | {"go": False}, begin=["u"], steps=[Do(["b"], complete="u"), Do(["b"], signal="alarm"), Do([], complete="b")],
    end="end", never=["t1", "m"],
)  # fmt: skip
runs(
    "an event-based gateway in a loop waits anew",
    "event-based gateway",
    d.package("gate_loop", d.exclusive("x", default="f_x_g"), d.event_gateway("g"), d.catch("t1", d.timer("timeDuration", "P1D")),
              d.catch("m", d.message("mail"), correlation="order"), d.user("c"), d.end(),
              flows=[Flow("x", "g"), Flow("g", "t1"), Flow("t1", "x"), Flow("g", "m"), *chain("m", "c", "end")]),
    data=KEY, steps=[Do([], days=1), Do([], days=1), Do(["c"], message="mail"), Do([], complete="c")], end="end",
    passed=["t1", "t1", "m"],
)  # fmt: skip


# -- event sub-processes


def with_event(key: str, event: str, *, interrupting: bool = True, **properties: str) -> Package:
    return d.package(
        key, d.user("a"), d.user("b"), d.end(),
        d.event_subprocess("es", d.start("on", event, interrupting=interrupting, **properties), d.user("h"), d.end("he")),
    )  # fmt: skip


runs(
    "an event sub-process started by a timer ends what runs",
    "event sub-process",
    with_event("es_timer", d.timer("timeDuration", "P1D")),
    begin=["a"], steps=[Do(["h"], days=1), Do([], complete="h")], end="he", never=["b", "end"],
)  # fmt: skip
runs(
    "an event sub-process that never starts does not hold its scope",
    "event sub-process",
    with_event("es_unused", d.timer("timeDuration", "P9D")),
    begin=["a"], steps=[Do(["b"], complete="a"), Do([], complete="b")], end="end", never=["on", "h"],
)  # fmt: skip
runs(
    "an event sub-process started by a message, beside and as often as it comes",
    "event sub-process",
    with_event("es_message", d.message("mail"), interrupting=False, correlation="order", variable="mail"),
    data=KEY, begin=["a"],
    steps=[Do(["a", "h"], message="mail", payload={"n": 1}), Do(["b", "h"], complete="a"),
           Do(["b", "h", "h"], message="mail", payload={"n": 2}), Do(["b", "h"], complete="h"), Do(["h"], complete="b"),
           Do([], complete="h")],
    end="he",
)  # fmt: skip
runs(
    "an event sub-process started by a message ends what runs, other waits too",
    "event sub-process",
    with_event("es_stop", d.message("mail"), correlation="order"),
    data=KEY, begin=["a"], steps=[Do(["h"], message="mail"), Do([], complete="h")], end="he", never=["b"],
)  # fmt: skip
runs(
    "an event sub-process started by a signal",
    "event sub-process",
    with_event("es_signal", d.signal("alarm")),
    begin=["a"], steps=[Do(["h"], signal="alarm"), Do([], complete="h")], end="he", never=["b"],
)  # fmt: skip
runs(
    "an event sub-process started by a condition sees the data as they are",
    "event sub-process",
    d.package("es_condition", d.user("a"), d.script("set", "stop = True"), d.script("then", "on = True"), d.user("b"), d.end(),
              d.event_subprocess("es", d.start("on_stop", d.condition("stop")), d.user("h"), d.end("he"))),
    data={"stop": False, "on": False}, begin=["a"], steps=[Do(["h"], complete="a"), Do([], complete="h")], end="he", never=["then", "b"],
    values={"stop": True, "on": False},
)  # fmt: skip
runs(
    "an event sub-process catches an error before the boundary event around its scope",
    "event sub-process, error end",
    d.package("es_error",
              d.subprocess("sub", d.start("s"), d.parallel("p"), d.user("a"), d.user("b"), d.end("fail", d.error("no")), d.end("e"),
                           d.event_subprocess("es", d.start("on", d.error("no")), d.user("h"), d.end("he")),
                           flows=[*chain("s", "p"), Flow("p", "a"), Flow("p", "b"), Flow("a", "fail"), Flow("b", "e")]),
              d.user("next"), d.end()),
    begin=["a", "b"], steps=[Do(["h"], complete="a"), Do(["next"], complete="h"), Do([], complete="next")], end="end",
)  # fmt: skip
runs(
    "an event sub-process throws an error on to the boundary event around its scope",
    "event sub-process, error end, error boundary",
    d.package("es_rethrow",
              d.subprocess("sub", d.start("s"), d.user("a"), d.end("fail", d.error("no")),
                           d.event_subprocess("es", d.start("on", d.error("no")), d.user("h"), d.end("he", d.error("no")))),
              d.boundary("edge", "sub", d.error("no")), d.end(), d.user("after"), d.end("end2"), flows=CAUGHT),
    begin=["a"], steps=[Do(["h"], complete="a"), Do(["after"], complete="h"), Do([], complete="after")], end="end2",
)  # fmt: skip
runs(
    "an event sub-process takes an escalation beside",
    "event sub-process, escalation throw",
    d.package("es_escalation", d.user("a"), d.throw("up", d.escalation("late")), d.user("b"), d.end(),
              d.event_subprocess("es", d.start("on", d.escalation("late"), interrupting=False), d.user("h"), d.end("he"))),
    begin=["a"], steps=[Do(["b", "h"], complete="a"), Do(["h"], complete="b"), Do([], complete="h")], end="he",
)  # fmt: skip
runs(
    "an event sub-process of a sub-process goes with it",
    "event sub-process, timer boundary",
    d.package("es_inner",
              d.subprocess("sub", d.start("s"), d.user("a"), d.end("e"),
                           d.event_subprocess("es", d.start("on", d.message("mail"), interrupting=False, correlation="order"),
                                              d.user("h"), d.end("he"))),
              d.boundary("edge", "sub", d.timer("timeDuration", "P2D")), d.end(), d.user("after"), d.end("end2"), flows=CAUGHT),
    data=KEY, begin=["a"], steps=[Do(["a", "h"], message="mail"), Do(["after"], days=2), Do([], complete="after")], end="end2",
)  # fmt: skip


# -- refused


def one(element: str, *more: d.Element) -> Package:
    return d.package("odd", d.user("a"), d.Element("odd_one", element), d.end(), *more)


for tag, name, code in (
    ("task", "task without a type", "element_unsupported"),
    ("complexGateway", "complex gateway", "element_unsupported"),
    ("transaction", "transaction", "element_unsupported"),
    ("adHocSubProcess", "ad-hoc sub-process", "element_unsupported"),
):
    refused(name, name, one(f'<bpmn:{tag} id="odd_one" name="x"/>'), code)
MI = "<bpmn:multiInstanceLoopCharacteristics{}><bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
for what, marker, code in (
    ("multi-instance marker", MI.format(""), "multi_instance"),
    ("multi-instance marker with a behaviour", MI.format(' behavior="One"'), "multi_instance"),
    ("loop marker", '<bpmn:standardLoopCharacteristics loopMaximum="3"/>', "loop_marker"),
):
    refused(
        what,
        what.split(" with")[0],
        one(f'<bpmn:userTask id="odd_one" name="x">{d._extension({"role": "dept_staff"})}{marker}</bpmn:userTask>'),
        code,
    )
for kind in ("compensate", "cancel"):
    event = f"<bpmn:{kind}EventDefinition/>"
    refused(f"{kind} throw", "compensation" if kind == "compensate" else "cancel",
            d.package("odd", d.user("a"), d.throw("t", event), d.end()), "event_unsupported")  # fmt: skip
    refused(f"{kind} end", "compensation" if kind == "compensate" else "cancel",
            d.package("odd", d.user("a"), d.end("t", event)), "event_unsupported")  # fmt: skip
refused("several events in one", "several events in one",
        d.package("odd", d.catch("t", d.timer("timeDuration", "P1D") + d.signal("s")), d.end()), "event_multiple")  # fmt: skip
refused("several start events", "several start events",
        d.package("odd", d.start("s1"), d.start("s2"), d.user("a"), d.end(),
                  flows=[Flow("s1", "a"), Flow("s2", "a"), Flow("a", "end")]), "several_starts")  # fmt: skip
refused("timer start", "timer start",
        d.package("odd", d.start("s1", d.timer("timeDuration", "P1D")), d.user("a"), d.end()), "event_unsupported")  # fmt: skip
refused("conditional start", "conditional start",
        d.package("odd", d.start("s1", d.condition("n > 1")), d.user("a"), d.end()), "event_unsupported")  # fmt: skip
refused("instantiating receive task", "instantiating receive task",
        one('<bpmn:receiveTask id="odd_one" name="x" instantiate="true" messageRef="message_m"/>'),
        "attribute_unsupported")  # fmt: skip
refused("error that nothing catches", "error end",
        d.package("odd", d.user("a"), d.end("t", d.error("no"))), "error_uncaught")  # fmt: skip
refused("escalation that nothing catches", "escalation throw",
        d.package("odd", d.user("a"), d.throw("t", d.escalation("no")), d.end()), "escalation_uncaught")  # fmt: skip
refused("error start that does not interrupt", "event sub-process",
        d.package("odd", d.subprocess("sub", d.start("s"), d.user("a"), d.end("fail", d.error("no")),
                                      d.event_subprocess("es", d.start("on", d.error("no"), interrupting=False), d.user("h"),
                                                         d.end("he"))), d.end()), "boundary_error")  # fmt: skip
refused("repeating timer of an event sub-process", "event sub-process",
        with_event("odd", d.timer("timeCycle", "R3/P1D"), interrupting=False), "timer_cycle")  # fmt: skip
refused("event gateway before a user task", "event-based gateway",
        d.package("odd", d.event_gateway("g"), d.user("a"), d.catch("t", d.timer("timeDuration", "P1D")), d.end(),
                  flows=[Flow("g", "a"), Flow("g", "t"), Flow("a", "end"), Flow("t", "end")]),
        "event_gateway_target")  # fmt: skip
refused("link that nothing catches", "link throw",
        d.package("odd", d.user("a"), d.throw("t", d.link("nowhere"))), "link_target_missing")  # fmt: skip
refused("branch that comes twice to a parallel join", "parallel gateway",
        d.package("odd", d.parallel("p"), d.user("a"), d.user("b"), d.user("c"), d.parallel("q"), d.user("e"), d.user("f"),
                  d.parallel("j"), d.end(),
                  flows=[Flow("p", "a"), Flow("p", "b"), Flow("a", "c"), Flow("b", "c"), Flow("c", "q"), Flow("q", "e"),
                         Flow("q", "f"), Flow("e", "j"), Flow("f", "j"), Flow("j", "end")]), "join_overrun")  # fmt: skip
refused("timer on a service task", "timer boundary",
        d.package("odd", d.script("a", "x = 1"), d.boundary("edge", "a", d.timer("timeDuration", "P1D")), d.end(),
                  d.end("end2"), flows=[Flow("a", "end"), Flow("edge", "end2")]), "boundary_host")  # fmt: skip
