"""A statutory step that was removed, put back as the version in force has it: element, flows, form, place."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from lxml import etree

from app.designer.drafts import editing
from app.designer.drafts.editing import DI, B
from app.designer.drafts.fixing.bench import Bench, Changes, Fix
from app.engine import Problem, XMLRefused
from app.i18n import _

_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_WAY = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
_FLOW = f"{B}sequenceFlow"
_NOTED = (f"{B}incoming", f"{B}outgoing")


def step(problem: Problem, bench: Bench) -> Fix | None:
    """Offered where the scope that it stood in is there, and at least one step that it was joined to."""
    step_id = problem.about or ""
    if bench.earlier is None or not step_id:
        return None
    try:
        base, now = editing.opened(bench.earlier.diagram), editing.opened(bench.package.diagram)
    except XMLRefused:
        return None
    back = _Back(base, now, step_id)
    if not back.possible:
        return None
    name = back.element.get("name") or step_id
    label = _("按现行版本恢复“%(name)s”和它的连线", name=name)

    def make() -> Changes:
        again = _Back(base, editing.opened(bench.package.diagram), step_id)
        again.put()
        return {editing.DIAGRAM: editing.written(again.now), **_forms(again.copied, bench)}

    return bench.fix(problem, label, make)


def _forms(copied: Iterable[etree._Element], bench: Bench) -> dict[str, bytes]:
    """The forms that the step asks for, where they went with it."""
    assert bench.earlier is not None
    found = {}
    for element in copied:
        word = editing.properties(element).get("form")
        name = f"forms/{word.get('value')}.json" if word is not None else ""
        if name in bench.earlier.files and name not in bench.package.files:
            found[name] = bench.earlier.files[name]
    return found


class _Back:
    """`base` is the diagram that has the step, `now` the one that it is put into."""

    def __init__(self, base: etree._Element, now: etree._Element, step_id: str) -> None:
        self.base, self.now = base, now
        self.here = {one.get("id"): one for one in now.iter() if one.get("id") and str(one.tag).startswith(B)}
        found = editing.by_id(base, step_id)
        assert found is not None, "the step is in the version in force"
        self.element = found
        beside = [one for one in base.iter(f"{B}boundaryEvent") if one.get("attachedToRef") == step_id]
        self.originals = [found, *(one for one in beside if one.get("id") not in self.here)]
        self.ids = {one.get("id", "") for one in self.originals}
        self.copied: list[etree._Element] = []

    @property
    def possible(self) -> bool:
        inner = {one.get("id") for one in self.element.iter() if one.get("id")}
        return self._scope() is not None and bool(self._flows()) and not inner & self.here.keys()

    def put(self) -> None:
        scope = self._scope()
        assert scope is not None
        for original in self.originals:
            made = copy.deepcopy(original)
            for note in [child for child in made if child.tag in _NOTED]:
                made.remove(note)
            self._append(scope, made)
            self.copied.append(made)
            self._lane(original.get("id", ""))
            self._refers_to(made)
        for flow in self._flows():
            self._join(scope, flow)
        for element in self.originals:
            self._draw(element.get("id", ""))

    def _scope(self) -> etree._Element | None:
        """The process or sub-process that it stood in; a process by whatever id it has now."""
        parent = self.element.getparent()
        assert parent is not None
        found = self.here.get(parent.get("id"))
        if found is None and parent.tag == f"{B}process":
            processes = list(self.now.iter(f"{B}process"))
            found = processes[0] if len(processes) == 1 else None
        return found

    def _flows(self) -> list[etree._Element]:
        """Its flows, and those of the events on it, whose other end is there or comes back too."""
        there = self.here.keys() | self.ids
        return [
            flow
            for flow in self.base.iter(_FLOW)
            if {flow.get("sourceRef"), flow.get("targetRef")} & self.ids
            and {flow.get("sourceRef"), flow.get("targetRef")} <= there
        ]

    def _append(self, scope: etree._Element, made: etree._Element) -> None:
        made.tail = scope[-1].tail if len(scope) else None
        scope.append(made)
        self.here[made.get("id")] = made

    def _join(self, scope: etree._Element, original: etree._Element) -> None:
        """A flow as it was: one that the editor led past the step leads to it again, by the same id."""
        flow_id, source, target = (original.get(name, "") for name in ("id", "sourceRef", "targetRef"))
        present = self.here.get(flow_id)
        if present is None:
            self._append(scope, copy.deepcopy(original))
        elif present.tag == _FLOW:
            self._unnote(flow_id)
            present.set("sourceRef", source)
            present.set("targetRef", target)
        else:
            return
        self._note(source, "outgoing", flow_id)
        self._note(target, "incoming", flow_id)
        before, was = self.here.get(source), editing.by_id(self.base, source)
        if before is not None and was is not None and was.get("default") == flow_id and not before.get("default"):
            before.set("default", flow_id)
        self._draw_flow(flow_id, source, target)

    def _unnote(self, flow_id: str) -> None:
        for tag in _NOTED:
            for note in [one for one in self.now.iter(tag) if (one.text or "").strip() == flow_id]:
                editing.remove(note)

    def _note(self, node_id: str, word: str, flow_id: str) -> None:
        """BPMN wants documentation and extensions first, then what comes in, then what goes out, then all else."""
        node = self.here.get(node_id)
        if node is None or node.tag == _FLOW:
            return
        noted = _NOTED[:1] if word == "incoming" else _NOTED
        first = [one for one in node if one.tag in (f"{B}documentation", f"{B}extensionElements", *noted)]
        made = etree.Element(f"{B}{word}")
        made.text, made.tail = flow_id, (first[-1].tail if first else node.text)
        node.insert(len(first), made)

    def _lane(self, node_id: str) -> None:
        for ref in self.base.iter(f"{B}flowNodeRef"):
            lane = ref.getparent()
            if (ref.text or "").strip() != node_id or lane is None:
                continue
            same = self.here.get(lane.get("id"))
            if same is None or same.tag != lane.tag:
                named = [one for one in self.now.iter(f"{B}lane") if one.get("name") == lane.get("name")]
                same = named[0] if named else None
            if same is not None:
                etree.SubElement(same, f"{B}flowNodeRef").text = node_id

    def _refers_to(self, made: etree._Element) -> None:
        """Messages, signals and errors that it names."""
        named = {str(value) for one in made.iter() for name, value in one.attrib.items() if str(name).endswith("Ref")}
        for one in [child for child in self.base if child.get("id") in named and child.get("id") not in self.here]:
            again = copy.deepcopy(one)
            self.now.insert(0, again)
            self.here[again.get("id")] = again

    # -- on the canvas

    def _draw(self, node_id: str) -> None:
        plane, shape = next(self.now.iter(f"{DI}BPMNPlane"), None), _of(self.base, "BPMNShape", node_id)
        if plane is not None and shape is not None and _of(self.now, "BPMNShape", node_id) is None:
            plane.append(copy.deepcopy(shape))

    def _draw_flow(self, flow_id: str, source: str, target: str) -> None:
        plane, edge = next(self.now.iter(f"{DI}BPMNPlane"), None), _of(self.base, "BPMNEdge", flow_id)
        if plane is None or edge is None:
            return
        old = _of(self.now, "BPMNEdge", flow_id)
        if old is not None:
            editing.remove(old)
        made = copy.deepcopy(edge)
        if any(self._moved(one) for one in (source, target)):
            self._straight(made, source, target)
        plane.append(made)

    def _moved(self, node_id: str) -> bool:
        now = _bounds(self.now, node_id)
        return now is not None and now != _bounds(self.base, node_id)

    def _straight(self, edge: etree._Element, source: str, target: str) -> None:
        ends = [_bounds(self.now, one) or _bounds(self.base, one) for one in (source, target)]
        if ends[0] is None or ends[1] is None:
            return
        for child in list(edge):
            edge.remove(child)
        (x, y, width, height), (to_x, to_y, _width, to_height) = ends[0], ends[1]
        for at_x, at_y in ((x + width, y + height / 2), (to_x, to_y + to_height / 2)):
            etree.SubElement(edge, _WAY, {"x": f"{at_x:g}", "y": f"{at_y:g}"})


def _of(root: etree._Element, kind: str, element_id: str) -> etree._Element | None:
    return next((one for one in root.iter(f"{DI}{kind}") if one.get("bpmnElement") == element_id), None)


def _bounds(root: etree._Element, element_id: str) -> tuple[float, float, float, float] | None:
    shape = _of(root, "BPMNShape", element_id)
    found = None if shape is None else shape.find(f"{_DC}Bounds")
    if found is None:
        return None
    x, y, width, height = (float(found.get(name, "0")) for name in ("x", "y", "width", "height"))
    return x, y, width, height
