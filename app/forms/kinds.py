"""The kinds of field, which keys each takes in a form file, and the bounds of everything."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

MAX_BYTES = 128 * 1024  # of a form file
MAX_FIELDS = 80  # of a form, and of a group
MAX_OPTIONS = 300
MAX_ROWS = 50
MAX_FILES = 30
MAX_ANSWERS = 256 * 1024  # of all answers together, as JSON
MAX_CONDITION_DEPTH = 6
MAX_PATTERN = 200
PATTERNED = 200  # longest text that a pattern is tried on: bounds the time of a bad pattern

# Longest answer in characters: what is taken without max_length, and what max_length may say at most.
TEXT_LENGTH = {"text": (200, 500), "textarea": (2000, 20_000)}

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_?")
LONGEST_NAME = 48
ME = "me"  # {"from": "me"}: whoever fills the form in
# The first three would break the stored instance; then what the engine itself sets, and what pages send along.
RESERVED = frozenset(
    {
        "typename", "self", "data_objects",
        "instance_id", "starter", "completed_by",
        "csrf_token", "rev", ME,
        "true", "false", "null", "none",
        *(word.lower() for word in keyword.kwlist),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """`keys`: what the kind takes beside the common keys. `many`: its answer is a list. `wide`: a whole row."""

    keys: frozenset[str] = frozenset()
    many: bool = False
    wide: bool = False
    answers: bool = True


def _kind(*keys: str, many: bool = False, wide: bool = False, answers: bool = True) -> Kind:
    return Kind(frozenset(keys), many, wide, answers)


COMMON = frozenset({"name", "kind", "label", "help", "required", "default", "visible_if", "wide", "fixed"})
KINDS: dict[str, Kind] = {
    "text": _kind("min_length", "max_length", "pattern", "unit", "phrases", "builder"),
    "textarea": _kind("min_length", "max_length", "phrases", wide=True),
    "number": _kind("min", "max", "decimals", "unit"),
    "money": _kind("min", "max"),
    "date": _kind("min", "max"),
    "datetime": _kind("min", "max"),
    "select": _kind("options", "source"),
    "radio": _kind("options", "source"),
    "checkbox": _kind(wide=True),
    "checklist": _kind("options", "source", "min_items", "max_items", many=True, wide=True),
    "user": _kind("role", "org"),
    "organisation": _kind("org_kind"),
    "subject": _kind("picker"),
    "photos": _kind("min_items", "max_items", many=True, wide=True),
    "files": _kind("min_items", "max_items", many=True, wide=True),
    "group": _kind("fields", "repeat", "min_items", "max_items", many=True, wide=True),
    "note": _kind("text", wide=True, answers=False),
}
# What can be shown as given (`fixed`): the answer is the default, whatever is sent. A fixed group has just the rows of
# its default, and what is fixed in them stays as it is there.
FIXABLE = (
    "text", "textarea", "number", "money", "date", "datetime", "select", "radio", "user", "organisation", "subject",
)  # fmt: skip
WITH_OPTIONS = ("select", "radio", "checklist")
MOMENTS = ("date", "datetime")
