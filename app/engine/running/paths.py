"""What lies ahead in a diagram, not counting flows that close a loop."""

from __future__ import annotations

from collections.abc import Set

from app.engine.core import Loaded


def ahead_of(loaded: Loaded, nodes: Set[str], back: Set[str]) -> set[str]:
    """The nodes that can be come to from these, in their own scope, without taking a flow of `back`."""
    found: set[str] = set()
    todo = list(nodes)
    while todo:
        node = loaded.nodes.get(todo.pop())
        for flow_id in node.out_flows if node is not None else ():
            flow = loaded.flows.get(flow_id)
            if flow is not None and flow_id not in back and flow.target not in found:
                found.add(flow.target)
                todo.append(flow.target)
    return found - nodes


def back_flows(loaded: Loaded) -> set[str]:
    """Flows that close a loop, by depth-first search from the nodes that nothing leads to."""
    back: set[str] = set()
    state: dict[str, int] = {}  # 1 on the path, 2 finished
    starts = [node.id for node in loaded.nodes.values() if not node.in_flows]
    for start in starts:
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            node_id, index = stack.pop()
            if index == 0:
                if state.get(node_id):
                    continue
                state[node_id] = 1
            flows = loaded.nodes[node_id].out_flows if node_id in loaded.nodes else ()
            if index < len(flows):
                stack.append((node_id, index + 1))
                flow = loaded.flows.get(flows[index])
                if flow is None:
                    continue
                if state.get(flow.target) == 1:
                    back.add(flow.id)
                elif not state.get(flow.target):
                    stack.append((flow.target, 0))
            else:
                state[node_id] = 2
    return back
