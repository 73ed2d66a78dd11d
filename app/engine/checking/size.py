"""Guard 11: parallel branches one after another multiply the tree that SpiffWorkflow predicts."""

from __future__ import annotations

from app.engine.checking.desk import Desk
from app.engine.packages.diagram import Node

MAX_PREDICTED = 4_000
_UNCERTAIN = frozenset({"exclusiveGateway", "inclusiveGateway"})  # prediction ends two nodes behind them


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    for start in [node for node in desk.diagram.nodes.values() if node.kind == "startEvent"]:
        predicted, widest = _predicted(desk, start)
        if predicted > MAX_PREDICTED:
            desk.add(
                "explosion",
                f"并行分支接连出现，引擎要展开约 {min(predicted, 10**9)} 个节点（上限 {MAX_PREDICTED}）",
                f"Parallel branches follow one another: the engine would lay out about {min(predicted, 10**9)} nodes "
                f"(at most {MAX_PREDICTED})",
                element_id=widest,
                fix=(
                    "把其中几组并行分支合并，或放进子流程",
                    "Join some of the parallel groups, or put them into sub-processes",
                ),
            )


def _predicted(desk: Desk, start: Node) -> tuple[int, str]:
    """How many nodes are laid out from here, and the gateway with most of them behind it."""
    size: dict[str, int] = {}
    order: list[str] = []
    open_: set[str] = set()
    stack: list[tuple[str, bool]] = [(start.id, False)]
    while stack:
        node_id, done = stack.pop()
        if done:
            open_.discard(node_id)
            order.append(node_id)
            own = 3 if desk.diagram.nodes[node_id].kind == "endEvent" else 1  # with the two of SpiffWorkflow behind it
            size[node_id] = own + sum(size.get(target, 1) for target in _next(desk, node_id))
            continue
        if node_id in size or node_id in open_:
            continue
        open_.add(node_id)
        stack.append((node_id, True))
        stack += [(target, False) for target in _next(desk, node_id) if target not in size and target not in open_]
    splits = [n for n in order if desk.diagram.nodes[n].kind == "parallelGateway" and len(_next(desk, n)) > 1]
    return size[start.id], max(splits, key=lambda node: size[node], default=start.id)


def _next(desk: Desk, node_id: str) -> list[str]:
    node = desk.diagram.nodes[node_id]
    if node.kind in _UNCERTAIN and len(node.out_flows) > 1:
        return []
    targets = [desk.diagram.flows[flow].target for flow in node.out_flows]
    return [target for target in targets if target in desk.diagram.nodes]
