"""What the clock does: due timers, automatic retries, deadlines counted anew. Called by the worker, and when driven."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import SYSTEM, Actor
from app.db import UNAVAILABLE, is_postgresql, write_transaction
from app.engine.models import HumanTask, Incident, Instance, Timer
from app.engine.packages.words import words_of
from app.engine.running import history, step_timers
from app.engine.running.acts.fire import Fire, LostLease
from app.engine.running.acts.retry import Retry
from app.engine.running.acts.start import Start, about_task
from app.engine.running.checkout import Halted, Happened, checkout, run_inside
from app.engine.running.locking import lock_instance, lock_instance_of
from app.engine.running.pauses import after_pauses
from app.engine.verbs import incidents
from app.engine.verbs.holding import Holding
from app.prepared import Prepared

log = logging.getLogger("duban.engine.timers")
_TIMER, _TASK, _INSTANCE = Timer.__table__, HumanTask.__table__, Instance.__table__
_INCIDENT = Incident.__table__
_STATUS = Prepared(sa.select(_INSTANCE.c.status).where(_INSTANCE.c.id == sa.bindparam("instance_id")))
_OF_TIMER = Prepared(sa.select(_TASK).where(_TASK.c.id == sa.bindparam("task_id")))
_TOLD = Prepared(  # all that a reminder and the overdue mark tell of a task
    sa.select(_TASK.c.id, _TASK.c.status, _TASK.c.node_id, _TASK.c.name_zh).where(_TASK.c.id == sa.bindparam("task_id"))
)
_TAKE = Prepared(
    sa.update(_TIMER)
    .where(
        _TIMER.c.id == sa.bindparam("timer_id"),
        _TIMER.c.state == "waiting",
        _TIMER.c.fence == sa.bindparam("as_read"),
        _TIMER.c.due_at == sa.bindparam("at"),
    )
    .values(lease_until=None)
)
LEASE = dt.timedelta(seconds=60)
ATTEMPTS = 5
PER_INSTANCE = 50  # timers of one instance that one sweep fires
NOT_RUNNING = ("ended", "cancelled", "suspended", "quarantined")


class _Alone(Exception):
    """Ends the transaction of the only timer in it, which failed."""


Claimed = tuple[str, list[Mapping[str, Any]]]  # an instance and its due rows
ORDER = {"remind": 0, "overdue": 1, "ladder": 2, "event": 3}


@dataclass(frozen=True)
class Swept:
    """What one sweep did: timers that fired, and rows that it worked off."""

    fired: int
    rows: int


class Sweeps(Holding):
    def run_due_timers(self, limit: int = 200) -> int:
        """Fire what is due by now, oldest first, instance by instance; the number of timers that fired.

        Several workers may do so at once. Whoever stalled past his lease, or read a row before it was moved, holds an
        old fencing token and fires nothing.
        """
        return self.sweep_timers(limit).fired

    def sweep_timers(self, limit: int = 200) -> Swept:
        """The same, with how many rows it took: after an outage most reminders are due and told to nobody."""
        claimed = [] if self.is_held() else self._claim(limit)
        rows = [row for _id, own in claimed for row in own]
        quiet = _coalesced(rows, self._also_due(rows))
        return Swept(sum([self._fire_claimed(*one, quiet) for one in claimed]), len(rows))

    def _fire_claimed(self, instance_id: str, rows: Sequence[Mapping[str, Any]], quiet: set[str] | None = None) -> int:
        """`quiet` are the rows of the sweep that are told to nobody; looked for here where nobody has."""
        fired = 0
        try:
            quiet = _coalesced(rows, self._also_due(rows)) if quiet is None else quiet
            fired = self._fire(instance_id, rows, quiet)
        except (Exception, *UNAVAILABLE) as fault:
            if _is_lost(fault):
                log.info("timers of %s not fired now: %s", instance_id, fault)
            else:  # one poisoned instance must not stop the clock of the others
                log.exception("timers of %s", instance_id)
                turn = isinstance(fault, errors.DubanError)  # only the diagram's timers run one
                ids = [row["id"] for row in rows if row["kind"] == "event" or not turn]
                self._failed(ids, instance_id, fault.__cause__ or fault if isinstance(fault, Halted) else fault)
        finally:
            if events := [row for row in rows if row["kind"] == "event" and fired < len(rows)]:
                self._release(events)
        return fired

    def advance_to(self, target: dt.datetime, set_clock: Callable[[dt.datetime], None]) -> int:
        """Drive the clock forwards: everything due on the way happens at its own instant, in order."""
        fired = 0
        while (next_at := self._next_instant(target)) is not None:
            set_clock(max(next_at, self.clock.now()))
            before = fired
            fired += self.run_due_timers() + self.retry_due()
            self.deliver_all()
            if fired == before and self._next_instant(target) == next_at and not self._wait_for_a_lease():
                break  # what is due cannot be fired now; it has its incident
        set_clock(target)
        fired += self.run_due_timers()
        self.deliver_all()
        return fired

    def _wait_for_a_lease(self) -> bool:
        """Whether another worker is at what is due, or died at it; the clock must not go on before it has happened."""
        due = sa.and_(_TIMER.c.state == "waiting", _TIMER.c.due_at <= self.clock.now())
        with self.sessions() as session:
            held = session.scalar(sa.select(_TIMER.c.id).where(due, _TIMER.c.lease_until.is_not(None)).limit(1))
        if held is not None:
            time.sleep(0.05)
        return held is not None

    def deliver_all(self) -> None:
        """Overridden by Deliveries."""

    def retry_due(self, limit: int = 50) -> int:
        """Try failed service tasks again whose waiting time is over; how many turns were stored."""
        if self.is_held():
            return 0
        with self.sessions() as session:
            ids = session.scalars(
                sa.select(_INCIDENT.c.id)
                .join(_INSTANCE, _INSTANCE.c.id == _INCIDENT.c.instance_id)
                .where(
                    _INCIDENT.c.resolved_at.is_(None),
                    _INCIDENT.c.next_attempt_at <= self.clock.now(),
                    _INSTANCE.c.status == "running",
                )
                .order_by(_INCIDENT.c.next_attempt_at)
                .limit(limit)
            ).all()
        return sum([self._retry(incident_id) for incident_id in ids])

    def _retry(self, incident_id: str) -> int:
        try:
            checkout(self, Retry(SYSTEM, incident_id))
            return 1
        except (errors.Busy, *UNAVAILABLE) as refused:
            log.info("incident %s not retried now: %s", incident_id, refused)
        except Exception as fault:  # nothing was stored: without a pause it would be tried again at once, for ever
            log.warning("incident %s not retried: %s", incident_id, fault)
            with self.sessions() as session, write_transaction(session):
                incidents.retry_later(session, incident_id, self.clock.now(), fault.__cause__ or fault)
        return 0

    def recompute_deadlines(self, *, by: Actor) -> int:
        """Count open deadlines anew that rest on estimated work days; how many were looked at.

        The clock starts where it started. Timers follow, except those that have fired.
        """
        with self.sessions() as session:
            rows = session.execute(
                sa.select(_TASK).where(_TASK.c.status == "open", _TASK.c.due_at.is_not(None))
            ).mappings()
            estimated = [dict(row) for row in rows if (row["due_basis"] or {}).get("estimated")]
        for row in estimated:
            try:
                with self.sessions() as session, write_transaction(session):
                    self._recompute(session, row, by)
            except UNAVAILABLE:
                raise
            except Exception:  # one that cannot be counted must not keep the others wrong
                log.exception("deadline of task %s", row["id"])
        return len(estimated)

    # -- due rows

    def _claim(self, limit: int) -> list[Claimed]:
        """Due rows by instance. The diagram's timers among them are held for a while by this worker alone.

        Steps' timers need no lease: each is taken and fired in one transaction. A turn is run before its own begins.
        """
        now, real = self.clock.now(), dt.datetime.now(dt.UTC)
        with self.sessions() as session:
            ids = list(session.scalars(_due(limit, now, real)))
            rows = self._read(session, ids)
            held = sa.and_(
                _TIMER.c.instance_id.in_({row["instance_id"] for row in rows}),
                _TIMER.c.state == "waiting",
                _TIMER.c.lease_until >= real,
            )
            elsewhere = set(session.scalars(sa.select(_TIMER.c.instance_id).where(held))) if rows else set()
        rows = [row for row in rows if row["instance_id"] not in elsewhere]
        if events := [row["id"] for row in rows if row["kind"] == "event"]:
            with self.sessions() as session, write_transaction(session):
                free = sa.select(_TIMER.c.id).where(
                    _TIMER.c.id.in_(events), _TIMER.c.state == "waiting", _is_free(real)
                )
                ours = list(session.scalars(free.with_for_update(skip_locked=True)))
                lease = {"lease_until": real + LEASE, "fence": _TIMER.c.fence + 1}
                session.execute(sa.update(_TIMER).where(_TIMER.c.id.in_(ours)).values(**lease))
                claimed = self._read(session, ours)
            rows = sorted(
                [row for row in rows if row["kind"] != "event"] + claimed, key=lambda row: ids.index(row["id"])
            )
        groups = [(key, list(group)) for key, group in groupby(rows, key=lambda row: str(row["instance_id"]))]
        return _rotated(groups) if is_postgresql(session) else groups

    def _read(self, session: Session, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        found = session.execute(sa.select(_TIMER).where(_TIMER.c.id.in_(ids))).mappings()
        return sorted((dict(row) for row in found), key=lambda row: ids.index(row["id"]))

    def _release(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """What was claimed and did not fire may be claimed again at once."""
        with self.sessions() as session, write_transaction(session):
            for row in rows:
                session.execute(
                    sa.update(_TIMER)
                    .where(_TIMER.c.id == row["id"], _TIMER.c.fence == row["fence"], _TIMER.c.state == "waiting")
                    .values(lease_until=None)
                )

    def _next_instant(self, target: dt.datetime) -> dt.datetime | None:
        timers = (
            sa.select(sa.func.min(sa.func.coalesce(_TIMER.c.next_attempt_at, _TIMER.c.due_at)))
            .join(_INSTANCE, _INSTANCE.c.id == _TIMER.c.instance_id)
            .where(_TIMER.c.state == "waiting", _INSTANCE.c.status == "running")
        )
        retries = (
            sa.select(sa.func.min(_INCIDENT.c.next_attempt_at))
            .join(_INSTANCE, _INSTANCE.c.id == _INCIDENT.c.instance_id)
            .where(_INCIDENT.c.resolved_at.is_(None), _INSTANCE.c.status == "running")
        )
        with self.sessions() as session:
            found = [at for at in (session.scalar(timers), session.scalar(retries)) if at is not None and at <= target]
        return min(found, default=None)

    # -- reminders, overdue, rungs

    def _fire(self, instance_id: str, rows: Sequence[Mapping[str, Any]], quiet: set[str]) -> int:
        """What is due for one instance. After downtime an event goes before the steps' timers due after it."""
        events = [row for row in rows if row["kind"] == "event"]
        steps = sorted((row for row in rows if row["kind"] != "event"), key=lambda r: (r["due_at"], ORDER[r["kind"]]))
        if not events:
            return self._fire_steps(instance_id, steps, quiet)
        first = min(row["due_at"] for row in events)
        fired = self._fire_steps(instance_id, [row for row in steps if row["due_at"] <= first], quiet)
        checkout(self, Fire(SYSTEM, instance_id, self.clock.now(), {row["id"]: row["fence"] for row in events}))
        fired += len(events)
        return fired + self._fire_steps(instance_id, [row for row in steps if row["due_at"] > first], quiet)

    def _also_due(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """What else is due for the tasks that are to be reminded: much is worked off in several sweeps."""
        tasks = {row["task_id"] for row in rows if row["kind"] == "remind"}
        if not tasks:
            return []
        select = sa.select(_TIMER.c.id, _TIMER.c.task_id, _TIMER.c.kind, _TIMER.c.due_at).where(
            _TIMER.c.task_id.in_(tasks),
            _TIMER.c.state == "waiting",
            _TIMER.c.due_at <= self.clock.now(),
            _TIMER.c.id.not_in([row["id"] for row in rows]),
        )
        with self.sessions() as session:
            return [dict(row) for row in session.execute(select).mappings()]

    def _fire_steps(self, instance_id: str, rows: Sequence[Mapping[str, Any]], quiet: set[str]) -> int:
        """In order of their instants, in one transaction; one that fails does not hold the others back."""
        fired = 0
        failed: list[tuple[str, Exception]] = []
        if not rows:
            return 0
        # What fails takes nothing along but what the next sweep leaves out anyway: the transaction is savepoint enough.
        alone = sum(row["id"] not in quiet for row in rows) == 1
        with suppress(_Alone), self.sessions() as session, write_transaction(session):
            if not lock_instance(session, instance_id, skip=True):
                return 0  # a person or another worker is at it; the next sweep looks again
            if _STATUS.scalar(session, {"instance_id": instance_id}) != "running":
                return 0  # suspended since we looked
            for row in rows:
                if row["id"] in quiet:
                    _take(session, row, self.clock.now(), fired=False)
                    continue
                try:
                    with nullcontext() if alone else _savepoint(session, row):
                        fired += self._take_step(session, row)
                except UNAVAILABLE:
                    raise
                except Exception as fault:
                    log.exception("timer %s of %s", row["id"], instance_id)
                    failed.append((row["id"], fault))
                    if alone:
                        raise _Alone from fault
        for timer_id, error in failed:
            self._failed([timer_id], instance_id, error)
        return fired

    def _take_step(self, session: Session, row: Mapping[str, Any]) -> int:
        if not _take(session, row, self.clock.now(), fired=True):
            return 0
        task = (_OF_TIMER if row["kind"] == "ladder" else _TOLD).first(session, {"task_id": row["task_id"]})
        if task is None or task.status != "open":
            return 0
        self._fire_step(session, row, task._asdict())
        return 1

    def _fire_step(self, session: Session, row: Mapping[str, Any], task: Mapping[str, Any]) -> None:
        now = self.clock.now()
        event = {"remind": "task.reminded", "overdue": "task.overdue", "ladder": "task.escalated"}[row["kind"]]
        data: dict[str, Any] = {"due_at": row["due_at"].isoformat(), "name_zh": task["name_zh"]}
        notify: dict[str, Any] = {}
        if row["kind"] == "ladder":
            level = row["detail"]["level"]
            notify["level"] = data["level"] = level
            data["started"] = self._start_rung(session, row, task)
        line = Happened(
            event, SYSTEM, task["node_id"], task["id"], data | {"offset": row["detail"].get("offset")}, notify
        )
        history.append(session, row["instance_id"], now, [line])

    def _start_rung(self, session: Session, row: Mapping[str, Any], task: Mapping[str, Any]) -> str | None:
        """Start the rung's process, once for a task, a round of its clock and a level, whatever happens."""
        level, process, number = row["detail"]["level"], row["detail"]["process"], row["detail"].get("round")
        key = f"{process}:{task['id']}:{level}" + (f":r{number}" if number else "")
        started = session.scalar(
            sa.select(_INSTANCE.c.id).where(_INSTANCE.c.definition_key == process, _INSTANCE.c.business_key == key)
        )
        if started:
            return str(started)
        loaded = self.published(session, process)
        if loaded is None:
            raise LookupError(f"the ladder names a process that is not published: {process!r}")
        data = about_task(task) | {"level": level}
        return run_inside(self, session, Start(SYSTEM, loaded, data, key, row["instance_id"])).id

    def _failed(self, timer_ids: Sequence[str], instance_id: str, fault: BaseException) -> None:
        """Push what failed out, on the engine's clock; after some attempts it waits for somebody, with an incident."""
        now = self.clock.now()
        with self.sessions() as session, write_transaction(session):
            lock_instance(session, instance_id)
            for timer_id in timer_ids:
                attempts = (session.scalar(sa.select(_TIMER.c.attempts).where(_TIMER.c.id == timer_id)) or 0) + 1
                values: dict[str, Any] = {
                    "attempts": attempts,
                    "next_attempt_at": now + dt.timedelta(seconds=30 * 4**attempts),
                    "lease_until": None,
                }
                if attempts >= ATTEMPTS:
                    values["state"] = "failed"
                session.execute(
                    sa.update(_TIMER).where(_TIMER.c.id == timer_id, _TIMER.c.state == "waiting").values(**values)
                )
            incidents.record_timer_fault(session, instance_id, now, fault, timer_ids)

    # -- deadlines counted anew

    def _recompute(self, session: Session, row: Mapping[str, Any], by: Actor) -> None:
        lock_instance_of(session, row["id"])
        task = dict(session.execute(sa.select(_TASK).where(_TASK.c.id == row["id"])).mappings().one())
        old, given, now = task["due_at"], task["due_basis"] or {}, self.clock.now()
        if not given.get("deadline") or not given.get("estimated") or task["status"] != "open":
            return
        data = task["data"]
        due = self.calendar.due(
            session, given["deadline"], task["clock_started_at"], lambda expression: self.evaluate(expression, data)
        )
        basis = dict(due.basis) | {"deadline": given["deadline"]}
        values: dict[str, Any] = {"original_due_at": due.at, "due_basis": basis}
        if task["paused_at"] is None:  # else what is left runs on when the clock does, on the new days
            values |= {"due_at": due.at, "amber_at": due.amber_at} | after_pauses(self, session, task, basis)
        late = step_timers.has_been_late(session, task["id"], task["clock_round"])
        anew = late and task["paused_at"] is None and values["due_at"] > now
        if anew:
            values["clock_round"] = task["clock_round"] + 1
        session.execute(sa.update(_TASK).where(_TASK.c.id == task["id"]).values(**values))
        task |= values
        if task["due_at"] == old:
            return
        words = words_of(task["properties"])
        if anew:  # it was late by a day that is none: overdue mark and ladder are still to come
            step_timers.renew(self, session, task, words, now)
        else:
            step_timers.move(self, session, task["id"], words, task["due_at"])
        told = {"from": old.isoformat(), "to": task["due_at"].isoformat(), "reason": "calendar", "overdue": late}
        history.append(
            session, task["instance_id"], now, [Happened("task.rescheduled", by, task["node_id"], task["id"], told)]
        )


def _due(limit: int, now: dt.datetime, real: dt.datetime) -> sa.Select[Any]:
    """Ids of due rows: instance by instance, the longest waiting first, and of each only a few at a time.

    So a storm in one instance does not hold up the others.
    """
    place = sa.func.row_number().over(partition_by=_TIMER.c.instance_id, order_by=(_TIMER.c.due_at, _TIMER.c.id))
    first = sa.func.min(_TIMER.c.due_at).over(partition_by=_TIMER.c.instance_id)
    due = (
        sa.select(_TIMER.c.id, _TIMER.c.instance_id, place.label("place"), first.label("first"))
        .join(_INSTANCE, _INSTANCE.c.id == _TIMER.c.instance_id)
        .where(
            _TIMER.c.state == "waiting",
            _TIMER.c.due_at <= now,
            sa.or_(_TIMER.c.next_attempt_at.is_(None), _TIMER.c.next_attempt_at <= now),
            _INSTANCE.c.status == "running",
            _is_free(real),
        )
        .subquery()
    )
    order = (due.c.first, due.c.instance_id, due.c.place)
    return sa.select(due.c.id).where(due.c.place <= PER_INSTANCE).order_by(*order).limit(limit)


def _rotated(groups: list[Claimed]) -> list[Claimed]:
    """Several workers begin at different places: they meet late, and then find it done."""
    start = time.monotonic_ns() % len(groups) if groups else 0
    return groups[start:] + groups[:start]


def _is_free(real: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.or_(_TIMER.c.lease_until.is_(None), _TIMER.c.lease_until < real)


def _is_lost(fault: BaseException) -> bool:
    """Whether somebody else was faster or the database is busy: nothing is wrong, the next sweep looks again."""
    if isinstance(fault, Halted):
        return False
    if isinstance(fault, errors.Conflict):
        return not fault.extra or isinstance(fault, LostLease) or fault.extra.get("status") in NOT_RUNNING
    return isinstance(fault, (errors.Busy, *UNAVAILABLE))


def _savepoint(session: Session, row: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """Only a rung's process, which service tasks may write in, has mapped objects to be put back as they were."""
    return session.begin_nested() if row["kind"] == "ladder" else session.connection().begin_nested()


def _take(session: Session, row: Mapping[str, Any], now: dt.datetime, *, fired: bool) -> bool:
    """One conditional UPDATE decides who fires it: whoever claimed it last, if it has not moved since."""
    values: dict[str, Any] = {"state": "fired", "fired_at": now} if fired else {"state": "cancelled"}
    read = {"timer_id": row["id"], "as_read": row["fence"], "at": row["due_at"]}
    return _TAKE.run(session, read | values) == 1


def _coalesced(rows: Sequence[Mapping[str, Any]], more: Sequence[Mapping[str, Any]] = ()) -> set[str]:
    """After downtime: of several reminders only the last is told, and none where the task is overdue already."""
    quiet: set[str] = set()
    of_task: dict[str, list[Mapping[str, Any]]] = {}
    for row in (*rows, *more):
        of_task.setdefault(row["task_id"], []).append(row)
    for task_id in {row["task_id"] for row in rows}:
        reminders = sorted((row for row in of_task[task_id] if row["kind"] == "remind"), key=lambda row: row["due_at"])
        overdue = any(row["kind"] == "overdue" for row in of_task[task_id])
        quiet |= {row["id"] for row in (reminders if overdue else reminders[:-1])}
    return quiet
