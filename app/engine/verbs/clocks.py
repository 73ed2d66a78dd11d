"""Verbs on clocks: extend a step's limit, stop and go on, ask for more time, move a timer by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.db import write_transaction
from app.engine.core import Loaded
from app.engine.models import ClockPause, Fact, HumanTask, Instance
from app.engine.packages.words import words_of
from app.engine.running import history
from app.engine.running.acts import clocks
from app.engine.running.acts import move_timer as moving
from app.engine.running.acts.authority import open_task, require_may_act, supervises
from app.engine.running.acts.start import Start, about_task
from app.engine.running.checkout import Halted, Happened, Overrun, StepFailed, checkout, run_inside
from app.engine.running.locking import lock_instance
from app.engine.verbs.instances import InstanceVerbs, Started, started
from app.engine.verbs.tasks import required_text
from app.i18n import lazy_

KIND = "kind"  # the fact of a request's process that tells its requests apart
_TASK, _INSTANCE, _PAUSE = HumanTask.__table__, Instance.__table__, ClockPause.__table__


class ClockVerbs(InstanceVerbs):
    def extend(self, task_id: str, due_at: dt.datetime, reason: str, *, by: Actor, operator: bool = False) -> None:
        """延期. The step is due later; its reminders, overdue mark and ladder begin anew, and history keeps the old.

        For the supervising side and never for the holder; with `operator` the caller has asked who may. Invalid when
        the new due does not lie after now and after the old one, Conflict when the task is over or has no deadline.
        While the clock is stopped it stands on, with what is left of the new limit.
        """
        reason = required_text(reason, "reason")
        authority = None if operator else self._supervisor(by)
        checkout(self, clocks.Extend(by, task_id, reason, authority, due_at=due_at))

    def extend_inside(
        self,
        session: Session,
        task_id: str,
        due_at: dt.datetime,
        reason: str,
        *,
        by: Actor,
        now: dt.datetime,
        request: str | None = None,
    ) -> None:
        """The same for a service task of another instance, in its write transaction. That process has decided.

        `request` is the instance in which it was decided. It is kept with the new deadline and in history.
        """
        self._lock_another(session, task_id)
        run_inside(self, session, clocks.Extend(by, task_id, reason, due_at=due_at, request=request, now=now))

    def pause_clock(self, task_id: str, reason: str, *, by: Actor, operator: bool = False) -> None:
        """中止计时. Nothing of the step fires, and what is left of its limit is kept.

        Where the step's `allow` says `pause`, by the supervising side and never by the holder; an operator anywhere.
        Conflict when it stands already, when it is overdue, and when there is no deadline.
        """
        reason = required_text(reason, "reason")
        checkout(self, clocks.Pause(by, task_id, reason, None if operator else self._supervisor(by, "pause")))

    def pause_inside(self, session: Session, task_id: str, reason: str, *, by: Actor) -> None:
        """The same for a service task of another instance, in its write transaction. That process has decided."""
        self._lock_another(session, task_id)
        run_inside(self, session, clocks.Pause(by, task_id, reason, None))

    def resume_clock(self, task_id: str, reason: str = "", *, by: Actor, operator: bool = False) -> None:
        """恢复计时. What was left of the limit runs on from now, on its own clock. Conflict when it runs."""
        reason = reason.strip() and required_text(reason, "reason")
        checkout(self, clocks.Resume(by, task_id, reason, None if operator else self._supervisor(by, "pause")))

    def pauses(self, session: Session, task_id: str) -> list[ClockPause]:
        """The ledger of a task's clock, oldest line first."""
        select = sa.select(ClockPause).where(ClockPause.task_id == task_id)
        return list(session.scalars(select.order_by(ClockPause.started_at, ClockPause.id)))

    def reschedule(self, timer_id: str, due_at: dt.datetime, reason: str, *, by: Actor) -> None:
        """改期. An operator lets a waiting timer fire at another instant; who may is the caller's to ask.

        Conflict for one that no longer waits, and for the overdue mark: only an extension moves a deadline.
        """
        reason = required_text(reason, "reason")
        if due_at.tzinfo is None:
            raise errors.Invalid({"due_at": [lazy_("时间须带时区")]})
        if due_at < self.clock.now():
            raise errors.Invalid({"due_at": [lazy_("不能早于现在")]})
        with self.sessions() as session:
            kind = moving.waiting_timer(session, timer_id)["kind"]
        if kind == "event":
            checkout(self, moving.MoveTimer(by, timer_id, due_at, reason))
        elif kind == "overdue":
            raise errors.Conflict(lazy_("超期时刻就是期限，只能通过延期改变"), status="deadline")
        else:
            self._move_row(timer_id, due_at, reason, by)

    def request_extension(self, task_id: str, answers: Mapping[str, Any], *, by: Actor) -> Started:
        """申请延期: start the process that the step names; its answers are those of that process's start form.

        For the holder, or a candidate while nobody holds the task. Conflict names a request that is still open.
        """
        with self.sessions() as session:
            row = open_task(session, task_id)
            require_may_act(self, session, row, by)
            process = words_of(row["properties"]).extension_process
            if not process or row["due_at"] is None:
                raise errors.Forbidden(lazy_("这一步不能提出申请"))
            loaded = self.published(session, process)
            if loaded is None:
                raise errors.Conflict(lazy_("申请的流程尚未发布"), status="unpublished", process=process)
            form = loaded.form(loaded.manifest.get("start_form")) if by.id is not None else None
            given = self._start_answers(session, form, answers, by)
        try:
            with self.sessions() as session, write_transaction(session):
                lock_instance(session, row["instance_id"])
                row = open_task(session, task_id)
                by = require_may_act(self, session, row, by)
                self._require_running(session, row["instance_id"])
                data = given | about_task(row)
                key = self._request_key(session, loaded, task_id, data)
                turn = run_inside(self, session, Start(by, loaded, data, key, row["instance_id"], form=form))
                line = Happened(
                    "task.extension_requested",
                    by,
                    row["node_id"],
                    task_id,
                    {"instance_id": turn.id, "process": process},
                )
                history.append(session, row["instance_id"], self.clock.now(), [line])
        except (Overrun, StepFailed) as fault:
            raise Halted(lazy_("申请的流程无法继续，没有提交")) from fault
        except sa.exc.OperationalError as locked:
            raise errors.Busy() from locked
        return started(turn)

    def open_requests(self, session: Session, task_id: str) -> list[Instance]:
        """The requests about a task that are still being decided, oldest first."""
        row = session.execute(
            sa.select(_TASK.c.instance_id, _TASK.c.properties).where(_TASK.c.id == task_id)
        ).one_or_none()
        process = words_of(row.properties).extension_process if row is not None else None
        if row is None or not process:
            return []
        select = sa.select(Instance).where(
            Instance.parent_id == row.instance_id,
            Instance.definition_key == process,
            Instance.business_key.startswith(f"{process}:{task_id}:", autoescape=True),
            Instance.status.in_(("running", "suspended", "quarantined")),
        )
        return list(session.scalars(select.order_by(Instance.id)))

    def asks_by_kind(self, session: Session, task: Any) -> bool:
        """Whether requests about a task may be open side by side: one of each kind."""
        process = words_of(task.properties).extension_process
        loaded = self.published(session, process) if process else None
        return loaded is not None and KIND in (loaded.manifest.get("facts") or {})

    # --

    def _lock_another(self, session: Session, task_id: str) -> None:
        instance_id = session.scalar(sa.select(_TASK.c.instance_id).where(_TASK.c.id == task_id))
        if instance_id is None:
            raise errors.NotFound()
        if instance_id in session.info.get("turns", ()):
            raise ValueError("a process cannot change the clock of its own steps from inside its own turn")
        lock_instance(session, instance_id)

    def _request_key(self, session: Session, loaded: Loaded, task_id: str, data: Mapping[str, Any]) -> str:
        """A key that the next request cannot have too: of two at the same moment one fails.

        One is open at a time; where the process has the fact `kind`, one of each kind.
        """
        process, kind = loaded.package.key, (loaded.manifest.get("facts") or {}).get(KIND)
        wanted = self.evaluate_softly(kind, dict(data)) if kind else None
        for found in self.open_requests(session, task_id):
            has = sa.select(Fact.text).where(Fact.instance_id == found.id, Fact.name == KIND)
            if kind is None or session.scalar(has) == wanted:
                raise errors.Conflict(
                    lazy_("已有一件同类申请正在办理"), status="requested", instance_id=found.id, title=found.title
                )
        prefix = f"{process}:{task_id}:"
        earlier = session.scalar(
            sa.select(sa.func.count()).where(
                _INSTANCE.c.definition_key == process, _INSTANCE.c.business_key.startswith(prefix, autoescape=True)
            )
        )
        return f"{prefix}{(earlier or 0) + 1}"

    def _move_row(self, timer_id: str, due_at: dt.datetime, reason: str, by: Actor) -> None:
        now = self.clock.now()
        with self.sessions() as session, write_transaction(session):
            lock_instance(session, moving.waiting_timer(session, timer_id)["instance_id"])
            row = moving.waiting_timer(session, timer_id)
            self._require_running(session, row["instance_id"])
            moving.mark_moved(session, row, by, now, reason, due_at=due_at)
            line = Happened("timer.rescheduled", by, row["node_id"], row["task_id"], moving.moved(row, due_at, reason))
            history.append(session, row["instance_id"], now, [line])

    def _require_running(self, session: Session, instance_id: str) -> None:
        status = session.scalar(sa.select(_INSTANCE.c.status).where(_INSTANCE.c.id == instance_id))
        if status != "running":
            raise errors.Conflict(lazy_("此事项已暂停办理"), status=status)

    def _supervisor(self, by: Actor, word: str | None = None) -> clocks.Authority:
        def require(session: Session, row: Mapping[str, Any]) -> None:
            if word and word not in words_of(row["properties"]).allow:
                raise errors.Forbidden(lazy_("这一步不允许这样办理"))
            if by.id is not None and not supervises(self, session, SimpleNamespace(**row), by.id):
                raise errors.Forbidden(lazy_("期限由监管一方决定，不能由承办人自己变更"))

        return require
