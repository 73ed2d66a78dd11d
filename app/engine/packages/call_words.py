"""The words on a detached call activity (docs: bpmn/README.md), read from its properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

CALL = frozenset({"detached", "wait", "for_each", "inputs", "outputs", "result", "complete_when"})
ITEM, INDEX = "item", "index"  # what `inputs` sees of each turn of `for_each`
COUNTED = frozenset({"finished", "total", "ended", "cancelled", "failed"})  # what `complete_when` sees
KEPT = frozenset({"id", "index", "business_key", "status", "end"})  # what every record under `result` has
MAX_CHILDREN, MAX_DEPTH = 1000, 10
STATUSES = ("ended", "cancelled", "failed")
_NAMES = re.compile(r"\s*[^\W\d]\w*\s*(?:[,，;；]\s*[^\W\d]\w*\s*)*")
_SPLIT = re.compile(r"[,，;；]")


@dataclass(frozen=True)
class CallWords:
    """How a detached call activity starts its children, and what it takes from them."""

    detached: bool = False
    waits: bool = True
    for_each: str | None = None
    inputs: str | None = None
    outputs: str | None = None
    result: str | None = None
    complete_when: str | None = None


def call_words_of(properties: Mapping[str, Any] | None) -> CallWords:
    return _words(tuple(sorted((str(name), str(value)) for name, value in (properties or {}).items())))


@lru_cache(maxsize=512)
def _words(properties: tuple[tuple[str, str], ...]) -> CallWords:
    given = {name: value.strip() for name, value in properties if value.strip()}
    return CallWords(
        detached=given.get("detached") == "true",
        waits=given.get("wait") != "false",
        for_each=given.get("for_each"),
        inputs=given.get("inputs"),
        outputs=given.get("outputs"),
        result=given.get("result"),
        complete_when=given.get("complete_when"),
    )


def output_names(text: str) -> tuple[str, ...] | None:
    """`light, score` → the two names; None where it is an expression."""
    if not _NAMES.fullmatch(text):
        return None
    return tuple(name.strip() for name in _SPLIT.split(text))
