"""The main line of a diagram and its drawing, on plain nodes and flows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from app.engine import Flow, Node, NodeState
from app.inbox.mainline import main_line, sides
from app.inbox.strip import WIDTH, draw, text_width

AT = dt.datetime(2026, 4, 9, 6, 20, tzinfo=dt.UTC)


def graph(kinds: dict[str, str], flows: list[tuple[str, str, str]]) -> tuple[dict[str, Node], dict[str, Flow]]:
    """Nodes by id and kind, flows as (source, target, name)."""
    arrows = {f"f{n}": Flow(f"f{n}", source, target, name) for n, (source, target, name) in enumerate(flows)}
    nodes = {
        node_id: Node(
            node_id,
            kind,
            name=node_id,
            parent="p",
            x=index * 100.0,
            out_flows=tuple(f.id for f in arrows.values() if f.source == node_id),
            in_flows=tuple(f.id for f in arrows.values() if f.target == node_id),
        )
        for index, (node_id, kind) in enumerate(kinds.items())
    }
    return nodes, arrows


LOOP = graph(
    {
        "start": "startEvent",
        "rectify": "userTask",
        "inspect": "userTask",
        "ok": "exclusiveGateway",
        "close": "userTask",
        "end": "endEvent",
    },
    [
        ("start", "rectify", ""),
        ("rectify", "inspect", ""),
        ("inspect", "ok", ""),
        ("ok", "close", "合格"),
        ("ok", "rectify", "不合格"),
        ("close", "end", ""),
    ],
)
FORK = graph(
    {
        "start": "startEvent",
        "which": "exclusiveGateway",
        "long": "userTask",
        "longer": "userTask",
        "short": "userTask",
        "end": "endEvent",
    },
    [
        ("start", "which", ""),
        ("which", "long", "常规"),
        ("long", "longer", ""),
        ("longer", "end", ""),
        ("which", "short", "简易"),
        ("short", "end", ""),
    ],
)


def drawn(of: tuple[dict[str, Node], dict[str, Flow]], states: dict[str, str], taken: set[str] | None = None) -> Any:
    nodes, flows = of
    progress = SimpleNamespace(
        nodes={node_id: NodeState(state, AT, "孙强", 1) for node_id, state in states.items()}, taken=taken or set()
    )
    return draw(SimpleNamespace(nodes=nodes, flows=flows), progress, lambda node, _state: node.name)


def test_a_loop_back_is_not_on_the_line() -> None:
    assert main_line(*LOOP, {}) == ["start", "rectify", "inspect", "ok", "close", "end"]
    (back,) = sides(main_line(*LOOP, {}), *LOOP)
    assert (back.origin, back.target, back.label) == ("ok", "rectify", "不合格")


def test_ahead_the_line_follows_the_most_steps() -> None:
    assert main_line(*FORK, {}) == ["start", "which", "long", "longer", "end"]


def test_behind_the_line_follows_what_was_taken() -> None:
    states = {"start": "done", "which": "done", "short": "now", "long": "off", "longer": "off"}
    assert main_line(*FORK, states) == ["start", "which", "short", "end"]


def test_the_line_follows_a_deadline_that_took_the_work_elsewhere() -> None:
    """Nobody answered in time: the superior's step is where it stands, and it is on the line."""
    nodes, flows = graph(
        {
            "start": "startEvent",
            "answer": "userTask",
            "then": "userTask",
            "late": "boundaryEvent",
            "superior": "userTask",
            "end": "endEvent",
        },
        [
            ("start", "answer", ""),
            ("answer", "then", ""),
            ("then", "end", ""),
            ("late", "superior", ""),
            ("superior", "end", ""),
        ],
    )
    nodes["late"] = replace(nodes["late"], attached_to="answer")
    quiet = drawn((nodes, flows), {"start": "done", "answer": "now"})
    assert [box.title for box in quiet.steps] == ["answer", "then"]
    late = drawn((nodes, flows), {"start": "done", "answer": "off", "late": "done", "superior": "now"})
    assert [(box.title, box.state) for box in late.steps] == [("answer", "off"), ("superior", "now")]


def test_the_drawing_fills_its_width_and_keeps_its_order() -> None:
    strip = drawn(LOOP, {"start": "done", "rectify": "done", "inspect": "now"})
    assert strip.width == WIDTH
    assert [box.x for box in strip.boxes] == sorted(box.x for box in strip.boxes)
    assert all(box.x >= 0 and box.end <= strip.width for box in strip.boxes)
    assert (strip.at, len(strip.steps)) == (2, 3)


def test_a_way_not_taken_is_dashed_and_one_taken_is_done() -> None:
    states = {"start": "done", "rectify": "done", "inspect": "now"}
    (arc,) = [line for line in drawn(LOOP, states).lines if line.label.startswith("不合格")]
    assert arc.state == "off"
    back = next(flow.id for flow in LOOP[1].values() if flow.name == "不合格")
    (arc,) = [line for line in drawn(LOOP, states, {back}).lines if line.label.startswith("不合格")]
    assert arc.state == "done"


def test_a_name_in_two_lines_begins_no_line_with_a_closing_bracket() -> None:
    names = ["归档（签收池）", "审议（一票否决）", "归档签收池（甲）"]
    kinds = {"start": "startEvent"} | dict.fromkeys(names, "userTask") | {"end": "endEvent"}
    nodes, flows = graph(kinds, [(one, other, "") for one, other in pairwise(kinds)])
    strip = drawn((nodes, flows), {"start": "done", names[0]: "now"})
    lines = {box.title: box.lines for box in strip.boxes if box.shape == "task"}
    assert set(lines) == set(names)
    for name, parts in lines.items():
        assert "".join(parts) == name
        assert not any(part.startswith("）") or part.endswith("（") for part in parts)


def test_the_sentence_tells_what_the_picture_shows() -> None:
    strip = drawn(LOOP, {"start": "done", "rectify": "done", "inspect": "now"})
    assert strip.sentence == "流程图：当前在inspect；之前已完成rectify；之后为close"


def test_a_diagram_without_a_start_draws_nothing_and_does_not_fail() -> None:
    assert drawn(({}, {}), {}).boxes == []


def test_endless_gateways_do_not_hang_the_drawing() -> None:
    ring = graph(
        {"start": "startEvent", "a": "exclusiveGateway", "b": "exclusiveGateway", "t": "userTask"},
        [("start", "a", ""), ("a", "b", ""), ("b", "a", "again"), ("b", "t", "")],
    )
    assert [box.id for box in drawn(ring, {}).boxes] == ["start", "b", "t"]


def test_what_stands_under_the_nodes_does_not_run_together() -> None:
    states = {"start": "done", "rectify": "done", "inspect": "now"}
    nodes, flows = LOOP
    progress = SimpleNamespace(nodes={i: NodeState(state, AT, "", 1) for i, state in states.items()}, taken=set())
    for note in (
        "海城市安全生产委员会办公室综合协调科",
        "待签收，逾期 13 个工作日 7 时 50 分",
        "Committee office of the city, Wang",
    ):
        strip = draw(SimpleNamespace(nodes=nodes, flows=flows), progress, lambda _node, _state, note=note: note)
        noted = [(box.middle, max(map(text_width, box.notes))) for box in strip.boxes if box.notes]
        assert len(noted) == 3
        for (left, width), (right, wide) in pairwise(noted):
            assert left + width / 2 + 8 <= right - wide / 2


def test_words_of_ways_above_the_nodes_do_not_run_together() -> None:
    """A stub with long words beside a way back that ends behind it, as in a slip's process."""
    nodes, flows = graph(
        {
            "start": "startEvent",
            "who": "exclusiveGateway",
            "部门办理反馈": "userTask",
            "镇街办理反馈情况": "userTask",
            "企业办理反馈情况": "userTask",
            "more": "exclusiveGateway",
            "复核": "userTask",
            "agreed": "exclusiveGateway",
            "end": "endEvent",
        },
        [
            ("start", "who", ""),
            ("who", "部门办理反馈", "部门"),
            ("who", "镇街办理反馈情况", "镇街"),
            ("who", "企业办理反馈情况", "企业"),
            ("部门办理反馈", "more", ""),
            ("镇街办理反馈情况", "more", ""),
            ("企业办理反馈情况", "more", ""),
            ("more", "复核", "是"),
            ("more", "部门办理反馈", "阶段反馈"),
            ("复核", "agreed", ""),
            ("agreed", "end", "办结"),
            ("agreed", "部门办理反馈", "退办"),
        ],
    )
    spans = []
    strip = drawn((nodes, flows), {"start": "done"})
    lines = strip.lines
    for line in lines:
        if line.label:
            wide = text_width(line.label)
            left = line.label_x - {"middle": wide / 2, "start": 0, "end": wide}[line.anchor]
            spans.append((line.label_y, left, left + wide))
            assert left >= 0 and left + wide <= strip.width, line.label
    assert len(spans) >= 6
    for place, (y, left, right) in enumerate(spans):
        for other, first, last in spans[place + 1 :]:
            assert abs(y - other) >= 15 or right <= first or last <= left
        for (x, top), (there, bottom) in (pair for line in lines for pair in pairwise(line.points)):
            if x == there:
                assert not (left < x < right and min(top, bottom) < y - 4 < max(top, bottom)), (
                    "a way runs through words"
                )


def test_long_words_of_a_way_back_end_where_the_strip_ends() -> None:
    nodes, flows = graph(
        {
            **{f"第{n}步": "userTask" for n in range(1, 7)},
            "start": "startEvent",
            "agreed": "exclusiveGateway",
            "end": "endEvent",
        },
        [
            ("start", "第1步", ""),
            *((f"第{n}步", f"第{n + 1}步", "") for n in range(1, 6)),
            ("第6步", "agreed", ""),
            ("agreed", "end", "办结"),
            ("agreed", "第6步", "材料不全，需要补充后重新审核，退回安委办再次复核"),
        ],
    )
    strip = drawn((nodes, flows), {"start": "done"})
    (back,) = (line for line in strip.lines if "材料不全" in line.label)
    half = text_width(back.label) / 2
    assert back.anchor == "middle" and back.label_x - half >= 0 and back.label_x + half <= strip.width
