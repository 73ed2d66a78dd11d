"""What happens after a submit: the next steps, who is expected there and by when, as far as the diagram can say.

Every way that is still open (see closed.py) is told, each with the name of its flow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import Organisation, role_name
from app.engine import Engine, Loaded
from app.i18n import _, bilingual
from app.inbox.mainline import STEPS

_MOST_WAYS = 4


@dataclass(frozen=True)
class Expected:
    """Who will be asked: the organisation, the person where only one comes into question, else the role."""

    org: str = ""
    person: str = ""
    role: str = ""

    def __str__(self) -> str:
        if self.person:
            return " ".join(part for part in (self.org, self.person) if part)
        return self.org or self.role


@dataclass(frozen=True)
class Upcoming:
    """One way onward. Without a name the process ends there."""

    name: str
    why: str  # the name of the flow that leads there: 合格
    who: Expected
    due_at: dt.datetime | None = None


def upcoming(
    engine: Engine,
    session: Session,
    loaded: Loaded,
    node_id: str,
    data: Mapping[str, Any],
    closed: frozenset[str] = frozenset(),
) -> list[Upcoming]:
    """The ways onward from a node, without the flows that can no longer be taken."""
    found: list[Upcoming] = []
    seen: set[str] = set()
    ways = [(flow_id, "") for flow_id in loaded.nodes[node_id].out_flows if flow_id not in closed]
    while ways and len(found) < _MOST_WAYS:
        flow_id, why = ways.pop(0)
        flow = loaded.flows[flow_id]
        why = why or bilingual(flow.name, flow.name_en)
        target = loaded.nodes.get(flow.target)
        if target is None or target.id in seen or _ends_a_part(loaded, target):
            continue
        seen.add(target.id)
        if target.kind in STEPS or not target.out_flows:
            told = _told(engine, session, target, why, data)
            found += [told] if told not in found else []
        else:
            ways += [(following, why) for following in target.out_flows if following not in closed]
    return found


def _ends_a_part(loaded: Loaded, node: Any) -> bool:
    """The end of a sub-process: what follows waits for whatever runs beside it, so nothing certain can be told."""
    return node.kind == "endEvent" and node.parent in loaded.nodes


def _told(engine: Engine, session: Session, node: Any, why: str, data: Mapping[str, Any]) -> Upcoming:
    if node.kind not in STEPS:
        return Upcoming("", why, Expected())
    name = bilingual(node.name, node.name_en) or node.id
    return Upcoming(name, why, expected(engine, session, node, data), _due(engine, session, node, data))


def expected(engine: Engine, session: Session, node: Any, data: Mapping[str, Any]) -> Expected:
    """Who is expected at a step, by its own words or its lane's."""
    lane = engine.lane(node)
    role = node.properties.get("role") or (lane.role if lane else None)
    expression = node.properties.get("org") or (lane.org if lane and not node.properties.get("role") else None)
    org_id = engine.directory.organisation(session, engine.evaluate_softly(expression, data)) if expression else None
    org = session.get(Organisation, org_id) if org_id else None
    org_name = bilingual(org.short_name, org.name_en) if org else ""
    assignee = engine.evaluate_softly(node.properties.get("assignee"), data)
    if assignee and (named := engine.directory.person(session, str(assignee))):
        return Expected(named.org_name, named.name)
    title = role_name(role) if role else ""
    if node.properties.get("signers"):
        return Expected("", _signers(engine, session, node, data), title)
    if expression and org is None:
        return Expected("", "", title)
    people = engine.directory.candidates(session, role, org_id) if role or org_id else ()
    if len(people) == 1:
        return Expected(org_name or people[0].org_name, people[0].name, title)
    return Expected(org_name, "", title)


def _signers(engine: Engine, session: Session, node: Any, data: Mapping[str, Any]) -> str:
    """赵明远、邓超等 4 人: who will sign, as far as the data names them already."""
    value = engine.evaluate_softly(node.properties["signers"], data)
    ids = list(dict.fromkeys(map(str, value))) if isinstance(value, (list, tuple)) else []
    names = [person.name for one in ids if (person := engine.directory.person(session, one))]
    if not names:
        return ""
    shown = "、".join(names[:2])
    return shown if len(ids) <= 2 else _("%(names)s等 %(n)s 人", names=shown, n=len(ids))


def _due(engine: Engine, session: Session, node: Any, data: Mapping[str, Any]) -> dt.datetime | None:
    """Until when, if the step began now."""
    if not (text := node.properties.get("deadline")):
        return None
    try:
        return engine.calendar.due(session, text, engine.clock.now(), lambda words: engine.evaluate(words, data)).at
    except Exception:  # noqa: BLE001  (depends on what is still to be answered)
        return None
