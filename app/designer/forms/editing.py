"""A form file while it is changed: fields by their places (`3`, `3.1` inside a group), and what the buttons do."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Mapping
from typing import Any

Form = dict[str, Any]
_PLACE = re.compile(r"\d{1,3}(\.\d{1,3})?")


def read(content: bytes) -> Form | None:
    """The form as data; None where it is no form that can be edited field by field."""
    try:
        form = json.loads(content.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(form, dict) or not _are_fields(form.get("fields")) or not _is_text(form.get("title", "")):
        return None
    return form


def _are_fields(specs: Any, *, inside: bool = False) -> bool:
    """Of the right shape, that is; whether they say anything sensible is the check's to say."""
    return isinstance(specs, list) and all(isinstance(one, dict) and _is_field(one, inside) for one in specs)


def _is_field(spec: dict[str, Any], inside: bool) -> bool:
    return (
        all(isinstance(spec.get(word, ""), str) for word in ("name", "kind", "source"))
        and all(_is_text(spec.get(word, "")) for word in ("label", "help", "text", "unit"))
        and all(_is_condition(spec.get(word, True)) for word in ("visible_if", "required"))
        and isinstance(spec.get("options", []), list)
        and (inside or _are_fields(spec.get("fields", []), inside=True))
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and all(isinstance(one, str) for one in value.values()))


def _is_condition(value: Any) -> bool:
    if not isinstance(value, dict):
        return isinstance(value, bool)
    parts = [value.get(word, []) for word in ("all", "any")]
    return (
        all(isinstance(one, list) for one in parts)
        and all(_is_condition(one) for listed in parts for one in listed)
        and _is_condition(value.get("not", True))
        and isinstance(value.get("field", ""), str)
    )


def write(form: Form) -> bytes:
    """As form files are written: two spaces, Chinese as it is."""
    return (json.dumps(form, ensure_ascii=False, indent=2) + "\n").encode()


def siblings(form: Form, place: str) -> tuple[list[dict[str, Any]], int] | None:
    """The list that a field stands in, and its index there; None where there is no such field."""
    if not _PLACE.fullmatch(place):
        return None
    numbers = [int(part) for part in place.split(".")]
    found: list[dict[str, Any]] = form["fields"]
    for number in numbers[:-1]:
        if number >= len(found):
            return None
        found = found[number].setdefault("fields", [])
    return (found, numbers[-1]) if numbers[-1] < len(found) else None


def field_at(form: Form, place: str) -> dict[str, Any] | None:
    found = siblings(form, place)
    return None if found is None else found[0][found[1]]


def earlier(form: Form, place: str) -> list[dict[str, Any]]:
    """The fields that a condition at this place may read: before it, in a group also those before the group."""
    first, _dot, inner = place.partition(".")
    before = list(form["fields"][: int(first)])
    if inner:
        before += form["fields"][int(first)].get("fields", [])[: int(inner)]
    return [one for one in before if isinstance(one.get("name"), str) and one["name"]]


def insert(form: Form, after: str, spec: Mapping[str, Any]) -> str:
    """Put a field after another (`""`: at the end; `3.`: at the end of that group). The place it got."""
    made: dict[str, Any] = copy.deepcopy(dict(spec))
    head, dot, inner = after.partition(".")
    group = field_at(form, head) if dot else None
    holder: list[dict[str, Any]] = group.setdefault("fields", []) if group is not None else form["fields"]
    last = inner if dot else head
    index = int(last) + 1 if last.isdecimal() and int(last) < len(holder) else len(holder)
    taken = {one.get("name") for one in holder}
    if made.get("name") in taken:
        made["name"] = free(str(made["name"]), taken)
    holder.insert(index, made)
    return f"{head}.{index}" if group is not None else str(index)


def free(name: str, taken: set[Any]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def move(form: Form, place: str, by: int) -> str:
    """One up or down among its siblings; at the end nothing happens. The place it has then."""
    found = siblings(form, place)
    if found is None:
        return place
    listed, index = found
    there = min(max(index + by, 0), len(listed) - 1)
    listed.insert(there, listed.pop(index))
    head, dot, _inner = place.partition(".")
    return f"{head}.{there}" if dot else str(there)


def remove(form: Form, place: str) -> None:
    if found := siblings(form, place):
        del found[0][found[1]]


def new_field(kind: str, form: Form) -> dict[str, Any]:
    """A field that passes the check as it is, but for its words, which somebody has to say."""
    taken = {one.get("name") for one in form["fields"]}
    name = kind if kind not in taken else free(kind, taken)
    spec: dict[str, Any] = {"name": f"{name}_1" if name in ("date", "user") else name, "kind": kind}
    spec["label"] = {"zh": "新字段", "en": "New field"}
    if kind in ("select", "radio", "checklist"):
        spec["options"] = [
            {"value": "yes", "label": {"zh": "是", "en": "Yes"}},
            {"value": "no", "label": {"zh": "否", "en": "No"}},
        ]
    if kind == "group":
        spec |= {"repeat": True, "fields": [{"name": "text", "kind": "text", "label": {"zh": "内容", "en": "Text"}}]}
    if kind == "note":
        return {"kind": "note", "text": {"zh": "提示文字", "en": "Text on the page"}}
    return spec


# -- where in the text


_SPACE = re.compile(r"[ \t\r\n]*")


def lines(text: str) -> dict[str, int]:
    """Path of the check (`fields[2].label`) → line in the file. Of a text that is no JSON: what was read of it."""
    found: dict[str, int] = {}
    with contextlib.suppress(ValueError, IndexError, RecursionError):
        _walk(text, 0, "", found)
    return found


def _walk(text: str, at: int, path: str, found: dict[str, int]) -> int:
    at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    found[path] = text.count("\n", 0, at) + 1
    if text[at] not in "{[":
        return json.JSONDecoder().raw_decode(text, at)[1]
    closing, place = ("}", 0) if text[at] == "{" else ("]", 0)
    at = _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
    while text[at] != closing:
        inner = f"{path}[{place}]"
        if closing == "}":
            name, at = json.JSONDecoder().raw_decode(text, at)
            at = text.index(":", at) + 1
            inner = f"{path}.{name}" if path else name
        at = _SPACE.match(text, _walk(text, at, inner, found)).end()  # type: ignore[union-attr]
        at = _SPACE.match(text, at + (text[at] == ",")).end()  # type: ignore[union-attr]
        place += 1
    return at + 1


def line_of(places: Mapping[str, int], path: str) -> int | None:
    """The line of a path, or of the nearest thing around it that stands in the file."""
    while path and path not in places:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return places.get(path)
