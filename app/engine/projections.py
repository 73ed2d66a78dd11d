"""What lists, counts and reports read, written in the same transaction as the state they come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from sqlalchemy.orm import Session

from app import errors
from app.db import new_id
from app.engine import history, serializing, step_timers
from app.engine.addressing import Address, address_of
from app.engine.checkout import Failure, Turn, message_of
from app.engine.models import Fact, HumanTask, Incident, Instance, Participant, TaskCopy, Timer
from app.engine.serializing import VERSION
from app.engine.services import as_json
from app.engine.words import Words, words_of
from app.engine.workflow import due_at
from app.i18n import lazy_

_INSTANCE, _TASK, _TIMER = Instance.__table__, HumanTask.__table__, Timer.__table__
_INCIDENT, _FACT = Incident.__table__, Fact.__table__
_PARTICIPANT, _COPY = Participant.__table__, TaskCopy.__table__
SHARED = (
    "title", "business_key", "subject_kind", "subject_id",
    "region_code", "sector_code", "supervising_org_id", "responsible_org_id",
)  # fmt: skip
BACKOFF = (60, 300, 1800, 7200, 21600)  # seconds until a failed service task is tried again by itself


def save(turn: Turn) -> None:
    """Project the turn and store the state. Inside the write transaction, after everything ran."""
    main = turn.events[0] if turn.events else None  # a retry has none before its steps tell something
    head = _head(turn)
    ended = turn.workflow.is_completed()
    _human_tasks(turn, head | {"business_key": _shown_number(turn) or head["business_key"]})
    _event_timers(turn)
    _incidents(turn, ended)
    _facts(turn)
    if ended:
        _end(turn)
    if turn.path and turn.events:
        main = main or turn.events[0]
        main.data = main.data | {"path": turn.path}
    history.append(turn.session, turn.id, turn.now, turn.events)
    _store(turn, head, ended)


# -- the instance's own columns


def _head(turn: Turn) -> dict[str, Any]:
    """Title, subject and row-scope columns, from the expressions of process.toml over the data as it is now."""
    manifest, data, engine = turn.loaded.manifest, turn.workflow.data_now, turn.engine
    scope, subject = manifest.get("scope") or {}, manifest.get("subject") or {}

    def text(expression: Any, longest: int) -> str | None:
        value = engine.evaluate_softly(expression, data)
        return None if value is None or value == "" else str(value)[:longest]

    def organisation(expression: Any) -> str | None:
        value = engine.evaluate_softly(expression, data)
        return engine.directory.organisation(turn.session, value) if value else None

    starter = data.get("starter") or {}
    supervising = organisation(scope.get("supervising"))
    subject_id = text(subject.get("id"), 32)
    head = {
        "title": text(manifest.get("instance_title"), 300) or turn.loaded.title.get("zh", ""),
        "business_key": turn.instance["business_key"] or text(manifest.get("business_key"), 120),
        "subject_kind": subject.get("kind") if subject_id else None,
        "subject_id": subject_id,
        "region_code": text(scope.get("region"), 12),
        "sector_code": text(scope.get("sector"), 40),
        "supervising_org_id": supervising if scope.get("supervising") else starter.get("org_id"),
        "responsible_org_id": organisation(scope.get("responsible")),
    }
    turn.instance |= head
    return head


def _shown_number(turn: Turn) -> str | None:
    """The number that tasks bear: process.toml's, also where whoever started it gave a technical key (a rung does)."""
    value = turn.engine.evaluate_softly(turn.loaded.manifest.get("business_key"), turn.workflow.data_now)
    return None if value is None or value == "" else str(value)[:120]


def _store(turn: Turn, head: Mapping[str, Any], ended: bool) -> None:
    first = not turn.instance["rev"]
    rev = turn.instance["rev"] or 1
    text = serializing.dump(turn.workflow)
    if first or turn.restructured:
        serializing.require_round_trip(text, turn.loaded.specs)
    state, mac = serializing.seal(text, turn.engine.secret, turn.id, rev)
    earliest = turn.session.scalar(
        sa.select(sa.func.min(_TIMER.c.due_at)).where(_TIMER.c.instance_id == turn.id, _TIMER.c.state == "waiting")
    )
    values: dict[str, Any] = dict(head) | {
        "rev": rev,
        "state": state,
        "state_mac": mac,
        "serializer_version": VERSION,
        "next_due_at": earliest,
    }
    if ended:
        values |= {"status": "ended", "ended_at": turn.now, "end_node": turn.end_node}
    try:
        turn.session.execute(sa.update(_INSTANCE).where(_INSTANCE.c.id == turn.id).values(**values))
    except sa.exc.IntegrityError as twice:
        raise errors.Conflict(lazy_("这件事已经发起过"), business_key=head["business_key"]) from twice
    turn.instance["rev"] = rev


def _end(turn: Turn) -> None:
    turn.happened(
        "instance.ended",
        node_id=turn.end_node,
        notify={"process_zh": turn.loaded.title.get("zh"), "process_en": turn.loaded.title.get("en")},
    )
    turn.session.execute(
        sa.update(_TIMER).where(_TIMER.c.instance_id == turn.id, _TIMER.c.state == "waiting").values(state="cancelled")
    )
    turn.session.execute(
        sa.update(_INCIDENT)
        .where(_INCIDENT.c.instance_id == turn.id, _INCIDENT.c.resolved_at.is_(None))
        .values(resolved_at=turn.now, resolved_by_id=turn.actor.id, next_attempt_at=None)
    )


# -- human tasks


def _human_tasks(turn: Turn, head: Mapping[str, Any]) -> None:
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
    _copies(turn, words, task.data, row)


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


def _copies(turn: Turn, words: Words, data: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """抄送 on arrival. A copy that cannot be addressed is left out: it must not stop the work."""
    people: set[str] = set()
    for copy in words.cc:
        value = turn.engine.evaluate_softly(copy.org, data) if copy.org else None
        org_id = turn.engine.directory.organisation(turn.session, value) if value else None
        if copy.org and org_id is None:
            continue
        people |= {p.id for p in turn.engine.directory.candidates(turn.session, copy.role, org_id)}
    if people:
        give_copies(turn.session, row["instance_id"], row["id"], people, None, turn.now)
        turn.happened("task.copied", node_id=row["node_id"], task_id=row["id"], notify={"user_ids": sorted(people)})


def give_copies(
    session: Session, instance_id: str, task_id: str, user_ids: Iterable[str], by_id: str | None, now: dt.datetime
) -> list[str]:
    """Copy a task to people who have none yet; whoever gets one takes part in the instance. The new ones."""
    have = set(session.scalars(sa.select(_COPY.c.user_id).where(_COPY.c.task_id == task_id)))
    new = [user_id for user_id in dict.fromkeys(user_ids) if user_id not in have]
    for user_id in new:
        session.execute(
            sa.insert(_COPY).values(
                id=new_id(), task_id=task_id, user_id=user_id, by_id=by_id, created_at=now, read_at=None
            )
        )
        participate(session, instance_id, user_id=user_id)
    return new


def participate(
    session: Session,
    instance_id: str,
    *,
    user_id: str | None = None,
    org_id: str | None = None,
    role: str | None = None,
) -> None:
    """Remember who has to do with the instance."""
    same = sa.and_(
        _PARTICIPANT.c.instance_id == instance_id,
        _PARTICIPANT.c.user_id.is_not_distinct_from(user_id),
        _PARTICIPANT.c.org_id.is_not_distinct_from(org_id),
        _PARTICIPANT.c.role.is_not_distinct_from(role),
    )
    if session.scalar(sa.select(_PARTICIPANT.c.id).where(same)) is None:
        session.execute(
            sa.insert(_PARTICIPANT).values(
                id=new_id(), instance_id=instance_id, user_id=user_id, org_id=org_id, role=role
            )
        )


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


# -- timers of the diagram


def _event_timers(turn: Turn) -> None:
    """One row for each timer event that waits, with the instant it has fixed for itself."""
    session = turn.session
    waiting = {str(task.id): task for task in turn.workflow.waiting_timers() if due_at(task) is not None}
    rows = session.execute(
        sa.select(_TIMER.c.id, _TIMER.c.spiff_task_id, _TIMER.c.due_at).where(
            _TIMER.c.instance_id == turn.id, _TIMER.c.kind == "event", _TIMER.c.state == "waiting"
        )
    ).all()
    known = {row.spiff_task_id: row for row in rows}
    for spiff_id, row in known.items():
        if spiff_id not in waiting:
            fired = turn.workflow.has_fired(spiff_id)
            values = {"state": "fired", "fired_at": turn.now} if fired else {"state": "cancelled"}
            session.execute(sa.update(_TIMER).where(_TIMER.c.id == row.id).values(**values))
        elif (due := due_at(waiting[spiff_id])) != row.due_at:
            session.execute(sa.update(_TIMER).where(_TIMER.c.id == row.id).values(due_at=due))
    for spiff_id, task in waiting.items():
        if spiff_id not in known:
            due = due_at(task)
            session.execute(
                sa.insert(_TIMER).values(
                    id=new_id(),
                    instance_id=turn.id,
                    task_id=None,
                    spiff_task_id=spiff_id,
                    node_id=task.task_spec.bpmn_id,
                    kind="event",
                    detail={},
                    due_at=due,
                    original_due_at=due,
                    state="waiting",
                    attempts=0,
                    fence=0,
                )
            )


# -- incidents


def _incidents(turn: Turn, ended: bool) -> None:
    failed = set()
    for failure in turn.failures:
        failed.add(failure.spiff_task_id)
        again = turn.retrying.get(failure.spiff_task_id or "")
        if again:
            _count_attempt(turn, again, failure)
        elif turn.stuck.get(failure.spiff_task_id or "") is None:
            raise_incident(turn, failure)
    for spiff_id, incident_id in turn.retrying.items():
        if spiff_id not in failed:
            _resolve(turn, incident_id)
    for incident in turn.reported:
        if incident["id"] not in turn.retrying.values() and (ended or _is_over(turn, incident)):
            _resolve(turn, incident["id"])
    if not ended and not turn.failures and _nothing_will_happen(turn):
        raise_incident(
            turn, Failure(None, None, "stuck", "no open task, timer or message is left, yet it has not ended")
        )


def _is_over(turn: Turn, incident: Mapping[str, Any]) -> bool:
    """Whether what an incident tells of is past: its token or task has gone, or a stuck instance moves again."""
    if incident["kind"] == "stuck":
        return bool(turn.path)
    return incident["spiff_task_id"] is not None and not turn.workflow.lives(incident["spiff_task_id"])


def raise_incident(turn: Turn, failure: Failure) -> None:
    wait = BACKOFF[0] if failure.kind == "service" else None
    turn.session.execute(
        sa.insert(_INCIDENT).values(
            id=new_id(),
            instance_id=turn.id,
            spiff_task_id=failure.spiff_task_id,
            node_id=failure.node_id,
            kind=failure.kind,
            message=failure.message,
            created_at=turn.now,
            attempts=0,
            next_attempt_at=turn.now + dt.timedelta(seconds=wait) if wait else None,
        )
    )
    turn.happened("incident.raised", node_id=failure.node_id, data={"kind": failure.kind, "message": failure.message})


def _count_attempt(turn: Turn, incident_id: str, failure: Failure) -> None:
    attempts = (turn.session.scalar(sa.select(_INCIDENT.c.attempts).where(_INCIDENT.c.id == incident_id)) or 0) + 1
    wait = BACKOFF[attempts] if failure.kind == "service" and attempts < len(BACKOFF) else None
    turn.session.execute(
        sa.update(_INCIDENT)
        .where(_INCIDENT.c.id == incident_id)
        .values(
            attempts=attempts,
            message=failure.message,
            spiff_task_id=failure.spiff_task_id,
            next_attempt_at=turn.now + dt.timedelta(seconds=wait) if wait else None,
        )
    )
    turn.happened("incident.retried", node_id=failure.node_id, data={"attempts": attempts, "message": failure.message})


def _resolve(turn: Turn, incident_id: str) -> None:
    turn.session.execute(
        sa.update(_INCIDENT)
        .where(_INCIDENT.c.id == incident_id, _INCIDENT.c.resolved_at.is_(None))
        .values(resolved_at=turn.now, resolved_by_id=turn.actor.id, next_attempt_at=None)
    )
    turn.happened("incident.resolved", data={"incident": incident_id})


def _nothing_will_happen(turn: Turn) -> bool:
    """The watchdog of guard 2: nothing is open that a person or the clock could move."""
    if turn.created or any(turn.stuck):
        return False
    waits = sa.union_all(
        sa.select(_TASK.c.id).where(_TASK.c.instance_id == turn.id, _TASK.c.status == "open"),
        sa.select(_TIMER.c.id).where(
            _TIMER.c.instance_id == turn.id, _TIMER.c.state == "waiting", _TIMER.c.kind == "event"
        ),
        sa.select(_INCIDENT.c.id).where(_INCIDENT.c.instance_id == turn.id, _INCIDENT.c.resolved_at.is_(None)),
    )
    return turn.session.execute(waits.limit(1)).first() is None


# -- facts


def _facts(turn: Turn) -> None:
    promoted: Mapping[str, Any] = turn.loaded.manifest.get("facts") or {}
    if not promoted:
        return
    data, session = turn.workflow.data_now, turn.session
    known = {
        row.name: (row.text, row.number, row.at)
        for row in session.execute(sa.select(_FACT).where(_FACT.c.instance_id == turn.id))
    }
    for name, expression in promoted.items():
        typed = _typed(turn.engine.evaluate_softly(expression, data))
        if name not in known:
            if typed is not None:
                text, number, at = typed
                session.execute(
                    sa.insert(_FACT).values(instance_id=turn.id, name=name, text=text, number=number, at=at)
                )
        elif (typed or (None, None, None)) != known[name]:
            text, number, at = typed or (None, None, None)
            session.execute(
                sa.update(_FACT)
                .where(_FACT.c.instance_id == turn.id, _FACT.c.name == name)
                .values(text=text, number=number, at=at)
            )


def _typed(value: Any) -> tuple[str | None, float | None, dt.datetime | None] | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return ("true" if value else "false", float(value), None)
    if isinstance(value, dt.datetime):
        return (value.isoformat(), None, value)
    if isinstance(value, (int, float)):
        return (None, float(value), None)
    return (str(value)[:300], None, None)


def _iso(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at else None
