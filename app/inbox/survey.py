"""What stands around a list of the inbox: how many tasks there are of each kind, and what can be chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Region
from app.engine import HumanTask
from app.inbox import boxes
from app.inbox.queries import matches, rows_in

MOST_COUNTED = 999  # on a tab


@dataclass(frozen=True)
class Survey:
    """Every number but `size` is under the filters; what a click would give is counted without what it changes."""

    size: int  # of the whole box
    total: int
    headings: dict[str, int]
    lights: dict[str, int]  # "" counts all
    urged: int
    processes: list[tuple[str, str, str]]  # that occur in the box: (key, Chinese name, English name)
    steps: list[tuple[str, str, str]]  # the same: (definition.node, Chinese name, English name)
    towns: list[tuple[str, str, str]]  # the same: (code, Chinese name, English name)


def survey(session: Session, user: Any, box: str, filters: Mapping[str, Any], now: dt.datetime) -> Survey:
    """One pass over the box, grouped by everything that is counted."""
    text = matches(filters)
    kinds = {
        "process": HumanTask.definition_key,
        "node": HumanTask.node_id,
        "town": sa.func.substr(HumanTask.region_code, 1, 9),
        "heading": boxes.group_of(now),
        "light": boxes.light_of(now),
        "urged": sa.case((HumanTask.urges > 0, 1), else_=0),
        "matched": sa.literal(1) if text is None else sa.case((text, 1), else_=0),
    }
    rows = rows_in(user, box, [HumanTask.id.label("id"), *(kind.label(name) for name, kind in kinds.items())])
    named = [rows.c[name] for name in kinds]
    select = sa.select(*named, sa.func.count().label("n"), sa.func.max(rows.c.id).label("newest")).group_by(*named)
    groups = list(session.execute(select))

    def passing(**changes: str) -> list[Any]:
        wanted = {**filters, **changes}
        return [
            group
            for group in groups
            if group.matched
            and wanted.get("light") in (None, "", group.light)
            and wanted.get("process") in (None, "", group.process)
            and wanted.get("step") in (None, "", f"{group.process}.{group.node}")
            and (group.urged or not wanted.get("urged"))
        ]

    shown, lights = passing(), _sums(passing(light=""), "light")
    steps = _names(session, groups)
    return Survey(
        size=sum(group.n for group in groups),
        total=sum(group.n for group in shown),
        headings=_sums(shown, "heading"),
        lights={"": sum(lights.values()), **{light: lights.get(light, 0) for light in boxes.LIGHTS}},
        urged=sum(group.n for group in passing(urged="1")),
        processes=sorted({key: (key, row.process_zh, row.process_en) for (key, _node), row in steps.items()}.values()),
        steps=[(f"{key}.{node}", row.name_zh, row.name_en) for (key, node), row in sorted(steps.items())],
        towns=_towns(session, {group.town for group in groups if group.town}),
    )


def _sums(groups: Iterable[Any], kind: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for group in groups:
        found[getattr(group, kind)] = found.get(getattr(group, kind), 0) + int(group.n)
    return found


def _names(session: Session, groups: Iterable[Any]) -> dict[tuple[str, str], Any]:
    """(process, node) → how the newest task there names both."""
    newest: dict[tuple[str, str], str] = {}
    for group in groups:
        step = (group.process, group.node)
        newest[step] = max(newest.get(step, ""), group.newest)
    columns = (HumanTask.name_zh, HumanTask.name_en, HumanTask.process_zh, HumanTask.process_en)
    select = sa.select(HumanTask.id, *columns).where(HumanTask.id.in_(newest.values()))
    named = {row.id: row for row in session.execute(select)}
    return {step: named[task_id] for step, task_id in newest.items() if task_id in named}


def _towns(session: Session, codes: Iterable[str]) -> list[tuple[str, str, str]]:
    wanted = [f"{code}000" for code in codes]
    if not wanted:
        return []
    select = sa.select(Region).where(Region.code.in_(wanted), Region.level == "town").order_by(Region.code)
    return [(region.code, region.name, region.name_en or "") for region in session.scalars(select)]


def box_counts(session: Session, user: Any) -> dict[str, int]:
    """The numbers on the tabs, up to one more than anybody counts to. 已办 has none: it only grows."""
    counted = [box for box in boxes.BOXES if box != "done"]
    numbers = session.execute(sa.select(*(_up_to_most(user, box).label(box) for box in counted))).one()
    return dict(zip(counted, map(int, numbers), strict=True))


def _up_to_most(user: Any, box: str) -> sa.ScalarSelect[int]:
    rows = rows_in(user, box, [sa.literal(1).label("one")])
    some = sa.select(rows.c.one).limit(MOST_COUNTED + 1).subquery()
    return sa.select(sa.func.count()).select_from(some).scalar_subquery()
