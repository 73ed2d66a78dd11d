"""Steps that are the same under another id: recognised by type, name and neighbours, not told as removed and added."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.designer.comparing.documents import DIAGRAM
from app.designer.comparing.things import Contents, Thing

_PLACES = ("sourceRef", "targetRef", "attachedToRef", "default", "bpmnElement", "id")


def renamed_steps(before: Contents, after: Contents) -> dict[str, str]:
    """Old id to new id, of steps and then of the flows between them.

    Rule: same type and the same name, which only one on each side has of those that are gone or new; or, without a
    name, as many neighbours in common as it has. At least one neighbour is the same in both cases.
    """
    found: dict[str, str] = {}
    gone = [one for one in _steps(before) if after.find(DIAGRAM, one.id) is None]
    come = [one for one in _steps(after) if before.find(DIAGRAM, one.id) is None]
    around = {id(side): _neighbours(side) for side in (before, after)}
    for _round in range(len(gone)):  # a chain of steps with other ids is recognised one after the other
        fresh = len(found)
        for old in gone:
            if old.id in found:
                continue
            was = {found.get(one, one) for one in around[id(before)].get(old.id, ())}
            alike = [
                new
                for new in come
                if new.id not in found.values()
                and (new.kind, new.name) == (old.kind, old.name)
                and _near(was, around[id(after)].get(new.id, set()), named=bool(old.name))
            ]
            twins = [one for one in gone if (one.kind, one.name) == (old.kind, old.name) and one.id not in found]
            if len(alike) == 1 and (len(twins) == 1 or not old.name):
                found[old.id] = alike[0].id
        if len(found) == fresh:
            break
    return found | _flows(before, after, found)


def _near(was: set[str], now: set[str], *, named: bool) -> bool:
    return bool(was & now) if named else bool(was) and was == now


def _steps(side: Contents) -> list[Thing]:
    return [one for one in side.things.values() if one.file == DIAGRAM and one.group == "steps"]


def _ends(side: Contents) -> dict[str, tuple[str, str]]:
    flows = [one for one in side.things.values() if one.file == DIAGRAM and one.kind == "sequenceFlow"]
    return {one.id: (side.of(one).get("@sourceRef", ""), side.of(one).get("@targetRef", "")) for one in flows}


def _neighbours(side: Contents) -> dict[str, set[str]]:
    """What each step is joined to by a flow, or sits on."""
    found: dict[str, set[str]] = {}
    for one in _steps(side):
        if host := side.of(one).get("@attachedToRef"):
            found.setdefault(one.id, set()).add(host)
    for source, target in _ends(side).values():
        found.setdefault(source, set()).add(target)
        found.setdefault(target, set()).add(source)
    return found


def _flows(before: Contents, after: Contents, steps: Mapping[str, str]) -> dict[str, str]:
    """Flows with other ids between the same steps."""
    if not steps:
        return {}
    was, now = _ends(before), _ends(after)
    fresh = {ends: flow for flow, ends in now.items() if flow not in was}
    found = {}
    for flow, (source, target) in was.items():
        ends = (steps.get(source, source), steps.get(target, target))
        if flow not in now and ends in fresh:
            found[flow] = fresh.pop(ends)
    return found


def renaming(diagram: bytes, ids: Mapping[str, str]) -> bytes:
    """The diagram with other ids wherever one refers to another; expressions and names stay as they are."""
    text = diagram.decode("utf-8", "replace")

    def attribute(found: re.Match[str]) -> str:
        return f"{found[1]}{ids.get(found[2], found[2])}{found[3]}"

    text = re.sub(rf"""(\s(?:{"|".join(_PLACES)})=["'])([^"']*)(["'])""", attribute, text)
    refs = r"(<(?:\w+:)?(?:incoming|outgoing|flowNodeRef)>\s*)([^<\s]+)(\s*</)"
    return re.sub(refs, attribute, text).encode()
