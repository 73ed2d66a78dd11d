"""Deadline rules as they ship, and the plain value that a deadline is computed from."""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

UNITS = ("work_days", "days", "hours", "months")
DAY_ENDS = ("day", "office", "exact")
STARTS = ("next_day",)
FIRST_DAY = dt.date(2021, 1, 1)


@dataclass(frozen=True)
class Rule:
    """One version of a named limit: `amount` of `unit`, ending as `day_end` says."""

    code: str
    name_zh: str
    name_en: str
    amount: int
    unit: str
    day_end: str
    start: str = "next_day"
    roll_forward: bool = False
    legal_basis: str = ""
    effective_from: dt.date = FIRST_DAY
    effective_to: dt.date | None = None

    def in_force(self, day: dt.date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


def pick(rules: Iterable[Rule], code: str, day: dt.date) -> Rule | None:
    """The version of a rule in force on the day a clock starts; before the first version, the first."""
    versions = sorted(
        (rule for rule in rules if rule.code == code),
        key=lambda rule: rule.effective_from,
    )
    return next(
        (rule for rule in reversed(versions) if rule.in_force(day)),
        versions[0] if versions else None,
    )


@functools.cache
def shipped_rules() -> tuple[Rule, ...]:
    """The rules of rules.toml. A wrong word stops the start: a limit must not be guessed."""
    data = tomllib.loads((Path(__file__).parent / "rules.toml").read_text(encoding="utf-8"))
    rules = []
    for entry in data["rule"]:
        names = entry.pop("name")
        rule = Rule(name_zh=names["zh"], name_en=names["en"], **entry)
        if rule.unit not in UNITS or rule.day_end not in DAY_ENDS or rule.start not in STARTS or rule.amount < 1:
            raise ValueError(f"rules.toml: {rule.code}")
        rules.append(rule)
    return tuple(rules)
