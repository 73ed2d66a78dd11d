"""Fixes of how nodes hang together: defaults, conditions, ends, and what is the process itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, pairwise, takewhile

from lxml import etree

from app.designer.drafts import editing
from app.designer.drafts.editing import DI, B
from app.designer.drafts.fixing.bench import Bench, Fix, element_of
from app.engine import Flow, Node, Problem
from app.i18n import _

_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_WAY = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
_EVENT, _GAP, _ROOM = 36.0, 64.0, 8.0  # size of an end event, how far from the node before it, and from all others
_Box = tuple[float, float, float, float]  # x, y, width, height
_Place = tuple[float, float, list[tuple[float, float]]]  # where the event goes, and the way of the flow to it


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
    x, y, way = _free_place(plane, node, bench)
    shape = etree.SubElement(plane, f"{DI}BPMNShape", {"id": f"{event}_di", "bpmnElement": event})
    bounds = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{_EVENT:g}", "height": f"{_EVENT:g}"}
    etree.SubElement(shape, f"{_DC}Bounds", bounds)
    edge = etree.SubElement(plane, f"{DI}BPMNEdge", {"id": f"{flow}_di", "bpmnElement": flow})
    for px, py in way:
        etree.SubElement(edge, _WAY, {"x": f"{px:g}", "y": f"{py:g}"})


def _free_place(plane: etree._Element, node: Node, bench: Bench) -> _Place:
    """The nearest place for the event where nothing stands, nor on the way to it; in the same lane where one is."""
    around = _scopes(node, bench)
    taken = [
        (one.x, one.y, one.width, one.height)
        for one in bench.diagram.nodes.values()
        if one.drawn and one.id != node.id and one.id not in around
    ]
    lowest = max([node.y + node.height, *(y + height for _x, y, _width, height in taken)])
    places = list(_places(node, lowest))
    free = [place for place in places if not any(_touches(box, one) for box in _boxes(place) for one in taken)]
    lane = _lane_of(plane, node)
    inside = [place for place in free if lane is not None and _contains(lane, place)]
    return (inside or free or places[-1:])[0]


def _scopes(node: Node, bench: Bench) -> set[str]:
    """The sub-processes that it stands in: they are around the event too."""
    found: set[str] = set()
    parent = bench.diagram.nodes.get(node.parent)
    while parent is not None and parent.id not in found:
        found.add(parent.id)
        parent = bench.diagram.nodes.get(parent.parent)
    return found


def _places(node: Node, lowest: float) -> Iterator[_Place]:
    """To the right, then below and above, at last farther and farther; the very last is below everything."""
    middle, center, right = node.y + node.height / 2, node.x + node.width / 2, node.x + node.width
    half, beside, turn = _EVENT / 2, right + _GAP, right + _GAP / 4
    yield beside, middle - half, [(right, middle), (beside, middle)]
    farther = takewhile(lambda away: node.y + node.height + away < lowest + 2 * _GAP, count(_GAP * 1.5, _GAP / 2))
    for away in (_GAP, _GAP / 2, *farther):
        for edge, level in ((node.y + node.height, node.y + node.height + away + half), (node.y, node.y - away - half)):
            near = level - half if level > edge else level + half
            yield center - half, level - half, [(center, edge), (center, near)]
            yield beside, level - half, [(center, edge), (center, level), (beside, level)]
            yield beside, level - half, [(right, middle), (turn, middle), (turn, level), (beside, level)]
    below = lowest + _GAP
    yield center - half, below, [(center, node.y + node.height), (center, below)]


def _boxes(place: _Place) -> list[_Box]:
    """What it takes of the canvas: the event with some room around it, and the stretches of its flow."""
    x, y, way = place
    stretches = [(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)) for (x1, y1), (x2, y2) in pairwise(way)]
    return [(x - _ROOM, y - _ROOM, _EVENT + 2 * _ROOM, _EVENT + 2 * _ROOM), *stretches]


def _touches(one: _Box, other: _Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _contains(outer: _Box, place: _Place) -> bool:
    x, y, width, height = outer
    return x <= place[0] <= x + width - _EVENT and y <= place[1] <= y + height - _EVENT


def _lane_of(plane: etree._Element, node: Node) -> _Box | None:
    """The lane of a step, or the sub-process that it stands in, as it is drawn."""
    refs = [one for one in plane.getroottree().iter(f"{B}flowNodeRef") if (one.text or "").strip() == node.id]
    parents = [one.getparent() for one in refs]
    lanes = {lane.get("id") for lane in parents if lane is not None} or {node.parent}
    for shape in plane.iter(f"{DI}BPMNShape"):
        bounds = shape.find(f"{_DC}Bounds") if shape.get("bpmnElement") in lanes else None
        if bounds is not None:
            x, y, width, height = (float(bounds.get(name, "0")) for name in ("x", "y", "width", "height"))
            return x, y, width, height
    return None
