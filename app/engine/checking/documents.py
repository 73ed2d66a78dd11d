"""The files of a package: which there must be, which there may be, and whether each XML document opens."""

from __future__ import annotations

import re

from lxml import etree

from app.engine.checking.desk import Desk, quoted
from app.engine.packages.diagram import B, diagram_of
from app.engine.packages.front_door import (
    BPMN,
    BPMNDI,
    DMN,
    SPIFF,
    XMLRefused,
    id_faults,
    line_of,
    local_name,
    names,
    open_xml,
    parts_of,
)
from app.engine.packages.package import DIAGRAM, MANIFEST, MAX_FILE, MAX_FILES

_NAMES = re.compile(
    r"process\.(toml|bpmn)|README\.md|decisions/[a-z][a-z0-9_]*\.dmn|forms/[a-z][a-z0-9_]{0,79}\.json"
    r"|scenarios/[a-z0-9][a-z0-9_]*\.toml",
    re.ASCII,
)
_FILES = (
    "可用：process.toml、process.bpmn、decisions/*.dmn、forms/*.json、scenarios/*.toml、README.md，小写字母命名",
    "There are process.toml, process.bpmn, decisions/*.dmn, forms/*.json, scenarios/*.toml, README.md; in lower case",
)
_KEY = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)


def check(desk: Desk) -> None:
    _files(desk)
    if DIAGRAM in desk.package.files and (root := _opened(desk, DIAGRAM, desk.package.diagram)) is not None:
        if root.tag != f"{B}definitions":
            desk.add(
                "not_bpmn",
                f"根元素是 {local_name(root)}，不是 BPMN 2.0 的 definitions",
                f"The root element is {local_name(root)}, not the definitions of BPMN 2.0",
                line=line_of(root),
            )
        else:
            desk.root, desk.diagram = root, diagram_of(root)
            _ids(desk, DIAGRAM, root)
            _references(desk, root)
    for name, content in desk.package.named("decisions", ".dmn").items():
        file = f"decisions/{name}.dmn"
        if (root := _opened(desk, file, content)) is not None:
            _ids(desk, file, root)
            _decision(desk, file, root)


def _files(desk: Desk) -> None:
    package = desk.package
    if not _KEY.fullmatch(package.key):
        desk.add(
            "key_pattern",
            f"流程目录名“{package.key}”只能由小写字母、数字和“_”组成，以字母开头",
            f"The folder name {package.key!r} may only have lower-case letters, digits and _ and begin with a letter",
            file=MANIFEST,
        )
    for name in (MANIFEST, DIAGRAM):
        if name not in package.files:
            desk.add("file_missing", f"缺少文件 {name}", f"The file {name} is missing", file=name)
    if len(package.files) > MAX_FILES:
        desk.add(
            "files_many",
            f"文件超过 {MAX_FILES} 个",
            f"More than {MAX_FILES} files",
            file=MANIFEST,
        )
    for name, content in package.files.items():
        if not _NAMES.fullmatch(name):
            desk.add(
                "file_unknown",
                f"流程目录中不应有文件 {name}",
                f"The file {name} has no place in a process folder",
                file=name,
                fix=_FILES,
            )
        elif len(content) > MAX_FILE and not name.endswith((".bpmn", ".dmn")):
            desk.add("file_size", f"文件 {name} 超过 2 MB", f"The file {name} is larger than 2 MB", file=name)


def _opened(desk: Desk, file: str, content: bytes) -> etree._Element | None:
    try:
        return open_xml(content)
    except XMLRefused as refused:
        for fault in refused.faults:
            desk.add(fault.code, fault.zh, fault.en, line=fault.line, file=file)
        return None


def _ids(desk: Desk, file: str, root: etree._Element) -> None:
    for fault in id_faults(root):
        desk.add(fault.code, fault.zh, fault.en, line=fault.line, element_id=fault.element_id, file=file)


def _references(desk: Desk, root: etree._Element) -> None:
    """Attributes and texts that name another element of the same document."""
    ids = {element.get("id"): element for element in root.iter() if element.get("id") and parts_of(element)[0] != SPIFF}
    for element in root.iter():
        namespace, local = parts_of(element)
        if namespace == BPMN:
            wanted = [(name, element.get(name)) for name in _REFERENCES if element.get(name) is not None]
            if local in _TEXTS:
                wanted.append((local, (element.text or "").strip()))
        elif namespace == BPMNDI and element.get("bpmnElement") is not None:
            wanted = [("bpmnElement", element.get("bpmnElement"))]
        else:
            continue
        for name, target in wanted:
            _refer(desk, element, local, name, target or "", ids)


_REFERENCES = names(
    "sourceRef targetRef default attachedToRef processRef errorRef escalationRef messageRef signalRef operationRef "
    "dataObjectRef dataStoreRef activityRef itemSubjectRef categoryValueRef"
)
_TEXTS = frozenset(
    names(
        "flowNodeRef incoming outgoing sourceRef targetRef eventDefinitionRef correlationPropertyRef dataInputRefs "
        "dataOutputRefs loopDataInputRef loopDataOutputRef"
    )
)
# A flow may only join flow nodes, and so on: what an id must be, where it is not enough that it exists.
_MUST_BE = {
    ("sequenceFlow", "sourceRef"): "node",
    ("sequenceFlow", "targetRef"): "node",
    ("flowNodeRef", "flowNodeRef"): "node",
    ("boundaryEvent", "attachedToRef"): "node",
    ("participant", "processRef"): "process",
}


def _refer(
    desk: Desk, element: etree._Element, local: str, name: str, target: str, ids: dict[str | None, etree._Element]
) -> None:
    wanted = _MUST_BE.get((local, name))
    known = desk.diagram.nodes if wanted == "node" else desk.diagram.processes if wanted == "process" else ids
    if target in known:
        return
    shown = target[:80]
    desk.add(
        "reference_dangling",
        f"{name} 指向不存在的“{shown}”",
        f"{name} refers to {shown!r}, which does not exist",
        element=element,
        fix=("删除这条引用，或改为已有的编号", "Remove the reference, or name an element that exists"),
    )


def _decision(desk: Desk, file: str, root: etree._Element) -> None:
    namespace = etree.QName(root).namespace
    if namespace not in DMN or local_name(root) != "definitions":
        desk.add(
            "not_dmn",
            f"根元素是 {local_name(root)}，不是 DMN 的 definitions",
            f"The root element is {local_name(root)}, not the definitions of DMN",
            file=file,
            line=line_of(root),
            fix=(f"命名空间应为 {quoted(DMN[:1])}", f"The namespace should be {quoted(DMN[:1])}"),
        )
        return
    found = root.findall(f"{{{namespace}}}decision")
    if len(found) != 1:
        desk.add(
            "decision_count",
            f"一个 DMN 文件应当有且只有一个决策，这里有 {len(found)} 个",
            f"A DMN file holds exactly one decision; here are {len(found)}",
            file=file,
            line=line_of(root),
        )
    for decision in found[:1]:
        identity = decision.get("id") or ""
        if identity in desk.decisions:
            desk.add(
                "decision_twice",
                f"决策“{identity}”在 {desk.decisions[identity][0]} 中已有",
                f"The decision {identity!r} stands in {desk.decisions[identity][0]} already",
                file=file,
                element_id=identity,
                line=line_of(decision),
            )
        desk.decisions.setdefault(identity, (file, root))
