"""Small processes to rehearse, written down flow by flow."""

from __future__ import annotations

import json
from collections.abc import Mapping

from app.engine import Package, package_from_files

_HEAD = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
 id="d" targetNamespace="duban"><bpmn:process id="{key}" name="{key}" isExecutable="true">"""


def process(key: str, nodes: Mapping[str, str], flows: Mapping[str, str], forms: Mapping[str, object] = {}) -> Package:
    """`nodes`: id → "kind property=value; …" (default=flow for gateways); `flows`: "a>b" → condition, "" for none."""
    body = []
    for node, text in nodes.items():
        kind, _blank, words = text.partition(" ")
        given = dict(part.strip().split("=", 1) for part in words.split(";") if "=" in part)
        default = f' default="{given.pop("default")}"' if "default" in given else ""
        attached = f' attachedToRef="{given.pop("at")}"' if "at" in given else ""
        timer = given.pop("timer", "")
        event = (
            f'<bpmn:timerEventDefinition id="{node}_t"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{timer}'
            "</bpmn:timeDuration></bpmn:timerEventDefinition>"
            if timer
            else ""
        )
        listed = "".join(f'<spiffworkflow:property name="{k}" value="{v}"/>' for k, v in given.items())
        words_of = f"<bpmn:extensionElements><spiffworkflow:properties>{listed}</spiffworkflow:properties></bpmn:extensionElements>"
        body.append(
            f'<bpmn:{kind} id="{node}" name="{node}"{default}{attached}>{words_of if listed else ""}{event}</bpmn:{kind}>'
        )
    for ends, condition in flows.items():
        source, target = ends.split(">")
        inner = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
        body.append(
            f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
            f"{inner if condition else ''}</bpmn:sequenceFlow>"
        )
    diagram = _HEAD.format(key=key) + "".join(body) + "</bpmn:process></bpmn:definitions>"
    files: dict[str, str | bytes] = {
        "process.toml": f'key = "{key}"\ntitle = {{ zh = "{key}", en = "{key}" }}\nstarters = ["dept_staff"]',
        "process.bpmn": diagram,
    }
    files |= {f"forms/{name}.json": json.dumps(form) for name, form in forms.items()}
    return package_from_files(key, files)


def choice(*values: str, name: str = "verdict") -> dict[str, object]:
    """A form with one field to choose in."""
    options = [{"value": value, "label": {"zh": value, "en": value}} for value in values]
    label = {"zh": "结论", "en": "Verdict"}
    fields = [{"name": name, "kind": "radio", "label": label, "required": True, "options": options}]
    return {"title": {"zh": "审查", "en": "Review"}, "fields": fields}
