"""Which flows of a running instance can no longer be taken, as far as its data says so already.

Only conditions whose names nothing still to come may set are decided; whatever is open stays open.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from app.engine import Engine, Loaded, Node, Progress


def closed_flows(engine: Engine, loaded: Loaded, progress: Progress, data: Mapping[str, Any]) -> frozenset[str]:
    coming = _reachable(loaded, progress)
    if any(node.kind == "businessRuleTask" for node in coming):
        return frozenset()  # what a decision table will give is not known
    settable = names_set_by(engine, loaded, coming)
    found: set[str] = set()
    for node in coming:
        if node.kind in ("exclusiveGateway", "inclusiveGateway"):
            found |= _closed_at(engine, loaded, node, data, settable)
    return frozenset(found - progress.taken)


def _reachable(loaded: Loaded, progress: Progress) -> list[Node]:
    """The present steps and all that can follow them, loops back included."""
    ways = [node_id for node_id, state in progress.nodes.items() if state.state == "now"]
    found: dict[str, Node] = {}
    while ways:
        node = loaded.nodes.get(ways.pop())
        if node is not None and node.id not in found:
            found[node.id] = node
            ways += [loaded.flows[flow_id].target for flow_id in node.out_flows]
    return list(found.values())


def names_set_by(engine: Engine, loaded: Loaded, nodes: Iterable[Node]) -> frozenset[str]:
    """The variables that forms, scripts and service tasks of these nodes may assign."""
    names: set[str] = set()
    for node in nodes:
        form = loaded.form(node.properties.get("form")) or {}
        names |= {str(field["name"]) for field in form.get("fields", ()) if field.get("name")}
        if node.properties.get("policy"):
            names.add("signatures")  # what a step that several sign leaves behind
        for script in (node.script, node.pre_script, node.post_script):
            if script:
                names |= engine.language.script_names(script)[1]
        if node.operator is not None:
            service = engine.services.tasks.get(node.operator.name)
            result = service.result if service else None
            names |= {node.operator.result} if node.operator.result else set(result().fields if result else ())
    return frozenset(names)


def _closed_at(
    engine: Engine, loaded: Loaded, node: Node, data: Mapping[str, Any], settable: frozenset[str]
) -> set[str]:
    closed: set[str] = set()
    undecided = False
    for flow_id in node.out_flows:
        condition = loaded.flows[flow_id].condition
        if not condition or flow_id == node.default:
            continue
        holds = _decided(engine, condition, data, settable)
        if holds is False:
            closed.add(flow_id)
        elif holds is None:
            undecided = True
        elif node.kind == "exclusiveGateway" and not undecided:
            return set(node.out_flows) - {flow_id}  # the first that holds is the one
    return closed


def _decided(engine: Engine, condition: str, data: Mapping[str, Any], settable: frozenset[str]) -> bool | None:
    """True, False, or None while it is open. One part may settle the whole: `passed and by == 'town'`."""
    try:
        tree = ast.parse(condition.strip(), mode="eval").body
        if isinstance(tree, ast.BoolOp):
            parts = [_decided(engine, ast.unparse(part), data, settable) for part in tree.values]
            settles = isinstance(tree.op, ast.Or)
            if settles in parts:
                return settles
            return None if None in parts else not settles
        names = engine.language.names(condition)
        if names & settable or not names <= data.keys():
            return None
        return bool(engine.evaluate(condition, data))
    except Exception:  # noqa: BLE001  (whatever the language refuses now is not said)
        return None
