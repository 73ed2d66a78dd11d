"""The only way in for XML. Bytes, bounded in every direction, and no document type: nothing is fetched or expanded.

Everything that can be said about a document that does not open, or is too large to work with, is said here; what
it means is the business of `checking`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from lxml import etree

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH, MAX_ELEMENTS, MAX_NODES, MAX_ID = 60, 50_000, 400, 120


def names(text: str) -> list[str]:
    """A list of names as one text."""
    return text.split()


BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
DMN = (
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
)
FLOW_NODES = frozenset(
    names(
        "startEvent endEvent userTask manualTask scriptTask serviceTask businessRuleTask sendTask receiveTask task "
        "exclusiveGateway parallelGateway inclusiveGateway eventBasedGateway complexGateway subProcess transaction "
        "adHocSubProcess callActivity intermediateCatchEvent intermediateThrowEvent boundaryEvent implicitThrowEvent "
        "event choreographyTask subChoreography callChoreography"
    )
)
_ID = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a document, before anything is understood of it."""

    code: str
    zh: str
    en: str
    line: int | None = None
    element_id: str | None = None


class XMLRefused(ValueError):
    """The document does not come in; `faults` says all that could be found out about it."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.en for fault in faults))


def open_xml(content: bytes) -> etree._Element:
    """The root of a document that is safe to work with. Raises XMLRefused; ids are not looked at (see `id_faults`)."""
    if faults := _bytes_faults(content):
        raise XMLRefused(faults)
    # One parser a document: lxml's parsers keep state, and threads must not share it.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True, remove_comments=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise XMLRefused([_syntax_fault(error)]) from None
    if faults := _size_faults(root):
        raise XMLRefused(faults)
    return root


def _bytes_faults(content: bytes) -> list[Fault]:
    if len(content) > MAX_BYTES:
        return [
            Fault(
                "xml_size",
                f"文件超过 {MAX_BYTES // 1024 // 1024} MB",
                f"The file is larger than {MAX_BYTES // 1024 // 1024} MB",
            )
        ]
    if not content.strip():
        return [Fault("xml_malformed", "文件是空的", "The file is empty")]
    if content.startswith(_BOMS) or b"\0" in content[:4]:
        return [_not_utf8("UTF-16/32")]
    faults = []
    declared = _DECLARED.match(content.removeprefix(codecs.BOM_UTF8)[:400])
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        faults.append(_not_utf8(declared[1].decode("ascii", "replace")[:40], 1))
    elif wrong := _wrong_byte(content):
        faults.append(wrong)
    for code, mark, zh, en in (
        ("xml_nul", rb"\0", "文件含有空字节（NUL）", "The file contains a NUL byte"),
        ("xml_doctype", rb"<!DOCTYPE", "不允许使用 <!DOCTYPE>", "<!DOCTYPE> is not allowed"),
        ("xml_entity", rb"<!ENTITY", "不允许使用 <!ENTITY>", "<!ENTITY> is not allowed"),
    ):
        if found := re.search(mark, content, re.IGNORECASE):
            faults.append(Fault(code, zh, en, content.count(b"\n", 0, found.start()) + 1))
    return faults


def _wrong_byte(content: bytes) -> Fault | None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        zh, en = f"第 {line} 行含有不是 UTF-8 的字节", f"Line {line} holds bytes that are not UTF-8"
        return Fault("xml_encoding", zh, en, line)
    return None


def _not_utf8(what: str, line: int | None = None) -> Fault:
    return Fault(
        "xml_encoding",
        f"文件编码是 {what}，应当为 UTF-8，请另存为 UTF-8",
        f"The encoding is {what}; it must be UTF-8. Save the file as UTF-8",
        line,
    )


def _syntax_fault(error: etree.XMLSyntaxError) -> Fault:
    line = error.lineno or None
    if "xcessive depth" in str(error):
        return _too_deep(line)
    reason = re.sub(r",? ?\(?line \d+.*$", "", str(error.msg))[:200]
    return Fault(
        "xml_malformed",
        f"不是格式正确的 XML（第 {line} 行）：{reason}",
        f"Not well-formed XML (line {line}): {reason}",
        line,
    )


def _too_deep(line: int | None) -> Fault:
    return Fault(
        "xml_depth",
        f"元素嵌套超过 {MAX_DEPTH} 层",
        f"Elements are nested more than {MAX_DEPTH} deep",
        line,
    )


def _size_faults(root: etree._Element) -> list[Fault]:
    faults: list[Fault] = []
    elements = nodes = 0
    level = [root]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            faults.append(_too_deep(line_of(level[0])))
            break
        elements += len(level)
        nodes += sum(_is_flow_node(element) for element in level)
        level = [child for element in level for child in element]
    if elements > MAX_ELEMENTS:
        faults.append(
            Fault(
                "xml_elements",
                f"元素超过 {MAX_ELEMENTS} 个（共 {elements} 个）",
                f"More than {MAX_ELEMENTS} elements ({elements})",
            )
        )
    if nodes > MAX_NODES:
        faults.append(
            Fault(
                "xml_nodes",
                f"流程节点超过 {MAX_NODES} 个（共 {nodes} 个），请拆分流程",
                f"More than {MAX_NODES} flow nodes ({nodes}): split the process",
            )
        )
    return faults


def _is_flow_node(element: etree._Element) -> bool:
    namespace, local = parts_of(element)
    return namespace == BPMN and local in FLOW_NODES


def id_faults(root: etree._Element) -> list[Fault]:
    """Ids that do not fit the pattern, or stand twice. The extension's own ids are names, not identities."""
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for element in root.iter():
        if parts_of(element)[0] == SPIFF:
            continue
        value = element.get("id")
        if value is None:
            continue
        line = line_of(element) or 0
        if len(value) > MAX_ID or not _ID.fullmatch(value):
            shown = value[:80]
            faults.append(
                Fault(
                    "id_pattern",
                    f"编号“{shown}”只能由字母、数字、“_”“.”“-”组成，以字母或“_”开头，不超过 {MAX_ID} 个字符",
                    f"The id {shown!r} may only have letters, digits, _ . - and begin with a letter or _, "
                    f"and at most {MAX_ID} characters",
                    line,
                    shown,
                )
            )
        if value in seen:
            faults.append(
                Fault(
                    "id_duplicate",
                    f"编号“{value[:80]}”在第 {seen[value]} 行和第 {line} 行重复",
                    f"The id {value[:80]!r} stands twice, on lines {seen[value]} and {line}",
                    line,
                    value[:80],
                )
            )
        seen.setdefault(value, line)
    return faults


def local_name(element: etree._Element) -> str:
    return etree.QName(element).localname


def parts_of(element: etree._Element) -> tuple[str, str]:
    """Namespace and local name. Comments and processing instructions never get past the parser."""
    name = etree.QName(element)
    return name.namespace or "", name.localname


def line_of(element: etree._Element) -> int | None:
    """Where an element begins in its file."""
    return element.sourceline
