"""XML as aspects: whatever the readers of diagrams and tables do not know by name is told by its path."""

from __future__ import annotations

from collections import Counter

from lxml import etree

from app.designer.comparing.things import Contents, Thing

_PREFIXES = {
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "spiffworkflow",
    "http://www.omg.org/spec/BPMN/20100524/MODEL": "",
}


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def named(tag: str) -> str:
    """A name as a path says it: standard names bare, others with the last part of their namespace."""
    name = etree.QName(tag)
    space = name.namespace or ""
    prefix = _PREFIXES.get(space, "" if "/DMN/" in space else space.rstrip("/").rpartition("/")[2])
    return f"{prefix}:{name.localname}" if prefix else name.localname


def attributes(contents: Contents, thing: Thing, element: etree._Element, path: str = "", known: str = "") -> None:
    """Every attribute but those in `known`, as `path@name`."""
    for tag, value in element.attrib.items():
        name = named(str(tag))
        if not path and name in known.split():
            continue
        text = str(value)
        contents.tell(thing, f"{path}@{name}", text.rpartition(":")[2] if name == "xsi:type" else text)


def whole(contents: Contents, thing: Thing, element: etree._Element, path: str) -> None:
    """An element with all that is in it, by its path."""
    attributes(contents, thing, element, path)
    inner = list(element)
    text = (element.text or "").strip()
    if text or (not inner and not element.attrib):
        contents.tell(thing, path, text)
    seen: Counter[str] = Counter()
    for child in inner:
        name = named(str(child.tag))
        seen[name] += 1
        whole(contents, thing, child, f"{path}/{name}" + (f"[{seen[name]}]" if seen[name] > 1 else ""))


_HOLDERS = {
    "extensionElements", "properties", "property", "serviceTaskOperator", "parameters", "parameter", "definitions",
    "process", "laneSet", "lane", "collaboration", "participant", "sequenceFlow", "message", "signal", "error",
    "escalation", "decision", "decisionTable", "input", "output", "rule", "inputEntry", "outputEntry",
}  # fmt: skip
_HOLDING = ("Task", "Event", "Gateway", "Process", "task", "event", "callActivity", "EventDefinition")


def stray(contents: Contents, thing: Thing, root: etree._Element) -> None:
    """Text between elements, which means nothing and is there all the same."""
    for element in root.iter():
        name = local(element)
        here = f"{name}[{element.get('id') or ''}]/text()"
        if (name in _HOLDERS or name.endswith(_HOLDING)) and (text := (element.text or "").strip()):
            contents.tell(thing, here, text)
        if (tail := (element.tail or "").strip()) and element is not root:
            contents.tell(thing, f"{here}/after", tail)


def drawing(element: etree._Element, found: dict[str, str], path: str = "") -> None:
    """Where things are drawn: only whether any of it differs is ever asked."""
    here = f"{path}/{named(str(element.tag))}[{element.get('bpmnElement') or element.get('dmnElementRef') or ''}]"
    place, number = here, 1
    while place in found:
        number += 1
        place = f"{here}~{number}"
    found[place] = repr(sorted((str(k), str(v)) for k, v in element.attrib.items())) + (element.text or "").strip()
    for child in element:
        drawing(child, found, place)
