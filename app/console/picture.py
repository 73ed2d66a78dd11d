"""An instance on its diagram: tokens with their counts, the way they took, where something failed.

The same as a list of steps, which is what the diagram says to whoever cannot see it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.console import words
from app.engine import ChildCount, HumanTask, Incident, Node, Progress, Subscription, Timer
from app.i18n import ENGLISH, _, bilingual, get_locale

_SCOPES = ("subProcess", "transaction", "adHocSubProcess")
_ORDER = {"now": 0, "done": 1, "ahead": 2, "off": 3}


@dataclass(frozen=True)
class Step:
    """One node as the list names it. `state`: done, now, ahead, off; `tokens`: how many stand here."""

    id: str
    name: str
    kind: str
    state: str
    tokens: int
    incidents: int
    passed: int  # how often a token came through


@dataclass(frozen=True)
class Picture:
    """What the viewer is given, by element id, and the list beside it."""

    steps: list[Step]
    marks: dict[str, str]
    counts: dict[str, int]
    alerts: dict[str, str]
    sentence: str
    calls: dict[str, ChildCount]  # the detached calls that have started something

    @property
    def tags(self) -> dict[str, str]:
        return {node: _("已结束 %(over)s / %(total)s", over=n.over, total=n.total) for node, n in self.calls.items()}

    @property
    def tokens(self) -> list[Step]:
        return [step for step in self.steps if step.tokens]

    def step(self, node_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == node_id), None)


def picture(
    progress: Progress,
    tasks: Sequence[HumanTask],
    timers: Sequence[Timer],
    incidents: Sequence[Incident],
    awaited: Sequence[Subscription] = (),
) -> Picture:
    """From open tasks, waiting timers, open incidents and awaited messages of the instance."""
    waits: list[tuple[str | None, str | None]] = [(row.spiff_task_id, row.node_id) for row in timers]
    waits += [(row.spiff_task_id, row.node_id) for row in incidents]
    waits += [(row.spiff_task_id, row.node_id) for row in awaited]
    tokens = _tokens(progress, tasks, waits)
    failing = Counter(incident.node_id for incident in incidents if incident.node_id)
    steps = [
        Step(
            node.id,
            name_of(node),
            words.node_kind(node.kind),
            progress.nodes[node.id].state if node.id in progress.nodes else "off",
            tokens[node.id],
            failing[node.id],
            progress.nodes[node.id].count if node.id in progress.nodes else 0,
        )
        for node in progress.loaded.nodes.values()
    ]
    steps.sort(key=lambda step: (_ORDER.get(step.state, 9), _place(progress, step.id)))
    marks = {step.id: step.state for step in steps if step.state in ("done", "now", "off")}
    marks |= dict.fromkeys([*progress.taken, *_arrivals(progress, +tokens)], "done")
    marks |= {node_id: "bad" for node_id in failing if marks.get(node_id) != "now"}
    return Picture(
        steps,
        marks,
        dict(tokens),
        {node_id: _("异常 %(n)s", n=n) for node_id, n in failing.items()},
        _sentence(steps),
        {node: state.children for node, state in progress.nodes.items() if state.children is not None},
    )


def name_of(node: Node) -> str:
    return bilingual(node.name, node.name_en) or node.id


def _tokens(
    progress: Progress, tasks: Sequence[HumanTask], waits: Sequence[tuple[str | None, str | None]]
) -> Counter[str]:
    """How many tokens stand at each node. Several signers of one step are one token; a boundary event is none."""
    nodes = progress.loaded.nodes
    at: dict[str, str] = {task.spiff_task_id: task.node_id for task in tasks}
    for spiff_id, node_id in waits:
        node = nodes.get(node_id or "")
        if spiff_id and node is not None and not node.attached_to:
            at[spiff_id] = node.id
    counted = Counter(at.values())
    for there, state in progress.nodes.items():
        node = nodes.get(there)
        if state.state == "now" and not counted[there] and node is not None and node.kind not in _SCOPES:
            counted[there] = 1  # it waits for something else: a message, another instance
    return +counted


def _arrivals(progress: Progress, standing: Iterable[str]) -> list[str]:
    """The flow by which each token came to where it stands: history only tells of nodes that are passed."""
    found = []
    for node_id in standing:
        node = progress.loaded.nodes.get(node_id)
        flows = [progress.loaded.flows[flow_id] for flow_id in node.in_flows] if node else []
        came = [(at, flow.id) for flow in flows if (at := _passed_at(progress, flow.source)) is not None]
        if came:
            found.append(max(came)[1])
    return found


def _passed_at(progress: Progress, node_id: str) -> dt.datetime | None:
    state = progress.nodes.get(node_id)
    return state.at if state is not None and state.count else None


def _place(progress: Progress, node_id: str) -> tuple[float, float]:
    node = progress.loaded.nodes[node_id]
    return node.x, node.y


def _sentence(steps: Sequence[Step]) -> str:
    comma = ", " if get_locale() == ENGLISH else "、"
    standing = comma.join(
        step.name if step.tokens == 1 else _("%(step)s（%(n)s 个）", step=step.name, n=step.tokens)
        for step in steps
        if step.tokens
    )
    failed = comma.join(step.name for step in steps if step.incidents)
    told = _("流程图：令牌在%(steps)s", steps=standing) if standing else _("流程图：没有令牌")
    return _("%(told)s；异常在%(steps)s", told=told, steps=failed) if failed else told
