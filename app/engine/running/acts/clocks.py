"""The clock of a step: a new due instant, a stop, going on again.

Every act is a turn of its own, so that whoever loaded the state before can no longer commit it, and every row that
moves gets a new fencing token, so that whoever read the row before can no longer fire it. A step that several people
sign has one clock: what is done to one of its rows is done to all that are open and due at the same instant.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.packages.words import words_of
from app.engine.ports import Due
from app.engine.running import step_timers
from app.engine.running.acts.authority import open_task
from app.engine.running.acts.named import call_named
from app.engine.running.checkout import Stale, Turn, load_turn
from app.engine.running.pauses import begin_pause, end_pause, restart_pause, resumed_due, shifted, unit_of
from app.engine.running.workflow import due_at, is_paused, move_timer, pause_timer
from app.i18n import lazy_

_TASK = HumanTask.__table__
_CLOCK = ("due_at", "paused_at", "extensions", "clock_round", "assignee_id")

Authority = Callable[[Session, Mapping[str, Any]], None]  # raises when the person may not


@dataclass
class _OfAStep(ABC):
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
                _TASK.c.instance_id == row["instance_id"],
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

    @abstractmethod
    def look(self, turn: Turn) -> None:
        """Refuse what the present clock does not allow, and compute what it will be."""

    def begin(self, turn: Turn) -> None:
        turn.restructured = True
        for timer in turn.workflow.edge_timers(self.row["spiff_task_id"]):
            self.touch(turn, timer, due_at(timer))

    @abstractmethod
    def touch(self, turn: Turn, timer: Task, at: dt.datetime | None) -> None:
        """Do the same to a timer that is drawn on the step's edge."""

    def commit(self, turn: Turn) -> None:
        """The rows; the record follows by the process's `on_clock`."""
        now = self._allowed(turn.session)
        if any(now[name] != self.row[name] for name in _CLOCK):
            raise Stale()  # a calendar was published, say: that bumps no revision
        for row in self.rows:
            self.write(turn, row)
        call_named(turn.engine, turn, turn.loaded.manifest.get("on_clock"), {"task_id": self.task_id})

    @abstractmethod
    def write(self, turn: Turn, row: dict[str, Any]) -> None:
        """Change one row of the step and its timers. Of several signers' rows one carries the step's ladder."""

    def finish(self, turn: Turn) -> None:  # noqa: B027 (most acts have nothing more to do)
        """Nothing more."""

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
        if wanted <= (self.old if self.row["paused_at"] is None else resumed_due(turn, self.row)):
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
            self._set(turn, row, amber_at=restart_pause(turn, row, self.reason))
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
        left = begin_pause(turn, row, self.reason)
        self._set(turn, row, paused_at=turn.now, pause_reason=self.reason)
        step_timers.pause(turn.session, row["id"])
        turn.happened(
            "task.paused",
            node_id=row["node_id"],
            task_id=row["id"],
            data={
                "reason": self.reason, "due_at": row["due_at"].isoformat(), "left_seconds": left, "unit": unit_of(row),
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
        due = resumed_due(turn, row)
        edge = {str(task.id): due_at(task) for task in turn.workflow.edge_timers(row["spiff_task_id"])}
        later = {task: due if at == row["due_at"] else shifted(turn, row, at) for task, at in edge.items()}
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


def _iso(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at else None
