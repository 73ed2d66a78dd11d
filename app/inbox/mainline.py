"""The main line of a diagram: one way from start to end, along what was taken and through the most steps ahead.

Pure graph work on the nodes and flows of a definition; `strip.py` draws the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.i18n import bilingual

HUMAN = frozenset({"userTask", "manualTask"})
STEPS = HUMAN | {"callActivity", "subProcess", "transaction"}
AUTOMATIC = frozenset({"serviceTask", "sendTask", "scriptTask", "businessRuleTask", "task", "receiveTask"})
_WEIGHT = {"done": 1000, "now": 1000, "off": 0}


@dataclass(frozen=True)
class Side:
    """A way that leaves the main line: back, forward over some steps, or to a step that is not on it."""

    flow_id: str
    origin: str
    target: str
    label: str
    rejoins: bool  # the target stands on the main line


def start_of(nodes: Mapping[str, Any]) -> str | None:
    """The start event of the process itself, not of a sub-process."""
    starts = [n for n in nodes.values() if n.kind == "startEvent" and n.parent not in nodes]
    return min(starts, key=lambda n: (n.x or 0, n.y or 0)).id if starts else None


def main_line(
    nodes: Mapping[str, Any],
    flows: Mapping[str, Any],
    states: Mapping[str, str],
    closed: frozenset[str] = frozenset(),
) -> list[str]:
    """Node ids from start to end, by flows that were or can be taken."""
    start = start_of(nodes)
    if start is None:
        return []
    open_flows = {flow_id: flow for flow_id, flow in flows.items() if flow_id not in closed}
    order, forward = _unrolled(start, nodes, open_flows, _interrupted(nodes, states))
    best: dict[str, tuple[int, str | None]] = {}
    for node_id in order:  # ends first
        ways = [(best[target][0], target) for target in forward[node_id] if target in best]
        length, following = max(ways, key=lambda way: way[0], default=(0, None))
        best[node_id] = (length + _weight(nodes[node_id].kind, states.get(node_id, "ahead")), following)
    line: list[str] = []
    at: str | None = start
    while at is not None:
        line.append(at)
        at = best[at][1]
    return line


def _interrupted(nodes: Mapping[str, Any], states: Mapping[str, str]) -> dict[str, list[str]]:
    """Steps that a boundary event ended, a deadline for instance: the work went on from there."""
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        if node.kind == "boundaryEvent" and node.interrupting and states.get(node.id) == "done":
            found.setdefault(node.attached_to, []).append(node.id)
    return found


def _unrolled(
    start: str, nodes: Mapping[str, Any], flows: Mapping[str, Any], interrupted: Mapping[str, list[str]]
) -> tuple[list[str], dict[str, list[str]]]:
    """Reachable nodes, ends first, and their ways forward without those that lead back into a loop."""
    order: list[str] = []
    forward: dict[str, list[str]] = {}
    under_way: set[str] = set()

    def ways(node_id: str) -> list[str]:
        return targets(node_id, nodes, flows) + interrupted.get(node_id, [])

    stack: list[tuple[str, list[str]]] = [(start, ways(start))]
    forward[start] = []
    under_way.add(start)
    while stack:
        node_id, left = stack[-1]
        if not left:
            stack.pop()
            under_way.discard(node_id)
            order.append(node_id)
            continue
        target = left.pop(0)
        if target in under_way:
            continue
        forward[node_id].append(target)
        if target not in forward:
            forward[target] = []
            under_way.add(target)
            stack.append((target, ways(target)))
    return order, forward


def targets(node_id: str, nodes: Mapping[str, Any], flows: Mapping[str, Any]) -> list[str]:
    """Where a node's flows lead: the default first, then left to right on the drawing."""
    default = nodes[node_id].default
    ways = [f for f in nodes[node_id].out_flows if f in flows and flows[f].target in nodes]
    found = [(f != default, flows[f].target) for f in ways]
    found.sort(key=lambda way: (way[0], nodes[way[1]].x or 0, nodes[way[1]].y or 0))
    return [target for _second, target in found]


def _weight(kind: str, state: str) -> int:
    if state in _WEIGHT:
        return _WEIGHT[state]
    return 10 if kind in STEPS else 1


def sides(line: list[str], nodes: Mapping[str, Any], flows: Mapping[str, Any]) -> list[Side]:
    """The other ways out of the splits on the main line, each followed to the next step or end."""
    place = {node_id: index for index, node_id in enumerate(line)}
    found: list[Side] = []
    for index, node_id in enumerate(line):
        following = line[index + 1] if index + 1 < len(line) else None
        if following is not None and nodes[following].kind == "boundaryEvent":
            continue  # what the step would have led to is over
        onward = False
        for flow_id in nodes[node_id].out_flows:
            flow = flows[flow_id]
            if flow.target == following and not onward:
                onward = True
                continue
            target = _followed(flow.target, nodes, flows, place)
            if target is not None:
                found.append(Side(flow_id, node_id, target, bilingual(flow.name, flow.name_en), target in place))
    return found


def _followed(node_id: str, nodes: Mapping[str, Any], flows: Mapping[str, Any], place: Mapping[str, int]) -> str | None:
    """Through whatever needs nobody, to the main line, a step or an end."""
    seen: set[str] = set()
    while node_id in nodes and node_id not in seen:
        node = nodes[node_id]
        if node_id in place or node.kind in STEPS or not node.out_flows:
            return node_id
        seen.add(node_id)
        node_id = flows[node.out_flows[0]].target
    return None
