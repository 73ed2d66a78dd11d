"""Diagrams from a sketch: nodes on a grid, flows between them, drawn as an editor would draw them.

For what the office begins with; afterwards the diagram is edited like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

_SPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
}
_SIZES = {"Event": (36, 36), "Gateway": (50, 50)}  # by the end of the kind; all else is a box
_BOX = (120, 80)
_COLUMN, _ROW, _LEFT, _TOP = 180, 130, 250, 100  # distance of middles, and where the first ones lie
Point = tuple[float, float]


@dataclass(frozen=True)
class Spot:
    """A node. `column` and `row` are places on the grid, `inner` is BPMN that goes into it."""

    id: str
    kind: str
    name: str
    name_en: str
    column: float
    row: int = 0
    words: Mapping[str, str] = field(default_factory=dict)
    inner: str = ""  # behind the flows: definitions of events
    extension: str = ""  # beside the words: a service task's operator
    attributes: Mapping[str, str] = field(default_factory=dict)
    lane: str = ""

    @property
    def size(self) -> tuple[int, int]:
        return next((size for end, size in _SIZES.items() if self.kind.endswith(end)), _BOX)

    @property
    def middle(self) -> Point:
        return _LEFT + self.column * _COLUMN, _TOP + self.row * _ROW


@dataclass(frozen=True)
class Way:
    """A flow. `via` is the row along which a way back runs, half rows allowed; by itself it goes straight."""

    source: str
    target: str
    name: str = ""
    name_en: str = ""
    condition: str = ""
    via: float | None = None

    @property
    def id(self) -> str:
        return f"{self.source}_to_{self.target}"


@dataclass(frozen=True)
class Band:
    """A lane: its name in both languages and the rows that it takes."""

    name: str
    name_en: str
    first: int
    last: int


def drawn(
    key: str, title: str, spots: Sequence[Spot], ways: Sequence[Way], bands: Sequence[Band] = (), before: str = ""
) -> bytes:
    """process.bpmn. `before` holds what stands beside the process: messages, signals."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _SPACES.items())
    plane = f"{key}_collaboration" if bands else key
    pool = ""
    if bands:
        participant = f'<bpmn:participant id="{key}_pool" name={quoteattr(title)} processRef="{key}" />'
        pool = f'  <bpmn:collaboration id="{plane}">\n    {participant}\n  </bpmn:collaboration>\n'
    body = "".join([*_lanes(spots, bands), *(_node(spot, ways) for spot in spots), *map(_flow, ways)])
    shapes = "".join([*_pool(key, spots, bands), *map(_shape, spots), *(_edge(way, spots) for way in ways)])
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<bpmn:definitions {spaces} id="{key}_definitions" '
        f'targetNamespace="urn:duban:{key}">\n{before}{pool}'
        f'  <bpmn:process id="{key}" name={quoteattr(title)} isExecutable="true">\n{body}  </bpmn:process>\n'
        f'  <bpmndi:BPMNDiagram id="{key}_diagram">\n    <bpmndi:BPMNPlane id="{key}_plane" bpmnElement="{plane}">\n'
        f"{shapes}    </bpmndi:BPMNPlane>\n  </bpmndi:BPMNDiagram>\n</bpmn:definitions>\n"
    ).encode()


def timer(form: str, text: str, id: str) -> str:
    """The definition of a timer event: `timeDate`, `timeDuration` or `timeCycle`."""
    time = f'<bpmn:{form} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{form}>'
    return f'<bpmn:timerEventDefinition id="{id}_timer">{time}</bpmn:timerEventDefinition>'


def operator(name: str) -> str:
    """What a service task calls."""
    tag = "spiffworkflow:serviceTaskOperator"
    return f'<{tag} id="{name}"><spiffworkflow:parameters /></{tag}>'


# -- the model


def _words(words: Mapping[str, str], extension: str, indent: str) -> str:
    if not words and not extension:
        return ""
    lines = "".join(
        f"{indent}    <spiffworkflow:property name={quoteattr(name)} value={quoteattr(value)} />\n"
        for name, value in words.items()
    )
    held = f"{indent}  <spiffworkflow:properties>\n{lines}{indent}  </spiffworkflow:properties>\n" if lines else ""
    more = f"{indent}  {extension}\n" if extension else ""
    return f"{indent}<bpmn:extensionElements>\n{held}{more}{indent}</bpmn:extensionElements>\n"


def _node(spot: Spot, ways: Sequence[Way]) -> str:
    given = "".join(f" {name}={quoteattr(value)}" for name, value in spot.attributes.items())
    words = {**({"name_en": spot.name_en} if spot.name_en else {}), **spot.words}
    inner = _words(words, spot.extension, "      ")
    inner += "".join(f"      <bpmn:incoming>{way.id}</bpmn:incoming>\n" for way in ways if way.target == spot.id)
    inner += "".join(f"      <bpmn:outgoing>{way.id}</bpmn:outgoing>\n" for way in ways if way.source == spot.id)
    inner += f"      {spot.inner}\n" if spot.inner else ""
    opened = f'    <bpmn:{spot.kind} id="{spot.id}" name={quoteattr(spot.name)}{given}'
    return f"{opened}>\n{inner}    </bpmn:{spot.kind}>\n" if inner else f"{opened} />\n"


def _flow(way: Way) -> str:
    name = f" name={quoteattr(way.name)}" if way.name else ""
    inner = _words({"name_en": way.name_en} if way.name_en else {}, "", "      ")
    if way.condition:
        kind = 'xsi:type="bpmn:tFormalExpression"'
        inner += f"      <bpmn:conditionExpression {kind}>{escape(way.condition)}</bpmn:conditionExpression>\n"
    opened = f'    <bpmn:sequenceFlow id="{way.id}"{name} sourceRef="{way.source}" targetRef="{way.target}"'
    return f"{opened}>\n{inner}    </bpmn:sequenceFlow>\n" if inner else f"{opened} />\n"


def _lanes(spots: Sequence[Spot], bands: Sequence[Band]) -> list[str]:
    if not bands:
        return []
    lines = ['    <bpmn:laneSet id="lanes">\n']
    for number, band in enumerate(bands):
        refs = "".join(
            f"        <bpmn:flowNodeRef>{spot.id}</bpmn:flowNodeRef>\n"
            for spot in spots
            if band.first <= spot.row <= band.last
        )
        words = _words({"name_en": band.name_en}, "", "        ")
        lines.append(
            f'      <bpmn:lane id="lane_{number}" name={quoteattr(band.name)}>\n{words}{refs}      </bpmn:lane>\n'
        )
    return [*lines, "    </bpmn:laneSet>\n"]


# -- the drawing


def _pool(key: str, spots: Sequence[Spot], bands: Sequence[Band]) -> list[str]:
    if not bands:
        return []
    left, right = _LEFT - 120, max(spot.middle[0] for spot in spots) + 100
    top = _TOP + bands[0].first * _ROW - _ROW / 2
    bottom = _TOP + bands[-1].last * _ROW + _ROW / 2
    shapes = [_bounds(f"{key}_pool", left - 30, top, right - left + 30, bottom - top, ' isHorizontal="true"')]
    for number, band in enumerate(bands):
        y = _TOP + band.first * _ROW - _ROW / 2
        height = (band.last - band.first + 1) * _ROW
        shapes.append(_bounds(f"lane_{number}", left, y, right - left, height, ' isHorizontal="true"'))
    return shapes


def _bounds(id: str, x: float, y: float, width: float, height: float, more: str = "", label: str = "") -> str:
    box = f'<dc:Bounds x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" />'
    opened = f'      <bpmndi:BPMNShape id="{id}_di" bpmnElement="{id}"{more}>'
    return f"{opened}\n        {box}\n{label}      </bpmndi:BPMNShape>\n"


def _shape(spot: Spot) -> str:
    (x, y), (width, height) = spot.middle, spot.size
    label = ""
    if spot.size != _BOX and spot.name:
        wide = max(30, 13 * len(spot.name))
        label = _label(x - wide / 2, y - height / 2 - 20 if spot.kind.endswith("Gateway") else y + height / 2 + 4, wide)
    marker = ' isMarkerVisible="true"' if spot.kind == "exclusiveGateway" else ""
    return _bounds(spot.id, x - width / 2, y - height / 2, width, height, marker, label)


def _label(x: float, y: float, width: float) -> str:
    box = f'<dc:Bounds x="{x:g}" y="{y:g}" width="{width:g}" height="14" />'
    return f"        <bpmndi:BPMNLabel>\n          {box}\n        </bpmndi:BPMNLabel>\n"


def _edge(way: Way, spots: Sequence[Spot]) -> str:
    at = {spot.id: spot for spot in spots}
    points = _route(at[way.source], at[way.target], way.via)
    lines = "".join(f'        <di:waypoint x="{x:g}" y="{y:g}" />\n' for x, y in points)
    label = ""
    if way.name:
        label = _name_beside(points, 13 * len(way.name), way.via is not None)
    return f'      <bpmndi:BPMNEdge id="{way.id}_di" bpmnElement="{way.id}">\n{lines}{label}      </bpmndi:BPMNEdge>\n'


def _name_beside(points: Sequence[Point], width: float, along: bool) -> str:
    """The name at the first piece of the flow; of a way back along a row, in its middle."""
    (x, y), (to_x, _to_y) = points[0], points[1]
    if along:
        return _label((points[1][0] + points[2][0] - width) / 2, points[1][1] - 18, width)
    return _label(x + 6 if to_x >= x else x - 6 - width, y + 6 if to_x == x else y - 18, width)


def _route(source: Spot, target: Spot, via: float | None) -> list[Point]:
    (x, y), (to_x, to_y) = source.middle, target.middle
    width, height = source.size
    to_width, to_height = target.size
    if via is not None:  # up or down to a row between, along it, and in from there
        along = _TOP + via * _ROW
        leave = height / 2 if along > y else -height / 2
        enter = to_height / 2 if along > to_y else -to_height / 2
        return [(x, y + leave), (x, along), (to_x, along), (to_x, to_y + enter)]
    side = 1 if to_x >= x else -1  # out and in at the sides that face each other
    out, into = x + side * width / 2, to_x - side * to_width / 2
    if y == to_y:
        return [(out, y), (into, to_y)]
    if x == to_x:
        down = 1 if to_y > y else -1
        return [(x, y + down * height / 2), (x, to_y - down * to_height / 2)]
    if source.kind.endswith(("Gateway", "boundaryEvent")):  # out at the top or bottom, in at the side
        down = 1 if to_y > y else -1
        return [(x, y + down * height / 2), (x, to_y), (into, to_y)]
    if target.kind.endswith("Gateway") or side < 0:
        down = 1 if to_y > y else -1
        return [(out, y), (to_x, y), (to_x, to_y - down * to_height / 2)]
    middle = (out + into) / 2
    return [(out, y), (middle, y), (middle, to_y), (into, to_y)]
