"""Events: which kinds are carried out where, and what each needs so that it can happen at all."""

from __future__ import annotations

from collections.abc import Iterable

from app.engine.checking.desk import Desk
from app.engine.checking.elements import EVENTS, KINDS, Names
from app.engine.checking.variables import lint
from app.engine.packages.call_words import call_words_of
from app.engine.packages.deadline_text import DeadlineTextError, parse_duration
from app.engine.packages.diagram import SCOPES, Node
from app.engine.running.plain import ENGINE_NAMES, RESERVED

_MESSAGES = frozenset({"message", "signal"})
_SUPPORTED = {
    "startEvent": frozenset({"", "message", "signal"}),
    "endEvent": frozenset({"", "terminate", "error", "escalation", "message", "signal"}),
    "intermediateCatchEvent": frozenset({"timer", "conditional", "message", "signal", "link"}),
    "intermediateThrowEvent": frozenset({"", "escalation", "message", "signal", "link"}),
    "boundaryEvent": frozenset({"timer", "conditional", "error", "escalation", "message", "signal"}),
    "sendTask": frozenset({"message"}),
    "receiveTask": frozenset({"message"}),
}
_INNER_START = frozenset({""})  # of a sub-process
_TRIGGERS = frozenset({"timer", "conditional", "error", "escalation", "message", "signal"})  # of an event sub-process
_AFTER_GATEWAY = frozenset({"timer", "conditional", "message", "signal"})
_THROWS = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})


def check(desk: Desk) -> None:
    if desk.root is None:
        return
    for node in desk.diagram.nodes.values():
        _event(desk, node)
        if node.triggered:
            _event_subprocess(desk, node)
        if node.kind == "eventBasedGateway":
            _gateway(desk, node)
    _links(desk)


def waits(node: Node) -> bool:
    """Whether a token stays at this node until something comes from outside."""
    if node.kind == "intermediateCatchEvent":
        return node.event is None or node.event.kind != "link"
    return node.is_human or node.kind == "receiveTask"


def _event(desk: Desk, node: Node) -> None:
    supported = _supported(desk, node)
    if supported is None:
        return
    if len(node.events) > 1:
        desk.add(
            "event_multiple",
            "一个事件只能有一个定义",
            "An event may have only one definition",
            at=node,
        )
    plain = "message" if node.kind in ("sendTask", "receiveTask") else ""
    for kind in [event.kind for event in node.events] or [plain]:
        zh, en = EVENTS.get(kind, (kind, kind))
        if kind not in supported:
            desk.add(
                "event_unsupported",
                f"尚不支持{zh}{KINDS[node.kind][0]}",
                f"A {en} {KINDS[node.kind][1]} is not supported yet",
                at=node,
                fix=_event_fix(desk, node, kind),
            )
            continue
        if kind in _MESSAGES:
            _message(desk, node, kind)
        if kind in ("error", "escalation") and node.kind in _THROWS:
            _thrown(desk, node, kind)
        elif node.kind == "boundaryEvent":
            _boundary(desk, node, kind)


def _supported(desk: Desk, node: Node) -> frozenset[str] | None:
    if node.kind == "startEvent" and node.parent in desk.diagram.nodes:
        return _TRIGGERS if desk.diagram.nodes[node.parent].triggered else _INNER_START
    return _SUPPORTED.get(node.kind)


def _event_fix(desk: Desk, node: Node, event: str) -> Names | None:
    if node.kind != "startEvent":
        return None
    if node.parent not in desk.diagram.nodes:
        return ("流程由人、消息或信号启动", "A process is started by a person, a message or a signal")
    if desk.diagram.nodes[node.parent].triggered:
        return ("事件子流程须由事件启动", "An event sub-process needs an event that starts it")
    return ("子流程的开始事件只能是空白的", "The start event of a sub-process must be plain")


def _message(desk: Desk, node: Node, kind: str) -> None:
    """A message or signal by its name; a message also by what it is about, so that it reaches the right instance."""
    zh, en = EVENTS[kind]
    if not desk.diagram.name_of(node):
        desk.add(
            f"{kind}_missing",
            f"没有写明是哪个{zh}",
            f"It does not say which {en} it is",
            at=node,
            fix=(f"引用一个有名称的{zh}（{kind}Ref）", f"Refer to a {en} that has a name ({kind}Ref)"),
        )
    throws, starts = node.kind in _THROWS, node.kind == "startEvent" and not desk.diagram.begins_waiting(node)
    given = node.properties
    if kind == "message" and not starts:
        if "correlation" in given:
            lint(desk, given["correlation"], "属性 correlation", "the property correlation", at=node)
        else:
            desk.add(
                "correlation_missing",
                "消息没有写明与哪件事有关（属性 correlation），会送错或送不到",
                "The message does not say what it is about (property correlation): it could reach the wrong one",
                at=node,
                fix=("例如 correlation = order_no", "For instance correlation = order_no"),
            )
    if throws and "payload" in given:
        lint(desk, given["payload"], "属性 payload", "the property payload", at=node)
    if throws and "ttl" in given:
        try:
            parse_duration(given["ttl"])
        except DeadlineTextError as wrong:
            desk.add("ttl", f"属性 ttl：{wrong.zh}", f"The property ttl: {wrong.en}", at=node)
    variable = given.get("variable")
    if variable is not None and (not variable.isidentifier() or variable in RESERVED or variable in ENGINE_NAMES):
        desk.add(
            "variable_name",
            f"“{variable}”不能用作变量名",
            f"{variable!r} cannot be the name of a variable",
            at=node,
        )


def _event_subprocess(desk: Desk, node: Node) -> None:
    starts = [inner for inner in desk.diagram.inside(node.id) if inner.kind == "startEvent"]
    if node.in_flows or node.out_flows or desk.diagram.boundaries(node.id):
        desk.add(
            "event_subprocess",
            "事件子流程由其开始事件启动，不能有连线和边界事件",
            "An event sub-process is started by its start event: it has neither flows nor boundary events",
            at=node,
        )
    for start in starts:
        kind = start.event.kind if start.event else ""
        if kind in ("error", "escalation") and not _throws_inside(desk, node.parent, kind, start, but=node.id):
            _never(desk, start, kind)
        if kind == "error" and not start.interrupting:
            _error_interrupts(desk, start)


def _gateway(desk: Desk, node: Node) -> None:
    if len(node.out_flows) < 2:
        desk.add(
            "event_gateway",
            "基于事件的网关之后至少要有两个事件",
            "An event-based gateway needs at least two events after it",
            at=node,
        )
    for flow in node.out_flows:
        target = desk.diagram.nodes.get(desk.diagram.flows[flow].target)
        if target is None:
            continue
        event = target.event.kind if target.event else ""
        event_like = target.kind == "intermediateCatchEvent" and event in _AFTER_GATEWAY
        if not event_like and (target.kind != "receiveTask" or desk.diagram.boundaries(target.id)):
            desk.add(
                "event_gateway_target",
                "基于事件的网关之后只能是定时、条件、消息、信号捕获事件，或没有边界事件的接收任务",
                "After an event-based gateway come only timers, conditions, messages and signals to be caught, or "
                "receive tasks without boundary events",
                at=target,
            )
        elif len(target.in_flows) > 1:
            desk.add(
                "event_gateway_target",
                "基于事件的网关之后的事件只能有这一条进入的连线",
                "No other flow may lead to an event after an event-based gateway",
                at=target,
            )


def _links(desk: Desk) -> None:
    """Both ends in the same process or sub-process, one place where it is caught."""
    ends: dict[tuple[str, str], tuple[list[Node], list[Node]]] = {}
    for node in desk.diagram.nodes.values():
        if node.event is not None and node.event.kind == "link":
            thrown, caught = ends.setdefault((node.parent, node.event.ref or ""), ([], []))
            (caught if node.kind == "intermediateCatchEvent" else thrown).append(node)
    for (_parent, name), (thrown, caught) in ends.items():
        for node in thrown if not (caught and name) else ():
            desk.add(
                "link_target_missing",
                f"同一层中没有接住链接“{name}”的事件",
                f"Nothing in the same process or sub-process catches the link {name!r}",
                at=node,
            )
        for node in caught if not (thrown and name) else ():
            zh, en = f"没有任何地方抛出链接“{name}”", f"Nothing throws the link {name!r}"
            desk.add("link_source_missing", zh, en, at=node)
        for node in caught[1:]:
            desk.add("link_twice", f"链接“{name}”被接住两次", f"The link {name!r} is caught twice", at=node)
        _link_flows(desk, thrown, caught)


def _link_flows(desk: Desk, thrown: list[Node], caught: list[Node]) -> None:
    """A link takes the place of a flow: none leaves where it is thrown, none leads to where it is caught."""
    drawn = {flow.id for flow in desk.diagram.flows.values() if not flow.link}
    for node in thrown:
        if drawn & set(node.out_flows):
            desk.add("flow_out", "链接抛出事件之后不能有连线", "No flow may leave a link that is thrown", at=node)
    for node in caught:
        if drawn & set(node.in_flows):
            desk.add("flow_into", "链接捕获事件不能有进入的连线", "No flow may lead into a link", at=node)


def _thrown(desk: Desk, node: Node, kind: str) -> None:
    """An error or escalation must be caught by a boundary event around it; else it would end in nothing."""
    code = _code(desk, node)
    if not any(_catches(desk, boundary, kind, code) for boundary in _around(desk, node)):
        zh, en = EVENTS[kind]
        desk.add(
            f"{kind}_uncaught",
            f"没有边界事件接住此{zh}",
            f"No boundary event catches this {en}",
            at=node,
            fix=(
                f"在外层子流程或调用活动上加{zh}边界事件",
                f"Put an {en} boundary event on the sub-process or call activity around it",
            ),
        )


def _boundary(desk: Desk, node: Node, kind: str) -> None:
    host = desk.diagram.nodes.get(node.attached_to or "")
    if host is None:
        return
    stays = host.is_human or host.kind in SCOPES or host.kind == "receiveTask"
    if host.starts is not None:
        stays = call_words_of(host.properties).waits
    raised = kind in ("error", "escalation")
    if (raised and (host.kind not in SCOPES or host.starts is not None)) or not stays:
        zh, en = EVENTS[kind]
        where = KINDS.get(host.kind, (host.kind, host.kind))
        desk.add(
            "boundary_host",
            f"{where[0]}上的{zh}边界事件不会触发",
            f"An event ({en}) on the boundary of a {where[1]} never happens",
            at=node,
            fix=(
                "定时、条件、消息、信号事件放在用户任务、接收任务或子流程上；错误、升级事件放在子流程或调用活动上",
                "Errors and escalations go on sub-processes; all else there and on user and receive tasks",
            ),
        )
        return
    inside = host.called if host.kind == "callActivity" else host.id
    if kind in ("error", "escalation") and not _throws_inside(desk, inside, kind, node):
        _never(desk, node, kind)
    if kind == "error" and not node.interrupting:
        _error_interrupts(desk, node)


def _never(desk: Desk, node: Node, kind: str) -> None:
    zh, en = EVENTS[kind]
    desk.add(
        "boundary_never",
        f"其中没有任何事件抛出此{zh}，它不会触发",
        f"Nothing inside throws this {en}, so it never happens",
        at=node,
    )


def _error_interrupts(desk: Desk, node: Node) -> None:
    desk.add(
        "boundary_error",
        "接住错误的事件必须是中断型",
        "An event that catches an error must be interrupting",
        at=node,
    )


def _code(desk: Desk, node: Node) -> str | None:
    event = node.event
    return desk.diagram.codes.get(event.ref or "") if event else None


def _catches(desk: Desk, boundary: Node, kind: str, code: str | None) -> bool:
    event = boundary.event
    return event is not None and event.kind == kind and _code(desk, boundary) in (None, code)


def _around(desk: Desk, node: Node) -> list[Node]:
    """What may catch something from a node: boundaries of every activity around, starts of event sub-processes.

    What an event sub-process throws does not start another one of the same scope.
    """
    found: list[Node] = []
    seen: set[tuple[str, bool]] = set()
    scopes = [(node.parent, False)]
    while scopes:
        scope, from_event = scopes.pop()
        if (scope, from_event) in seen:
            continue
        seen.add((scope, from_event))
        if not from_event:
            found += _starts(desk, scope)
        hosts = [n for n in desk.diagram.nodes.values() if n.id == scope or (n.called == scope and n.kind in SCOPES)]
        for host in hosts:
            found += desk.diagram.boundaries(host.id)
            scopes.append((host.parent, host.triggered))
    return found


def _starts(desk: Desk, scope: str) -> Iterable[Node]:
    triggered = [node.id for node in desk.diagram.inside(scope) if node.triggered]
    return [node for node in desk.diagram.nodes.values() if node.parent in triggered and node.kind == "startEvent"]


def _throws_inside(desk: Desk, scope: str | None, kind: str, catcher: Node, but: str = "") -> bool:
    """Whether something in a scope, however deep, throws what is caught here."""
    scopes: list[str | None] = [scope]
    seen: set[str] = set()
    while scopes:
        inner = scopes.pop()
        if inner is None or inner in seen or inner == but:
            continue
        seen.add(inner)
        for node in desk.diagram.inside(inner):
            thrown = node.kind in _THROWS and node.event and node.event.kind == kind
            if thrown and _catches(desk, catcher, kind, _code(desk, node)):
                return True
            if node.kind in SCOPES:
                scopes.append(node.called if node.kind == "callActivity" else node.id)
    return False
