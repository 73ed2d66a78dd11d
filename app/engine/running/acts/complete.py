"""Somebody finishes a task, or signs one that several people sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.packages.words import words_of
from app.engine.ports import TaskCheck
from app.engine.running import step_timers
from app.engine.running.acts.authority import open_task, person, require_may_act
from app.engine.running.acts.voting import require_asked, run_if_decided, tell_if_decided, vote_of
from app.engine.running.checkout import Stale, Turn, load_turn
from app.engine.running.pauses import end_pause
from app.engine.running.plain import checked
from app.engine.running.projections.people import participate
from app.engine.running.services import as_json
from app.engine.running.signing import Signing
from app.i18n import lazy_
from app.prepared import Prepared

_TASK = HumanTask.__table__
_BY_ID = Prepared(sa.update(_TASK).where(_TASK.c.id == sa.bindparam("task_id")))
TRIES = 12  # signers of one step meet at one instance all at once, and none of them should be turned away


@dataclass
class Complete:
    """Somebody finishes a task. Authority and checks are looked at again inside the write transaction."""

    actor: Actor
    task_id: str
    answers: Mapping[str, Any]
    rev: int | None = None
    row: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] | None = None
    clean: dict[str, Any] = field(default_factory=dict)
    signing: Signing | None = None  # with this vote, where several people sign
    vote: Any = None
    foretell: Callable[[Turn], None] | None = None  # hears of what was done before it is committed

    def open(self, engine: Core, session: Session) -> Turn:
        self.row = open_task(session, self.task_id)
        if self.rev is not None and self.row["rev"] != self.rev:
            raise errors.Conflict(lazy_("此事已有变化，请按最新情况办理"), status="changed", rev=self.row["rev"])
        self.actor = require_may_act(engine, session, self.row, self.actor)
        turn = load_turn(engine, session, self.row["instance_id"], self.actor)
        task = turn.workflow.task(self.row["spiff_task_id"])
        if task is None or task.state != TaskState.READY:
            raise Stale()
        self.look_at(turn, task)
        return turn

    def look_at(self, turn: Turn, task: Task) -> None:
        """Whether these answers may finish the task: asked of whom signs, and of the form. Conflict, Invalid."""
        words = words_of(self.row["properties"])
        if words.signs:
            require_asked(task, self.row, words, self.actor)
        self.form = turn.loaded.form(self.row["form"])
        self.clean = self._validated(turn.engine, turn.session, turn, task.data)
        if words.signs:
            self.vote = vote_of(self.form, words, self.clean)

    def _validated(self, engine: Core, session: Session, turn: Turn, data: Mapping[str, Any]) -> dict[str, Any]:
        if self.form is None:
            if self.answers:
                raise errors.Invalid({str(name): [lazy_("没有这一栏")] for name in self.answers})
            return {}
        if engine.forms is None:
            return dict(checked(dict(self.answers)))
        valid = engine.forms.validate(
            session, self.form, self.answers, data=data, actor=self.actor, instance_id=turn.id, now=turn.now
        )
        return dict(checked(valid))

    def begin(self, turn: Turn) -> None:
        task = turn.workflow.task(self.row["spiff_task_id"])
        assert task is not None
        self.signing = Signing.of_task(task, words_of(self.row["properties"]))
        if self.signing is not None:
            self.signing.sign(self.task_id, self.actor, self.vote, self.clean, turn.now)
            run_if_decided(turn, task, self.row["node_id"], self.signing)
            return
        # Assigned, not merged: SpiffWorkflow's own merge mixes an old list into the new one (guard 4).
        task.data.update(deepcopy(self.clean))
        done = dict(task.data.get("completed_by") or {})
        done[self.row["node_id"]] = person(self.actor) | {"at": turn.now.isoformat()}
        task.data["completed_by"] = done
        task.run()
        turn.note(task)
        turn.workflow.watch_conditions()

    def commit(self, turn: Turn) -> None:
        session, now = turn.session, turn.now
        row = open_task(session, self.task_id, before=self.row)
        require_may_act(turn.engine, session, row, self.actor)
        self._check(turn, row)
        end_pause(turn, row, "")
        late = row["due_at"] is not None and now > row["due_at"]
        done = {
            "status": "done",
            "assignee_id": self.actor.id,
            "assignee_name": self.actor.name,
            "claimed_at": row["claimed_at"] or now,
            "completed_at": now,
            "completed_by_id": self.actor.id,
            "completed_by_name": self.actor.name,
            "late": late,
            "answers": as_json(self.clean),
            "draft": None,
            "draft_at": None,
            "draft_by_id": None,
            "rev": row["rev"] + 1,
        }
        _BY_ID.run(session, {"task_id": self.task_id, **done})
        step_timers.cancel(session, self.task_id)
        if self.actor.id:
            participate(session, turn.id, user_id=self.actor.id)
        if self.form is not None and turn.engine.forms is not None:
            turn.engine.forms.keep(session, self.form, self.clean, instance_id=turn.id, actor=self.actor, now=now)
        turn.happened(
            "task.completed",
            node_id=row["node_id"],
            task_id=self.task_id,
            data={"answers": as_json(self.clean), "late": late, "name_zh": row["name_zh"], "name_en": row["name_en"]}
            | ({"vote": self.vote} if self.signing is not None else {}),
        )
        if self.signing is not None:
            tell_if_decided(turn, row["node_id"], self.signing)

    def _check(self, turn: Turn, row: Mapping[str, Any]) -> None:
        """The step's own conditions, e.g. that the reviewer is not the one who rectified.

        Where somebody stands in for a colleague, neither of them may be the one who must not do it.
        """
        found: dict[str, list[Any]] = {}
        data = row["data"] | self.clean
        live = turn.workflow.task(row["spiff_task_id"])
        if live is not None:
            data = live.data if self.signing is None else live.data | self.clean
        for name in words_of(row["properties"]).checks:
            check = turn.engine.services.checks.get(name)
            if check is None:
                raise LookupError(f"no task check is called {name!r}")
            for actor in self._answerable():
                seen = TaskCheck(
                    turn.session, turn.now, actor, turn.id, self.task_id, row["node_id"], self.clean, deepcopy(data)
                )
                for key, messages in check(seen).items():
                    told = found.setdefault(key, [])
                    told.extend(one for one in messages if one not in told)
        if found:
            raise errors.Invalid(found)

    def _answerable(self) -> list[Actor]:
        """Who does it, and in whose place."""
        by = self.actor
        return [by, *([replace(by, id=by.for_id, name=by.for_name, for_id=None, for_name="")] if by.for_id else [])]

    def finish(self, turn: Turn) -> None:
        if self.foretell is not None:
            self.foretell(turn)
