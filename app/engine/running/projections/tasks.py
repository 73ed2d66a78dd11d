"""Human tasks: a row for every token that waits for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task

from app.db import new_id
from app.engine.models import HumanTask
from app.engine.packages.words import Words, words_of
from app.engine.running import step_timers
from app.engine.running.addressing import Address, address_of
from app.engine.running.checkout import Failure, Turn, message_of
from app.engine.running.projections.people import copy_on_arrival, participate
from app.engine.running.services import as_json

_TASK = HumanTask.__table__


SHARED = (
    "title", "business_key", "subject_kind", "subject_id",
    "region_code", "sector_code", "supervising_org_id", "responsible_org_id",
)  # fmt: skip


def project_tasks(turn: Turn, head: Mapping[str, Any]) -> None:
    session = turn.session
    ready = {str(task.id): task for task in turn.workflow.human_tasks()}
    rows = session.execute(
        sa.select(_TASK.c.id, _TASK.c.spiff_task_id, _TASK.c.node_id, *(_TASK.c[name] for name in SHARED)).where(
            _TASK.c.instance_id == turn.id, _TASK.c.status == "open"
        )
    ).all()
    known = {row.spiff_task_id: row for row in rows}
    for spiff_id, row in known.items():
        if spiff_id not in ready:
            cancel_task(turn, row.id, row.node_id)
        elif any(getattr(row, name) != head[name] for name in SHARED):
            session.execute(sa.update(_TASK).where(_TASK.c.id == row.id).values({name: head[name] for name in SHARED}))
    for spiff_id, task in ready.items():
        if spiff_id not in known:
            _begin_task(turn, task, head)


def cancel_task(turn: Turn, task_id: str, node_id: str) -> None:
    """The token moved on without anybody completing the task."""
    turn.session.execute(sa.update(_TASK).where(_TASK.c.id == task_id).values(status="cancelled"))
    step_timers.cancel(turn.session, task_id)
    turn.happened("task.cancelled", node_id=node_id, task_id=task_id)


def _begin_task(turn: Turn, task: Task, head: Mapping[str, Any]) -> None:
    node = turn.loaded.nodes[task.task_spec.bpmn_id]
    words = words_of(node.properties)
    try:
        address = address_of(turn, node, words, task.data)
    except Exception as error:
        # Nobody may be given what was meant for somebody: the task waits, addressed to no one, until it is retried.
        address = Address(None, None, None)
        turn.failures.append(Failure(str(task.id), node.id, "address", message_of(error)))
    row: dict[str, Any] = {name: head[name] for name in SHARED} | {
        "id": new_id(),
        "instance_id": turn.id,
        "spiff_task_id": str(task.id),
        "definition_id": turn.loaded.id,
        "definition_key": turn.loaded.key,
        "node_id": node.id,
        "name_zh": node.name or node.id,
        "name_en": node.name_en or words.name_en,
        "process_zh": turn.loaded.title.get("zh", ""),
        "process_en": turn.loaded.title.get("en", ""),
        "status": "open",
        "role": address.role,
        "org_id": address.org_id,
        "assignee_id": address.assignee.id if address.assignee else None,
        "assignee_name": address.assignee.name if address.assignee else "",
        "claimed_at": turn.now if address.assignee else None,
        "form": words.form,
        "properties": dict(node.properties),
        "data": as_json(task.data),
        "from_id": turn.actor.id,
        "from_name": turn.actor.name,
        "from_org": turn.actor.org_name,
        "created_at": turn.now,
        "clock_started_at": turn.now,
        "late": False,
        "urges": 0,
        "rev": 0,
        "completed_by_name": "",
    }
    row |= _deadline(turn, words, task, turn.now)
    turn.session.execute(sa.insert(_TASK).values(**row))
    step_timers.arm(turn, row, words)
    if address.assignee:
        participate(turn.session, turn.id, user_id=address.assignee.id)
    elif address.role:
        participate(turn.session, turn.id, org_id=address.org_id, role=address.role)
    turn.created.append(row)
    turn.happened(
        "task.created",
        node_id=node.id,
        task_id=row["id"],
        data={"name_zh": row["name_zh"], "name_en": row["name_en"], "due_at": _iso(row.get("due_at"))},
        notify={},
    )
    copy_on_arrival(turn, words, task.data, row)


def _deadline(turn: Turn, words: Words, task: Task, start: dt.datetime) -> dict[str, Any]:
    if not words.deadline:
        return {"due_at": None, "amber_at": None, "original_due_at": None, "due_basis": None}
    data = task.data
    try:
        due = turn.engine.calendar.due(
            turn.session, words.deadline, start, lambda expression: turn.evaluate(expression, data)
        )
    except Exception as error:
        turn.failures.append(Failure(str(task.id), task.task_spec.bpmn_id, "timer", message_of(error)))
        return {"due_at": None, "amber_at": None, "original_due_at": None, "due_basis": None}
    return {
        "due_at": due.at,
        "amber_at": due.amber_at,
        "original_due_at": due.at,
        "due_basis": dict(due.basis) | {"deadline": words.deadline},
    }


def redo(turn: Turn, incident: Mapping[str, Any]) -> None:
    """Retry what a task lacks: an address (the task is made anew), or a deadline (its clock starts where it did)."""
    row = (
        turn.session.execute(
            sa.select(_TASK).where(_TASK.c.spiff_task_id == incident["spiff_task_id"], _TASK.c.status == "open")
        )
        .mappings()
        .first()
    )
    task = turn.workflow.task(incident["spiff_task_id"])
    if row is None or task is None:
        return
    if incident["kind"] == "address":
        turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row["id"]).values(status="cancelled"))
        step_timers.cancel(turn.session, row["id"])
        return
    words = words_of(row["properties"])
    deadline = _deadline(turn, words, task, row["clock_started_at"] or turn.now)
    turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row["id"]).values(**deadline))
    step_timers.cancel(turn.session, row["id"])
    step_timers.arm(turn, dict(row) | deadline, words)


def _iso(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at else None
