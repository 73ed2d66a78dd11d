"""The clock of a step: a new due instant, a stop, going on again; and a timer of the diagram moved by hand.

Every act is a turn of its own, so that whoever loaded the state before can no longer commit it, and every row that
moves gets a new fencing token, so that whoever read the row before can no longer fire it. A step that several people
sign has one clock: what is done to one of its rows is done to all that are open and due at the same instant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.db import new_id
from app.engine.core import Core
from app.engine.models import ClockPause, HumanTask, Timer
from app.engine.packages.words import words_of
from app.engine.ports import Due
from app.engine.running import step_timers
from app.engine.running.acts.authority import open_task
from app.engine.running.acts.named import call_named
from app.engine.running.checkout import Stale, Turn, load_turn
from app.engine.running.workflow import due_at, is_paused, move_timer, pause_timer
from app.i18n import lazy_

_TASK, _TIMER, _PAUSE = HumanTask.__table__, Timer.__table__, ClockPause.__table__
_CLOCK = ("due_at", "paused_at", "extensions", "clock_round", "assignee_id")

Authority = Callable[[Session, Mapping[str, Any]], None]  # raises when the person may not


@dataclass
class _OfAStep:
    """What the acts on a step's clock share. `rows` are the open rows of the step that run on this clock."""

    actor: Actor
    task_id: str
    reason: str
    authority: Authority | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def row(self) -> dict[str, Any]:
        return next(row for row in self.rows if row["id"] == self.task_id)

    def open(self, engine: Core, session: Session) -> Turn:
        row = self._allowed(session)
        turn = load_turn(engine, session, row["instance_id"], self.actor)
        found = session.execute(
            sa.select(_TASK)
            .where(
                _TASK.c.spiff_task_id == row["spiff_task_id"],
                _TASK.c.status == "open",
                _TASK.c.due_at == row["due_at"],
            )
            .order_by(_TASK.c.created_at, _TASK.c.id)
        ).mappings()
        self.rows = [dict(one) for one in found if (one["paused_at"] is None) == (row["paused_at"] is None)]
        self.look(turn)
        return turn

    def _allowed(self, session: Session) -> dict[str, Any]:
        row = open_task(session, self.task_id)
        if self.authority is not None:
            self.authority(session, row)
        if row["due_at"] is None:
            raise errors.Conflict(lazy_("这一步没有期限"), status="no_deadline")
        return row

    def look(self, turn: Turn) -> None:
        """Refuse what the present clock does not allow, and compute what it will be."""
        raise NotImplementedError

    def begin(self, turn: Turn) -> None:
        turn.restructured = True
        for timer in turn.workflow.edge_timers(self.row["spiff_task_id"]):
            self.touch(turn, timer, due_at(timer))

    def touch(self, turn: Turn, timer: Task, at: dt.datetime | None) -> None:
        """Do the same to a timer that is drawn on the step's edge."""
        raise NotImplementedError

    def commit(self, turn: Turn) -> None:
        now = self._allowed(turn.session)
        if any(now[name] != self.row[name] for name in _CLOCK):
            raise Stale()  # a calendar was published, say: that bumps no revision
        for row in self.rows:
            self.write(turn, row)

    def write(self, turn: Turn, row: dict[str, Any]) -> None:
        """Change one row of the step and its timers. Of several signers' rows one carries the step's ladder."""
        raise NotImplementedError

    def finish(self, turn: Turn) -> None:
        """The record follows, by the process's `on_clock`."""
        call_named(turn.engine, turn, turn.loaded.manifest.get("on_clock"), {"task_id": self.task_id})

    def _set(self, turn: Turn, row: dict[str, Any], **values: Any) -> None:
        turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row["id"]).values(**values))
        row |= values


@dataclass
class Extend(_OfAStep):
    """The step is due later, by somebody's decision. Reminders, overdue mark and ladder begin anew."""

    due_at: dt.datetime | None = None
    request: str | None = None  # the instance in which it was decided
    now: dt.datetime | None = None  # of the turn that it happens in, where it is another's
    old: dt.datetime | None = None
    due: Due | None = None

    def look(self, turn: Turn) -> None:
        if self.now is not None:
            turn.now = self.now
        self.old, wanted = self.row["due_at"], self.due_at
        if wanted is None or wanted.tzinfo is None:
            raise errors.Invalid({"due_at": [lazy_("时间须带时区")]})
        if wanted <= turn.now:
            raise errors.Invalid({"due_at": [lazy_("新期限须晚于现在")]})
        if wanted <= (self.old if self.row["paused_at"] is None else _resumed_due(turn, self.row)):
            raise errors.Invalid({"due_at": [lazy_("新期限须晚于原期限")]})
        self.due = turn.engine.calendar.given(turn.session, self.row["due_basis"] or {}, turn.now, wanted)

    def touch(self, turn: Turn, timer: Task, at: dt.datetime | None) -> None:
        if at is not None and at == self.old and self.due is not None:
            move_timer(timer, self.due.at)

    def write(self, turn: Turn, row: dict[str, Any]) -> None:
        assert self.due is not None
        before, paused = row["due_at"], row["paused_at"] is not None
        number = row["extensions"] + 1
        decision = {
            "at": turn.now.isoformat(), "by": self.actor.name, "org": self.actor.org_name,
            "reason": self.reason, "from": before.isoformat(), "instance_id": self.request,
        }  # fmt: skip
        self._set(
            turn,
            row,
            due_at=self.due.at,
            amber_at=self.due.amber_at,
            due_basis=dict(self.due.basis) | {"extension": decision},
            extensions=number,
            clock_round=row["clock_round"] + 1,
        )
        step_timers.cancel(turn.session, row["id"])
        step_timers.arm(turn, row, words_of(row["properties"]))
        if paused:
            self._set(turn, row, amber_at=_restart_pause(turn, row, self.reason))
            step_timers.pause(turn.session, row["id"])
        turn.happened(
            "task.extended",
            node_id=row["node_id"],
            task_id=row["id"],
            data={
                "from": before.isoformat(), "to": self.due.at.isoformat(), "original": _iso(row["original_due_at"]),
                "reason": self.reason, "request": self.request, "extension": number,
                "overdue": not paused and turn.now > before,
                "name_zh": row["name_zh"], "name_en": row["name_en"],
            },
            notify={"reason": self.reason, "due_at": self.due.at.isoformat()},
        )  # fmt: skip


@dataclass
class Pause(_OfAStep):
    """The step's clock stops. What is left of its limit is kept on the clock that counts it."""

    def look(self, turn: Turn) -> None:
        row = self.row
        if row["paused_at"] is not None:
            raise errors.Conflict(
                lazy_("计时已经中止"),
                status="paused",
                paused_at=row["paused_at"].isoformat(),
                reason=row["pause_reason"],
            )
        if row["due_at"] <= turn.now:
            raise errors.Conflict(lazy_("已超期，不能中止计时；需要更多时间请申请延期"), status="overdue")

    def touch(self, turn: Turn, timer: Task, at: dt.datetime | None) -> None:
        if at is not None and at > turn.now:
            pause_timer(timer, True)

    def write(self, turn: Turn, row: dict[str, Any]) -> None:
        left = _begin_pause(turn, row, self.reason)
        self._set(turn, row, paused_at=turn.now, pause_reason=self.reason)
        step_timers.pause(turn.session, row["id"])
        turn.happened(
            "task.paused",
            node_id=row["node_id"],
            task_id=row["id"],
            data={
                "reason": self.reason, "due_at": row["due_at"].isoformat(), "left_seconds": left, "unit": _unit(row),
                "name_zh": row["name_zh"], "name_en": row["name_en"],
            },
            notify={"reason": self.reason},
        )  # fmt: skip


@dataclass
class Resume(_OfAStep):
    """The clock goes on with what was left of the limit."""

    moves: dict[str, dt.datetime] = field(default_factory=dict)

    def look(self, turn: Turn) -> None:
        row = self.row
        if row["paused_at"] is None:
            raise errors.Conflict(lazy_("计时没有中止"), status="running")
        due = _resumed_due(turn, row)
        edge = {str(task.id): due_at(task) for task in turn.workflow.edge_timers(row["spiff_task_id"])}
        later = {task: due if at == row["due_at"] else _shifted(turn, row, at) for task, at in edge.items()}
        self.moves = {task: at for task, at in later.items() if at is not None}

    def touch(self, turn: Turn, timer: Task, at: dt.datetime | None) -> None:
        if is_paused(timer) and str(timer.id) in self.moves:
            pause_timer(timer, False)
            move_timer(timer, self.moves[str(timer.id)])

    def write(self, turn: Turn, row: dict[str, Any]) -> None:
        before = row["due_at"]
        values = end_pause(turn, row, self.reason)
        step_timers.resume(turn, row, words_of(row["properties"]), values["due_at"])
        turn.happened(
            "task.resumed",
            node_id=row["node_id"],
            task_id=row["id"],
            data={
                "reason": self.reason, "from": before.isoformat(), "to": values["due_at"].isoformat(),
                "name_zh": row["name_zh"], "name_en": row["name_en"],
            },
            notify={"reason": self.reason, "due_at": values["due_at"].isoformat()},
        )  # fmt: skip


# -- the ledger


def _unit(row: Mapping[str, Any]) -> str:
    return str((row["due_basis"] or {}).get("unit") or "calendar")


def _last_pause(session: Session, row: Mapping[str, Any]) -> Any:
    """The latest stop of the present budget, open or over. An extension begins a new budget."""
    return session.execute(
        sa.select(_PAUSE)
        .where(_PAUSE.c.task_id == row["id"], _PAUSE.c.round == row["extensions"])
        .order_by(_PAUSE.c.started_at.desc(), _PAUSE.c.id.desc())
        .limit(1)
    ).first()


def _begin_pause(turn: Turn, row: Mapping[str, Any], reason: str) -> int:
    """Write down what has run and what is left; the seconds left.

    The budget is carried from stop to stop as it is. The due instant is not: that one is rounded to the end of a day,
    and whoever stopped a clock often would win time by it.
    """
    calendar, session, now, unit = turn.engine.calendar, turn.session, turn.now, _unit(row)
    last = _last_pause(session, row)
    left: int
    if last is not None:
        ran = min(calendar.elapsed(session, unit, last.ended_at or now, now), last.left_seconds)
        left = last.left_seconds - ran
    else:
        since = _began(row)
        ran = calendar.elapsed(session, unit, since, now)
        left = calendar.elapsed(session, unit, since, row["due_at"]) - ran
    _insert_pause(turn, row, reason, ran, max(0, left))
    return max(0, left)


def _restart_pause(turn: Turn, row: Mapping[str, Any], reason: str) -> dt.datetime:
    """The due moved while the clock stands: it stands on, with what is now left of the new limit.

    The task stays paused since when it was; the instant at which it turns amber, reckoned from there, is the result.
    """
    calendar, session, unit = turn.engine.calendar, turn.session, _unit(row)
    _close_pause(turn, row, reason, row["due_at"])
    _insert_pause(turn, row, row["pause_reason"], 0, max(0, calendar.elapsed(session, unit, turn.now, row["due_at"])))
    amber = calendar.elapsed(session, unit, turn.now, row["amber_at"])
    return calendar.run_on(session, {"unit": unit, "end": "exact"}, row["paused_at"], amber)


def _insert_pause(turn: Turn, row: Mapping[str, Any], reason: str, ran: int, left: int) -> None:
    turn.session.execute(
        sa.insert(_PAUSE).values(
            id=new_id(),
            instance_id=turn.id,
            task_id=row["id"],
            round=row["extensions"],
            unit=_unit(row),
            ran_seconds=ran,
            left_seconds=left,
            due_before=row["due_at"],
            started_at=turn.now,
            started_by_id=turn.actor.id,
            started_by_name=turn.actor.name,
            started_by_org=turn.actor.org_name,
            reason=reason,
        )
    )


def _close_pause(turn: Turn, row: Mapping[str, Any], reason: str, due: dt.datetime) -> None:
    turn.session.execute(
        sa.update(_PAUSE)
        .where(_PAUSE.c.task_id == row["id"], _PAUSE.c.ended_at.is_(None))
        .values(
            ended_at=turn.now,
            ended_by_id=turn.actor.id,
            ended_by_name=turn.actor.name,
            ended_by_org=turn.actor.org_name,
            end_reason=reason,
            due_after=due,
        )
    )


def end_pause(turn: Turn, row: dict[str, Any], reason: str) -> dict[str, Any]:
    """Close the ledger's open line; the task's clock as it is from now on. Also when a task is done while it stands."""
    if row["paused_at"] is None:
        return {}
    due = _resumed_due(turn, row)
    values = {"due_at": due, "amber_at": _shifted(turn, row, row["amber_at"]), "paused_at": None, "pause_reason": ""}
    _close_pause(turn, row, reason, due)
    turn.session.execute(sa.update(_TASK).where(_TASK.c.id == row["id"]).values(**values))
    row |= values
    return values


def _resumed_due(turn: Turn, row: Mapping[str, Any]) -> dt.datetime:
    last = _last_pause(turn.session, row)
    left = last.left_seconds if last is not None else 0
    return turn.engine.calendar.run_on(turn.session, row["due_basis"] or {}, turn.now, left)


def after_pauses(engine: Core, session: Session, row: Mapping[str, Any], basis: Mapping[str, Any]) -> dict[str, Any]:
    """The due instant of a clock that has stood on its way: what was left runs on from when it went on. {} if never."""
    last = _last_pause(session, row)
    if last is None or last.ended_at is None:
        return {}
    at = engine.calendar.run_on(session, basis, last.ended_at, last.left_seconds)
    return {"due_at": at, "amber_at": engine.calendar.given(session, basis, last.ended_at, at).amber_at}


def _shifted(turn: Turn, row: Mapping[str, Any], at: dt.datetime | None) -> dt.datetime | None:
    """An instant on the step's way, as far from now as it was from the stop. What was past then stays past."""
    if at is None or at <= row["paused_at"]:
        return at
    calendar, unit = turn.engine.calendar, _unit(row)
    left = calendar.elapsed(turn.session, unit, row["paused_at"], at)
    return calendar.run_on(turn.session, {"unit": unit, "end": "exact"}, turn.now, left)


def _began(row: Mapping[str, Any]) -> dt.datetime:
    """When the present budget began to run."""
    extension = (row["due_basis"] or {}).get("extension") or {}
    began: dt.datetime = dt.datetime.fromisoformat(extension["at"]) if extension else row["clock_started_at"]
    return began


def _iso(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at else None


# -- a timer by itself


@dataclass
class MoveTimer:
    """A timer of the diagram fires at another instant: it is rewritten in the state, where alone it counts."""

    actor: Actor
    timer_id: str
    due_at: dt.datetime
    reason: str
    row: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        self.row = waiting_timer(session, self.timer_id)
        return load_turn(engine, session, self.row["instance_id"], self.actor)

    def begin(self, turn: Turn) -> None:
        turn.restructured = True
        task = turn.workflow.task(self.row["spiff_task_id"])
        if task is None or due_at(task) is None:
            raise Stale()
        move_timer(task, self.due_at)

    def commit(self, turn: Turn) -> None:
        mark_moved(turn.session, waiting_timer(turn.session, self.timer_id), self.actor, turn.now, self.reason)
        turn.happened("timer.rescheduled", node_id=self.row["node_id"], data=moved(self.row, self.due_at, self.reason))

    def finish(self, turn: Turn) -> None:
        """The projection wrote the instant, with a new fencing token."""


def waiting_timer(session: Session, timer_id: str) -> dict[str, Any]:
    """The row of a timer that can be moved. NotFound; Conflict tells its state."""
    row = session.execute(sa.select(_TIMER).where(_TIMER.c.id == timer_id)).mappings().first()
    if row is None:
        raise errors.NotFound()
    if row["state"] != "waiting":
        raise errors.Conflict(
            {
                "paused": lazy_("计时已中止，恢复后才能改期"),
                "fired": lazy_("这个定时器已经触发"),
                "failed": lazy_("这个定时器多次失败，请先处理异常"),
            }.get(row["state"], lazy_("这个定时器已经取消")),
            status=row["state"],
        )
    return dict(row)


def mark_moved(
    session: Session, row: Mapping[str, Any], actor: Actor, now: dt.datetime, reason: str, **values: Any
) -> None:
    """Who moved it, when and why; from now on the old row's holders are late."""
    changed = session.execute(
        sa.update(_TIMER)
        .where(_TIMER.c.id == row["id"], _TIMER.c.state == "waiting", _TIMER.c.fence == row["fence"])
        .values(
            moved_by_id=actor.id,
            moved_by_name=actor.name,
            moved_at=now,
            move_reason=reason,
            fence=row["fence"] + 1,
            attempts=0,
            lease_until=None,
            next_attempt_at=None,
            **values,
        )
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise errors.Conflict()


def moved(row: Mapping[str, Any], at: dt.datetime, reason: str) -> dict[str, Any]:
    """The line of history."""
    return {
        "timer_id": row["id"],
        "kind": row["kind"],
        "from": row["due_at"].isoformat(),
        "to": at.isoformat(),
        "reason": reason,
    }
