"""What two versions say of a node: whether a token there can move, why not, and what changes for the work there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.engine.core import Core, Loaded
from app.engine.packages.call_words import call_words_of
from app.engine.packages.diagram import Diagram, Node
from app.engine.packages.words import Words, words_of
from app.engine.running.migrating.mapping import Pair, same_kind
from app.engine.running.migrating.reasons import Reason

# What a running clock was made by: an open task keeps these words, whatever the new version says.
CLOCK_WORDS = ("deadline", "remind", "ladder")


def obstacles(old: Loaded, new: Loaded, pairs: Mapping[str, Pair], node_id: str) -> list[Reason]:
    """Why a token at this node cannot move; nothing where it can."""
    node, pair = old.nodes[node_id], pairs[node_id]
    target = new.nodes.get(pair.target or "")
    if target is None:
        return [Reason("scope_gone" if _scope_is_gone(old.diagram, pairs, node) else "node_gone")]
    return list(_against(old.diagram, new.diagram, pairs, node, target))


def _against(old: Diagram, new: Diagram, pairs: Mapping[str, Pair], node: Node, target: Node) -> Iterator[Reason]:
    if not same_kind(node, target):
        yield Reason("kind_changed")
        return
    if not _same_scope(old, new, pairs, node, target):
        yield Reason("scope_gone" if _scope_is_gone(old, pairs, node) else "scope_changed")
    if node.is_human and _signing_of(node) != _signing_of(target):
        yield Reason("signers_changed")
    if _waits_for(old, node) != _waits_for(new, target):
        yield Reason("event_changed")
    if node.called != target.called:
        yield Reason("call_changed")
    if node.starts != target.starts or (node.starts and _call_of(node) != _call_of(target)):
        yield Reason("children_waiting")


def _signing_of(node: Node) -> tuple[object, ...]:
    words = words_of(node.properties)
    if not words.signs:
        return ()
    lane = node.lane if not words.role and not words.signers else None
    return (words.policy, words.ratio, words.vote, words.agree, words.signers, words.role, words.org, lane)


def _call_of(node: Node) -> object:
    return call_words_of(node.properties)


def _waits_for(diagram: Diagram, node: Node) -> tuple[str, ...]:
    """What a token is moved by there. When a timer fires is no part of it: that was fixed when it began to wait."""
    event = node.event
    if event is None:
        return ()
    named = diagram.name_of(node) if event.kind in ("message", "signal") else ""
    code = diagram.codes.get(event.ref or "") if event.kind in ("error", "escalation") else None
    return (event.kind, "cycle" if event.form == "timeCycle" else "", named, code or "")


def _scope_is_gone(old: Diagram, pairs: Mapping[str, Pair], node: Node) -> bool:
    return node.parent in old.nodes and pairs[node.parent].target is None


def _same_scope(old: Diagram, new: Diagram, pairs: Mapping[str, Pair], node: Node, target: Node) -> bool:
    if node.parent in old.nodes:
        return pairs[node.parent].target == target.parent
    if target.parent in new.nodes:
        return False
    return (node.parent == old.process_id) == (target.parent == new.process_id) and (
        node.parent == old.process_id or node.parent == target.parent
    )


def changes(engine: Core, old: Loaded, new: Loaded, pairs: Mapping[str, Pair], node_id: str) -> list[Reason]:
    """What is different for the work that stands at a node."""
    node, target = old.nodes[node_id], new.nodes.get(pairs[node_id].target or "")
    if target is None:
        return []
    found = []
    if target.id != node.id:
        found.append(Reason("moves_to", {"element": target.name or target.id}))
    if node.name != target.name:
        found.append(Reason("renamed", {"before": node.name or node.id, "after": target.name or target.id}))
    if node.is_human:
        found += _for_people(engine, old, new, node, target)
    if node.event and target.event and node.event.kind == "timer" and node.event.text != target.event.text:
        found.append(Reason("timer_kept", {"before": node.event.text or "", "after": target.event.text or ""}))
    return found + list(_events_beside(old.diagram, new.diagram, pairs, node, target))


def _for_people(engine: Core, old: Loaded, new: Loaded, node: Node, target: Node) -> Iterator[Reason]:
    before, after = words_of(node.properties), words_of(target.properties)
    if addressing_of(engine, node, before) != addressing_of(engine, target, after):
        said = {"before": _role(engine, node, before), "after": _role(engine, target, after)}
        yield Reason("role_changed", said)
    if before.form != after.form or old.form(before.form) != new.form(after.form):
        yield Reason("form_changed")
    if before.deadline != after.deadline:
        yield Reason("deadline_kept", {"before": before.deadline or "—", "after": after.deadline or "—"})
    if (before.remind, before.ladder) != (after.remind, after.ladder):
        yield Reason("reminders_kept")
    if before.allow != after.allow:
        yield Reason("verbs_changed")


def addressing_of(engine: Core, node: Node, words: Words) -> tuple[str | None, ...]:
    """What decides to whom a step goes."""
    lane = engine.lane(node)
    role = words.role or (lane.role if lane else None)
    return role, words.org or (lane.org if lane and not words.role else None), words.assignee


def _role(engine: Core, node: Node, words: Words) -> str:
    """The key; whoever shows it knows its name."""
    return addressing_of(engine, node, words)[0] or "—"


def _events_beside(old: Diagram, new: Diagram, pairs: Mapping[str, Pair], node: Node, target: Node) -> Iterator[Reason]:
    """Events drawn on the edge that come or go."""
    kept = set()
    for edge in old.boundaries(node.id):
        other = new.nodes.get(pairs[edge.id].target or "")
        if other is None or other.attached_to != target.id:
            yield Reason("event_removed", {"element": edge.name or edge.id})
            continue
        kept.add(other.id)
        if edge.event and other.event and edge.event.text != other.event.text:
            yield Reason("timer_kept", {"before": edge.event.text or "", "after": other.event.text or ""})
    for edge in new.boundaries(target.id):
        if edge.id not in kept:
            yield Reason("event_added", {"element": edge.name or edge.id})
