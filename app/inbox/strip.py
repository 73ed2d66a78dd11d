"""The flow strip: the diagram's main line as a drawing, a list of steps and a sentence (DESIGN §4, db-bp).

done is green, now is filled, ahead is grey, what was not taken is dashed. Under each node stands when and who, or who
is expected. Only coordinates are computed here; the template draws them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from app.i18n import ENGLISH, _, bilingual, get_locale
from app.inbox.mainline import AUTOMATIC, HUMAN, STEPS, Side, main_line, sides

TASK_WIDTH, TASK_HEIGHT, GATEWAY, EVENT = 104, 38, 28, 22
WIDTH, MARGIN, LEAST_GAP, WIDEST_GAP = 1160, 12, 30, 120
RISE, LEVEL = 20, 24  # of the lowest way drawn above the nodes, and between one such way and the next
STUB = 46  # length of an arrow that leads off the main line
_BETWEEN = 12  # between two ways of one level
_ROOMY = 8  # with more steps than this on the line, automatic ones are left out


@dataclass(frozen=True)
class Box:
    """One node of the strip. `shape`: start, end, gateway, task; `state`: done, now, ahead or off."""

    id: str
    shape: str
    icon: str
    lines: list[str]
    state: str
    under: str
    x: int
    width: int
    title: str = ""

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def end(self) -> int:
        return self.x + self.width

    @property
    def notes(self) -> list[str]:
        """The words below it, in two lines where one would reach under its neighbours."""
        return _noted(self.under)


@dataclass(frozen=True)
class Line:
    """A flow between two neighbours (`level` 0), or an arc above or a stub beside the main line."""

    points: list[tuple[int, int]]
    state: str  # done, ahead or off (dashed)
    label: str = ""
    label_x: int = 0
    label_y: int = 0
    anchor: str = "middle"

    @property
    def path(self) -> str:
        return "M" + "L".join(f"{x} {y}" for x, y in self.points)

    @property
    def head(self) -> str:
        """The arrow's tip at the last point, in the direction of the last piece."""
        (x1, y1), (x2, y2) = self.points[-2:]
        if x1 == x2:
            return f"M{x2} {y2}l-4 {-7 if y2 > y1 else 7}h8Z"
        back = -7 if x2 > x1 else 7
        return f"M{x2} {y2}l{back} -4v8Z"


@dataclass(frozen=True)
class Strip:
    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int
    axis: int
    sentence: str
    marks: dict[str, str] = field(default_factory=dict)  # for the full diagram: element → state
    tags: dict[str, str] = field(default_factory=dict)  # for the full diagram: element → text under it

    @property
    def steps(self) -> list[Box]:
        """The steps that people or other processes take, in order."""
        return [box for box in self.boxes if box.icon in ("user", "sub")]

    @property
    def at(self) -> int:
        """On which of the steps the process stands, from 1; all of them when it has ended."""
        places = [place for place, box in enumerate(self.steps, 1) if box.state == "now"]
        passed = [place for place, box in enumerate(self.steps, 1) if box.state == "done"]
        return max(places or passed or [0])

    @property
    def top(self) -> int:
        return self.axis - TASK_HEIGHT // 2

    @property
    def bottom(self) -> int:
        return self.axis + TASK_HEIGHT // 2


def draw(loaded: Any, progress: Any, under: Callable[[Any, Any], str], closed: frozenset[str] = frozenset()) -> Strip:
    """The strip of an instance. `under(node, state)` gives the words below a node; `closed` flows are left out."""
    nodes, flows = loaded.nodes, loaded.flows
    states = {node_id: progress.nodes[node_id].state for node_id in nodes if node_id in progress.nodes}
    whole = main_line(nodes, flows, states, closed)
    branches = [
        _to_step(side, whole, nodes)
        for side in sides(whole, nodes, flows)
        if side.flow_id not in closed and (side.flow_id in progress.taken or states.get(side.origin) != "done")
    ]
    line = _shown(whole, nodes, {side.origin for side in branches})
    branches = [side for side in branches if side.origin in line and (side.target in line or side.target not in whole)]
    labels = _labels(whole, nodes, flows)
    notes = {i: under(nodes[i], progress.nodes.get(i)) for i in line if nodes[i].kind in STEPS | AUTOMATIC}
    spans, width = _placed(line, nodes, labels, notes)
    boxes = [_box(nodes[i], states.get(i, "ahead"), notes.get(i, ""), spans[i]) for i in line]
    levels = _levelled(branches, boxes, nodes, width)
    axis = TASK_HEIGHT // 2 + 4 + (RISE + 12 + (len(levels) - 1) * LEVEL if levels else 0)
    below = axis + TASK_HEIGHT // 2 + (39 if any(len(box.notes) > 1 for box in boxes) else 26)
    lines = _straight(boxes, labels, axis) + _above(levels, boxes, nodes, states, progress.taken, axis, width)
    return Strip(
        boxes,
        lines,
        width,
        below,
        axis,
        _sentence(boxes),
        marks={
            **{i: s for i, s in states.items() if s in ("done", "now", "off")},
            **dict.fromkeys(progress.taken, "done"),
        },
        tags={
            i: under(nodes[i], progress.nodes.get(i))
            for i, s in states.items()
            if s == "done" and nodes[i].kind in HUMAN
        },
    )


def _to_step(side: Side, whole: list[str], nodes: Mapping[str, Any]) -> Side:
    """A way that rejoins the line at a gateway ends at the step behind it."""
    if side.target not in whole:
        return side
    onward = whole[whole.index(side.target) :]
    steps = [node_id for node_id in onward if nodes[node_id].kind in STEPS or node_id == whole[-1]]
    return replace(side, target=steps[0])


def _shown(line: list[str], nodes: Mapping[str, Any], splits: set[str]) -> list[str]:
    """Steps, ends, and splits that still lead elsewhere; automatic steps only while there is room."""
    kept = []
    roomy = sum(nodes[i].kind in STEPS | AUTOMATIC for i in line) <= _ROOMY
    for node_id in line:
        node = nodes[node_id]
        if node.kind in STEPS or node.kind in ("startEvent", "endEvent"):
            kept.append(node_id)
        elif node.kind in AUTOMATIC:
            if roomy and node.name:
                kept.append(node_id)
        elif node.kind.endswith("Gateway") and node_id in splits:
            kept.append(node_id)
    return kept


def _labels(line: list[str], nodes: Mapping[str, Any], flows: Mapping[str, Any]) -> dict[str, str]:
    """The name of the flow by which the main line leaves each split."""
    found = {}
    for node_id, following in pairwise(line):
        node = nodes[node_id]
        if node.kind.endswith("Gateway"):
            direct = [flows[f] for f in node.out_flows if flows[f].target == following]
            found[node_id] = bilingual(direct[0].name, direct[0].name_en) if direct else ""
    return found


def _width(kind: str) -> int:
    if kind.endswith("Gateway"):
        return GATEWAY
    return EVENT if kind.endswith("Event") else TASK_WIDTH


def _placed(
    line: list[str], nodes: Mapping[str, Any], labels: Mapping[str, str], notes: Mapping[str, str]
) -> tuple[dict[str, tuple[int, int]], int]:
    """(x, width) of each node and the width of the drawing: spread evenly, wider where a flow or a note needs it."""
    widths = [_width(nodes[i].kind) for i in line]
    gaps = [max(LEAST_GAP, text_width(labels.get(i, "")) + 14) for i in line[:-1]]
    _apart(widths, gaps, [max(map(text_width, _noted(notes.get(i, ""))), default=0) for i in line])
    spare = WIDTH - 2 * MARGIN - sum(widths) - sum(gaps)
    if spare > 0 and gaps:
        gaps = [min(gap + spare // len(gaps), max(gap, WIDEST_GAP)) for gap in gaps]
    used = 2 * MARGIN + sum(widths) + sum(gaps)
    x, spans = MARGIN + max(0, (WIDTH - used) // 2), {}
    for node_id, width, gap in zip(line, widths, [*gaps, 0], strict=False):
        spans[node_id] = (x, width)
        x += width + gap
    return spans, max(WIDTH, used)


def _apart(widths: list[int], gaps: list[int], texts: list[int]) -> None:
    """Widen gaps until no note reaches into the next one, whatever stands between the two."""
    last = None
    for place, text in enumerate(texts):
        if not text:
            continue
        if last is not None:
            between = sum(gaps[last:place]) + sum(widths[last + 1 : place]) + (widths[last] + widths[place]) // 2
            gaps[place - 1] += max(0, (texts[last] + text) // 2 + 12 - between)
        last = place


def _noted(text: str) -> list[str]:
    """A note in one line, or in two: broken behind a comma where both fit, else behind it or at a blank mid-way."""
    room = TASK_WIDTH + LEAST_GAP - 6
    if text_width(text) <= room:
        return [text] if text else []
    breaks = [place + 1 for place, c in enumerate(text[:-1]) if c in "， "]
    if not breaks:
        return [text]
    at_comma = [p for p in breaks if text[p - 1] == "，" and max(text_width(text[:p]), text_width(text[p:])) <= room]
    place = min(at_comma or breaks, key=lambda p: max(text_width(text[:p].strip()), text_width(text[p:].strip())))
    return [text[:place].strip(" ，"), text[place:].strip()]


def text_width(text: str) -> int:
    return sum(12 if ord(c) > 0x2E7F else 7 for c in text)


_ICONS = {"sendTask": "send", "receiveTask": "send"}


def _box(node: Any, state: str, note: str, span: tuple[int, int]) -> Box:
    x, width = span
    name = bilingual(node.name, node.name_en)
    if node.kind.endswith("Gateway"):
        return Box(node.id, "gateway", "", [], state, "", x, width, name)
    if node.kind.endswith("Event"):
        return Box(node.id, "end" if node.kind == "endEvent" else "start", "", [], state, "", x, width, name)
    icon = "user" if node.kind in HUMAN else "sub" if node.kind in STEPS else _ICONS.get(node.kind, "gear")
    return Box(node.id, "task", icon, _wrapped(name or node.id), state, note, x, width, name)


_CHARACTERS = re.compile(r"[（《“]?.[）》”，。、：；？！]*", re.DOTALL)  # as a person breaks a line


def _wrapped(text: str) -> list[str]:
    """A name in at most two lines of a node's width; only names may end in an ellipsis."""
    room = TASK_WIDTH - 24
    if text_width(text) <= room:
        return [text]
    words = text.split(" ") if " " in text else _CHARACTERS.findall(text)
    glue = " " if " " in text else ""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]}{glue if lines[-1] else ''}{word}"
        if text_width(longer) <= room or not lines[-1]:
            lines[-1] = longer
        elif len(lines) == 1:
            lines.append(word)
        else:
            lines[-1] = lines[-1][:-1] + "…"
            break
    return lines


def _straight(boxes: list[Box], labels: Mapping[str, str], axis: int) -> list[Line]:
    lines = []
    for box, following in pairwise(boxes):
        done = box.state == "done" and following.state in ("done", "now")
        state = "done" if done else "off" if "off" in (box.state, following.state) else "ahead"
        middle = (box.end + following.x) // 2
        lines.append(Line([(box.end, axis), (following.x, axis)], state, labels.get(box.id, ""), middle - 3, axis - 6))
    return lines


def _levelled(branches: list[Side], boxes: list[Box], nodes: Mapping[str, Any], width: int) -> list[list[Side]]:
    """Ways above the nodes that do not overlap, words included, share a level; the shortest are lowest.

    A way that comes back goes down at both its ends. One that leads off goes above those that would run through its
    words on their way down.
    """
    by_id = {box.id: box for box in boxes}
    reach = {side.flow_id: _reach(side, by_id, nodes, width) for side in branches}

    def apart(one: Side, other: Side) -> bool:
        (left, right), (first, last) = reach[one.flow_id], reach[other.flow_id]
        return right + _BETWEEN <= first or last + _BETWEEN <= left

    def under(side: Side, other: Side) -> bool:
        """Whether `other` would come down through the words of `side`."""
        (left, right), ends = reach[side.flow_id], {by_id[i].middle for i in (other.origin, other.target) if i in by_id}
        return any(left <= end <= right for end in ends - {by_id[side.origin].middle})

    levels: list[list[Side]] = []
    for side in sorted(branches, key=lambda s: (s.target not in by_id, reach[s.flow_id][1] - reach[s.flow_id][0])):
        if side.target == side.origin:
            continue
        least = 0
        if side.target not in by_id:
            least = max((n for n, level in enumerate(levels, 1) if any(under(side, one) for one in level)), default=0)
        for level in levels[least:]:
            if all(apart(side, other) for other in level):
                level.append(side)
                break
        else:
            levels.append([side])
    return levels


def _reach(side: Side, by_id: Mapping[str, Box], nodes: Mapping[str, Any], width: int) -> tuple[int, int]:
    """From where to where a way and its words go."""
    origin = by_id[side.origin].middle
    if side.target in by_id:
        target = by_id[side.target].middle
        half, middle = text_width(_arc_label(side, by_id)) // 2, _arc_middle(side, by_id, width)
        return min(origin, target, middle - half), max(origin, target, middle + half)
    label = _stub_label(side, nodes[side.target])
    end = origin + _back(origin, label, width) * (STUB + 6 + text_width(label))
    return min(origin, end), max(origin, end)


def _above(
    levels: list[list[Side]],
    boxes: list[Box],
    nodes: Mapping[str, Any],
    states: Mapping[str, str],
    taken: Any,
    axis: int,
    width: int,
) -> list[Line]:
    by_id = {box.id: box for box in boxes}
    lines = []
    for height, level in enumerate(levels):
        y = axis - TASK_HEIGHT // 2 - RISE - height * LEVEL
        for side in level:
            state = "done" if side.flow_id in taken else "off"
            if side.target in by_id:
                lines.append(_arc(side, by_id, state, axis, y, width))
            else:
                lines.append(_stub(side, by_id[side.origin], nodes[side.target], state, axis, y, width))
    return lines


def _arc(side: Side, by_id: Mapping[str, Box], state: str, axis: int, y: int, width: int) -> Line:
    origin, target = by_id[side.origin], by_id[side.target]
    end = axis - (TASK_HEIGHT if target.shape == "task" else target.width) // 2
    points = [(origin.middle, axis - GATEWAY // 2), (origin.middle, y), (target.middle, y), (target.middle, end)]
    return Line(points, state, _arc_label(side, by_id), _arc_middle(side, by_id, width), y - 4)


def _arc_middle(side: Side, by_id: Mapping[str, Box], width: int) -> int:
    """Where its words stand: over its middle; from its left end on where they are longer, as others end there too, and
    never beyond the strip's right end.
    """
    origin, target = by_id[side.origin].middle, by_id[side.target].middle
    half = text_width(_arc_label(side, by_id)) // 2
    return min(max((origin + target) // 2, min(origin, target) + half + 6), width - half - 2)


def _arc_label(side: Side, by_id: Mapping[str, Box]) -> str:
    target = by_id[side.target]
    if target.x < by_id[side.origin].x and side.label and target.title:
        return _("%(why)s，退回%(step)s", why=side.label, step=target.title)
    return side.label


def _stub(side: Side, origin: Box, target: Any, state: str, axis: int, y: int, width: int) -> Line:
    """A way that does not come back to the main line: a short arrow with the name of where it leads."""
    label = _stub_label(side, target)
    back = _back(origin.middle, label, width)
    x = origin.middle + back * STUB
    points = [(origin.middle, axis - GATEWAY // 2), (origin.middle, y), (x, y)]
    return Line(points, state, label, x + back * 6, y + 4, "start" if back == 1 else "end")


def _stub_label(side: Side, target: Any) -> str:
    name = bilingual(target.name, target.name_en) or (_("结束") if not target.out_flows else "")
    return f"{side.label} → {name}" if side.label and name and name != side.label else side.label or name


def _back(middle: int, label: str, width: int) -> int:
    """1 to the right, -1 where there is no room for the words."""
    return -1 if middle + STUB + 6 + text_width(label) > width else 1


def _sentence(boxes: list[Box]) -> str:
    """What a screen reader hears: where the process stands, what is behind and what lies ahead."""
    comma = ", " if get_locale() == ENGLISH else "、"
    named = {state: comma.join(b.title for b in boxes if b.shape == "task" and b.state == state) for state in _STATES}
    parts = [_("当前在%(steps)s", steps=named["now"]) if named["now"] else _("当前没有进行中的步骤")]
    if named["done"]:
        parts.append(_("之前已完成%(steps)s", steps=named["done"]))
    if named["ahead"]:
        parts.append(_("之后为%(steps)s", steps=named["ahead"]))
    return _("流程图：%(text)s", text=("; " if get_locale() == ENGLISH else "；").join(parts))


_STATES = ("now", "done", "ahead")
