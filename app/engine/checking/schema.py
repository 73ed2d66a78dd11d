"""The schemas of BPMN 2.0 and DMN, as SpiffWorkflow ships them. After our own words: theirs are for specialists."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterable
from typing import Any, cast

from lxml import etree
from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS
from SpiffWorkflow.spiff.parser.process import VALIDATOR

from app.engine.checking.desk import Desk
from app.engine.checking.problem import ERROR
from app.engine.packages.front_door import line_of
from app.engine.packages.package import DIAGRAM

_LOCK = threading.Lock()  # a schema object keeps the errors of its last run


def check(desk: Desk) -> None:
    if desk.root is not None:
        _validate(desk, DIAGRAM, desk.root, VALIDATOR.validator)
    for file, root in desk.decisions.values():
        if schema := _decision_schema(etree.QName(root).namespace):
            _validate(desk, file, root, schema)


@functools.cache
def _decision_schema(namespace: str | None) -> etree.XMLSchema | None:
    path = SCHEMAS.get(namespace)
    return etree.XMLSchema(file=path) if path else None


def _validate(desk: Desk, file: str, root: etree._Element, schema: etree.XMLSchema) -> None:
    with _LOCK:
        if schema.validate(root.getroottree()):
            return
        found = [(entry.line, entry.message) for entry in cast(Iterable[Any], schema.error_log)]
    said = {problem.line for problem in desk.problems if problem.file == file and problem.severity == ERROR}
    by_line = {line_of(element): element for element in root.iter()}
    for line, message in found[:50]:
        if line in said:
            continue
        said.add(line)
        text = re.sub(r"\{[^}]*\}", "", message)[:300]
        element = by_line.get(line)
        desk.add(
            "schema",
            f"不符合标准的文件格式：{text}",
            f"Not as the standard's schema has it: {text}",
            file=file,
            line=line,
            element=element,
        )
