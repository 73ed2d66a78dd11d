"""The vocabulary of a step (docs: bpmn/README.md), read from its properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

# Permitted where `allow` does not say otherwise.
USUAL = frozenset({"claim", "reassign", "delegate", "cc", "urge", "comment"})
VERBS = USUAL | {"return", "withdraw", "pause", "sign"}
POLICIES = ("single", "pool", "all", "any", "ratio", "veto", "in_turn")
SIGNING = frozenset(POLICIES[2:])  # several people sign one step (see running/signing.py)
MAX_NEEDED = 1000
_SPLIT = re.compile(r"[;；\n]")
_LIST = re.compile(r"[,，;；\s]+")
_VALUES = re.compile(r"[,，;；\n]")
_RATIO = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})|(\d{1,3}(?:\.\d{1,4})?)\s*[%％]|(\d{1,4})", re.ASCII)


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
class Ratio:
    """How many of the signers must agree: a share of them, or a number."""

    share: Fraction | None = None
    number: int = 0

    def needed(self, of: int) -> int:
        """Rounded up; at least one."""
        return self.number if self.share is None else max(1, -(-of * self.share.numerator // self.share.denominator))


@dataclass(frozen=True)
class Words:
    """A step's properties as the engine uses them."""

    role: str | None = None
    org: str | None = None
    assignee: str | None = None
    policy: str = "single"
    signers: str | None = None
    ratio: Ratio | None = None
    vote: str = "decision"
    agree: frozenset[str] = frozenset({"agree"})
    form: str | None = None
    deadline: str | None = None
    remind: tuple[str, ...] = ()
    ladder: tuple[Rung, ...] = ()
    cc: tuple[Copy, ...] = ()
    checks: tuple[str, ...] = ()
    allow: frozenset[str] = USUAL
    extension_process: str | None = None
    statutory: bool = False
    name_en: str = ""

    @property
    def signs(self) -> bool:
        """Whether several people sign this step."""
        return self.policy in SIGNING


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
        signers=given.get("signers"),
        ratio=ratio_of(given.get("ratio")),
        vote=given.get("vote", "decision"),
        agree=frozenset(text.strip() for text in _VALUES.split(given.get("agree", "agree")) if text.strip()),
        form=given.get("form"),
        deadline=given.get("deadline"),
        remind=parts(given.get("remind")),
        ladder=rungs(given.get("ladder")),
        cc=copies(given.get("cc")),
        checks=parts(given.get("checks")),
        allow=frozenset(verbs(given["allow"])) & VERBS if "allow" in given else USUAL,
        extension_process=given.get("extension_process"),
        statutory=given.get("statutory", "").lower() == "true",
        name_en=given.get("name_en", ""),
    )


def parts(text: str | None) -> tuple[str, ...]:
    """Entries separated by semicolons or line breaks."""
    return tuple(part.strip() for part in _SPLIT.split(text or "") if part.strip())


def verbs(text: str | None) -> tuple[str, ...]:
    """Verbs separated by commas, semicolons or blanks."""
    return tuple(verb for verb in _LIST.split(text or "") if verb)


def ratio_of(text: str | None) -> Ratio | None:
    """`2/3` and `60%` are shares of the signers, above nothing and at most all; `2` is a number. None: not one."""
    found = _RATIO.fullmatch((text or "").strip())
    if found is None:
        return None
    above, below, percent, number = found.groups()
    if number is not None:
        return Ratio(number=int(number)) if 0 < int(number) <= MAX_NEEDED else None
    if percent is None and not int(below):
        return None
    share = Fraction(percent) / 100 if percent is not None else Fraction(int(above), int(below))
    return Ratio(share) if 0 < share <= 1 else None


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
