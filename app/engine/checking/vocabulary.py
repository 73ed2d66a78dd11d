"""The words on a step: lanes, roles, properties, verbs, policies; names in both languages; a place on the canvas."""

from __future__ import annotations

import difflib
from typing import Any

from app.engine.checking.desk import Desk, quoted
from app.engine.checking.variables import lint
from app.engine.packages.call_words import CALL
from app.engine.packages.diagram import B, Node, S
from app.engine.packages.front_door import names
from app.engine.packages.words import POLICIES, VERBS, verbs, words_of

STEP = frozenset(
    names(
        "role org assignee policy signers ratio vote agree form deadline remind ladder extension_process cc checks "
        "allow statutory name_en"
    )
)
# On events and tasks that send or wait for messages and signals; see `_of_events`.
EVENT = frozenset({"correlation", "payload", "variable", "ttl"})
_ANYWHERE = frozenset({"name_en"})
_ACTIVITY = _ANYWHERE | {"statutory"}
LATER = frozenset({"subject", "starters"})
LATER_VERBS = names("reschedule move_token")
_MEANT = {"add_signer": "sign", "remove_signer": "sign", "send_back": "return"} | dict.fromkeys(
    ("pause_clock", "resume_clock", "resume"), "pause"
)
_ACTIVITIES = frozenset(
    names("userTask manualTask scriptTask serviceTask businessRuleTask sendTask receiveTask subProcess callActivity")
)


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    _written(desk)
    _lanes(desk)
    for node in desk.diagram.nodes.values():
        _words(desk, node)
        if node.is_human:
            _step(desk, node)
        _names(desk, node)
    _layout(desk)


def _written(desk: Desk) -> None:
    """Properties as they stand in the file: each with a name and a value, each once, and only where they count."""
    assert desk.root is not None
    for holder in desk.root.iter(f"{S}properties"):
        seen: set[str] = set()
        for prop in holder.iter(f"{S}property"):
            name = prop.get("name")
            if not name or prop.get("value") is None:
                desk.add("property_empty", "属性须有名称和值", "A property needs a name and a value", element=prop)
            elif name in seen:
                desk.add("property_twice", f"属性 {name} 出现两次", f"The property {name} stands twice", element=prop)
            seen.add(name or "")
    for kind in ("sequenceFlow", "lane", "participant"):
        for element in desk.root.iter(f"{B}{kind}"):
            for prop in element.iter(f"{S}property"):
                if prop.get("name") not in _ANYWHERE:
                    _misplaced(desk, prop.get("name") or "", element=element)


def _words(desk: Desk, node: Node) -> None:
    allowed = STEP if node.is_human else _ACTIVITY if node.kind in _ACTIVITIES else _ANYWHERE
    allowed |= _of_events(node) | (CALL if node.kind == "callActivity" else frozenset())
    for name in node.properties:
        if name in LATER:
            desk.add(
                "property_unavailable",
                f"属性 {name} 在此版本中尚不可用",
                f"The property {name} is not yet available in this version",
                at=node,
            )
        elif name not in STEP | EVENT | CALL:
            near = difflib.get_close_matches(name, STEP | EVENT | CALL, 1)
            desk.add(
                "property_unknown",
                f"没有名为 {name} 的步骤属性",
                f"There is no step property called {name}",
                at=node,
                about=name,
                fix=(f"是否为 {near[0]}？", f"Is it {near[0]}?")
                if near
                else (f"可用：{quoted(STEP | EVENT | CALL)}", f"There are: {quoted(STEP | EVENT | CALL)}"),
            )
        elif name not in allowed:
            _misplaced(desk, name, at=node)
    statutory = node.properties.get("statutory")
    if statutory is not None and statutory not in ("true", "false"):
        _value(desk, node, "statutory", statutory, ("true", "false"))


def _of_events(node: Node) -> frozenset[str]:
    """What a message or signal can say here: who throws it has a payload, who catches it a variable for that."""
    kind = node.event.kind if node.event else ""
    if kind not in ("message", "signal"):
        return frozenset()
    throws = node.kind in ("endEvent", "intermediateThrowEvent", "sendTask")
    words = {"payload"} if throws else {"variable"}
    if kind == "message":
        words |= {"correlation", "ttl"} if throws else {"correlation"}
    return frozenset(words)


def _misplaced(desk: Desk, name: str, **where: Any) -> None:
    if name in CALL:
        desk.add(
            "property_misplaced",
            f"属性 {name} 在此处不起作用，它属于调用活动",
            f"The property {name} has no effect here; it belongs to call activities",
            about=name,
            **where,
        )
        return
    if name in EVENT:
        desk.add(
            "property_misplaced",
            f"属性 {name} 在此处不起作用，它属于发送或等待消息、信号的节点",
            f"The property {name} has no effect here; it belongs to nodes that send or wait for messages and signals",
            about=name,
            **where,
        )
        return
    desk.add(
        "property_misplaced",
        f"属性 {name} 在此处不起作用，只用于用户任务和手工任务",
        f"The property {name} has no effect here; it belongs to user and manual tasks",
        about=name,
        **where,
    )


def _value(desk: Desk, node: Node, name: str, value: str, allowed: tuple[str, ...]) -> None:
    desk.add(
        "property_value",
        f"属性 {name} 的值“{value}”不对，应为：{'、'.join(allowed)}",
        f"The property {name} cannot be {value!r}; it is one of: {', '.join(allowed)}",
        at=node,
    )


def _lanes(desk: Desk) -> None:
    humans = {node.lane for node in desk.diagram.nodes.values() if node.is_human}
    members: dict[str, str] = {}
    for lane in desk.diagram.lanes.values():
        for node in lane.nodes:
            if members.setdefault(node, lane.id) != lane.id:
                desk.add(
                    "lane_twice",
                    f"节点“{node}”同时属于两个泳道",
                    f"The node {node!r} stands in two lanes",
                    element_id=node,
                )
        known = desk.lanes.get(lane.name)
        where: dict[str, Any] = {"element_id": lane.id, "line": lane.line}
        if known is None and (lane.name in humans or not lane.name):
            near = difflib.get_close_matches(lane.name, desk.lanes, 1, 0.5)
            desk.add(
                "lane_unknown",
                f"泳道“{lane.name}”没有对应的角色",
                f"The lane {lane.name!r} stands for no role",
                fix=(f"是否为“{near[0]}”？", f"Is it {near[0]!r}?")
                if near
                else ("泳道名见 bpmn/roles.toml", "The lanes are listed in bpmn/roles.toml"),
                **where,
            )
        elif known is not None:
            _role(desk, known.role, **where)
            if known.org and lane.name in humans:
                lint(desk, known.org, f"泳道“{lane.name}”的单位", f"the organisation of lane {lane.name!r}", **where)


def _role(desk: Desk, role: str, **where: Any) -> None:
    if role not in desk.roles:
        near = difflib.get_close_matches(role, desk.roles, 1)
        desk.add(
            "role_unknown",
            f"没有名为 {role} 的角色",
            f"There is no role called {role}",
            about=role,
            fix=(f"是否为 {near[0]}？", f"Is it {near[0]}?")
            if near
            else (f"可用：{quoted(desk.roles)}", f"There are: {quoted(desk.roles)}"),
            **where,
        )


def _step(desk: Desk, node: Node) -> None:
    given = words_of(node.properties)
    if given.role:
        _role(desk, given.role, at=node)
    elif given.assignee and not given.signers and node.lane is None:
        desk.add(
            "role_missing",
            "只用属性 assignee 指定了一人：此人离岗时不知道由谁办理",
            "Only the property assignee says whose task this is: when that person has left, nobody would get it",
            at=node,
            fix=("放入泳道，或再写上属性 role", "Put it into a lane, or give it a role as well"),
        )
    elif not given.signers and node.lane is None:
        desk.add(
            "role_missing",
            "不知道由谁办理：不在任何泳道中，也没有属性 role 或 signers",
            "Nobody would get this task: it is in no lane and has neither role nor signers",
            at=node,
            fix=("放入泳道，或写上属性 role", "Put it into a lane, or give it a role"),
        )
    for name, text in (("org", given.org), ("assignee", given.assignee)):
        if text:
            lint(desk, text, f"属性 {name}", f"the property {name}", at=node)
    for copy in given.cc:
        _role(desk, copy.role, at=node)
        if copy.org:
            lint(desk, copy.org, "属性 cc", "the property cc", at=node)
    _policy(desk, node)
    _verbs(desk, node)
    for name in given.checks:
        if name not in desk.services.checks:
            desk.add(
                "check_unknown",
                f"没有名为 {name} 的办理检查",
                f"There is no task check called {name}",
                at=node,
                fix=(f"可用：{quoted(desk.services.checks)}", f"There are: {quoted(desk.services.checks)}"),
            )


def _verbs(desk: Desk, node: Node) -> None:
    for verb in verbs(node.properties.get("allow")):
        if verb in LATER_VERBS:
            desk.add(
                "verb_unavailable",
                f"操作 {verb} 在此版本中尚不可用",
                f"The verb {verb} is not yet available in this version",
                at=node,
            )
        elif verb not in VERBS:
            meant = _MEANT.get(verb)
            desk.add(
                "verb_unknown",
                f"没有名为 {verb} 的操作",
                f"There is no verb called {verb}",
                at=node,
                about=verb,
                fix=(f"是否为 {meant}？", f"Is it {meant}?")
                if meant
                else (f"可用：{quoted(VERBS)}", f"There are: {quoted(VERBS)}"),
            )


def _policy(desk: Desk, node: Node) -> None:
    policy = node.properties.get("policy")
    if policy is not None and policy not in POLICIES:
        _value(desk, node, "policy", policy, POLICIES)


def _names(desk: Desk, node: Node) -> None:
    if not node.is_human and node.kind != "serviceTask":
        return
    if not node.name:
        desk.warn("name_missing", "步骤没有名称", "The step has no name", at=node)
    if not node.name_en:
        desk.warn(
            "name_en_missing",
            f"步骤“{node.name or node.id}”没有英文名称",
            f"The step {node.name or node.id!r} has no English name",
            at=node,
            fix=("写上属性 name_en", "Give it the property name_en"),
        )


def _layout(desk: Desk) -> None:
    nodes = desk.diagram.nodes.values()
    missing = [node for node in nodes if not node.drawn]
    if nodes and len(missing) == len(nodes):
        desk.warn(
            "layout_missing",
            "图中没有任何位置信息，页面上画不出流程图",
            "Nothing has a place on the canvas, so no diagram can be shown",
            element_id=desk.package.key,
        )
        return
    for node in missing:
        desk.warn("layout_missing", "此节点在图中没有位置", "This node has no place on the canvas", at=node)
    for flow in desk.diagram.flows.values():
        if len(flow.waypoints) < 2 and not flow.link:
            desk.warn("layout_missing", "此连线在图中没有路径", "This flow has no path on the canvas", at=flow)
