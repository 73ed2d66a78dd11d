"""Small diagrams as text: `package("leave", user("ask", role="dept_staff"), end())` runs its nodes one after another."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from app.engine import Package, package_from_files

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="duban">'
)


@dataclass(frozen=True)
class Element:
    id: str
    xml: str
    attached: bool = False  # a boundary event: no place in the line


@dataclass(frozen=True)
class Flow:
    source: str
    target: str
    condition: str | None = None
    id: str = ""

    @property
    def name(self) -> str:
        return self.id or f"f_{self.source}_{self.target}"

    @property
    def xml(self) -> str:
        inner = (
            f"<bpmn:conditionExpression>{escape(self.condition)}</bpmn:conditionExpression>" if self.condition else ""
        )
        return (
            f'<bpmn:sequenceFlow id="{self.name}" sourceRef="{self.source}" targetRef="{self.target}">'
            f"{inner}</bpmn:sequenceFlow>"
        )


def _extension(properties: Mapping[str, str], more: str = "") -> str:
    if not properties and not more:
        return ""
    inner = "".join(
        f"<spiffworkflow:property name={quoteattr(k)} value={quoteattr(v)}/>" for k, v in properties.items()
    )
    held = f"<spiffworkflow:properties>{inner}</spiffworkflow:properties>" if inner else ""
    return f"<bpmn:extensionElements>{held}{more}</bpmn:extensionElements>"


def start(id: str = "start", event: str = "", *, interrupting: bool = True, **properties: str) -> Element:
    attribute = "" if interrupting else ' isInterrupting="false"'
    return Element(
        id, f'<bpmn:startEvent id="{id}" name="开始"{attribute}>{_extension(properties)}{event}</bpmn:startEvent>'
    )


def end(id: str = "end", event: str = "", *, terminate: bool = False, **properties: str) -> Element:
    inner = "<bpmn:terminateEventDefinition/>" if terminate else event
    return Element(id, f'<bpmn:endEvent id="{id}" name="结束">{_extension(properties)}{inner}</bpmn:endEvent>')


def user(id: str, name: str = "", **properties: str) -> Element:
    properties = {"role": "dept_staff", "name_en": id, **properties}
    return Element(id, f'<bpmn:userTask id="{id}" name="{name or id}">{_extension(properties)}</bpmn:userTask>')


def script(id: str, text: str) -> Element:
    return Element(
        id, f'<bpmn:scriptTask id="{id}" name="{id}"><bpmn:script>{escape(text)}</bpmn:script></bpmn:scriptTask>'
    )


def service(id: str, operator: str, result: str = "", **params: str) -> Element:
    inner = "".join(f'<spiffworkflow:parameter id="{k}" type="str" value={quoteattr(v)}/>' for k, v in params.items())
    call = (
        f'<spiffworkflow:serviceTaskOperator id="{operator}" resultVariable="{result}">'
        f"<spiffworkflow:parameters>{inner}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
    )
    return Element(id, f'<bpmn:serviceTask id="{id}" name="{id}">{_extension({}, call)}</bpmn:serviceTask>')


def exclusive(id: str, default: str = "") -> Element:
    attribute = f' default="{default}"' if default else ""
    return Element(id, f'<bpmn:exclusiveGateway id="{id}" name="{id}"{attribute}/>')


def parallel(id: str) -> Element:
    return Element(id, f'<bpmn:parallelGateway id="{id}" name="{id}"/>')


def timer(kind: str, text: str) -> str:
    return f'<bpmn:timerEventDefinition><bpmn:{kind} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{kind}></bpmn:timerEventDefinition>'


def condition(text: str) -> str:
    return f"<bpmn:conditionalEventDefinition><bpmn:condition>{escape(text)}</bpmn:condition></bpmn:conditionalEventDefinition>"


def message(name: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="message_{name}"/>'


def signal(name: str) -> str:
    return f'<bpmn:signalEventDefinition signalRef="signal_{name}"/>'


def error(code: str) -> str:
    return f'<bpmn:errorEventDefinition errorRef="error_{code}"/>' if code else "<bpmn:errorEventDefinition/>"


def escalation(code: str) -> str:
    if not code:
        return "<bpmn:escalationEventDefinition/>"
    return f'<bpmn:escalationEventDefinition escalationRef="escalation_{code}"/>'


def link(name: str) -> str:
    return f'<bpmn:linkEventDefinition name="{name}"/>'


def catch(id: str, event: str, **properties: str) -> Element:
    inner = _extension(properties) + event
    return Element(id, f'<bpmn:intermediateCatchEvent id="{id}" name="{id}">{inner}</bpmn:intermediateCatchEvent>')


def throw(id: str, event: str = "", **properties: str) -> Element:
    inner = _extension(properties) + event
    return Element(id, f'<bpmn:intermediateThrowEvent id="{id}" name="{id}">{inner}</bpmn:intermediateThrowEvent>')


def receive(id: str, name: str, **properties: str) -> Element:
    inner = _extension(properties)
    return Element(
        id, f'<bpmn:receiveTask id="{id}" name="{id}" messageRef="message_{name}">{inner}</bpmn:receiveTask>'
    )


def send(id: str, name: str, **properties: str) -> Element:
    inner = _extension(properties)
    return Element(id, f'<bpmn:sendTask id="{id}" name="{id}" messageRef="message_{name}">{inner}</bpmn:sendTask>')


def event_gateway(id: str) -> Element:
    return Element(id, f'<bpmn:eventBasedGateway id="{id}" name="{id}"/>')


def inclusive(id: str, default: str = "") -> Element:
    attribute = f' default="{default}"' if default else ""
    return Element(id, f'<bpmn:inclusiveGateway id="{id}" name="{id}"{attribute}/>')


def call(id: str, process: str) -> Element:
    return Element(id, f'<bpmn:callActivity id="{id}" name="{id}" calledElement="{process}"/>')


def detached(id: str, process: str, **properties: str) -> Element:
    """A call whose children are instances of their own."""
    inner = _extension({"detached": "true", **properties})
    return Element(
        id, f'<bpmn:callActivity id="{id}" name="{id}" calledElement="{process}">{inner}</bpmn:callActivity>'
    )


def boundary(id: str, on: str, event: str, *, interrupting: bool = True, **properties: str) -> Element:
    cancel, inner = "true" if interrupting else "false", _extension(properties) + event
    return Element(
        id,
        f'<bpmn:boundaryEvent id="{id}" name="{id}" attachedToRef="{on}" cancelActivity="{cancel}">{inner}</bpmn:boundaryEvent>',
        attached=True,
    )


def subprocess(id: str, *elements: Element, flows: Sequence[Flow] | None = None) -> Element:
    return Element(id, f'<bpmn:subProcess id="{id}" name="{id}">{_body(elements, flows)}</bpmn:subProcess>')


def event_subprocess(id: str, *elements: Element, flows: Sequence[Flow] | None = None) -> Element:
    inner = _body(elements, flows)
    return Element(
        id, f'<bpmn:subProcess id="{id}" name="{id}" triggeredByEvent="true">{inner}</bpmn:subProcess>', attached=True
    )


def process(key: str, *elements: Element, flows: Sequence[Flow] | None = None) -> str:
    """Another process of the same file, for call activities; given to `package` as `more`."""
    return f'<bpmn:process id="{key}" isExecutable="true">{_body(elements, flows)}</bpmn:process>'


def _declared(xml: str) -> str:
    """The messages, signals, errors and escalations that are referred to."""
    found = dict.fromkeys(re.findall(r'(message|signal|error|escalation)Ref="\1_(\w+)"', xml))
    code = {"error": "errorCode", "escalation": "escalationCode"}
    return "".join(
        f'<bpmn:{kind} id="{kind}_{name}" name="{name}"' + (f' {code[kind]}="{name}"/>' if kind in code else "/>")
        for kind, name in found
    )


def _body(elements: Sequence[Element], flows: Sequence[Flow] | None) -> str:
    line = [element for element in elements if not element.attached]
    if flows is None:
        flows = [Flow(a.id, b.id) for a, b in itertools.pairwise(line)]
    return "".join(element.xml for element in elements) + "".join(flow.xml for flow in flows)


def package(
    key: str,
    *elements: Element,
    flows: Sequence[Flow] | None = None,
    manifest: str = "",
    files: Mapping[str, str] | None = None,
    definitions: str = "",
    more: str = "",
) -> Package:
    """Without `flows` the elements follow one another; a plain start event is put before them if there is none."""
    if not any(element.xml.startswith("<bpmn:startEvent") for element in elements):
        elements = (start(), *elements)
        if flows is not None:
            flows = [Flow("start", elements[1].id), *flows]
    body = f'<bpmn:process id="{key}" isExecutable="true">{_body(elements, flows)}</bpmn:process>{more}'
    diagram = f"{_HEAD}{definitions}{_declared(body)}{body}</bpmn:definitions>"
    head = f'key = "{key}"\ntitle = {{ zh = "{key} 流程", en = "{key}" }}\n'
    if "starters" not in manifest:
        head += 'starters = ["dept_staff"]\n'
    return package_from_files(key, {"process.toml": head + manifest, "process.bpmn": diagram, **(files or {})})
