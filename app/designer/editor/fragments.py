"""Ready fragments of the palette (常用片段): a few connected steps with every setting filled in.

Each is a small process in `fragments/`: what stands between `in` and `out` is the fragment. Where it is put after a
step that something follows, `out` gives way to what follows; else it stays as the end. What depends on the draft is
filled in here: the form with a vote, and processes that are there to be called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.engine import Package
from app.i18n import lazy_

LADDER = "supervision"
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_EMPTY = re.compile(r'^ *<spiffworkflow:property name="\w+" value="" />\n', re.MULTILINE)


@dataclass(frozen=True)
class Fragment:
    name: str
    title: Any
    icon: str


FRAGMENTS = (
    Fragment("joint_sign", lazy_("会签—修改再签"), icon="users"),
    Fragment("review", lazy_("审核—退回修改"), icon="arrow-back-up"),
    Fragment("by_deadline", lazy_("限期办理加催办"), icon="clock-exclamation"),
    Fragment("in_parallel", lazy_("分头办理再汇总"), icon="arrows-split-2"),
    Fragment("experts", lazy_("专家会商"), icon="school"),
)


@dataclass(frozen=True)
class Ballot:
    """A form with a vote on it, and which of its answers are consent."""

    form: str = ""
    vote: str = "decision"
    agree: str = "agree"


def fragments(package: Package, known: Collection[str]) -> Iterator[dict[str, str]]:
    """Every fragment as a diagram for this draft. `known`: keys of the processes that can be started."""
    ballot = ballot_of(package)
    values = {
        "form": ballot.form,
        "vote": ballot.vote,
        "agree": ballot.agree,
        "disagrees": f'{ballot.vote} != "{ballot.agree}"',
        "ladder": f"+1 work_days: {LADDER}" if LADDER in known else "",
    }
    for fragment in FRAGMENTS:
        text = _text(fragment.name)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        yield {
            "id": fragment.name,
            "title": str(fragment.title),
            "icon": fragment.icon,
            "xml": _EMPTY.sub("", text),
        }


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / "fragments" / f"{name}.bpmn").read_text(encoding="utf-8")


def ballot_of(package: Package) -> Ballot:
    """A form on which somebody can agree or not, one that no step has yet before others; none: a person chooses."""
    diagram = package.files.get("process.bpmn", b"").decode("utf-8", "replace")
    used = set(re.findall(r'name="form"\s+value="([^"]*)"', diagram))
    found = [ballot for name, content in package.named("forms", ".json").items() if (ballot := _ballot(name, content))]
    return next((one for one in found if one.form not in used), found[0] if found else Ballot())


def _ballot(name: str, content: bytes) -> Ballot | None:
    try:
        form = json.loads(content)
        fields = form["fields"]
        return next(
            (
                Ballot(name, field["name"])
                for field in fields
                if _NAME.fullmatch(name)
                and _NAME.fullmatch(field["name"])
                and field.get("kind") in ("radio", "select")
                and field.get("required") is True
                and "visible_if" not in field
                and "agree" in [option.get("value") for option in field["options"]]
            ),
            None,
        )
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None  # a form that is being written
