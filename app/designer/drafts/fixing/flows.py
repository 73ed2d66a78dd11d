"""Fixes of how nodes hang together: defaults, conditions, ends, and what is the process itself."""

from __future__ import annotations

from lxml import etree

from app.designer.drafts import editing
from app.designer.drafts.editing import DI, B
from app.designer.drafts.fixing.bench import Bench, Fix, element_of
from app.engine import Flow, Node, Problem
from app.i18n import _

_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_WAY = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
_EVENT, _GAP = 36.0, 64.0  # size of an end event, and how far from the node before it


def default_missing(problem: Problem, bench: Bench) -> Fix | None:
    """The only flow without a condition becomes the default; where all have one, the last, without its condition."""
    node = bench.node(problem)
    if node is None or not node.out_flows:
        return None
    flows = [bench.diagram.flows[flow] for flow in node.out_flows]
    plain = [flow for flow in flows if flow.condition is None]
    if len(plain) > 1:
        return None
    chosen = plain[0] if plain else flows[-1]
    label = _("把“%(flow)s”设为默认连线", flow=_called(bench, chosen))
    if not plain:
        label = _("把“%(flow)s”设为默认连线，去掉它的条件", flow=_called(bench, chosen))

    def change(root: etree._Element) -> None:
        element_of(root, problem).set("default", chosen.id)
        _drop_condition(editing.by_id(root, chosen.id))

    return bench.in_diagram(problem, label, change)


def condition_missing(problem: Problem, bench: Bench) -> Fix | None:
    """A flow without a condition is what was meant as the default, where there is none."""
    flow = bench.diagram.flows.get(problem.element_id or "")
    node = bench.diagram.nodes.get(flow.source) if flow else None
    if flow is None or node is None or node.default in node.out_flows:
        return None
    if sum(bench.diagram.flows[one].condition is None for one in node.out_flows) != 1:
        return None

    def change(root: etree._Element) -> None:
        gateway = editing.by_id(root, flow.source)
        assert gateway is not None
        gateway.set("default", flow.id)

    return bench.in_diagram(problem, _("把“%(flow)s”设为默认连线", flow=_called(bench, flow)), change)


def _called(bench: Bench, flow: Flow) -> str:
    """A flow by its name, else by where it leads."""
    target = bench.diagram.nodes.get(flow.target)
    return flow.name or "→ " + (target.name if target and target.name else flow.target)


def drop_condition(problem: Problem, bench: Bench) -> Fix | None:
    if problem.element_id not in bench.diagram.flows:
        return None
    return bench.in_diagram(problem, _("去掉条件"), lambda root: _drop_condition(element_of(root, problem)))


def _drop_condition(flow: etree._Element | None) -> None:
    found = None if flow is None else flow.find(f"{B}conditionExpression")
    if found is not None:
        editing.remove(found)


def drop_default(problem: Problem, bench: Bench) -> Fix | None:
    if bench.node(problem) is None:
        return None
    return bench.in_diagram(
        problem, _("去掉默认连线的标记"), lambda root: element_of(root, problem).attrib.pop("default", None)
    )


def key_mismatch(problem: Problem, bench: Bench) -> Fix | None:
    old = problem.element_id or ""
    if old not in bench.diagram.processes:
        return None
    return bench.in_diagram(
        problem,
        _("把流程编号改为 %(key)s", key=bench.package.key),
        lambda root: editing.rename_process(root, old, bench.package.key),
    )


def not_executable(problem: Problem, bench: Bench) -> Fix | None:
    if problem.element_id not in bench.diagram.processes:
        return None
    return bench.in_diagram(
        problem, _("标记为可执行"), lambda root: element_of(root, problem).set("isExecutable", "true")
    )


def untyped_task(problem: Problem, bench: Bench) -> Fix | None:
    """Tools that only draw leave tasks without a type; most of them are somebody's work."""
    node = bench.node(problem)
    if node is None or node.kind != "task":
        return None

    def change(root: etree._Element) -> None:
        element_of(root, problem).tag = f"{B}userTask"

    return bench.in_diagram(problem, _("改为用户任务"), change)


def dead_end(problem: Problem, bench: Bench) -> Fix | None:
    """An end event behind the node, on the canvas too where the node is there."""
    node = bench.node(problem)
    if node is None:
        return None
    return bench.in_diagram(problem, _("在其后加结束事件"), lambda root: _end_behind(root, node, bench))


def _end_behind(root: etree._Element, node: Node, bench: Bench) -> None:
    before = editing.by_id(root, node.id)
    scope = None if before is None else before.getparent()
    assert before is not None and scope is not None
    event, flow = editing.free_id(root, "EndEvent_"), editing.free_id(root, "Flow_")
    etree.SubElement(scope, f"{B}endEvent", {"id": event})
    etree.SubElement(scope, f"{B}sequenceFlow", {"id": flow, "sourceRef": node.id, "targetRef": event})
    for refs in [one for one in root.iter(f"{B}flowNodeRef") if (one.text or "").strip() == node.id]:
        lane = refs.getparent()
        assert lane is not None
        etree.SubElement(lane, f"{B}flowNodeRef").text = event
    plane = next(root.iter(f"{DI}BPMNPlane"), None)
    if node.drawn and plane is not None:
        _draw(plane, node, event, flow, bench)


def _draw(plane: etree._Element, node: Node, event: str, flow: str, bench: Bench) -> None:
    middle, right = node.y + node.height / 2, node.x + node.width
    x, y = right + _GAP, middle - _EVENT / 2
    if any(_overlaps(x, y, other) for other in bench.diagram.nodes.values() if other.drawn and other.id != node.id):
        x, y = node.x + node.width / 2 - _EVENT / 2, node.y + node.height + _GAP
        way = [(x + _EVENT / 2, node.y + node.height), (x + _EVENT / 2, y)]
    else:
        way = [(right, middle), (x, middle)]
    shape = etree.SubElement(plane, f"{DI}BPMNShape", {"id": f"{event}_di", "bpmnElement": event})
    bounds = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{_EVENT:g}", "height": f"{_EVENT:g}"}
    etree.SubElement(shape, f"{_DC}Bounds", bounds)
    edge = etree.SubElement(plane, f"{DI}BPMNEdge", {"id": f"{flow}_di", "bpmnElement": flow})
    for px, py in way:
        etree.SubElement(edge, _WAY, {"x": f"{px:g}", "y": f"{py:g}"})


def _overlaps(x: float, y: float, other: Node) -> bool:
    inside = other.x < x + _EVENT and x < other.x + other.width and other.y < y + _EVENT
    return inside and y < other.y + other.height and other.kind != "subProcess"
