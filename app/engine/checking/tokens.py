"""Parallel joins that wait for a branch that never comes, found by playing the tokens without their data.

Every scope is played by itself: a choice may go any way, a boundary event may happen or not. Of all orders in which
parallel branches can run only one is played, which is enough to find every place where tokens get stuck.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from app.engine.checking.desk import Desk
from app.engine.packages.diagram import Diagram, Node

MAX_MARKINGS, MAX_WIDTH = 3_000, 6
Marking = tuple[tuple[str, int], ...]  # flows with the tokens on them


def check(desk: Desk) -> None:
    broken = any(problem.code in _SPOILED for problem in desk.problems)
    if desk.root is None or broken:
        return
    stuck: set[str] = set()
    overrun: set[str] = set()
    for scope in {node.parent for node in desk.diagram.nodes.values()}:
        played = _stuck(desk.diagram, scope)
        stuck |= played[0]
        overrun |= played[1]
    for node_id in sorted(overrun - stuck):
        desk.add(
            "join_overrun",
            "同一条连线上可能先后来两次，并行网关会把它们当作一次",
            "Two tokens may come along the same flow before this parallel gateway goes on: it would take them for one",
            element_id=node_id,
            fix=("让每个分支只到达一次", "Let each branch arrive only once"),
        )
    for node_id in sorted(stuck):
        desk.add(
            "deadlock",
            "并行网关等待的分支可能永远不来，流程会停在此处",
            "A branch that this parallel gateway waits for may never come: the process would stop here",
            element_id=node_id,
            fix=(
                "排他分支用排他网关汇合，并行分支用并行网关汇合",
                "Join exclusive branches by an exclusive gateway, parallel ones by a parallel gateway",
            ),
        )


# With these in it the tokens could not be played, and they are named already.
_SPOILED = frozenset(
    {"reference_dangling", "several_starts", "no_start", "dead_end", "no_way_out", "id_duplicate", "flow_crosses",
     "flow_into", "flow_out", "flow_twice", "xml_nodes", "id_missing"}
)  # fmt: skip


def _stuck(diagram: Diagram, scope: str) -> tuple[set[str], set[str]]:
    """Joins at which tokens of this scope may stay for ever, and those that a branch may reach twice before they go on.

    None where there is too much to play.
    """
    nodes = diagram.inside(scope)
    if any(node.kind == "inclusiveGateway" and len(node.in_flows) > 1 for node in nodes):
        return set(), set()  # an inclusive join waits for what may still come: no rule about single flows
    play = _Play(diagram, nodes)
    joins = {
        flow for node in nodes if node.kind == "parallelGateway" and len(node.in_flows) > 1 for flow in node.in_flows
    }
    seen: set[Marking] = set()
    left = [play.begin()]
    stuck: set[str] = set()
    overrun: set[str] = set()
    while left:
        marking = left.pop()
        if marking in seen:
            continue
        if len(seen) >= MAX_MARKINGS:
            return set(), set()
        seen.add(marking)
        overrun |= {diagram.flows[flow].target for flow, count in marking if count > 1 and flow in joins}
        following = play.next(marking)
        if following is None:
            stuck |= {diagram.flows[flow].target for flow, _count in marking}
        else:
            left += following
    return stuck, overrun


class _Play:
    def __init__(self, diagram: Diagram, nodes: list[Node]) -> None:
        self.diagram = diagram
        self.nodes = {node.id: node for node in nodes}
        self.edges = {node.id: diagram.boundaries(node.id) for node in nodes}

    def begin(self) -> Marking:
        return self._put(
            {}, [flow for node in self.nodes.values() if node.kind == "startEvent" for flow in node.out_flows]
        )

    def next(self, marking: Marking) -> list[Marking] | None:
        """The markings after one step of one node that can go; None when none can and tokens are left."""
        tokens = dict(marking)
        if not tokens:
            return []
        for flow in sorted(tokens, key=self._joins):
            node = self.nodes[self.diagram.flows[flow].target]
            used = node.in_flows if node.kind == "parallelGateway" else (flow,)
            if all(tokens.get(one) for one in used):
                rest = self._take(tokens, used)
                return [self._put(*way) for way in self._ways(node, rest)]
        return None

    def _joins(self, flow: str) -> bool:
        """Joins go last, so that it shows when a branch comes to one twice."""
        node = self.nodes[self.diagram.flows[flow].target]
        return node.kind == "parallelGateway" and len(node.in_flows) > 1

    def _ways(self, node: Node, rest: dict[str, int]) -> Iterator[tuple[dict[str, int], list[str]]]:
        out = list(node.out_flows)
        if node.kind == "endEvent":
            ends_all = node.event is not None and node.event.kind in ("terminate", "error")
            yield ({} if ends_all else rest), []
        elif node.kind in ("exclusiveGateway", "eventBasedGateway"):
            yield from ((rest, [flow]) for flow in out)
        elif node.kind == "inclusiveGateway" and len(out) <= MAX_WIDTH:
            for count in range(1, len(out) + 1):
                yield from ((rest, list(some)) for some in itertools.combinations(out, count))
        else:
            for way in self._splits(node, out):
                yield rest, way
                for edge in self.edges[node.id]:
                    yield rest, list(edge.out_flows) + ([] if edge.interrupting else way)

    def _splits(self, node: Node, out: list[str]) -> Iterator[list[str]]:
        """All flows out of a node that is no gateway; of those with conditions any, or the default."""
        some = [flow for flow in out if self.diagram.flows[flow].condition is not None]
        always = [flow for flow in out if flow not in some and flow != node.default]
        if len(out) < 2 or not some or len(some) > MAX_WIDTH:
            yield out
            return
        yield always + ([node.default] if node.default in out else [])
        for count in range(1, len(some) + 1):
            yield from (always + list(taken) for taken in itertools.combinations(some, count))

    def _take(self, tokens: dict[str, int], flows: tuple[str, ...]) -> dict[str, int]:
        return {flow: count - (flow in flows) for flow, count in tokens.items() if count - (flow in flows) > 0}

    def _put(self, tokens: dict[str, int], flows: list[str]) -> Marking:
        """More than two tokens on a flow say nothing new."""
        after = dict(tokens)
        for flow in flows:
            after[flow] = min(after.get(flow, 0) + 1, 2)
        return tuple(sorted(after.items()))
