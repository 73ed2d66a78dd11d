"""Whether what is stored still agrees with itself: chains, seals, and the projections with the state they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app.audit import Finding
from app.engine.core import Core
from app.engine.models import Definition, HumanTask, Incident, Instance, Subscription, Timer
from app.engine.running import events, history, serializing, signing
from app.engine.running.checkout import message_of, unsealed
from app.engine.running.children.verifying import as_child, as_parent
from app.engine.running.workflow import Workflow, due_at, is_paused

_INSTANCE, _TASK, _TIMER = Instance.__table__, HumanTask.__table__, Timer.__table__
_INCIDENT, _SUBSCRIPTION = Incident.__table__, Subscription.__table__
_PAGE = 500
OVER = ("ended", "cancelled")
ONE_PERSON = (None, "", "single", "pool")  # policies whose step has one row; the others have one for each signer


class Verifying(Core):
    def verify_everything(self, session: Session) -> Iterator[Finding]:
        """Every definition, then instance after instance, each as it is at one moment; safe beside work going on.

        Holds one instance in memory. Ends the session's transaction again and again: give it one of its own.
        """
        yield from self._definitions(session)
        last = ""
        while ids := self._page(session, last):
            for instance_id in ids:
                _one_moment(session)
                yield from self._instance(session, instance_id)
                session.rollback()
                session.expunge_all()
            last = ids[-1]

    def _page(self, session: Session, after: str) -> Sequence[str]:
        select = sa.select(_INSTANCE.c.id).where(_INSTANCE.c.id > after).order_by(_INSTANCE.c.id).limit(_PAGE)
        ids = session.scalars(select).all()
        session.rollback()
        return ids

    def _definitions(self, session: Session) -> Iterator[Finding]:
        rows = session.execute(
            sa.select(Definition.id, Definition.key, Definition.version, Definition.content_hash).order_by(
                Definition.key, Definition.version
            )
        ).all()
        for row in rows:
            try:
                if self._load(session, row.id).package.content_hash != row.content_hash:
                    raise ValueError("its files are not those that were deployed")
            except Exception as damage:
                yield Finding("definition.damaged", "definition", row.id, f"{row.key} v{row.version}: {damage}")
        session.rollback()

    def _instance(self, session: Session, instance_id: str) -> Iterator[Finding]:
        row = session.execute(sa.select(*_INSTANCE.c).where(_INSTANCE.c.id == instance_id)).mappings().first()
        if row is None:
            return
        if broken := history.verify(session, instance_id):
            yield Finding("history.broken", "instance", instance_id, f"record {broken.seq}: {broken.reason}")
        yield from _left_over(session, dict(row))
        yield from as_child(session, dict(row))
        try:
            loaded = self.definition(session, row["definition_id"])
            workflow = self.attach(serializing.load(unsealed(self, dict(row)), loaded.specs))
        except Exception as damage:
            known = row["status"] == "quarantined"
            yield Finding("state.damaged", "instance", instance_id, message_of(damage), known)
            return
        if row["status"] in ("running", "suspended"):
            yield from _tasks(session, instance_id, workflow)
            yield from _timers(session, instance_id, workflow)
            yield from _subscriptions(session, instance_id, workflow)
            if loaded.detaches:
                yield from as_parent(session, instance_id, workflow)
            if not _can_go_on(session, instance_id, workflow):
                yield Finding("instance.stuck", "instance", instance_id, "nothing is left that could move it")


def _one_moment(session: Session) -> None:
    """All reads of one instance see one state, also where others commit between them."""
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _left_over(session: Session, row: Mapping[str, Any]) -> Iterator[Finding]:
    """What an instance that is over, or a task that is done, may not have any more."""
    waiting = sa.and_(_TIMER.c.instance_id == row["id"], _TIMER.c.state.in_(("waiting", "paused")))
    if row["status"] in OVER:
        opened = sa.select(_TASK.c.id).where(_TASK.c.instance_id == row["id"], _TASK.c.status == "open")
        for task_id in session.scalars(opened):
            yield Finding("task.left_over", "human_task", task_id, f"open, but instance {row['id']} is {row['status']}")
        for timer_id in session.scalars(sa.select(_TIMER.c.id).where(waiting)):
            yield Finding("timer.left_over", "timer", timer_id, f"waits, but instance {row['id']} is {row['status']}")
        waits = sa.select(_SUBSCRIPTION.c.id).where(_SUBSCRIPTION.c.instance_id == row["id"])
        for wait_id in session.scalars(waits.where(_SUBSCRIPTION.c.state == "waiting")):
            told = f"waits, but instance {row['id']} is {row['status']}"
            yield Finding("subscription.left_over", "subscription", wait_id, told)
        return
    of_done = sa.select(_TIMER.c.id, _TASK.c.status).join(_TASK, _TASK.c.id == _TIMER.c.task_id)
    for timer_id, status in session.execute(of_done.where(waiting, _TASK.c.status != "open")):
        yield Finding("timer.left_over", "timer", timer_id, f"waits, but its task is {status}")
    stands, kept = _TASK.c.paused_at.is_not(None), _TIMER.c.state == "paused"
    differs = sa.or_(sa.and_(stands, sa.not_(kept)), sa.and_(sa.not_(stands), kept))
    for timer_id, _status in session.execute(of_done.where(waiting, _TASK.c.status == "open", differs)):
        yield Finding("timer.paused", "timer", timer_id, "it stands and its task's clock runs, or the other way round")


def _tasks(session: Session, instance_id: str, workflow: Workflow) -> Iterator[Finding]:
    """A token that waits for a person has its row (one for each signer), and there is no other open row."""
    ready = {str(task.id): task for task in workflow.human_tasks()}
    rows = session.execute(
        sa.select(_TASK.c.id, _TASK.c.spiff_task_id, _TASK.c.node_id, _TASK.c.properties).where(
            _TASK.c.instance_id == instance_id, _TASK.c.status == "open"
        )
    ).all()
    count = Counter(row.spiff_task_id for row in rows)
    signed = {spiff_id: asked for spiff_id, task in ready.items() if (asked := signing.asked_by(task)) is not None}
    opened = {row.id for row in rows}
    for spiff_id, task in ready.items():
        if not count[spiff_id] or signed.get(spiff_id, set()) - opened:
            yield Finding("task.missing", "instance", instance_id, f"step {_node(task)} waits, but has no open task")
    for row in rows:
        if row.spiff_task_id not in ready:
            yield Finding("task.unexpected", "human_task", row.id, f"open, but no token waits at step {row.node_id}")
        elif row.spiff_task_id in signed:
            if row.id not in signed[row.spiff_task_id]:
                yield Finding("task.unexpected", "human_task", row.id, f"open, but not asked to sign {row.node_id}")
        elif count[row.spiff_task_id] > 1 and (row.properties or {}).get("policy") in ONE_PERSON:
            yield Finding("task.doubled", "human_task", row.id, f"step {row.node_id} has more than one open task")


def _timers(session: Session, instance_id: str, workflow: Workflow) -> Iterator[Finding]:
    """A timer of the diagram that waits has its row, with the same instant, and there is no other row that waits."""
    waiting = {str(task.id): task for task in workflow.waiting_timers() if due_at(task) is not None}
    rows = session.execute(
        sa.select(_TIMER.c.id, _TIMER.c.spiff_task_id, _TIMER.c.node_id, _TIMER.c.due_at, _TIMER.c.state).where(
            _TIMER.c.instance_id == instance_id,
            _TIMER.c.kind == "event",
            _TIMER.c.state.not_in(("fired", "cancelled")),
        )
    ).all()
    count = Counter(row.spiff_task_id for row in rows)
    for spiff_id, task in waiting.items():
        if not count[spiff_id]:
            yield Finding("timer.missing", "instance", instance_id, f"timer {_node(task)} waits, but has no row")
    for row in rows:
        task = waiting.get(row.spiff_task_id or "")
        if task is None:
            yield Finding("timer.unexpected", "timer", row.id, f"waits, but no token waits at {row.node_id}")
        elif count[row.spiff_task_id] > 1:
            yield Finding("timer.doubled", "timer", row.id, f"{row.node_id} has more than one row that waits")
        elif (due := due_at(task)) != row.due_at:
            yield Finding("timer.instant", "timer", row.id, f"{row.node_id}: row {row.due_at}, state {due}")
        elif is_paused(task) != (row.state == "paused"):
            told = f"{row.node_id}: row {row.state}, state {'paused' if is_paused(task) else 'running'}"
            yield Finding("timer.paused", "timer", row.id, told)


def _subscriptions(session: Session, instance_id: str, workflow: Workflow) -> Iterator[Finding]:
    """A token that waits for a message or signal has one row, with the same correlation, and there is no other row."""
    tasks = {str(task.id): task for task in events.waiting(workflow)}
    rows = session.execute(
        sa.select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.instance_id == instance_id, _SUBSCRIPTION.c.state == "waiting")
    ).all()
    count = Counter(row.spiff_task_id for row in rows)
    for spiff_id, task in tasks.items():
        if not count[spiff_id]:
            yield Finding("subscription.missing", "instance", instance_id, f"event {_node(task)} waits, but has no row")
    for row in rows:
        task = tasks.get(row.spiff_task_id)
        if task is None:
            told = f"waits, but no token waits at {row.node_id}"
            yield Finding("subscription.unexpected", "subscription", row.id, told)
        elif count[row.spiff_task_id] > 1:
            told = f"{row.node_id} has more than one row that waits"
            yield Finding("subscription.doubled", "subscription", row.id, told)
        elif row.correlation != task.internal_data[events.CORRELATION]:
            told = f"{row.node_id}: correlated otherwise than the state"
            yield Finding("subscription.correlation", "subscription", row.id, told)


def _can_go_on(session: Session, instance_id: str, workflow: Workflow) -> bool:
    """Whether a person, the clock, an event or an operator (there is an incident) can move it."""
    if workflow.human_tasks() or any(task.state == TaskState.WAITING for task in workflow.event_manager.tasks.values()):
        return True
    told = sa.select(_INCIDENT.c.id).where(_INCIDENT.c.instance_id == instance_id, _INCIDENT.c.resolved_at.is_(None))
    return session.execute(told.limit(1)).first() is not None


def _node(task: Task) -> str:
    return str(task.task_spec.bpmn_id)
