"""Verbs on whole instances: start and complete (the acts of checkout.py), amend, retry, suspend, resume, cancel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor, Break
from app.db import write_transaction
from app.engine.models import Child, HumanTask, Incident, Instance, Subscription, Timer
from app.engine.running import history
from app.engine.running.acts.amend import Amend
from app.engine.running.acts.complete import TRIES, Complete
from app.engine.running.acts.named import call_named
from app.engine.running.acts.retry import Retry
from app.engine.running.acts.start import Start
from app.engine.running.checkout import Happened, Turn, checkout, load_turn, quarantined
from app.engine.running.children import rows as children
from app.engine.running.locking import lock_instance
from app.engine.running.plain import ENGINE_NAMES, checked
from app.engine.running.projections.tasks import cancel_task
from app.engine.running.serializing import DamagedState
from app.engine.verbs.definitions import DefinitionVerbs
from app.engine.verbs.tasks import required_text
from app.i18n import lazy_

_INSTANCE, _TASK, _TIMER = Instance.__table__, HumanTask.__table__, Timer.__table__
_INCIDENT, _SUBSCRIPTION, _CHILD = Incident.__table__, Subscription.__table__, Child.__table__
LONGEST_KEY = 120  # characters of a business key


@dataclass(frozen=True)
class NextTask:
    """A task that began because of what was just done."""

    id: str
    node_id: str
    name_zh: str
    name_en: str
    role: str | None
    org_id: str | None
    assignee_id: str | None
    assignee_name: str
    due_at: dt.datetime | None


@dataclass(frozen=True)
class Started:
    instance_id: str
    subject_id: str | None
    tasks: list[str]
    next: list[NextTask]
    ended: bool


@dataclass(frozen=True)
class Completed:
    instance_id: str
    task_id: str
    late: bool
    ended: bool
    next: list[NextTask]


class InstanceVerbs(DefinitionVerbs):
    def start(
        self,
        key: str,
        data: Mapping[str, Any],
        *,
        by: Actor,
        business_key: str | None = None,
        as_form: bool = True,
    ) -> Started:
        """Start the published version of a process. `data` answers its start form where it has one.

        With `as_form` False it does not: an import knows more than the form asks, and the process checks it itself.
        NotFound without a published version, Forbidden for people who hold none of the starters' roles, Invalid for
        wrong answers, Conflict when this business key was started before.
        """
        with self.sessions() as session:
            loaded = self.published(session, key)
            if loaded is None:
                raise errors.NotFound()
            if by.id is not None and not self.may_start(session, loaded, by.id):
                raise errors.Forbidden(lazy_("您的岗位不能发起这项流程"))
            self._require_new(session, key, business_key)
            asked = as_form and by.id is not None
            form = loaded.form(loaded.manifest.get("start_form")) if asked else None
            answers = self._start_answers(session, form, data, by)
        turn = checkout(self, Start(by, loaded, answers, business_key, form=form))
        return started(turn)

    def complete(
        self,
        task_id: str,
        answers: Mapping[str, Any],
        *,
        by: Actor,
        rev: int | None = None,
        foretell: Callable[[Completed], None] | None = None,
    ) -> Completed:
        """提交. Forbidden, Invalid with errors per field, Conflict when it was done, claimed or changed meanwhile.

        `foretell` is told the result before it is committed, perhaps several times, and for nothing if that fails.
        """
        tell = None if foretell is None else (lambda turn: foretell(_completed(turn, task_id)))
        return _completed(checkout(self, Complete(by, task_id, answers, rev, foretell=tell), tries=TRIES), task_id)

    def amend(self, instance_id: str, data: Mapping[str, Any], reason: str, *, by: Actor) -> None:
        """更正: change variables of a running instance; the record follows through the process's `on_amend`."""
        if own := [name for name in ENGINE_NAMES if name in data]:
            raise errors.Invalid({name: [lazy_("这一项由系统记录，不能更正")] for name in own})
        checkout(self, Amend(by, instance_id, checked(dict(data)), required_text(reason, "reason")))

    def retry(self, incident_id: str, *, by: Actor) -> bool:
        """Try again where the token waits. True when it went through; a further failure keeps the incident open."""
        checkout(self, Retry(by, incident_id))
        with self.sessions() as session:
            return session.scalar(sa.select(_INCIDENT.c.resolved_at).where(_INCIDENT.c.id == incident_id)) is not None

    def suspend(self, instance_id: str, reason: str, *, by: Actor) -> None:
        """Stop an instance: no task can be acted on, no timer fires, until it is resumed."""
        self._switch(instance_id, "running", "suspended", "instance.suspended", required_text(reason, "reason"), by)

    def resume(self, instance_id: str, reason: str = "", *, by: Actor) -> None:
        """Let a suspended instance go on; what became due meanwhile fires at the next sweep."""
        self._switch(instance_id, "suspended", "running", "instance.resumed", reason.strip(), by)

    def cancel(self, instance_id: str, reason: str, *, by: Actor) -> None:
        """撤销: end an instance and what it started, with a reason; the process's `on_cancel` tells the record.

        Children that a detached call waits for are cancelled after the commit, each for itself.
        """
        reason = required_text(reason, "reason")
        with self.sessions() as session:
            try:
                turn = load_turn(self, session, instance_id, by)
                with write_transaction(session):
                    turn.writing = True
                    self._cancel(session, turn, reason)
            except DamagedState as damage:
                raise quarantined(self, session, damage) from damage

    def verify(self, session: Session, instance_id: str) -> Break | None:
        """The first record at which the history chain of an instance breaks, or None."""
        return history.verify(session, instance_id)

    def verify_all(self, session: Session) -> Iterable[tuple[str, Break]]:
        return history.verify_all(session)

    # --

    def _require_new(self, session: Session, key: str, business_key: str | None) -> None:
        if business_key is None:
            return
        if len(business_key) > LONGEST_KEY:
            raise errors.Invalid({"business_key": [lazy_("最多 %(n)s 个字", n=LONGEST_KEY)]})
        found = session.scalar(
            sa.select(_INSTANCE.c.id).where(_INSTANCE.c.definition_key == key, _INSTANCE.c.business_key == business_key)
        )
        if found:
            raise errors.Conflict(lazy_("这件事已经发起过"), instance_id=found, business_key=business_key)

    def _start_answers(
        self, session: Session, form: Mapping[str, Any] | None, data: Mapping[str, Any], by: Actor
    ) -> dict[str, Any]:
        """People answer the start form; the system hands over data as it is."""
        if form is None or self.forms is None:
            return dict(checked(dict(data)))
        valid = self.forms.validate(session, form, data, data={}, actor=by, instance_id=None, now=self.clock.now())
        return dict(checked(valid))

    def _switch(self, instance_id: str, before: str, after: str, event: str, reason: str, by: Actor) -> None:
        with self.sessions() as session, write_transaction(session):
            lock_instance(session, instance_id)
            self._switch_one(session, instance_id, before, after, event, reason, by)

    def _switch_one(
        self, session: Session, instance_id: str, before: str, after: str, event: str, reason: str, by: Actor
    ) -> None:
        """Inside a transaction that holds it. Children that it waits for follow after the commit."""
        status = session.scalar(sa.select(_INSTANCE.c.status).where(_INSTANCE.c.id == instance_id))
        if status is None:
            raise errors.NotFound()
        if status != before:
            raise errors.Conflict(lazy_("此事项已有变化，请按最新情况办理"), status=status)
        session.execute(sa.update(_INSTANCE).where(_INSTANCE.c.id == instance_id).values(status=after))
        if after == "running":  # whoever lets it go on: what its parent did to it is over
            own = sa.and_(_CHILD.c.instance_id == instance_id, _CHILD.c.held)
            session.execute(sa.update(_CHILD).where(own).values(held=False))
        line = Happened(event, by, data={"reason": reason})
        history.append(session, instance_id, self.clock.now(), [line])
        children.follow_all(session, instance_id, self.clock.now(), by, reason)

    def _cancel(self, session: Session, turn: Turn, reason: str) -> None:
        lock_instance(session, turn.id)
        taken = session.execute(
            sa.update(_INSTANCE)
            .where(_INSTANCE.c.id == turn.id, _INSTANCE.c.status == "running", _INSTANCE.c.rev == turn.instance["rev"])
            .values(status="cancelled", ended_at=turn.now, next_due_at=None)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            raise errors.Conflict()
        turn.happened("instance.cancelled", data={"reason": reason}, notify={"reason": reason})
        for task_id, node_id in session.execute(
            sa.select(_TASK.c.id, _TASK.c.node_id).where(_TASK.c.instance_id == turn.id, _TASK.c.status == "open")
        ).all():
            cancel_task(turn, task_id, node_id)
        session.execute(
            sa.update(_TIMER)
            .where(_TIMER.c.instance_id == turn.id, _TIMER.c.state.in_(("waiting", "paused")))
            .values(state="cancelled")
        )
        session.execute(
            sa.update(_INCIDENT)
            .where(_INCIDENT.c.instance_id == turn.id, _INCIDENT.c.resolved_at.is_(None))
            .values(resolved_at=turn.now, resolved_by_id=turn.actor.id, next_attempt_at=None)
        )
        session.execute(
            sa.update(_SUBSCRIPTION)
            .where(_SUBSCRIPTION.c.instance_id == turn.id, _SUBSCRIPTION.c.state == "waiting")
            .values(state="cancelled", ended_at=turn.now)
        )
        call_named(self, turn, turn.loaded.manifest.get("on_cancel"), {"reason": reason})
        history.append(session, turn.id, turn.now, turn.events)
        turn.end_node = None
        children.over(turn, "cancelled")
        children.give_up_all(turn, reason)
        attached = sa.and_(_INSTANCE.c.parent_id == turn.id, _INSTANCE.c.parent_node.is_(None))
        going = sa.and_(attached, _INSTANCE.c.status.in_(("running", "suspended")))
        for child in session.scalars(sa.select(_INSTANCE.c.id).where(going)).all():
            self._cancel_one(session, child, turn.actor, reason)

    def _cancel_one(self, session: Session, instance_id: str, by: Actor, reason: str) -> None:
        """Inside a transaction that holds it. What is suspended ends too. Conflict when it is over or quarantined."""
        suspended = sa.and_(_INSTANCE.c.id == instance_id, _INSTANCE.c.status == "suspended")
        session.execute(sa.update(_INSTANCE).where(suspended).values(status="running"))
        turn = load_turn(self, session, instance_id, by)
        turn.writing = True
        self._cancel(session, turn, reason)


def started(turn: Turn) -> Started:
    """What whoever started an instance is told."""
    return Started(
        turn.id, turn.instance.get("subject_id"), [row["id"] for row in turn.created], _next(turn), _ended(turn)
    )


def _completed(turn: Turn, task_id: str) -> Completed:
    late = any(line.event == "task.completed" and line.data.get("late") for line in turn.events)
    return Completed(turn.id, task_id, late, _ended(turn), _next(turn))


def _ended(turn: Turn) -> bool:
    return bool(turn.workflow.is_completed())


def _next(turn: Turn) -> list[NextTask]:
    return [NextTask(**{name: row[name] for name in NextTask.__dataclass_fields__}) for row in turn.created]
