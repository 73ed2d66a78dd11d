"""What the clock does: due timers, automatic retries, deadlines counted anew. Called by the worker, and when driven."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import SYSTEM, Actor
from app.db import write_transaction
from app.engine.models import HumanTask, Incident, Instance, Timer
from app.engine.running import history, step_timers
from app.engine.running.acts.fire import Fire
from app.engine.running.acts.retry import Retry
from app.engine.running.acts.start import Start
from app.engine.running.checkout import Halted, Happened, checkout, run_inside
from app.engine.running.services import as_json
from app.engine.verbs import incidents
from app.engine.verbs.holding import Holding

log = logging.getLogger("duban.engine.timers")
_TIMER, _TASK, _INSTANCE = Timer.__table__, HumanTask.__table__, Instance.__table__
_INCIDENT = Incident.__table__
LEASE = dt.timedelta(seconds=60)
ATTEMPTS = 5
ORDER = {"remind": 0, "overdue": 1, "ladder": 2, "event": 3}


class Sweeps(Holding):
    def run_due_timers(self, limit: int = 200) -> int:
        """Fire what is due by now, oldest first, instance by instance; the number of timers that fired."""
        fired = 0
        for instance_id, rows in [] if self.is_held() else self._due(limit):
            try:
                fired += self._fire(instance_id, rows)
            except Halted as halted:  # only the diagram's timers run a turn
                events = [row["id"] for row in rows if row["kind"] == "event"]
                self._failed(events, instance_id, halted.__cause__ or halted)
            except (errors.DubanError, sa.exc.OperationalError) as refused:
                log.info("timers of %s not fired now: %s", instance_id, refused)
            except Exception as fault:  # one poisoned instance must not stop the clock of the others
                log.exception("timers of %s", instance_id)
                self._failed([row["id"] for row in rows], instance_id, fault)
        return fired

    def advance_to(self, target: dt.datetime, set_clock: Callable[[dt.datetime], None]) -> int:
        """Drive the clock forwards: everything due on the way happens at its own instant, in order."""
        fired = 0
        while (next_at := self._next_instant(target)) is not None:
            set_clock(max(next_at, self.clock.now()))
            before = fired
            fired += self.run_due_timers() + self.retry_due()
            self.deliver_all()
            if fired == before and self._next_instant(target) == next_at:
                break  # what is due cannot be fired now (a failed or leased row); it has its incident
        set_clock(target)
        fired += self.run_due_timers()
        self.deliver_all()
        return fired

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
        except (errors.Busy, sa.exc.OperationalError) as refused:
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
            except sa.exc.OperationalError:
                raise
            except Exception:  # one that cannot be counted must not keep the others wrong
                log.exception("deadline of task %s", row["id"])
        return len(estimated)

    # -- due rows

    def _due(self, limit: int) -> list[tuple[str, list[Mapping[str, Any]]]]:
        now, real = self.clock.now(), dt.datetime.now(dt.UTC)
        select = (
            sa.select(_TIMER)
            .join(_INSTANCE, _INSTANCE.c.id == _TIMER.c.instance_id)
            .where(
                _TIMER.c.state == "waiting",
                _TIMER.c.due_at <= now,
                _INSTANCE.c.status == "running",
                sa.or_(_TIMER.c.lease_until.is_(None), _TIMER.c.lease_until < real),
            )
            .order_by(_TIMER.c.due_at)
            .limit(limit)
        )
        with self.sessions() as session:
            rows = [dict(row) for row in session.execute(select).mappings()]
        rows.sort(key=lambda row: row["instance_id"])
        return [(key, list(group)) for key, group in groupby(rows, key=lambda row: str(row["instance_id"]))]

    def _next_instant(self, target: dt.datetime) -> dt.datetime | None:
        timers = (
            sa.select(sa.func.min(_TIMER.c.due_at))
            .join(_INSTANCE, _INSTANCE.c.id == _TIMER.c.instance_id)
            .where(_TIMER.c.state == "waiting", _TIMER.c.lease_until.is_(None), _INSTANCE.c.status == "running")
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

    def _fire(self, instance_id: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """What is due for one instance. After downtime an event goes before the steps' timers due after it."""
        events = [row for row in rows if row["kind"] == "event"]
        steps = sorted((row for row in rows if row["kind"] != "event"), key=lambda r: (r["due_at"], ORDER[r["kind"]]))
        quiet = _coalesced(steps)
        if not events:
            return self._fire_steps(instance_id, steps, quiet)
        first = min(row["due_at"] for row in events)
        fired = self._fire_steps(instance_id, [row for row in steps if row["due_at"] <= first], quiet)
        fired += self._fire_events(instance_id, events)
        return fired + self._fire_steps(instance_id, [row for row in steps if row["due_at"] > first], quiet)

    def _fire_steps(self, instance_id: str, rows: Sequence[Mapping[str, Any]], quiet: set[str]) -> int:
        """In order of their instants, in one transaction; one that fails does not hold the others back."""
        fired = 0
        failed: list[tuple[str, Exception]] = []
        if not rows:
            return 0
        with self.sessions() as session, write_transaction(session):
            lock_instance(session, instance_id)
            if session.scalar(sa.select(_INSTANCE.c.status).where(_INSTANCE.c.id == instance_id)) != "running":
                return 0  # suspended since we looked
            for row in rows:
                try:
                    with session.begin_nested():
                        fired += self._take_step(session, row, row["id"] in quiet)
                except sa.exc.OperationalError:
                    raise
                except Exception as fault:
                    log.exception("timer %s of %s", row["id"], instance_id)
                    failed.append((row["id"], fault))
        for timer_id, error in failed:
            self._failed([timer_id], instance_id, error)
        return fired

    def _take_step(self, session: Session, row: Mapping[str, Any], quiet: bool) -> int:
        if not _take(session, row["id"], self.clock.now(), fired=not quiet):
            return 0
        task = session.execute(sa.select(_TASK).where(_TASK.c.id == row["task_id"])).mappings().first()
        if task is None or task["status"] != "open" or quiet:
            return 0
        self._fire_step(session, row, dict(task))
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
        """Start the rung's process, once for a task and level whatever happens."""
        level, process = row["detail"]["level"], row["detail"]["process"]
        key = f"{process}:{task['id']}:{level}"
        started = session.scalar(
            sa.select(_INSTANCE.c.id).where(_INSTANCE.c.definition_key == process, _INSTANCE.c.business_key == key)
        )
        if started:
            return str(started)
        loaded = self.published(session, process)
        if loaded is None:
            raise LookupError(f"the ladder names a process that is not published: {process!r}")
        data = as_json(
            {
                "level": level,
                "task_id": task["id"],
                "task_name": task["name_zh"],
                "task_name_en": task["name_en"],
                "instance_id_of_origin": task["instance_id"],
                "title": task["title"],
                "subject_kind": task["subject_kind"],
                "subject_id": task["subject_id"],
                "subject_business_key": task["business_key"],
                "due_at": task["due_at"],
                "assignee_id": task["assignee_id"],
                "role": task["role"],
                "org_id": task["org_id"],
                "region_code": task["region_code"],
                "sector_code": task["sector_code"],
                "supervising_org_id": task["supervising_org_id"],
                "responsible_org_id": task["responsible_org_id"],
            }
        )
        return run_inside(self, session, Start(SYSTEM, loaded, data, key, row["instance_id"])).id

    # -- timer events of the diagram

    def _fire_events(self, instance_id: str, rows: Sequence[Mapping[str, Any]]) -> int:
        real = dt.datetime.now(dt.UTC)
        claimed: dict[str, int] = {}
        with self.sessions() as session, write_transaction(session):
            for row in rows:
                taken = session.execute(
                    sa.update(_TIMER)
                    .where(
                        _TIMER.c.id == row["id"],
                        _TIMER.c.state == "waiting",
                        _TIMER.c.fence == row["fence"],
                        sa.or_(_TIMER.c.lease_until.is_(None), _TIMER.c.lease_until < real),
                    )
                    .values(lease_until=real + LEASE, fence=row["fence"] + 1)
                )
                if taken.rowcount == 1:  # type: ignore[attr-defined]
                    claimed[row["id"]] = row["fence"] + 1
        if not claimed:
            return 0  # another worker was faster
        checkout(self, Fire(SYSTEM, instance_id, self.clock.now(), claimed))
        return len(claimed)

    def _failed(self, timer_ids: Sequence[str], instance_id: str, fault: BaseException) -> None:
        """Push what failed out before going on; after some attempts it is an incident and waits for somebody."""
        real = dt.datetime.now(dt.UTC)
        with self.sessions() as session, write_transaction(session):
            for timer_id in timer_ids:
                attempts = (session.scalar(sa.select(_TIMER.c.attempts).where(_TIMER.c.id == timer_id)) or 0) + 1
                values: dict[str, Any] = {
                    "attempts": attempts,
                    "lease_until": real + dt.timedelta(seconds=30 * 4**attempts),
                }
                if attempts >= ATTEMPTS:
                    values["state"] = "failed"
                session.execute(
                    sa.update(_TIMER).where(_TIMER.c.id == timer_id, _TIMER.c.state == "waiting").values(**values)
                )
            incidents.record_timer_fault(session, instance_id, self.clock.now(), fault, timer_ids)

    # -- deadlines counted anew

    def _recompute(self, session: Session, row: Mapping[str, Any], by: Actor) -> None:
        from app.engine.packages.words import words_of

        deadline = row["due_basis"].get("deadline")
        if not deadline or row["status"] != "open":
            return
        data = row["data"]
        due = self.calendar.due(
            session, deadline, row["clock_started_at"], lambda expression: self.evaluate(expression, data)
        )
        basis = dict(due.basis) | {"deadline": deadline}
        changed = session.execute(
            sa.update(_TASK)
            .where(_TASK.c.id == row["id"], _TASK.c.status == "open")
            .values(due_at=due.at, amber_at=due.amber_at, original_due_at=due.at, due_basis=basis)
        )
        if due.at == row["due_at"] or changed.rowcount != 1:  # type: ignore[attr-defined]
            return  # the same instant, or it was completed meanwhile
        step_timers.move(self, session, row["id"], words_of(row["properties"]), due.at)
        line = Happened(
            "task.rescheduled",
            by,
            row["node_id"],
            row["id"],
            {"from": row["due_at"].isoformat(), "to": due.at.isoformat(), "reason": "calendar"},
        )
        history.append(session, row["instance_id"], self.clock.now(), [line])


def lock_instance(session: Session, instance_id: str) -> None:
    """Serialise writers of one instance's history; SQLite has only one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(_INSTANCE.c.id).where(_INSTANCE.c.id == instance_id).with_for_update())


def _take(session: Session, timer_id: str, now: dt.datetime, *, fired: bool) -> bool:
    """One conditional UPDATE decides who fires it."""
    values: dict[str, Any] = {"state": "fired", "fired_at": now} if fired else {"state": "cancelled"}
    taken = session.execute(
        sa.update(_TIMER).where(_TIMER.c.id == timer_id, _TIMER.c.state == "waiting").values(**values)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _coalesced(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """After downtime: of several reminders only the last is told, and none where the task is overdue already."""
    quiet: set[str] = set()
    for task_id in {row["task_id"] for row in rows}:
        own = [row for row in rows if row["task_id"] == task_id]
        reminders = sorted((row for row in own if row["kind"] == "remind"), key=lambda row: row["due_at"])
        overdue = any(row["kind"] == "overdue" for row in own)
        quiet |= {row["id"] for row in (reminders if overdue else reminders[:-1])}
    return quiet
