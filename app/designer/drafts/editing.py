"""Small changes to the files of a process that leave everything else as it is, comments and layout included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, MutableMapping

import tomlkit
from lxml import etree

from app.engine import open_xml

MANIFEST, DIAGRAM = "process.toml", "process.bpmn"
B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
S = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
SPIFF = S[1:-1]


_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def typed(text: str) -> str:
    """What somebody typed or pasted, without the characters that XML cannot hold: a terminal's, say."""
    return _NO_XML.sub("", text).strip()


def opened(content: bytes) -> etree._Element:
    """The root with its comments. Raises XMLRefused for what the engine's front door does not let in."""
    open_xml(content)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(content, parser)


def written(root: etree._Element) -> bytes:
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def by_id(root: etree._Element, element_id: str) -> etree._Element | None:
    """The element of the model (not of its drawing) with this id."""
    return next(
        (one for one in root.iter() if one.get("id") == element_id and str(one.tag).startswith(B)),
        None,
    )


def properties(element: etree._Element) -> dict[str, etree._Element]:
    """The words on an element by name."""
    path = f"{B}extensionElements/{S}properties/{S}property"
    return {one.get("name", ""): one for one in element.iterfind(path)}


def set_property(element: etree._Element, name: str, value: str) -> None:
    """Give an element a word, or give the word another value."""
    there = properties(element).get(name)
    if there is not None:
        there.set("value", value)
        return
    holder = _child(_extensions(element), f"{S}properties", first=False)
    etree.SubElement(holder, f"{S}property", {"name": name, "value": value})


def drop_property(element: etree._Element, name: str) -> None:
    there = properties(element).get(name)
    if there is not None:
        remove(there)


def remove(element: etree._Element) -> None:
    """Take an element out, keeping the text behind it."""
    parent = element.getparent()
    assert parent is not None
    previous, tail = element.getprevious(), element.tail
    if tail and tail.strip():
        if previous is None:
            parent.text = (parent.text or "") + tail
        else:
            previous.tail = (previous.tail or "") + tail
    parent.remove(element)


def _extensions(element: etree._Element) -> etree._Element:
    """BPMN wants documentation first, then the extensions, then all else."""
    there = element.find(f"{B}extensionElements")
    if there is not None:
        return there
    made = etree.Element(f"{B}extensionElements", nsmap={"spiffworkflow": SPIFF})
    documented = [one for one in element if one.tag == f"{B}documentation"]
    element.insert(len(documented), made)
    return made


def _child(parent: etree._Element, tag: str, *, first: bool) -> etree._Element:
    there = parent.find(tag)
    if there is None:
        there = etree.Element(tag)
        parent.insert(0 if first else len(parent), there)
    return there


def rename_process(root: etree._Element, old: str, new: str) -> None:
    """Another id for a process, and wherever it is referred to in the same file."""
    for element in root.iter():
        tag = str(element.tag)
        if tag == f"{B}process" and element.get("id") == old:
            element.set("id", new)
        for name in ("processRef", "calledElement", "bpmnElement"):
            if element.get(name) == old and (name != "calledElement" or "detached" not in properties(element)):
                element.set(name, new)


def free_id(root: etree._Element, start: str) -> str:
    """An id that nothing in the document has."""
    taken = {one.get("id") for one in root.iter()}
    number = 1
    while f"{start}{number}" in taken:
        number += 1
    return f"{start}{number}"


# -- process.toml, as text: it is written by people, with comments


def toml_text(key: str, zh: str, en: str, starters: Iterable[str], more: str = "") -> str:
    """A process.toml to begin with."""
    listed = ", ".join(_quoted(role) for role in starters)
    title = f"title = {{ zh = {_quoted(zh)}, en = {_quoted(en)} }}"
    return f"key = {_quoted(key)}\n{title}\nstarters = [{listed}]\n{more}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def set_toml(text: str, name: str, value: str | list[str] | Mapping[str, str]) -> str:
    """Set a key of process.toml, leaving all other lines and comments as they are."""
    document = tomlkit.parse(text)
    there = document.get(name)
    if isinstance(value, Mapping) and isinstance(there, MutableMapping):
        for word, given in value.items():
            if there.get(word) != given:
                there[word] = given
        return tomlkit.dumps(document)
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(value)
        document[name] = table
    else:
        document[name] = value
    return tomlkit.dumps(document)


def rekeyed(files: Mapping[str, bytes], old: str, new: str) -> dict[str, bytes]:
    """The same process under another key."""
    made = dict(files)
    if DIAGRAM in made:
        root = opened(made[DIAGRAM])
        rename_process(root, old, new)
        made[DIAGRAM] = written(root)
    if MANIFEST in made:
        made[MANIFEST] = set_toml(made[MANIFEST].decode("utf-8", "replace"), "key", new).encode()
    return made
