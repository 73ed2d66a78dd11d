"""process.toml, forms, scenarios and whatever else lies in the folder, as things with aspects."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.designer.comparing import diagrams, tables
from app.designer.comparing.things import ORDER, Contents, Thing, leaves, written
from app.engine import Package

MANIFEST, DIAGRAM = "process.toml", "process.bpmn"


def contents_of(package: Package) -> Contents:
    """All of a package."""
    contents = Contents(raw=package.files)
    for file, content in sorted(package.files.items()):
        one = _contents_of_file(file, content)
        contents.things |= one.things
        contents.aspects |= one.aspects
        contents.layout |= one.layout
    return contents


@lru_cache(maxsize=128)  # two versions differ in a file or two, and a draft is compared again and again
def _contents_of_file(file: str, content: bytes) -> Contents:
    """Not to be changed by who gets it."""
    contents = Contents()
    try:
        _read(contents, file, content)
    except RecursionError:
        contents = Contents()
        diagrams.unreadable(contents, file, "other", content)
    return contents


def _read(contents: Contents, file: str, content: bytes) -> None:
    if file == DIAGRAM:
        diagrams.read(contents, file, content)
    elif file.endswith(".dmn"):
        tables.read(contents, file, content)
    elif file == MANIFEST or (file.startswith("scenarios/") and file.endswith(".toml")):
        _toml(contents, file, content)
    elif file.startswith("forms/") and file.endswith(".json"):
        _form(contents, file, content)
    else:
        diagrams.unreadable(contents, file, "other", content)


def _toml(contents: Contents, file: str, content: bytes) -> None:
    group = "process" if file == MANIFEST else "scenarios"
    try:
        data = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        diagrams.unreadable(contents, file, group, content)
        return
    zh, en = _texts(data.get("title"), file)
    thing = contents.add(Thing(group, file, "", "manifest" if group == "process" else "scenario", zh, en))
    for path, text in leaves(data):
        contents.tell(thing, path, text)


def _form(contents: Contents, file: str, content: bytes) -> None:
    try:
        data = json.loads(content.decode())
        if not isinstance(data, dict):
            raise ValueError("no form")
    except (ValueError, RecursionError):
        diagrams.unreadable(contents, file, "forms", content)
        return
    zh, en = _texts(data.get("title"), file)
    thing = contents.add(Thing("forms", file, "", "form", zh, en))
    _holder(contents, thing, data, "")


def _holder(contents: Contents, thing: Thing, data: Mapping[str, Any], prefix: str) -> None:
    """A form, or a group: its own words, then its fields."""
    listed = data.get("fields")
    fields = listed if isinstance(listed, list) and all(isinstance(f, dict) for f in listed) else None
    for word, value in data.items():
        if word == "fields" and fields is not None:
            continue
        if word == "options" and (options := _options(value)) is not None:
            for key, text in options.items():
                contents.tell(thing, f"option.{key}", text)
            contents.tell(thing, f"{ORDER}.options", "\n".join(options))
        elif word in ("visible_if", "required", "default"):
            contents.tell(thing, word, written(value))
        else:
            for path, text in leaves(value, word):
                contents.tell(thing, path, text)
    if fields is None:
        return
    names = []
    for spec in fields:
        name = spec.get("name")
        zh, en = _texts(spec.get("label") or spec.get("text"), str(name or ""))
        identity = f"{prefix}{name}" if isinstance(name, str) and name else f"{prefix}{spec.get('kind')}"
        one = contents.add(Thing("forms", thing.file, identity, "field", zh, en, thing.id))
        _holder(contents, one, spec, f"{one.id}.")
        names.append(one.id)
    contents.tell(thing, f"{ORDER}.fields", "\n".join(names))


def _options(value: Any) -> dict[str, str] | None:
    """Options by their values; None where they are not such a list, which is then told leaf by leaf."""
    if not isinstance(value, list) or not all(isinstance(option, dict) and "value" in option for option in value):
        return None
    found: dict[str, str] = {}
    for option in value:
        key = written(option["value"]).replace("\n", " ")
        if key in found:
            return None
        found[key] = json.dumps({k: v for k, v in option.items() if k != "value"}, ensure_ascii=False, sort_keys=True)
    return found


def _texts(value: Any, otherwise: str) -> tuple[str, str]:
    if isinstance(value, Mapping):
        zh = value.get("zh")
        return str(zh or otherwise), str(value.get("en") or zh or otherwise)
    return (str(value), str(value)) if isinstance(value, str) and value else (otherwise, otherwise)
