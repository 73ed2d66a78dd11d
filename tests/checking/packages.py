"""Small process packages for tests: valid as they come, and broken in one place on demand."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import marshmallow as ma

from app.engine.checking import Problem, check_package
from app.engine.language import Language
from app.engine.packages.lanes import Lane
from app.engine.packages.package import Package, package_from_files
from app.engine.running.services import Service, Services

KEY = "sample"
LANES = {"监管部门": Lane("dept_staff"), "Supervising department": Lane("dept_staff"), "镇街": Lane("town_staff")}
ROLES = frozenset({"dept_staff", "town_staff", "coordinator"})
RULES = frozenset({"office_3d", "receipt_24h"})
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions" targetNamespace="duban">'
)
MANIFEST = (
    f'key = "{KEY}"\ntitle = {{ zh = "样例", en = "Sample" }}\nstarters = ["dept_staff"]\nstart_form = "register"\n'
)
FORM = {
    "title": {"zh": "登记", "en": "Register"},
    "fields": [
        {"name": "summary", "kind": "text", "label": {"zh": "概要", "en": "Summary"}, "required": True},
        {"name": "amount", "kind": "number", "label": {"zh": "数量", "en": "Amount"}},
        {"name": "agreed", "kind": "checkbox", "label": {"zh": "同意", "en": "Agreed"}},
    ],
}
DMN_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" '
    'id="decisions" name="decisions" namespace="duban">'
)


# -- pieces of a diagram, one a line, so that lines can be told apart


def properties(**words: str) -> str:
    inner = "".join(
        f"<spiffworkflow:property name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in words.items()
    )
    return f"<spiffworkflow:properties>{inner}</spiffworkflow:properties>"


def extensions(*inner: str) -> str:
    return f"<bpmn:extensionElements>{''.join(inner)}</bpmn:extensionElements>"


def node(kind: str, id: str, inner: str = "", **attributes: str) -> str:
    given = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<bpmn:{kind} id="{id}"{given}>{inner}</bpmn:{kind}>\n'


def start(id: str = "begin") -> str:
    return node("startEvent", id)


def end(id: str = "finish", inner: str = "") -> str:
    return node("endEvent", id, inner)


def user(id: str, name: str = "办理", inner: str = "", **words: str) -> str:
    words = {"name_en": "Handle", "role": "dept_staff"} | words
    return node("userTask", id, extensions(properties(**words)) + inner, name=name)


def script(id: str, text: str) -> str:
    return node("scriptTask", id, f"<bpmn:script>{escape(text)}</bpmn:script>", name="计算")


def service(id: str, operator: str, params: Mapping[str, str] | None = None, result: str = "") -> str:
    inner = "".join(
        f'<spiffworkflow:parameter id="{name}" type="str" value={quoteattr(value)}/>'
        for name, value in (params or {}).items()
    )
    variable = f' resultVariable="{result}"' if result else ""
    called = (
        f'<spiffworkflow:serviceTaskOperator id="{operator}"{variable}>'
        f"<spiffworkflow:parameters>{inner}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
    )
    return node("serviceTask", id, extensions(called, properties(name_en="Call")), name="调用")


def rule(id: str, decision: str) -> str:
    called = f"<spiffworkflow:calledDecisionId>{decision}</spiffworkflow:calledDecisionId>"
    return node("businessRuleTask", id, extensions(called), name="判定")


def timer(form: str, text: str) -> str:
    return (
        f'<bpmn:timerEventDefinition><bpmn:{form} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{form}>'
        "</bpmn:timerEventDefinition>"
    )


def condition(text: str) -> str:
    return (
        '<bpmn:conditionalEventDefinition><bpmn:condition xsi:type="bpmn:tFormalExpression">'
        f"{escape(text)}</bpmn:condition></bpmn:conditionalEventDefinition>"
    )


def boundary(id: str, host: str, definition: str, *, interrupting: bool = True) -> str:
    return node("boundaryEvent", id, definition, attachedToRef=host, cancelActivity="true" if interrupting else "false")


def flow(source: str, target: str, when: str | None = None, id: str | None = None) -> str:
    inner = (
        ""
        if when is None
        else f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(when)}</bpmn:conditionExpression>'
    )
    return node("sequenceFlow", id or f"{source}_{target}", inner, sourceRef=source, targetRef=target)


def chain(*ids: str) -> str:
    """Flows from each to the next."""
    return "".join(flow(source, target) for source, target in itertools.pairwise(ids))


def simple(middle: str, id: str = "step", more: str = "") -> str:
    """start → the one node → end."""
    return start() + middle + end() + chain("begin", id, "finish") + more


def process(body: str, key: str = KEY, executable: str = "true") -> str:
    return f'<bpmn:process id="{key}" isExecutable="{executable}">\n{body}</bpmn:process>\n'


def diagram(body: str, *, before: str = "", after: str = "", layout: bool = True) -> str:
    """A whole document around a process's body; every node and flow gets a place."""
    inside = body if "<bpmn:process" in body else process(body)
    drawing = _layout(before + inside + after) if layout else ""
    return f"{HEAD}\n{before}{inside}{after}{drawing}</bpmn:definitions>"


def _layout(xml: str) -> str:
    shapes = []
    for number, (kind, id) in enumerate(re.findall(r'<bpmn:(\w+)[^>]*? ?\bid="([^"]+)"', xml)):
        if kind == "sequenceFlow":
            shapes.append(
                f'<bpmndi:BPMNEdge id="di_{number}" bpmnElement="{id}"><di:waypoint x="{number}" y="0"/>'
                f'<di:waypoint x="{number + 9}" y="0"/></bpmndi:BPMNEdge>\n'
            )
        elif kind.endswith(("Task", "Event", "Gateway", "rocess", "Activity", "task", "transaction")):
            if kind == "process":
                continue
            shapes.append(
                f'<bpmndi:BPMNShape id="di_{number}" bpmnElement="{id}">'
                f'<dc:Bounds x="{number * 10}" y="{number + 7}" width="100" height="80"/></bpmndi:BPMNShape>\n'
            )
    plane = f'<bpmndi:BPMNPlane id="plane" bpmnElement="{KEY}">{"".join(shapes)}</bpmndi:BPMNPlane>'
    return f'<bpmndi:BPMNDiagram id="drawing">{plane}</bpmndi:BPMNDiagram>'


def lane(id: str, name: str, *nodes: str) -> str:
    refs = "".join(f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>" for node in nodes)
    return f'<bpmn:lane id="{id}" name={quoteattr(name)}>{refs}</bpmn:lane>\n'


def lane_set(*lanes: str) -> str:
    return f'<bpmn:laneSet id="lanes">{"".join(lanes)}</bpmn:laneSet>\n'


def decision(
    rows: Sequence[tuple[str, str]] = (("> 5", "'big'"), ("-", "'small'")),
    *,
    id: str = "grading",
    column: str = "amount",
    output: str = "grade",
    policy: str = "FIRST",
) -> str:
    """A table of one input and one output."""
    rules = "".join(
        f'<rule id="row{n}"><inputEntry id="cell{n}"><text>{escape(cell)}</text></inputEntry>'
        f'<outputEntry id="out{n}"><text>{escape(value)}</text></outputEntry></rule>\n'
        for n, (cell, value) in enumerate(rows)
    )
    return (
        f'{DMN_HEAD}\n<decision id="{id}" name="{id}"><decisionTable id="table" hitPolicy="{policy}">\n'
        f'<input id="column"><inputExpression id="expression"><text>{escape(column)}</text></inputExpression></input>\n'
        f'<output id="output" name="{output}"/>\n{rules}</decisionTable></decision></definitions>'
    )


# -- packages


def package(
    body: str | None = None,
    *,
    xml: str | bytes | None = None,
    manifest: str | None = MANIFEST,
    forms: Mapping[str, Any] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    key: str = KEY,
    **drawing: Any,
) -> Package:
    """A package around a process body (default: one user task). Forms default to the start form `register`."""
    given: dict[str, str | bytes] = {}
    if manifest is not None:
        given["process.toml"] = manifest
    given["process.bpmn"] = xml if xml is not None else diagram(body or simple(user("step")), **drawing)
    for name, form in ({"register": FORM} if forms is None else forms).items():
        given[f"forms/{name}.json"] = form if isinstance(form, str) else json.dumps(form, ensure_ascii=False)
    return package_from_files(key, given | dict(files or {}))


# -- what a package may refer to


class GradeParams(ma.Schema):
    number = ma.fields.Integer(required=True)
    note = ma.fields.String()


class GradeResult(ma.Schema):
    verdict = ma.fields.String()


def services() -> Services:
    found = Services()
    found.register(Service("sample.grade", lambda call, **_: {"verdict": "ok"}, GradeParams, GradeResult, None))
    found.register(Service("sample.void", lambda call: None, None, None, None))
    found.register_check("sample.complete_evidence", lambda check: {})
    return found


def problems(
    checked: Package | str | None = None,
    *,
    known: Sequence[str] = (KEY, "referral"),
    form_check: Any = None,
    earlier: Package | None = None,
    **made: Any,
) -> list[Problem]:
    """What the check says of a package, or of one made from a process body."""
    given = checked if isinstance(checked, Package) else package(checked, **made)
    return check_package(
        given,
        lanes=LANES,
        roles=ROLES,
        rules=RULES,
        services=services(),
        form_check=form_check,
        language=Language({}),
        known=known,
        earlier=earlier,
    )


def only(found: Sequence[Problem], code: str, element_id: str | None = None) -> Problem:
    """The one problem with this code (and element), sound in both languages."""
    matching = [p for p in found if p.code == code and (element_id is None or p.element_id == element_id)]
    assert len(matching) == 1, f"{code} {element_id}: " + "\n".join(p.as_text() for p in found)
    problem = matching[0]
    assert re.search(r"[\u4e00-\u9fff]", problem.zh), problem
    assert re.search(r"[A-Za-z]{2}", problem.en), problem
    assert problem.as_dict()["message"] == {"zh": problem.zh, "en": problem.en}
    assert problem.zh in problem.as_text() and problem.en in problem.as_text()
    return problem
