"""The rows of what goes on, told of the new version: names, forms and addresses; never a clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.engine.core import Loaded
from app.engine.models import Child, HumanTask, Incident, Instance, Signing, Subscription, Timer
from app.engine.packages.words import words_of
from app.engine.running.addressing import address_of
from app.engine.running.checkout import Turn
from app.engine.running.migrating.judging import CLOCK_WORDS, addressing_of
from app.engine.running.migrating.mapping import Pair
from app.engine.running.projections.people import participate
from app.engine.running.projections.tasks import LONGEST_NAME

_INSTANCE, _TASK, _TIMER = Instance.__table__, HumanTask.__table__, Timer.__table__
_TABLES: dict[str, sa.Table] = {
    "human_task": _TASK,
    "timer": _TIMER,
    "subscription": Subscription.__table__,
    "incident": Incident.__table__,
    "signing": Signing.__table__,
    "child": Child.__table__,
}
# What stays as it is, whatever the new version says.
_CLOCK = (
    "due_at", "amber_at", "original_due_at", "clock_started_at", "extensions", "clock_round", "paused_at",
)  # fmt: skip
_KEPT = (*_CLOCK, "assignee_id", "draft", "draft_by_id", "signing_id", "urges", "delegated_by_id")
Before = dict[str, dict[str, dict[str, Any]]]  # table → id → columns as they were


def _going_on(session: Session, instance_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row that speaks of a node where something still goes on."""
    conditions = {
        "human_task": _TASK.c.status == "open",
        "timer": _TIMER.c.state.in_(("waiting", "paused", "failed")),
        "subscription": _TABLES["subscription"].c.state == "waiting",
        "incident": _TABLES["incident"].c.resolved_at.is_(None),
        "signing": _TABLES["signing"].c.decided_at.is_(None),
        "child": sa.true(),
    }
    found = {}
    for name, table in _TABLES.items():
        owner = table.c.parent_id if name == "child" else table.c.instance_id
        rows = session.execute(sa.select(table).where(owner == instance_id, conditions[name])).mappings()
        found[name] = [dict(row) for row in rows]
    return found


def clocks(session: Session, instance_id: str) -> dict[str, dict[str, Any]]:
    """What must be the same afterwards: open tasks with clock, holder and draft; timers that wait, and until when."""
    rows = _going_on(session, instance_id)
    found = {row["id"]: {name: row[name] for name in _KEPT} | {"node": row["node_id"]} for row in rows["human_task"]}
    for row in rows["timer"]:
        kept = {name: row[name] for name in ("due_at", "original_due_at", "state", "detail", "kind", "task_id")}
        found[row["id"]] = kept | {"node": row["node_id"], "token": row["spiff_task_id"]}
    return found


def differing(
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]], ended: Iterable[str]
) -> tuple[str, str] | None:
    """The first row that is gone or has another clock, as (code, node). `ended` are tokens whose wait was to end."""
    gone = set(ended)
    for row_id, was in before.items():
        now = after.get(row_id)
        if now is None and was.get("token") in gone:
            continue
        if now is None or now | {"node": ""} != was | {"node": ""}:
            return ("clock_changed" if "token" in was else "tasks_changed"), str(was["node"])
    return None


def retell(turn: Turn, old: Loaded, pairs: Mapping[str, Pair]) -> Before:
    """Inside the write transaction, before anything is projected: what was written over is returned."""
    before: Before = {}

    def write(table: str, row: Mapping[str, Any], values: dict[str, Any]) -> None:
        changed = {name: value for name, value in values.items() if row[name] != value}
        if changed:
            before.setdefault(table, {})[row["id"]] = {name: row[name] for name in changed}
            turn.session.execute(sa.update(_TABLES[table]).where(_TABLES[table].c.id == row["id"]).values(**changed))

    for table, rows in _going_on(turn.session, turn.id).items():
        for row in rows:
            node = pairs.get(row["node_id"] or "")
            if node is None or node.target is None:
                continue
            if table == "human_task":
                write(table, row, _task_values(turn, old, row, node.target))
            elif row["node_id"] != node.target:
                write(table, row, {"node_id": node.target})
    values = {"definition_id": turn.loaded.id, "definition_version": turn.loaded.version}
    turn.session.execute(sa.update(_INSTANCE).where(_INSTANCE.c.id == turn.id).values(**values))
    turn.instance |= values
    return before


def _task_values(turn: Turn, old: Loaded, row: Mapping[str, Any], target: str) -> dict[str, Any]:
    node = turn.loaded.nodes[target]
    words = words_of(node.properties)
    changed_form = old.form(row["form"]) != turn.loaded.form(words.form)
    return {
        "definition_id": turn.loaded.id,
        "node_id": node.id,
        "name_zh": (node.name or node.id)[:LONGEST_NAME],
        "name_en": (node.name_en or words.name_en)[:LONGEST_NAME],
        "process_zh": turn.loaded.title.get("zh", ""),
        "process_en": turn.loaded.title.get("en", ""),
        "form": words.form,
        "properties": _properties(row["properties"], node.properties),
        "rev": row["rev"] + 1 if changed_form else row["rev"],  # whoever fills it in is told that it changed
        **_address(turn, old, row, target),
    }


def _properties(before: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The new version's words, but for those that the running clock was made by."""
    kept = {name: value for name, value in new.items() if name not in CLOCK_WORDS}
    return kept | {name: before[name] for name in CLOCK_WORDS if name in before}


def _address(turn: Turn, old: Loaded, row: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Where the step's address changed, that of the new version. Whoever holds the task goes on holding it."""
    was, node = old.nodes[row["node_id"]], turn.loaded.nodes[target]
    words, engine = words_of(node.properties), turn.engine
    if row["signing_id"] or addressing_of(engine, was, words_of(was.properties)) == addressing_of(engine, node, words):
        return {}
    task = turn.workflow.task(row["spiff_task_id"])
    address = address_of(turn, node, words, task.data if task is not None else {})
    values: dict[str, Any] = {"role": address.role, "org_id": address.org_id}
    if row["assignee_id"] is None:
        if address.assignee:
            values |= {"assignee_id": address.assignee.id, "assignee_name": address.assignee.name}
            values |= {"claimed_at": turn.now}
            participate(turn.session, turn.id, user_id=address.assignee.id)
        elif address.role:
            participate(turn.session, turn.id, org_id=address.org_id, role=address.role)
    return values


def restore(session: Session, before: Before) -> None:
    """The rows as they were, where they still go on."""
    for table, rows in before.items():
        for row_id, values in rows.items():
            session.execute(sa.update(_TABLES[table]).where(_TABLES[table].c.id == row_id).values(**values))
