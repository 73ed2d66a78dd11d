"""Steps that the law asks for: a new version may neither drop nor go round what the published one marks `statutory`.

What could be reached only by way of such a step — a node, a service, the end of the process — is still reached only
by way of it. What could be reached without it before (a void case, say) may go on so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.checking.desk import Desk
from app.engine.packages.diagram import SCOPES, Diagram, Node, read_diagram
from app.engine.packages.front_door import XMLRefused
from app.engine.packages.package import Package

Place = tuple[str, ...]  # the calls that lead to a node, then its id; `(…, id, ">")` is where its inner way has ended
_DEEPEST = 6  # calls within calls that are followed


def check(desk: Desk) -> None:
    """Against `desk.earlier`, the version in force; nothing where there is none."""
    if desk.earlier is None or desk.root is None:
        return
    before = _read(desk.earlier)
    if before is None:
        return
    marked = [node for node in before.nodes.values() if is_statutory(node)]
    if not marked:
        return
    was, now = _Ways(before, desk.earlier.key), _Ways(desk.diagram, desk.package.key)
    for step in marked:
        kept = desk.diagram.nodes.get(step.id)
        if kept is None:
            _add(desk, step, "statutory_removed", "已被删除", "has been removed", step.process)
        elif kept.kind != step.kind:
            _add(desk, step, "statutory_kind", "改成了别的类型", "has become something else", step.id)
        elif not is_statutory(kept):
            _add(desk, step, "statutory_unmarked", "不再标明为法定", "is no longer marked as statutory", step.id)
        else:
            _bypassed(desk, step, was, now)


def is_statutory(node: Node) -> bool:
    return node.properties.get("statutory") == "true"


def _read(package: Package) -> Diagram | None:
    try:
        return read_diagram(package.diagram)
    except XMLRefused:
        return None


def _add(desk: Desk, step: Node, code: str, zh: str, en: str, element_id: str) -> None:
    desk.add(
        code,
        f"法定环节“{step.name or step.id}”{zh}",
        f"The statutory step {step.name_en or step.name or step.id!r} {en}",
        element_id=element_id,
        about=step.id,
    )


def _bypassed(desk: Desk, step: Node, was: _Ways, now: _Ways) -> None:
    guarded = was.labels(was.places) - was.labels(was.reached(without=step.id))
    open_now = guarded & now.labels(now.reached(without=step.id))
    if not open_now:
        return
    places = sorted(label.removeprefix("node:") for label in open_now if label.startswith("node:"))
    node = desk.diagram.nodes.get(places[0]) if places else None
    to_zh = f"“{node.name or node.id}”" if node else "流程结束"
    to_en = repr(node.name_en or node.name or node.id) if node else "the end of the process"
    _add(
        desk,
        step,
        "statutory_bypassed",
        f"可以绕过：不经过它就能到{to_zh}",
        f"can be gone round, on to {to_en}",
        step.id,
    )


class _Ways:
    """Where tokens can get to, calls and sub-processes entered. Every choice may go any way."""

    def __init__(self, diagram: Diagram, key: str) -> None:
        self.diagram = diagram
        main = key if key in diagram.processes else diagram.process_id
        self.begin = list(self._entries(main or "", ()))
        self.places = self.reached(without=None)

    def reached(self, without: str | None) -> frozenset[Place]:
        seen: set[Place] = set()
        left = list(self.begin)
        while left:
            place = left.pop()
            if place in seen or _node_id(place) == without:
                continue
            seen.add(place)
            left += self._onward(place)
        return frozenset(seen)

    def labels(self, places: Iterable[Place]) -> frozenset[str]:
        """What is reached there: nodes by id, services by name, the process's own end."""
        found: set[str] = set()
        for place in places:
            node = self.diagram.nodes[_node_id(place)]
            if place[-1] == ">":
                continue
            found.add(f"node:{node.id}")
            if node.operator is not None and node.operator.name:
                found.add(f"service:{node.operator.name}")
            if node.kind == "endEvent" and len(place) == 1 and node.parent in self.diagram.processes:
                found.add("end")
        return frozenset(found)

    def _entries(self, scope: str, path: tuple[str, ...]) -> Iterator[Place]:
        """Starts of a scope, and of the event sub-processes that wait in it."""
        for node in self.diagram.inside(scope):
            if node.kind == "startEvent" or node.triggered:
                yield (*path, node.id)

    def _onward(self, place: Place) -> list[Place]:
        node = self.diagram.nodes[_node_id(place)]
        left = place[-1] == ">"
        path = place[: -2 if left else -1]
        inner = node.kind in SCOPES and node.starts is None
        found = [] if left else [(*path, boundary.id) for boundary in self.diagram.boundaries(node.id)]
        if inner and not left and len(path) < _DEEPEST:
            entered = list(self._entries(node.called or node.id, (*path, node.id)))
            return found + (entered or [(*path, node.id, ">")])
        if node.kind == "endEvent" and path and not (node.event and node.event.kind == "error"):
            found.append((*path, ">"))
        return found + [(*path, self.diagram.flows[flow].target) for flow in node.out_flows if self._leads(flow)]

    def _leads(self, flow: str) -> bool:
        return self.diagram.flows[flow].target in self.diagram.nodes


def _node_id(place: Place) -> str:
    return place[-2] if place[-1] == ">" else place[-1]
