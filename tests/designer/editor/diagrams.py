"""BPMN documents compared by what they say: order of attributes, prefixes and whitespace aside."""

from __future__ import annotations

from typing import Any

from lxml import etree

_PLAIN = etree.XMLParser(remove_comments=True, resolve_entities=False)
# Defaults, said or not said: a gateway is drawn with its cross, a boundary event interrupts.
_STATED = {("isMarkerVisible", "true"), ("cancelActivity", "true"), ("isInterrupting", "true")}
_DEFAULTS = {"typeLanguage", "expressionLanguage"}


def canonical(xml: str | bytes) -> Any:
    root = etree.fromstring(xml.encode() if isinstance(xml, str) else xml, _PLAIN)
    return _said(root)


def _said(element: etree._Element) -> Any:
    inner = [_said(child) for child in element if isinstance(child.tag, str)]
    attributes = sorted(
        {(str(name), _named(element, str(name), str(value))) for name, value in element.items()} - _STATED
    )
    text = (element.text or "").strip()
    return str(element.tag), [pair for pair in attributes if pair[0] not in _DEFAULTS], text, inner


def _named(element: etree._Element, name: str, value: str) -> str:
    """A type is named by prefix, which says nothing: its namespace does."""
    if not name.endswith("XMLSchema-instance}type"):
        return value
    prefix, _colon, local = value.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None)}}}{local}"


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """What is not the same, with its place; empty where everything is."""
    here = f"{path}/{before[0].rpartition('}')[2]}"
    if before[:3] != after[:3] or len(before[3]) != len(after[3]):
        return [
            f"{here}: {before[:3]} {[child[0] for child in before[3]]} → {after[:3]} {[child[0] for child in after[3]]}"
        ]
    return [found for one, other in zip(before[3], after[3], strict=True) for found in differences(one, other, here)]
