"""process.bpmn as things with aspects."""

from __future__ import annotations

from lxml import etree

from app.designer.comparing import xml
from app.designer.comparing.things import ORDER, Contents, Thing
from app.engine import XMLRefused, open_xml

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
_GROUPS = {
    "definitions": "process",
    "process": "process",
    "sequenceFlow": "flows",
    "messageFlow": "flows",
    "association": "other",
    "laneSet": "lanes",
    "lane": "lanes",
    "participant": "lanes",
    "collaboration": "lanes",
    "message": "messages",
    "signal": "messages",
    "error": "messages",
    "escalation": "messages",
    "textAnnotation": "other",
    "group": "other",
    "category": "other",
    "dataObject": "other",
    "dataObjectReference": "other",
    "dataStoreReference": "other",
    "itemDefinition": "other",
}
_STEPS = ("Task", "Event", "Gateway", "Process", "task", "event", "transaction", "callActivity")
_TIMES = ("timeDate", "timeDuration", "timeCycle")
_SCRIPTS = {"preScript": "pre_script", "postScript": "post_script", "calledDecisionId": "decision"}


def read(contents: Contents, file: str, content: bytes) -> None:
    """Everything of the diagram, drawn places apart. A file that does not open is one text."""
    try:
        root = open_xml(content)
    except XMLRefused:
        unreadable(contents, file, "process", content)
        return
    _Reading(contents, file, root).everything()


def unreadable(contents: Contents, file: str, group: str, content: bytes) -> None:
    """What cannot be understood is compared as text."""
    thing = contents.add(Thing(group, file, "", "unreadable", file, file))
    contents.tell(thing, "text", content.decode("utf-8", "backslashreplace"))


class _Reading:
    def __init__(self, contents: Contents, file: str, root: etree._Element) -> None:
        self.contents, self.file, self.root = contents, file, root
        self.lanes: dict[str, list[str]] = {}
        self.flows: dict[str, etree._Element] = {}
        self.leaving: dict[str, list[str]] = {}
        self.ids: set[str] = set()

    def everything(self) -> None:
        for element in self.root.iter(f"{_BPMN}sequenceFlow"):
            self.flows[element.get("id", "")] = element
            self.leaving.setdefault(element.get("sourceRef", ""), []).append(element.get("id", ""))
        self.ids = {element.get("id", "") for element in self.root.iter(f"{_BPMN}*") if _is_step(element)}
        for lane in self.root.iter(f"{_BPMN}lane"):
            for ref in lane.findall(f"{_BPMN}flowNodeRef"):
                self.lanes.setdefault((ref.text or "").strip(), []).append(lane.get("id", ""))
        self.owner(self.root, "")
        top = self.contents.find(self.file, "")
        if top is not None:
            xml.stray(self.contents, top, self.root)

    def owner(self, element: etree._Element, parent: str) -> None:
        kind = xml.local(element)
        identity = element.get("id", "") if kind != "definitions" else ""
        name = " ".join((element.get("name") or "").split())
        group = _GROUPS.get(kind, "steps")
        thing = self.contents.add(Thing(group, self.file, identity, kind, name, _english(element)))
        tell, steps = self.contents.tell, group == "steps"
        tell(thing, "kind", kind)
        if parent:
            tell(thing, "within", parent)
        xml.attributes(self.contents, thing, element, known="" if kind == "definitions" else "id")
        if steps and identity in self.lanes:
            tell(thing, "lane", "\n".join(sorted(self.lanes[identity])))
        if len(self.leaving.get(identity, ())) > 1 and steps:
            tell(thing, ORDER, "\n".join(self.leaving[identity]))
        for child in element:
            self.child(thing, child, identity)

    def child(self, thing: Thing, child: etree._Element, identity: str) -> None:
        kind = xml.local(child)
        standard = str(child.tag).startswith(_BPMN)
        if "BPMN/20100524/DI" in str(child.tag):
            xml.drawing(child, self.contents.layout.setdefault(self.file, {}))
        elif standard and (kind in _GROUPS or _is_step(child)):
            self.owner(child, identity)
        elif standard and self.redundant(thing, child, kind):
            return
        elif standard and kind == "extensionElements":
            self.extensions(thing, child)
        elif standard and kind.endswith("EventDefinition"):
            self.event(thing, child, kind)
        elif standard and kind == "conditionExpression":
            self.contents.tell(thing, "condition", (child.text or "").strip())
            xml.attributes(self.contents, thing, child, kind)
        elif standard and kind in ("script", "documentation") and not len(child):
            self.contents.tell(thing, kind, (child.text or "").strip())
            xml.attributes(self.contents, thing, child, kind)
        else:
            xml.whole(self.contents, thing, child, xml.named(str(child.tag)))

    def redundant(self, thing: Thing, child: etree._Element, kind: str) -> bool:
        """What only repeats what a flow or a lane says already."""
        text = (child.text or "").strip()
        if child.attrib or len(child):
            return False
        if kind == "flowNodeRef":
            return text in self.ids
        flow = self.flows.get(text)
        end = {"incoming": "targetRef", "outgoing": "sourceRef"}.get(kind)
        return flow is not None and end is not None and flow.get(end) == thing.id

    def extensions(self, thing: Thing, extensions: etree._Element) -> None:
        tell = self.contents.tell
        xml.attributes(self.contents, thing, extensions, "extensionElements")
        if not len(extensions):
            tell(thing, "extensionElements", "")
        for child in extensions:
            kind = xml.local(child)
            if not str(child.tag).startswith(_SPIFF):
                xml.whole(self.contents, thing, child, xml.named(str(child.tag)))
            elif kind == "properties" and len(child) and not child.attrib:
                for prop in child:
                    if set(prop.attrib) == {"name", "value"} and not len(prop):
                        tell(thing, f"property.{prop.get('name')}", (prop.get("value") or "").strip())
                    else:
                        xml.whole(self.contents, thing, prop, "properties/property")
            elif kind in _SCRIPTS and not child.attrib and not len(child):
                tell(thing, _SCRIPTS[kind], (child.text or "").strip())
            elif kind == "serviceTaskOperator":
                self.operator(thing, child)
            else:
                xml.whole(self.contents, thing, child, kind)

    def operator(self, thing: Thing, operator: etree._Element) -> None:
        tell = self.contents.tell
        for name, value in operator.attrib.items():
            tell(thing, {"id": "operator", "resultVariable": "result"}.get(str(name), f"operator@{name}"), str(value))
        for child in operator:
            if xml.local(child) != "parameters" or child.attrib or not len(child):
                xml.whole(self.contents, thing, child, f"operator/{xml.local(child)}")
                continue
            for param in child:
                identity = param.get("id")
                if identity is None or len(param) or set(param.attrib) - {"id", "value", "type"}:
                    xml.whole(self.contents, thing, param, "operator/parameter")
                    continue
                tell(thing, f"param.{identity}", param.get("value") or "")
                if (kind := param.get("type")) is not None:
                    tell(thing, f"param_type.{identity}", kind)

    def event(self, thing: Thing, definition: etree._Element, kind: str) -> None:
        tell, what = self.contents.tell, kind.removesuffix("EventDefinition")
        tell(thing, "event", what)
        for name, value in definition.attrib.items():
            label = xml.named(str(name))
            if label == f"{what}Ref":
                tell(thing, "event_ref", str(value))
            elif label != "id":
                tell(thing, f"event@{label}", str(value))
            else:
                tell(thing, "event@id", str(value))
        for child in definition:
            inner = xml.local(child)
            if (inner in _TIMES or inner == "condition") and not len(child):
                tell(thing, f"event_{inner}", (child.text or "").strip())
                xml.attributes(self.contents, thing, child, f"event/{inner}")
            else:
                xml.whole(self.contents, thing, child, f"event/{inner}")


def _is_step(element: etree._Element) -> bool:
    kind = xml.local(element)
    return kind not in _GROUPS and kind.endswith(_STEPS) and element.get("id") is not None


def _english(element: etree._Element) -> str:
    path = f"{_BPMN}extensionElements/{_SPIFF}properties/{_SPIFF}property"
    return next((p.get("value") or "" for p in element.findall(path) if p.get("name") == "name_en"), "")
