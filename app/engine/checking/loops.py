"""Circles without a rest, and processes that call themselves."""

from __future__ import annotations

from app.engine.checking.desk import Desk
from app.engine.checking.events import waits
from app.engine.packages.call_words import call_words_of
from app.engine.packages.diagram import Diagram, Node

_OUTSIDE = frozenset({"timer", "message"})  # what only the clock or somebody else makes happen


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    _recursion(desk)
    automatic = _Automatic(desk.diagram)
    for scope in {node.parent for node in desk.diagram.nodes.values()}:
        for circle in _circles(automatic.edges(scope)):
            first = min(circle, key=lambda node: list(desk.diagram.nodes).index(node))
            names = " → ".join(desk.diagram.nodes[node].name or node for node in circle[:8])
            desk.add(
                "endless_loop",
                f"回路中没有等待的步骤，会不停地自动循环：{names}",
                f"A loop without a step that waits would run for ever: {names}",
                element_id=first,
                fix=(
                    "在回路中加用户任务或定时事件",
                    "Put a user task or a timer into the loop",
                ),
            )


class _Automatic:
    """Edges that a token runs along by itself, without anybody or any clock."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self._through: dict[str, bool] = {}

    def edges(self, scope: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for node in self.diagram.inside(scope):
            targets = []
            if self._passes(node):
                targets += [self.diagram.flows[flow].target for flow in node.out_flows]
                targets += [b.id for b in self.diagram.boundaries(node.id) if b.event and b.event.kind not in _OUTSIDE]
            found[node.id] = targets
        return found

    def _passes(self, node: Node) -> bool:
        if waits(node):
            return False
        if node.kind == "subProcess":
            return self._runs_through(node.id)
        if node.starts is not None:
            return not call_words_of(node.properties).waits
        if node.kind == "callActivity":
            return self._runs_through(node.called or "")
        return True

    def _runs_through(self, scope: str) -> bool:
        """Whether some way from the start to an end of a scope waits nowhere."""
        if scope not in self._through:
            self._through[scope] = False  # a process that calls itself is named elsewhere
            edges = self.edges(scope)
            starts = [node.id for node in self.diagram.inside(scope) if node.kind == "startEvent"]
            seen = {one for start in starts for one in _reached(edges, start)}
            self._through[scope] = any(self.diagram.nodes[one].kind == "endEvent" for one in seen)
        return self._through[scope]


def _circles(edges: dict[str, list[str]]) -> list[list[str]]:
    """Groups of nodes that lie on a common circle. Quadratic, for at most 400 nodes."""
    reach = {node: _reached(edges, node) for node in edges}
    found, grouped = [], set()
    for node in edges:
        if node in reach[node] and node not in grouped:
            group = [other for other in edges if other in reach[node] and node in reach[other]]
            grouped |= set(group)
            found.append(group)
    return found


def _reached(edges: dict[str, list[str]], start: str) -> set[str]:
    """What one or more steps lead to."""
    seen: set[str] = set()
    left = list(edges[start])
    while left:
        one = left.pop()
        if one not in seen and one in edges:
            seen.add(one)
            left += edges[one]
    return seen


def _recursion(desk: Desk) -> None:
    calls: dict[str, list[str]] = {process: [] for process in desk.diagram.processes}
    for node in desk.diagram.nodes.values():
        if node.kind == "callActivity" and node.called in calls:
            calls[node.process].append(node.called)
    inside = {process: group for group in _circles(calls) for process in group}
    for node in desk.diagram.nodes.values():
        if node.kind == "callActivity" and node.process in inside and node.called in inside[node.process]:
            desk.add(
                "recursion",
                f"流程不能直接或间接地调用自己（{node.called}）",
                f"A process may not call itself, directly or through others ({node.called})",
                at=node,
            )
