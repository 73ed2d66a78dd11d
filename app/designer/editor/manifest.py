"""process.toml changed field by field: what is not changed stays as it was written, comments too."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from app.errors import Invalid
from app.i18n import _

TEXTS = frozenset(
    {"key", "start_form", "instance_title", "business_key", "on_cancel", "on_amend", "on_clock", "on_return"}
)
LISTS = frozenset({"starters", "inputs", "start_checks"})
INLINE = frozenset({"title", "description"})  # written on one line, as everywhere
TABLES = frozenset({"subject", "scope", "facts"})


def read(text: str) -> dict[str, Any]:
    """The file as data. Invalid where it cannot be read."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise Invalid({"text": [_("process.toml 读不出来：%(why)s", why=str(wrong)[:200])]}) from wrong


def change(text: str, changes: Mapping[str, Any]) -> str:
    """The file with these fields set, or taken away where they are None. Invalid for what it cannot have."""
    read(text)
    try:
        document = tomlkit.parse(text)
        for name, value in changes.items():
            _set(document, name, value)
        written = tomlkit.dumps(document)
    except TOMLKitError as wrong:
        raise Invalid({"text": [_("process.toml 读不出来：%(why)s", why=str(wrong)[:200])]}) from wrong
    read(written)
    return written


def _set(document: tomlkit.TOMLDocument, name: str, value: Any) -> None:
    if value is None and name in TEXTS | LISTS | INLINE | TABLES:
        document.pop(name, None)
    elif (name in TEXTS and isinstance(value, str)) or (name in LISTS and _texts(value, list)):
        _put(document, name, value)
    elif name in INLINE | TABLES and isinstance(value, dict) and _texts(list(value.values()), list):
        _table(document, name, value)
    else:
        raise Invalid({name: [_("流程属性的形式不对：%(name)s", name=name[:40])]})


def _texts(value: Any, kind: type[list[Any]]) -> bool:
    return isinstance(value, kind) and all(isinstance(one, str) for one in value)


def _put(document: tomlkit.TOMLDocument, name: str, value: Any) -> None:
    """A plain value stands before the first table, where a new one is written too."""
    if document.get(name) == value:
        return
    if name in document:
        document[name] = value
        return
    kept = [(key, document.pop(key)) for key in list(document) if key in TABLES]
    document[name] = value
    for key, table in kept:
        document[key] = table


def _table(document: tomlkit.TOMLDocument, name: str, value: Mapping[str, str]) -> None:
    """What stays keeps its place; what is new comes after it."""
    table: Any = document.get(name)
    if not isinstance(table, dict):
        table = tomlkit.inline_table() if name in INLINE else tomlkit.table()
        table.update(value)
        if name in INLINE:
            _put(document, name, table)
        else:
            document[name] = table
        return
    for key in [key for key in table if key not in value]:
        del table[key]
    for key, text in value.items():
        if table.get(key) != text:
            table[key] = text
