"""The plan behind a page: from a version to a draft or to another version, with the mapping as the form has it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import web
from app.designer.migrating import queries, words
from app.engine import Definition, MigrationPlan, Outcome, Package
from app.i18n import _, bilingual

FIELD = "map:"  # of a select: the node whose place is taken
NOBODY = "-"  # of its options: nothing takes its place
MOST_TRIED, SECONDS = 200, 8.0  # dry runs in one request


@dataclass(frozen=True)
class Sides:
    """What is moved from, and to: a version by number, or the package of a draft."""

    key: str
    since: int
    to: int | Package


@dataclass(frozen=True)
class Tried:
    """A dry run of several: the outcomes, and how many were left out for lack of time."""

    outcomes: Sequence[Outcome]
    left: int

    @property
    def good(self) -> int:
        return sum(one.ok for one in self.outcomes)


def mapping_of(form: Mapping[str, str]) -> dict[str, str | None]:
    """What the selects say, by node."""
    found: dict[str, str | None] = {}
    for name, value in form.items():
        if name.startswith(FIELD) and value:
            found[name.removeprefix(FIELD)] = None if value == NOBODY else value
    return found


def plan(session: Session, sides: Sides, mapping: Mapping[str, str | None]) -> MigrationPlan:
    """Invalid where a draft does not even parse, or two versions are the same; a draft may be that."""
    even_same = isinstance(sides.to, Package)
    return web.engine().plan_migration(session, sides.key, sides.since, sides.to, mapping, even_same=even_same)


def chosen(session: Session, sides: Sides, form: Mapping[str, str]) -> MigrationPlan:
    """The plan by the form's selects: what they left as it was proposed stays a proposal."""
    proposed, mapping = plan(session, sides, {}), mapping_of(form)
    own = {node: to for node, to in mapping.items() if node in proposed.pairs and proposed.pairs[node].target != to}
    return plan(session, sides, own) if own else proposed


def try_all(found: MigrationPlan, ids: Sequence[str]) -> Tried:
    """As many as one can wait for."""
    began, outcomes = time.monotonic(), list[Outcome]()
    for instance_id in ids[:MOST_TRIED]:
        if outcomes and time.monotonic() - began > SECONDS:
            break
        outcomes += web.engine().try_migration(found, [instance_id])
    return Tried(outcomes, len(ids) - len(outcomes))


def picture(found: MigrationPlan) -> dict[str, Any]:
    """The old version's diagram: how many stand where, red where they cannot move."""
    stuck = {one.node.id for one in found.standing if not one.moves}
    here = [one for one in found.standing if not one.node.attached_to]
    told = _("、").join(
        _("%(step)s %(n)s 件", step=words.node_name(found.old, one.node.id), n=one.standing.tokens) for one in here
    )
    return {
        "counts": {one.node.id: one.standing.tokens for one in here},
        "marks": {one.node.id: "bad" if one.node.id in stuck else "now" for one in here},
        "sentence": _("流程图，在办：%(steps)s", steps=told) if here else _("流程图：没有在办的事项"),
    }


def rows(found: MigrationPlan) -> list[dict[str, Any]]:
    """The table of nodes: those where something stands, and those that need a decision, first."""
    listed = []
    for one in found.nodes:
        if not one.standing.tokens and not (one.pair.target is None and one.node.is_human):
            continue
        listed.append(
            {
                "id": one.node.id,
                "name": words.node_name(found.old, one.node.id),
                "tokens": one.standing.tokens,
                "overdue": one.standing.overdue,
                "moves": one.moves,
                "how": words.FOUND[one.pair.how],
                "obstacles": [words.told(reason, found.old, found.new) for reason in one.obstacles],
                "changes": [words.told(reason, found.old, found.new) for reason in one.changes],
                "field": FIELD + one.node.id,
                "chosen": one.pair.target or NOBODY,
                "choices": _choices(one),
            }
        )
    return listed


def _choices(one: Any) -> list[tuple[str, str]]:
    named = [(node.id, bilingual(node.name, node.name_en) or node.id) for node in one.choices]
    twice = [name for _id, name in named]
    shown = [(node_id, name if twice.count(name) == 1 else f"{name}（{node_id}）") for node_id, name in named]
    return [(NOBODY, _("没有对应节点")), *shown]


def listed(session: Session, found: MigrationPlan, page: Any) -> list[dict[str, Any]]:
    """One page of instances: where each stands, since when, by when, and whether that can move."""
    where = queries.spots(session, [row.id for row in page.items])
    plans = {one.node.id: one for one in found.nodes}
    shown = []
    for row in page.items:
        spots = where.get(row.id, [])
        stays = [plans[spot.node_id] for spot in spots if spot.node_id in plans and not plans[spot.node_id].moves]
        why = [words.told(reason, found.old, found.new) for one in stays for reason in one.obstacles]
        if row.status == "suspended":
            why.append(words.told({"code": "suspended"}))
        shown.append(
            {
                "id": row.id,
                "number": row.business_key or row.id[:8],
                "status": row.status,
                "spots": [(words.node_name(found.old, spot.node_id), spot.since, spot.due) for spot in spots],
                "moves": not why,
                "why": why,
            }
        )
    return shown


def published(session: Session, key: str) -> int | None:
    """The version in force."""
    select = sa.select(Definition.version).where(Definition.key == key, Definition.status == "published")
    return session.scalar(select)
