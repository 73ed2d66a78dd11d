"""How the nodes hang together: processes, starts, ends, splits, conditions, and whether every node is on a way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.engine.checking.desk import Desk
from app.engine.packages.diagram import Flow, Node
from app.engine.packages.front_door import names

# Names that SpiffWorkflow gives to its own nodes: a node with such an id would be taken for one of them.
_TAKEN = frozenset({"Start", "End", "Root"})
_CONDITIONAL = frozenset({"exclusiveGateway", "inclusiveGateway"})
_ACTIVITIES = frozenset(
    names("userTask manualTask scriptTask serviceTask businessRuleTask sendTask receiveTask subProcess callActivity")
)


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    _processes(desk)
    for scope in _scopes(desk):
        _scope(desk, scope)
    for node in desk.diagram.nodes.values():
        _node(desk, node)
    for flow in desk.diagram.flows.values():
        _flow(desk, flow)


def _scopes(desk: Desk) -> list[str]:
    subs = [node.id for node in desk.diagram.nodes.values() if node.kind == "subProcess"]
    return [*desk.diagram.processes, *subs]


def _processes(desk: Desk) -> None:
    processes, key = desk.diagram.processes, desk.package.key
    if not processes:
        desk.add("no_process", "图中没有流程", "There is no process in the diagram")
        return
    called = {node.called for node in desk.diagram.nodes.values() if node.called}
    if key not in processes:
        main = next((p for p in processes.values() if p.id not in called), next(iter(processes.values())))
        desk.add(
            "key_mismatch",
            f"流程编号“{main.id}”与目录名“{key}”不一致",
            f"The process id {main.id!r} is not the folder's name {key!r}",
            element_id=main.id,
            line=main.line,
            fix=(f"把流程编号改为 {key}", f"Make the process id {key}"),
        )
    for process in processes.values():
        if not process.executable:
            desk.add(
                "not_executable",
                f"流程“{process.id}”没有标记为可执行",
                f"The process {process.id!r} is not marked as executable",
                element_id=process.id,
                line=process.line,
                fix=('设置 isExecutable="true"', 'Set isExecutable="true"'),
            )
        if process.id not in called and process.id != key and key in processes:
            desk.add(
                "process_unused",
                f"没有任何调用活动用到流程“{process.id}”，它不会执行",
                f"No call activity uses the process {process.id!r}, so it would never run",
                element_id=process.id,
                line=process.line,
            )


def _scope(desk: Desk, scope: str) -> None:
    nodes = desk.diagram.inside(scope)
    at = desk.diagram.nodes.get(scope)
    line = at.line if at else desk.diagram.processes[scope].line
    where: dict[str, Any] = {"element_id": scope, "line": line}
    starts = [node for node in nodes if node.kind == "startEvent"]
    if not starts:
        desk.add("no_start", "没有开始事件", "There is no start event", **where)
    for extra in starts[1:]:
        desk.add(
            "several_starts",
            "只能有一个开始事件",
            "There may be only one start event",
            at=extra,
            fix=("合并为一个开始事件，其后用网关分支", "Keep one start event and branch after it with a gateway"),
        )
    if not any(node.kind == "endEvent" for node in nodes):
        desk.add("no_end", "没有结束事件", "There is no end event", **where)
    if starts:
        _ways(desk, nodes, starts)


def _ways(desk: Desk, nodes: list[Node], starts: list[Node]) -> None:
    onward = {node.id: _targets(desk, node) for node in nodes}
    triggered = [node.id for node in nodes if node.triggered]  # these wait beside the scope's own way
    reached = _closure([*(start.id for start in starts), *triggered], onward)
    back: dict[str, list[str]] = {}
    for source, targets in onward.items():
        for target in targets:
            back.setdefault(target, []).append(source)
    ending = _closure((node.id for node in nodes if node.kind == "endEvent"), back)
    cut_off = _cut_off([node.id for node in nodes if node.id not in reached], onward, back)
    for node in nodes:
        if node.id in cut_off:
            desk.add(
                "unreachable",
                "从开始事件到不了此节点",
                "No way leads here from the start event",
                at=node,
                fix=("用连线接上，或删除它", "Connect it, or remove it"),
            )
        elif node.id in reached and node.kind != "endEvent" and not node.out_flows and not node.triggered:
            desk.add(
                "dead_end",
                "此节点之后没有连线，流程走不到结束",
                "Nothing follows this node, so the process cannot end",
                at=node,
                fix=("连到下一步或结束事件", "Connect it to the next step or an end event"),
            )
        elif node.id in reached and node.id not in ending and not node.triggered:
            desk.add("no_way_out", "从此节点走不到结束事件", "No way leads from here to an end event", at=node)


def _cut_off(lost: list[str], onward: dict[str, list[str]], back: dict[str, list[str]]) -> set[str]:
    """Where what is never reached begins: one missing flow is one problem, not one for every step behind it."""
    heads: set[str] = set()
    behind: set[str] = set()
    for one in sorted(lost, key=lambda each: any(source in lost for source in back.get(each, ()))):
        if one not in behind:
            heads.add(one)
            behind |= _closure([one], onward)
    return heads


def _targets(desk: Desk, node: Node) -> list[str]:
    targets = [desk.diagram.flows[flow].target for flow in node.out_flows]
    return targets + [boundary.id for boundary in desk.diagram.boundaries(node.id)]


def _closure(start: Iterable[str], onward: dict[str, list[str]]) -> set[str]:
    seen, left = set(), list(start)
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            left += onward.get(one, ())
    return seen


def _node(desk: Desk, node: Node) -> None:
    if node.id in _TAKEN:
        desk.add(
            "id_reserved",
            f"编号“{node.id}”已被引擎占用",
            f"The engine itself uses the id {node.id!r}",
            at=node,
            fix=("换一个编号", "Choose another id"),
        )
    if node.in_flows and node.kind in ("startEvent", "boundaryEvent"):
        desk.add("flow_into", "开始事件和边界事件不能有进入的连线", "No flow may lead into this event", at=node)
    if node.out_flows and node.kind == "endEvent":
        desk.add("flow_out", "结束事件之后不能有连线", "No flow may leave an end event", at=node)
    if node.kind == "boundaryEvent" and not node.attached_to:
        desk.add("boundary_loose", "边界事件没有附着在任何节点上", "The boundary event is on no node", at=node)
    _twice(desk, node)
    if node.kind in _CONDITIONAL or _chooses(desk, node):
        _choice(desk, node)
    elif node.default:
        desk.add(
            "default_ignored",
            "默认连线只在有条件的分支中有意义",
            "A default flow has a meaning only beside flows with conditions",
            at=node,
        )


def _chooses(desk: Desk, node: Node) -> bool:
    """An activity with several flows of which some have conditions: all that hold are taken."""
    if node.kind not in _ACTIVITIES or len(node.out_flows) < 2:
        return False
    return any(desk.diagram.flows[flow].condition is not None for flow in node.out_flows)


def _twice(desk: Desk, node: Node) -> None:
    """Two tokens along the same way would be taken for one at the join behind it."""
    if node.kind == "exclusiveGateway":
        return
    targets = [desk.diagram.flows[flow].target for flow in node.out_flows]
    for target in {one for one in targets if targets.count(one) > 1}:
        desk.add(
            "flow_twice",
            f"有两条连线从此处通到“{target}”",
            f"Two flows lead from here to {target!r}",
            at=node,
            fix=("删除其中一条", "Remove one of them"),
        )


def _choice(desk: Desk, node: Node) -> None:
    flows = [desk.diagram.flows[flow] for flow in node.out_flows]
    if node.default and node.default not in node.out_flows:
        desk.add(
            "default_elsewhere",
            f"默认连线“{node.default}”不是从此网关出发的",
            f"The default flow {node.default!r} does not leave this gateway",
            at=node,
        )
    if len(flows) == 1 and flows[0].condition is None:
        return
    always = node.kind not in _CONDITIONAL and any(flow.condition is None for flow in flows if flow.id != node.default)
    if flows and node.default not in node.out_flows and not always:
        desk.add(
            "default_missing",
            "网关没有默认连线：条件都不成立时流程无路可走",
            "The gateway has no default flow: when no condition holds there is no way to go",
            at=node,
            fix=("把其中一条连线设为默认", "Make one of its flows the default"),
        )
    for flow in flows:
        if flow.id == node.default and flow.condition is not None:
            desk.add(
                "default_conditional",
                "默认连线上的条件不会被判断",
                "The condition on a default flow is never looked at",
                at=flow,
                fix=("删除条件", "Remove the condition"),
            )
        elif flow.id != node.default and flow.condition is None and node.kind in _CONDITIONAL:
            desk.add(
                "flow_condition_missing",
                "网关出发的连线没有条件",
                "A flow out of the gateway has no condition",
                at=flow,
                fix=("写上条件，或设为默认连线", "Give it a condition, or make it the default"),
            )


def _flow(desk: Desk, flow: Flow) -> None:
    source, target = desk.diagram.nodes.get(flow.source), desk.diagram.nodes.get(flow.target)
    if source is None or target is None:
        return
    if source.parent != target.parent:
        desk.add(
            "flow_crosses",
            "连线不能跨越子流程或流程的边界",
            "A flow may not cross the border of a process or sub-process",
            at=flow,
        )
    if flow.condition is not None and source.kind not in _CONDITIONAL and not _chooses(desk, source):
        desk.add(
            "condition_ignored",
            "只有排他网关、包容网关，以及有多条连线的活动之后的条件才会被判断",
            "Conditions are looked at only after exclusive and inclusive gateways, and after activities with several "
            "flows",
            at=flow,
            fix=("在此前加排他网关", "Put an exclusive gateway before it"),
        )
