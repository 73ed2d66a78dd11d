"""A BPMN diagram as plain values: what stands in it, where, and how it hangs together.

Reading is lenient: a diagram full of mistakes still gives its nodes, so that the check can name all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from app.engine.packages.front_door import BPMN, BPMNDI, DC, DI, FLOW_NODES, SPIFF, line_of, local_name, open_xml

HUMAN = frozenset({"userTask", "manualTask"})
SCOPES = frozenset({"subProcess", "callActivity"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"})
WAITS = frozenset({"userTask", "manualTask", "intermediateCatchEvent", "receiveTask"})
B, S = f"{{{BPMN}}}", f"{{{SPIFF}}}"
_TIMES = ("timeDate", "timeDuration", "timeCycle")


@dataclass(frozen=True)
class Param:
    """One parameter of a service task; `value` is an expression."""

    name: str
    value: str | None
    type: str | None
    line: int | None = None


@dataclass(frozen=True)
class Operator:
    """What a service task calls, and where its result goes."""

    name: str
    result: str | None
    params: tuple[Param, ...] = ()


@dataclass(frozen=True)
class Event:
    """The definition of an event: `kind` is timer, conditional, error, escalation, terminate, message …"""

    kind: str
    id: str | None = None
    text: str | None = None  # of a timer or a condition
    form: str | None = None  # timeDate, timeDuration, timeCycle
    ref: str | None = None  # of an error, escalation, message, signal: an id; of a link: its name
    line: int | None = None


@dataclass(frozen=True)
class Node:
    """A flow node. Positions are those of the diagram; 0 where nothing is drawn."""

    id: str
    kind: str
    name: str = ""
    name_en: str = ""
    lane: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    process: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    drawn: bool = False
    in_flows: tuple[str, ...] = ()
    out_flows: tuple[str, ...] = ()
    default: str | None = None
    attached_to: str | None = None
    interrupting: bool = True  # of a boundary event, or the start of an event sub-process
    triggered: bool = False  # an event sub-process
    events: tuple[Event, ...] = ()
    script: str | None = None
    pre_script: str | None = None
    post_script: str | None = None
    operator: Operator | None = None
    decision: str | None = None
    called: str | None = None  # a process of the same file
    starts: str | None = None  # a process of its own, whose instances are children (a detached call)
    line: int | None = None

    @property
    def is_human(self) -> bool:
        return self.kind in HUMAN

    @property
    def event(self) -> Event | None:
        return self.events[0] if self.events else None


@dataclass(frozen=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    name: str = ""
    name_en: str = ""
    condition: str | None = None
    parent: str = ""
    waypoints: tuple[tuple[float, float], ...] = ()
    line: int | None = None
    link: bool = False  # not drawn: from where a link is thrown to where it is caught


@dataclass(frozen=True)
class Process:
    id: str
    name: str = ""
    executable: bool = False
    line: int | None = None


@dataclass(frozen=True)
class Lane:
    """A lane as drawn; nodes know theirs by name."""

    id: str
    name: str
    nodes: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    line: int | None = None


@dataclass(frozen=True)
class Diagram:
    """Everything in document order. `process_id` is the first process that may be executed."""

    process_id: str | None
    processes: Mapping[str, Process]
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    lanes: Mapping[str, Lane]
    codes: Mapping[str, str | None] = field(default_factory=dict)  # errors and escalations by id
    names: Mapping[str, str] = field(default_factory=dict)  # messages and signals by id

    def inside(self, parent: str) -> list[Node]:
        """The nodes directly in a process or sub-process."""
        return [node for node in self.nodes.values() if node.parent == parent]

    def boundaries(self, node_id: str) -> list[Node]:
        """The boundary events on a node."""
        return [node for node in self.nodes.values() if node.attached_to == node_id]

    def started_by(self, process: str, kind: str, name: str) -> Node | None:
        """The start event of a process, where it is this message or signal."""
        starts = (node for node in self.inside(process) if node.kind == "startEvent" and node.event is not None)
        return next((n for n in starts if n.event and n.event.kind == kind and self.name_of(n) == name), None)

    def name_of(self, node: Node) -> str:
        """The name of the message or signal that a node catches or throws; empty where there is none."""
        return self.names.get(node.event.ref or "", "") if node.event else ""

    def begins_waiting(self, node: Node) -> bool:
        """A start event that waits beside its scope, to start an event sub-process."""
        parent = self.nodes.get(node.parent)
        return node.kind == "startEvent" and parent is not None and parent.triggered


@functools.lru_cache(maxsize=64)  # a publication alone reads those of all other processes, several times
def read_diagram(xml: bytes) -> Diagram:
    """The diagram in the bytes. Raises XMLRefused when they are no safe XML; mistakes in it are not looked for."""
    return diagram_of(open_xml(xml))


def diagram_of(root: etree._Element) -> Diagram:
    """The diagram under a root that came in through the front door."""
    shapes, edges = _layout(root)
    lanes = _lanes(root, shapes)
    lane_of = {node: lane.name for lane in lanes.values() for node in lane.nodes}
    flows = {flow.id: flow for flow in [*_flows(root, edges), *_links(root)]}
    incoming: dict[str, list[str]] = {}
    outgoing: dict[str, list[str]] = {}
    for flow in flows.values():
        outgoing.setdefault(flow.source, []).append(flow.id)
        incoming.setdefault(flow.target, []).append(flow.id)
    processes: dict[str, Process] = {}
    nodes: dict[str, Node] = {}
    for element in root.iter(f"{B}process"):
        process = Process(
            element.get("id", ""), _text(element.get("name")), element.get("isExecutable") == "true", line_of(element)
        )
        processes.setdefault(process.id, process)
        for node in _nodes(element, process.id, process.id, None, lane_of, shapes, incoming, outgoing):
            nodes.setdefault(node.id, node)
    return Diagram(
        process_id=next((p.id for p in processes.values() if p.executable), None),
        processes=processes,
        nodes=nodes,
        flows=flows,
        lanes=lanes,
        codes={
            element.get("id", ""): element.get(f"{kind}Code")
            for kind in ("error", "escalation")
            for element in root.iter(f"{B}{kind}")
        },
        names={
            element.get("id", ""): _text(element.get("name"))
            for kind in ("message", "signal")
            for element in root.iter(f"{B}{kind}")
        },
    )


Box = tuple[float, float, float, float]


def _layout(root: etree._Element) -> tuple[dict[str, Box], dict[str, tuple[tuple[float, float], ...]]]:
    shapes: dict[str, Box] = {}
    edges: dict[str, tuple[tuple[float, float], ...]] = {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        bounds = shape.find(f"{{{DC}}}Bounds")
        if bounds is not None:
            x, y, width, height = (_number(bounds.get(name)) for name in ("x", "y", "width", "height"))
            shapes.setdefault(shape.get("bpmnElement", ""), (x, y, width, height))
    for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge"):
        points = tuple((_number(p.get("x")), _number(p.get("y"))) for p in edge.iter(f"{{{DI}}}waypoint"))
        edges.setdefault(edge.get("bpmnElement", ""), points)
    return shapes, edges


def _number(value: str | None) -> float:
    try:
        number = float(value or 0)
    except ValueError:
        return 0.0
    return number if abs(number) < 1e7 else 0.0  # also false for nan


def _lanes(root: etree._Element, shapes: Mapping[str, Box]) -> dict[str, Lane]:
    lanes: dict[str, Lane] = {}
    for element in root.iter(f"{B}lane"):
        members = tuple(_text(ref.text) for ref in element.findall(f"{B}flowNodeRef"))
        x, y, width, height = shapes.get(element.get("id", ""), (0.0, 0.0, 0.0, 0.0))
        lane = Lane(element.get("id", ""), _text(element.get("name")), members, x, y, width, height, line_of(element))
        lanes.setdefault(lane.id, lane)
    return lanes


def _flows(root: etree._Element, edges: Mapping[str, tuple[tuple[float, float], ...]]) -> Iterator[Flow]:
    for element in root.iter(f"{B}sequenceFlow"):
        condition = element.find(f"{B}conditionExpression")
        parent = element.getparent()
        identity = element.get("id", "")
        yield Flow(
            id=identity,
            source=element.get("sourceRef", ""),
            target=element.get("targetRef", ""),
            name=_text(element.get("name")),
            name_en=_properties(element).get("name_en", ""),
            condition=None if condition is None else (condition.text or "").strip(),
            parent="" if parent is None else parent.get("id", ""),
            waypoints=edges.get(identity, ()),
            line=line_of(element),
        )


def _links(root: etree._Element) -> Iterator[Flow]:
    """A link is a flow that is not drawn, within one process or sub-process."""
    caught: dict[tuple[str, str], str] = {}
    thrown: list[tuple[str, str, etree._Element]] = []
    for definition in root.iter(f"{B}linkEventDefinition"):
        event = definition.getparent()
        scope = None if event is None else event.getparent()
        if event is None or scope is None:
            continue
        parent, name = scope.get("id", ""), definition.get("name", "")
        if local_name(event) == "intermediateCatchEvent":
            caught.setdefault((parent, name), event.get("id", ""))
        else:
            thrown.append((parent, name, event))
    for parent, name, event in thrown:
        target = caught.get((parent, name))
        if target is not None:
            source = event.get("id", "")
            yield Flow(f"{source}.link", source, target, name=name, parent=parent, line=line_of(event), link=True)


def _nodes(
    scope: etree._Element,
    parent: str,
    process: str,
    outer_lane: str | None,
    lane_of: Mapping[str, str],
    shapes: Mapping[str, Box],
    incoming: Mapping[str, list[str]],
    outgoing: Mapping[str, list[str]],
) -> Iterator[Node]:
    for element in scope:
        if not str(element.tag).startswith(B) or local_name(element) not in FLOW_NODES:
            continue
        identity = element.get("id", "")
        lane = lane_of.get(identity) or outer_lane
        x, y, width, height = shapes.get(identity, (0.0, 0.0, 0.0, 0.0))
        properties = _properties(element)
        called, starts = _call(element, properties)
        yield Node(
            id=identity,
            kind=local_name(element),
            name=_text(element.get("name")),
            name_en=properties.get("name_en", ""),
            lane=lane,
            properties=properties,
            parent=parent,
            process=process,
            x=x,
            y=y,
            width=width,
            height=height,
            drawn=identity in shapes,
            in_flows=tuple(incoming.get(identity, ())),
            out_flows=tuple(outgoing.get(identity, ())),
            default=element.get("default"),
            attached_to=element.get("attachedToRef"),
            interrupting=element.get("cancelActivity", element.get("isInterrupting", "true")).lower() == "true",
            triggered=element.get("triggeredByEvent") == "true",
            events=tuple(_events(element)),
            line=line_of(element),
            **_work(element),
            called=called,
            starts=starts,
        )
        yield from _nodes(element, identity, process, lane, lane_of, shapes, incoming, outgoing)


def _work(element: etree._Element) -> dict[str, Any]:
    """What a node does: scripts, service, decision, call."""
    script = element.find(f"{B}script")
    extensions = element.find(f"{B}extensionElements")
    return {
        "script": None if script is None else script.text or "",
        "pre_script": _extension(extensions, "preScript"),
        "post_script": _extension(extensions, "postScript"),
        "operator": _operator(extensions),
        "decision": (_extension(extensions, "calledDecisionId") or "").strip() or None,
    }


def _call(element: etree._Element, properties: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The process that it calls in this file, or the one of its own that it starts."""
    called = element.get("calledElement")
    if local_name(element) == "callActivity" and properties.get("detached") == "true":
        return None, called or ""
    return called, None


def _extension(extensions: etree._Element | None, name: str) -> str | None:
    found = None if extensions is None else extensions.find(f"{S}{name}")
    return None if found is None else found.text or ""


def _operator(extensions: etree._Element | None) -> Operator | None:
    found = None if extensions is None else extensions.find(f"{S}serviceTaskOperator")
    if found is None:
        return None
    params = tuple(
        Param(element.get("id", ""), element.get("value"), element.get("type"), line_of(element))
        for element in found.iter(f"{S}parameter")
    )
    return Operator(found.get("id", ""), found.get("resultVariable") or None, params)


def _properties(element: etree._Element) -> dict[str, str]:
    extensions = element.find(f"{B}extensionElements")
    if extensions is None:
        return {}
    return {
        prop.get("name", ""): prop.get("value", "").strip()
        for holder in extensions.findall(f"{S}properties")
        for prop in holder.iter(f"{S}property")
    }


def _events(element: etree._Element) -> Iterator[Event]:
    for definition in element:
        if not local_name(definition).endswith("EventDefinition"):
            continue
        kind = local_name(definition).removesuffix("EventDefinition")
        time = next((t for form in _TIMES if (t := definition.find(f"{B}{form}")) is not None), None)
        condition = definition.find(f"{B}condition")
        inner = time if time is not None else condition
        yield Event(
            kind=kind,
            id=definition.get("id"),
            text=None if inner is None else (inner.text or "").strip(),
            form=None if time is None else local_name(time),
            ref=definition.get("name") if kind == "link" else definition.get(f"{kind}Ref"),
            line=line_of(definition),
        )
    if local_name(element) in ("sendTask", "receiveTask") and element.get("messageRef"):
        yield Event(kind="message", ref=element.get("messageRef"), line=line_of(element))


def _text(value: str | None) -> str:
    """A name as people read it: editors put line breaks into names."""
    return " ".join((value or "").split())
