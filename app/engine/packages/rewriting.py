"""What BPMN means but SpiffWorkflow's parser does not take, put into words that it takes. Only for the parser.

- a link is a sequence flow from where it is thrown to where it is caught
- several flows out of a node that is no gateway are a parallel split; those with conditions an inclusive one
- an event sub-process is a wait beside the scope's own start, followed by a plain sub-process
- flows out of a gateway are taken in the order in which they stand in the file, not by their place on the canvas
- a process that a message or signal starts has a plain start: whoever delivers it starts the process
- a detached call activity is an element of its own: the parser would look for what it calls in the same file

What is put in bears ids that no diagram has (see `GENERATED`), and nothing tells of it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from app.engine.packages.front_door import BPMN, BPMNDI, FLOW_NODES, SPIFF, local_name

B, S = f"{{{BPMN}}}", f"{{{SPIFF}}}"
GENERATED = ".Generated."
DETACHED = "detachedCall"  # the element that a detached call activity becomes
TRIGGER = "trigger"  # of the catching event before an event sub-process: interrupting, or beside
_GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"}
)


def rewrite(root: etree._Element) -> etree._Element:
    """The same process for the parser; `root` is changed."""
    for drawing in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        root.remove(drawing)
    for process in root.findall(f"{B}process"):
        for start in process.findall(f"{B}startEvent"):
            for definition in _definitions(start):
                start.remove(definition)
    for scope in list(_scopes(root)):
        _links(scope)
        _splits(scope)
    for scope in list(_scopes(root)):
        for inner in scope.findall(f"{B}subProcess"):
            if inner.get("triggeredByEvent") == "true":
                _event_subprocess(scope, inner)
    _detached_calls(root)
    return root


def _detached_calls(root: etree._Element) -> None:
    for call in list(root.iter(f"{B}callActivity")):
        words = call.iterfind(f"{B}extensionElements/{S}properties/{S}property")
        if any(word.get("name") == "detached" and word.get("value", "").strip() == "true" for word in words):
            call.tag = f"{B}{DETACHED}"


def _scopes(root: etree._Element) -> Iterator[etree._Element]:
    yield from root.iter(f"{B}process", f"{B}subProcess")


def _nodes(scope: etree._Element) -> list[etree._Element]:
    return [child for child in scope if str(child.tag).startswith(B) and local_name(child) in FLOW_NODES]


def _definitions(node: etree._Element) -> list[etree._Element]:
    return [child for child in node if local_name(child).endswith("EventDefinition")]


def _flow(scope: etree._Element, source: str, target: str, word: str) -> etree._Element:
    flow = etree.SubElement(scope, f"{B}sequenceFlow")
    flow.set("id", f"{source}{GENERATED}{word}.{target}")
    flow.set("sourceRef", source)
    flow.set("targetRef", target)
    return flow


def _put(scope: etree._Element, kind: str, id: str) -> str:
    etree.SubElement(scope, f"{B}{kind}").set("id", id)
    return id


def _links(scope: etree._Element) -> None:
    """Both ends become events without a meaning of their own, with a flow between them."""
    caught: dict[str, str] = {}
    thrown: list[tuple[str, str]] = []
    for node in _nodes(scope):
        link = node.find(f"{B}linkEventDefinition")
        if link is None:
            continue
        node.remove(link)
        if local_name(node) == "intermediateCatchEvent":
            node.tag = f"{B}intermediateThrowEvent"
            caught[link.get("name", "")] = node.get("id", "")
        else:
            thrown.append((link.get("name", ""), node.get("id", "")))
    for name, source in thrown:
        if name in caught:
            _flow(scope, source, caught[name], "link")


def _splits(scope: etree._Element) -> None:
    flows = scope.findall(f"{B}sequenceFlow")
    for node in _nodes(scope):
        if local_name(node) in _GATEWAYS:
            continue
        identity = node.get("id", "")
        out = [flow for flow in flows if flow.get("sourceRef") == identity]
        if len(out) > 1:
            default = node.attrib.pop("default", None)
            _split(scope, identity, out, default)


def _split(scope: etree._Element, node: str, out: list[etree._Element], default: str | None) -> None:
    """Flows without a condition are always taken; of those with one all that hold, or else the default."""
    chosen = [flow for flow in out if flow.find(f"{B}conditionExpression") is not None or flow.get("id") == default]
    always = [flow for flow in out if flow not in chosen]
    source = node
    if always or not chosen:
        gateway = _put(scope, "parallelGateway", f"{node}{GENERATED}all")
        _flow(scope, source, gateway, "to")
        for flow in always:
            flow.set("sourceRef", gateway)
        source = gateway
    if not chosen:
        return
    choice = _put(scope, "inclusiveGateway", f"{node}{GENERATED}some")
    _flow(scope, source, choice, "to")
    for flow in chosen:
        flow.set("sourceRef", choice)
    if default is None:  # where others are taken anyway, none of these need be
        default = _flow(scope, choice, _put(scope, "endEvent", f"{node}{GENERATED}none"), "none").get("id", "")
    scope.find(f"{B}inclusiveGateway[@id='{choice}']").set("default", default)  # type: ignore[union-attr]


def _event_subprocess(scope: etree._Element, inner: etree._Element) -> None:
    """Its start event waits in the scope around it under its own id; inside, a plain one takes its place."""
    start = inner.find(f"{B}startEvent")
    if start is None:
        return
    identity, plain = start.get("id", ""), f"{start.get('id')}{GENERATED}start"
    interrupting = start.attrib.pop("isInterrupting", "true") != "false"
    wait = etree.SubElement(scope, f"{B}intermediateCatchEvent")
    wait.set("id", identity)
    wait.set("name", start.get("name", ""))
    wait.set(TRIGGER, "interrupting" if interrupting else "beside")
    for child in list(start):
        if local_name(child) == "extensionElements" or local_name(child).endswith("EventDefinition"):
            wait.append(child)
    start.set("id", plain)
    for flow in inner.findall(f"{B}sequenceFlow"):
        if flow.get("sourceRef") == identity:
            flow.set("sourceRef", plain)
    del inner.attrib["triggeredByEvent"]
    name = inner.get("id", "")
    _flow(scope, identity, name, "to")
    _flow(scope, name, _put(scope, "endEvent", f"{name}{GENERATED}end"), "to")
