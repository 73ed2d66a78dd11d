"""Which node of the new version takes the place of which of the old one, proposed and as given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.engine.packages.diagram import HUMAN, Diagram, Node

SAME, NAME, NEIGHBOURS, GIVEN, NONE = "same", "name", "neighbours", "given", "none"


@dataclass(frozen=True)
class Pair:
    """A node of the old version, the one that takes its place (None: nothing does), and how that was found."""

    source: str
    target: str | None
    how: str


def propose(old: Diagram, new: Diagram, given: Mapping[str, str | None] | None = None) -> dict[str, Pair]:
    """What was given, else the same id and kind, else the same name and kind, else the same neighbours and kind.

    No two nodes are proposed for one. Given may be anything: whether a token can take it is seen later.
    """
    given = given or {}
    found: dict[str, Pair] = {}
    for source, target in given.items():
        if source in old.nodes:
            found[source] = Pair(source, target if target in new.nodes else None, GIVEN)
    for node in old.nodes.values():
        if node.id not in found and node.id in new.nodes and same_kind(node, new.nodes[node.id]):
            found[node.id] = Pair(node.id, node.id, SAME)
    taken = {pair.target for pair in found.values()}
    for node in old.nodes.values():
        if node.id in found or not (node.name or node.name_en):
            continue
        alike = [n for n in new.nodes.values() if n.id not in taken and same_kind(node, n) and _same_name(node, n)]
        if len(alike) == 1:
            found[node.id] = Pair(node.id, alike[0].id, NAME)
            taken.add(alike[0].id)
    for node in old.nodes.values():
        if node.id in found:
            continue
        near = _nearest(old, new, node, found, taken)
        found[node.id] = Pair(node.id, near, NEIGHBOURS if near else NONE)
        taken.add(near)
    return {node_id: found[node_id] for node_id in old.nodes}


def same_kind(one: Node, other: Node) -> bool:
    """Whether a token could stand at the one as it stands at the other."""
    return one.kind == other.kind or {one.kind, other.kind} <= HUMAN


def targets_for(old: Node, new: Diagram) -> list[Node]:
    """What may be chosen for a node: those of its kind."""
    return [node for node in new.nodes.values() if same_kind(old, node)]


def _same_name(one: Node, other: Node) -> bool:
    return bool((one.name and one.name == other.name) or (one.name_en and one.name_en == other.name_en))


def _nearest(
    old: Diagram, new: Diagram, node: Node, found: Mapping[str, Pair], taken: Iterable[str | None]
) -> str | None:
    """The one free node of its kind with the most neighbours in common, and with most of them; a tie is nobody's."""
    mine = _neighbours(old, node)
    around = {found[one].target for one in mine if one in found and found[one].target}
    if not around:
        return None
    scored = sorted(
        (
            (len(around & _neighbours(new, other)), other.id)
            for other in new.nodes.values()
            if other.id not in set(taken) and same_kind(node, other) and other.id not in old.nodes
        ),
        reverse=True,
    )
    if not scored or 2 * scored[0][0] <= len(around) or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return None
    return scored[0][1]


def _neighbours(diagram: Diagram, node: Node) -> set[str]:
    before = {diagram.flows[flow].source for flow in node.in_flows if flow in diagram.flows}
    after = {diagram.flows[flow].target for flow in node.out_flows if flow in diagram.flows}
    return before | after | ({node.attached_to} if node.attached_to else set())
