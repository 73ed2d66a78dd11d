"""What a package consists of, as the comparison sees it: things with aspects, each a text.

Everything in a package is an aspect of something here, said in words or not, so that nothing can differ unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ORDER = "order"  # aspects that begin with it hold ids line by line; only the order of common ones is compared
# In the order in which a page shows them.
GROUPS = ("process", "steps", "flows", "lanes", "messages", "forms", "decisions", "scenarios", "other")


@dataclass(frozen=True)
class Thing:
    """Something that people know by a name. `file` with `id` is its identity from version to version."""

    group: str
    file: str
    id: str
    kind: str
    name: str = ""
    name_en: str = ""
    parent: str = ""  # id of what it is part of: the form of a field, the table of a row

    @property
    def key(self) -> str:
        return f"{self.file}#{self.id}"


@dataclass
class Contents:
    """A package as things. `layout` is where things are drawn, by element; `raw` the files as they are."""

    things: dict[str, Thing] = field(default_factory=dict)
    aspects: dict[str, dict[str, str]] = field(default_factory=dict)
    layout: dict[str, dict[str, str]] = field(default_factory=dict)  # by file
    raw: Mapping[str, bytes] = field(default_factory=dict)

    def add(self, thing: Thing) -> Thing:
        """Take the thing in; where its id stands twice in the file the later one is told by its number."""
        number = 1
        while thing.key in self.things:
            number += 1
            thing = Thing(**{**thing.__dict__, "id": f"{thing.id.split('~')[0]}~{number}"})
        self.things[thing.key] = thing
        self.aspects[thing.key] = {}
        return thing

    def tell(self, thing: Thing, aspect: str, value: str) -> None:
        """Note an aspect; where it stands already the later one is told by its number."""
        found, name, number = self.aspects[thing.key], aspect, 1
        while name in found:
            number += 1
            name = f"{aspect}~{number}"
        found[name] = value

    def find(self, file: str, identity: str) -> Thing | None:
        return self.things.get(f"{file}#{identity}")

    def of(self, thing: Thing) -> Mapping[str, str]:
        return self.aspects[thing.key]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Data as (path, text): records by their names, lists of records by their places, all else as it is written.

    Distinct data has distinct leaves: empty records and lists are leaves themselves.
    """
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{_escaped(name)}" if path else _escaped(name))
    elif isinstance(value, list) and value and any(isinstance(item, Mapping) for item in value):
        for place, inner in enumerate(value, 1):
            yield from leaves(inner, f"{path}[{place}]")
    else:
        yield path, written(value)


def _escaped(name: Any) -> str:
    text = str(name)
    return text if text.isidentifier() else written(text)


def written(value: Any) -> str:
    """A value as JSON would have it; a text without quotation marks unless it could be taken for something else."""
    if isinstance(value, str) and value and not _looks_written(value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)


def _looks_written(text: str) -> bool:
    return text in ("true", "false", "null") or text[0] in '"[{-0123456789' or text != text.strip()
