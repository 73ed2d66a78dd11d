"""The vocabulary of a step (docs: bpmn/README.md), read from its properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

VERBS = frozenset({"claim", "reassign", "cc", "urge", "comment"})
_SPLIT = re.compile(r"[;；\n]")


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder: so long after the due instant the named process is started."""

    offset: str
    process: str
    level: int


@dataclass(frozen=True)
class Copy:
    """Who gets a copy when the step begins: a role, in the organisation that the expression gives (all without)."""

    role: str
    org: str | None


@dataclass(frozen=True)
class Words:
    """A step's properties as the engine uses them."""

    role: str | None = None
    org: str | None = None
    assignee: str | None = None
    policy: str = "single"
    form: str | None = None
    deadline: str | None = None
    remind: tuple[str, ...] = ()
    ladder: tuple[Rung, ...] = ()
    cc: tuple[Copy, ...] = ()
    checks: tuple[str, ...] = ()
    allow: frozenset[str] = VERBS
    statutory: bool = False
    name_en: str = ""


def words_of(properties: Mapping[str, Any]) -> Words:
    return _words(tuple(sorted((str(k), str(v)) for k, v in properties.items())))


@lru_cache(maxsize=2048)
def _words(properties: tuple[tuple[str, str], ...]) -> Words:
    given = {name: value.strip() for name, value in properties if value.strip()}
    return Words(
        role=given.get("role"),
        org=given.get("org"),
        assignee=given.get("assignee"),
        policy=given.get("policy", "single"),
        form=given.get("form"),
        deadline=given.get("deadline"),
        remind=parts(given.get("remind")),
        ladder=rungs(given.get("ladder")),
        cc=copies(given.get("cc")),
        checks=parts(given.get("checks")),
        allow=frozenset(re.split(r"[,，;；\s]+", given["allow"])) & VERBS if "allow" in given else VERBS,
        statutory=given.get("statutory", "").lower() == "true",
        name_en=given.get("name_en", ""),
    )


def parts(text: str | None) -> tuple[str, ...]:
    """Entries separated by semicolons or line breaks."""
    return tuple(part.strip() for part in _SPLIT.split(text or "") if part.strip())


def rungs(text: str | None) -> tuple[Rung, ...]:
    """`+3 work_days: referral; +7 work_days: referral` → two rungs, levels 1 and 2."""
    found = []
    for level, part in enumerate(parts(text), 1):
        offset, _colon, process = part.partition(":")
        found.append(Rung(offset.strip(), process.strip(), level))
    return tuple(found)


def copies(text: str | None) -> tuple[Copy, ...]:
    """`coordinator; town_staff@town_org_id` → two entries."""
    found = []
    for part in parts(text):
        role, _at, org = part.partition("@")
        found.append(Copy(role.strip(), org.strip() or None))
    return tuple(found)
