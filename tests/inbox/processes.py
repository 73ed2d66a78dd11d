"""A small process for the inbox's tests: a town asks for a seal, the emergency bureau reviews, the office files it."""

from __future__ import annotations

import json
from typing import Any

from app.engine import Package, package_from_files

KEY = "seal_request"
MANIFEST = f"""
key = "{KEY}"
title = {{ zh = "用印申请", en = "Seal request" }}
description = {{ zh = "镇街申请用印，应急局审核，安委办归档。", en = "A town asks for a seal." }}
starters = ["town_staff"]
start_form = "apply"
instance_title = "summary"
"""
APPLY: dict[str, Any] = {
    "title": {"zh": "提出申请", "en": "Apply"},
    "fields": [
        {"name": "summary", "kind": "text", "label": {"zh": "事由", "en": "Subject"}, "required": True},
        {"name": "pages", "kind": "number", "label": {"zh": "页数", "en": "Pages"}, "min": 1},
    ],
}
REVIEW: dict[str, Any] = {
    "title": {"zh": "审核", "en": "Review"},
    "fields": [
        {
            "name": "result",
            "kind": "radio",
            "label": {"zh": "结论", "en": "Result"},
            "required": True,
            "options": [
                {"value": "pass", "label": {"zh": "同意", "en": "Agreed"}, "tone": "green"},
                {"value": "fail", "label": {"zh": "不同意", "en": "Refused"}, "tone": "red"},
            ],
        },
        {"name": "opinion", "kind": "textarea", "label": {"zh": "意见", "en": "Opinion"}, "required": True},
        {"name": "papers", "kind": "files", "label": {"zh": "材料", "en": "Papers"}},
    ],
}
REVISE: dict[str, Any] = {
    "title": {"zh": "修改申请", "en": "Revise"},
    "fields": [{"name": "summary", "kind": "text", "label": {"zh": "事由", "en": "Subject"}, "required": True}],
}


def _words(**words: str) -> str:
    inner = "".join(f'<spiffworkflow:property name="{name}" value="{value}"/>' for name, value in words.items())
    return (
        f"<bpmn:extensionElements><spiffworkflow:properties>{inner}</spiffworkflow:properties></bpmn:extensionElements>"
    )


def _user(id: str, name: str, **words: str) -> str:
    return f'<bpmn:userTask id="{id}" name="{name}">{_words(**words)}</bpmn:userTask>'


def _flow(id: str, source: str, target: str, name: str = "", name_en: str = "", condition: str = "") -> str:
    inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    named = f"{_words(name_en=name_en)}" if name else ""
    return f'<bpmn:sequenceFlow id="{id}" name="{name}" sourceRef="{source}" targetRef="{target}">{named}{inner}</bpmn:sequenceFlow>'


def _shape(id: str, x: int, y: int, width: int = 100, height: int = 80) -> str:
    return (
        f'<bpmndi:BPMNShape id="{id}_di" bpmnElement="{id}">'
        f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/></bpmndi:BPMNShape>'
    )


def _edge(id: str, *points: tuple[int, int]) -> str:
    waypoints = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in points)
    return f'<bpmndi:BPMNEdge id="{id}_di" bpmnElement="{id}">{waypoints}</bpmndi:BPMNEdge>'


def diagram(review: str = "审核", **words: str) -> str:
    """The diagram; `words` change the vocabulary of the review step."""
    properties = {
        "role": "dept_staff",
        "org": "&quot;emergency&quot;",
        "form": "review",
        "deadline": "work_days(2)",
        "name_en": "Review",
    } | words
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
        ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
        ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="duban">'
        f'<bpmn:process id="{KEY}" name="用印申请" isExecutable="true">'
        f'<bpmn:startEvent id="begin" name="开始">{_words(name_en="Begin")}</bpmn:startEvent>'
        + _user("review", review, **properties)
        + '<bpmn:exclusiveGateway id="agreed" name="是否同意" default="refused">'
        + f"{_words(name_en='Agreed?')}</bpmn:exclusiveGateway>"
        + _user("archive", "归档", role="coordinator", deadline="P3D", name_en="File")
        + _user(
            "revise",
            "修改",
            role="town_staff",
            org="starter.org_id",
            assignee="starter.id",
            form="revise",
            name_en="Revise",
        )
        + f'<bpmn:endEvent id="done" name="结束">{_words(name_en="End")}</bpmn:endEvent>'
        + _flow("to_review", "begin", "review")
        + _flow("to_agreed", "review", "agreed")
        + _flow("yes", "agreed", "archive", "同意", "Agreed", "result == 'pass'")
        + _flow("refused", "agreed", "revise", "不同意", "Refused")
        + _flow("again", "revise", "review")
        + _flow("to_done", "archive", "done")
        + "</bpmn:process>"
        f'<bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="{KEY}">'
        + _shape("begin", 100, 122, 36, 36)
        + _shape("review", 200, 100)
        + _shape("agreed", 360, 115, 50, 50)
        + _shape("archive", 480, 100)
        + _shape("revise", 335, 240)
        + _shape("done", 660, 122, 36, 36)
        + _edge("to_review", (136, 140), (200, 140))
        + _edge("to_agreed", (300, 140), (360, 140))
        + _edge("yes", (410, 140), (480, 140))
        + _edge("refused", (385, 165), (385, 240))
        + _edge("again", (335, 280), (250, 280), (250, 180))
        + _edge("to_done", (580, 140), (660, 140))
        + "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"
    )


def package(key: str = KEY, **words: str) -> Package:
    files: dict[str, str | bytes] = {
        "process.toml": MANIFEST.replace(KEY, key),
        "process.bpmn": diagram(**words).replace(KEY, key),
        "forms/apply.json": json.dumps(APPLY, ensure_ascii=False),
        "forms/review.json": json.dumps(REVIEW, ensure_ascii=False),
        "forms/revise.json": json.dumps(REVISE, ensure_ascii=False),
    }
    return package_from_files(key, files)
