"""Human tasks: a row for every token that waits for a person, several where several people sign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task

from app.db import UNAVAILABLE, new_id
from app.engine.models import HumanTask
from app.engine.packages.words import Words, words_of
from app.engine.ports import Person
from app.engine.running import step_timers
from app.engine.running.addressing import Address, address_of, signers_of
from app.engine.running.checkout import Failure, Turn, message_of
from app.engine.running.pauses import drop_pause
from app.engine.running.projections.beginning_anew import anew, clock_of, letter
from app.engine.running.projections.people import copy_on_arrival, participate
from app.engine.running.projections.signings import carry_ladder, store_tally
from app.engine.running.services import as_json
from app.engine.running.signing import ORGANISATION, Signing
from app.prepared import Prepared

_TASK = HumanTask.__table__
LONGEST_NAME = 200  # characters of a step's name that lists show; the diagram has it whole
SHARED = (
    "title", "business_key", "subject_kind", "subject_id",
    "region_code", "sector_code", "supervising_org_id", "responsible_org_id",
)  # fmt: skip
_OPEN = Prepared(
    sa.select(
        _TASK.c.id, _TASK.c.spiff_task_id, _TASK.c.node_id, _TASK.c.signing_id, *(_TASK.c[name] for name in SHARED)
    ).where(_TASK.c.instance_id == sa.bindparam("instance_id"), _TASK.c.status == "open")
)
_ADD = Prepared(sa.insert(_TASK))
_CANCEL = Prepared(sa.update(_TASK).where(_TASK.c.id == sa.bindparam("cancelled_id")).values(status="cancelled"))


def project_tasks(turn: Turn, head: Mapping[str, Any]) -> None:
    session = turn.session
    ready = {str(task.id): task for task in turn.workflow.human_tasks()}
    rows = sorted(_OPEN.all(session, {"instance_id": turn.id}))  # by id; the database would make a table to sort in
    known: dict[str, list[Any]] = {}
    for row in rows:
        if row.spiff_task_id not in ready:
            cancel_task(turn, row.id, row.node_id)
            continue
        known.setdefault(row.spiff_task_id, []).append(row)
        if any(getattr(row, name) != head[name] for name in SHARED):
            session.execute(sa.update(_TASK).where(_TASK.c.id == row.id).values({name: head[name] for name in SHARED}))
    for spiff_id, task in ready.items():
        words = words_of(turn.loaded.nodes[task.task_spec.bpmn_id].properties)
        if words.signs:
            project_signing(turn, task, words, known.get(spiff_id, []), head)
        elif spiff_id not in known:
            _begin_task(turn, task, words, head)


def cancel_task(turn: Turn, task_id: str, node_id: str) -> None:
    """The token moved on without anybody completing the task."""
    _CANCEL.run(turn.session, {"cancelled_id": task_id})
    step_timers.cancel(turn.session, task_id)
    drop_pause(turn, task_id)
    turn.happened("task.cancelled", node_id=node_id, task_id=task_id)


def _begin_task(turn: Turn, task: Task, words: Words, head: Mapping[str, Any]) -> None:
    node = turn.loaded.nodes[task.task_spec.bpmn_id]
    try:
        address = address_of(turn, node, words, task.data)
    except UNAVAILABLE:
        raise
    except Exception as error:
        address = _nobody(turn, task, error)
    row = _begin_row(turn, task, words, head, address, deadline_of(turn, words, task, turn.now))
    copy_on_arrival(turn, words, task.data, row)


def _nobody(turn: Turn, task: Task, error: Exception) -> Address:
    """Nobody may be given what was meant for somebody: the task waits, addressed to no one, until it is retried."""
    turn.failures.append(Failure(str(task.id), task.task_spec.bpmn_id, "address", message_of(error)))
    return Address(None, None, None)


def project_signing(turn: Turn, task: Task, words: Words, rows: Sequence[Any], head: Mapping[str, Any]) -> None:
    """A row for each who is asked to sign now, none for anybody else."""
    signing = Signing.of_task(task, words)
    if signing is None:
        if any(row.signing_id is None for row in rows):
            return  # nobody could be found: the task waits with its incident
        try:
            signers = signers_of(turn, turn.loaded.nodes[task.task_spec.bpmn_id], words, task.data)
        except UNAVAILABLE:
            raise
        except Exception as error:
            deadline = deadline_of(turn, words, task, turn.now)
            _begin_row(turn, task, words, head, _nobody(turn, task, error), deadline)
            return
        signing = Signing.begin(task, words, signers)
    asked = {signer["task_id"] for signer in signing.asked}
    for row in rows:
        if row.id not in asked:
            cancel_task(turn, row.id, row.node_id)
    _ask(turn, task, signing, head)
    store_tally(turn, task.task_spec.bpmn_id, signing)


def _ask(turn: Turn, task: Task, signing: Signing, head: Mapping[str, Any]) -> None:
    """Rows for the signers whose turn it is and who have none yet. The step's ladder hangs on one of its rows."""
    new = [signer for signer in signing.asked if signer["task_id"] is None]
    plain = replace(signing.words, ladder=())
    deadline = deadline_of(turn, signing.words, task, turn.now) if new else {}
    first = all(signer["task_id"] is None for signer in signing.signers)
    for signer in new:
        row = _begin_row(turn, task, plain, head, _address(turn, signer), deadline, signing.id, _asking(signer))
        signer["task_id"] = row["id"]
        if first:  # copies are of the step, not of each signature
            copy_on_arrival(turn, signing.words, task.data, row)
            first = False
    carry_ladder(turn, signing)


def _address(turn: Turn, signer: Mapping[str, Any]) -> Address:
    if signer["kind"] == ORGANISATION:
        return Address(signer["role"], signer["org_id"], None)
    person = Person(signer["id"], signer["name"], signer["org_id"], signer["org_name"])
    return Address(signer["role"], signer["org_id"], person)


def _asking(signer: Mapping[str, Any]) -> dict[str, Any]:
    """What the message of an added signer's task says instead: who asks, and why."""
    if "reason" not in signer:
        return {}
    who = {"actor_id": signer["added_by"], "actor_name": signer["added_name"]}
    return {"event": "task.signer_added", "user_ids": [signer["id"]], "reason": signer["reason"]} | who


def _begin_row(
    turn: Turn,
    task: Task,
    words: Words,
    head: Mapping[str, Any],
    address: Address,
    deadline: Mapping[str, Any],
    signing_id: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    node = turn.loaded.nodes[task.task_spec.bpmn_id]
    properties = dict(node.properties)
    if signing_id:
        properties.pop("ladder", None)  # see carry_ladder
    row: dict[str, Any] = {name: head[name] for name in SHARED} | {
        "id": new_id(),
        "instance_id": turn.id,
        "spiff_task_id": str(task.id),
        "definition_id": turn.loaded.id,
        "definition_key": turn.loaded.key,
        "node_id": node.id,
        "name_zh": (node.name or node.id)[:LONGEST_NAME],
        "name_en": (node.name_en or words.name_en)[:LONGEST_NAME],
        "process_zh": turn.loaded.title.get("zh", ""),
        "process_en": turn.loaded.title.get("en", ""),
        "status": "open",
        "role": address.role,
        "org_id": address.org_id,
        "assignee_id": address.assignee.id if address.assignee else None,
        "assignee_name": address.assignee.name if address.assignee else "",
        "claimed_at": turn.now if address.assignee else None,
        "form": words.form,
        "properties": properties,
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
        "signing_id": signing_id,
        **deadline,
    }
    row |= anew(turn, row, words)
    _ADD.run(turn.session, row)
    step_timers.arm(turn, row, words, first=True, clock_of=clock_of(turn, node.id))
    if row["assignee_id"]:
        participate(turn.session, turn.id, user_id=row["assignee_id"])
    elif address.role:
        participate(turn.session, turn.id, org_id=address.org_id, role=address.role)
    turn.created.append(row)
    turn.happened(
        "task.created",
        node_id=node.id,
        task_id=row["id"],
        data={"name_zh": row["name_zh"], "name_en": row["name_en"], "due_at": _iso(row.get("due_at"))},
        notify=letter(turn, node.id) | dict(told or {}),
    )
    return row


def deadline_of(turn: Turn, words: Words, task: Task, start: dt.datetime) -> dict[str, Any]:
    """Due and amber instants of a step that begins; one that cannot be counted is an incident of the turn."""
    if not words.deadline:
        return {"due_at": None, "amber_at": None, "original_due_at": None, "due_basis": None}
    data = task.data
    try:
        due = turn.engine.calendar.due(
            turn.session, words.deadline, start, lambda expression: turn.evaluate(expression, data)
        )
    except UNAVAILABLE:
        raise
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
    found = sa.select(_TASK).where(
        _TASK.c.instance_id == turn.id, _TASK.c.spiff_task_id == incident["spiff_task_id"], _TASK.c.status == "open"
    )
    task = turn.workflow.task(incident["spiff_task_id"])
    for row in turn.session.execute(found).mappings().all() if task is not None else ():
        if incident["kind"] == "address":
            turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row["id"]).values(status="cancelled"))
            step_timers.cancel(turn.session, row["id"])
        else:
            _redo_deadline(turn, task, dict(row))


def _redo_deadline(turn: Turn, task: Task, row: Mapping[str, Any]) -> None:
    words = words_of(row["properties"])
    deadline = deadline_of(turn, words, task, row["clock_started_at"] or turn.now)
    turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row["id"]).values(**deadline))
    step_timers.cancel(turn.session, row["id"])
    step_timers.arm(turn, dict(row) | deadline, words)


def _iso(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at else None
