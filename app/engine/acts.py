"""The verbs that move tokens: start, complete, fire timers, retry, amend. Each is one `Act` of one turn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.db import new_id
from app.engine import step_timers
from app.engine.checkout import Stale, Turn, load_turn
from app.engine.core import Core, Loaded
from app.engine.models import HumanTask, Incident, Instance, Timer
from app.engine.plain import checked
from app.engine.ports import ServiceCall, TaskCheck
from app.engine.projections import participate, redo
from app.engine.serializing import VERSION
from app.engine.services import as_json
from app.engine.words import words_of
from app.engine.workflow import Workflow
from app.i18n import lazy_

_INSTANCE, _TASK = Instance.__table__, HumanTask.__table__
_TIMER, _INCIDENT = Timer.__table__, Incident.__table__
ENGINE_NAMES = ("instance_id", "starter", "completed_by")


def person(actor: Actor) -> dict[str, Any]:
    """An actor as the process data knows people."""
    return {"id": actor.id, "name": actor.name, "org_id": actor.org_id, "org_name": actor.org_name}


@dataclass
class Start:
    """A new instance of a definition."""

    actor: Actor
    loaded: Loaded
    data: Mapping[str, Any]
    business_key: str | None = None
    parent_id: str | None = None
    form: Mapping[str, Any] | None = None  # the start form that `data` answers

    def open(self, engine: Core, session: Session) -> Turn:
        instance_id, now = new_id(), engine.clock.now()
        specs = self.loaded.specs

        def rebuild() -> Workflow:
            workflow = Workflow(
                specs.process, dict(specs.subprocesses), specs.content_hash, script_engine=engine.language.engine
            )
            workflow.task_tree.data.update(self._data(instance_id))
            return workflow

        instance = {
            "id": instance_id,
            "definition_id": self.loaded.id,
            "definition_key": self.loaded.key,
            "definition_version": self.loaded.version,
            "status": "running",
            "rev": 0,
            "business_key": self.business_key,
            "parent_id": self.parent_id,
            "starter_id": self.actor.id,
            "starter_name": self.actor.name,
            "started_at": now,
        }
        return Turn(engine, session, self.actor, now, self.loaded, instance, rebuild(), rebuild)

    def _data(self, instance_id: str) -> dict[str, Any]:
        given = {k: deepcopy(v) for k, v in self.data.items() if k not in ENGINE_NAMES}
        return given | {"instance_id": instance_id, "starter": person(self.actor), "completed_by": {}}

    def begin(self, turn: Turn) -> None:
        """Nothing: the start event is ready."""

    def commit(self, turn: Turn) -> None:
        new = sa.insert(_INSTANCE).values(
            **turn.instance, state=b"", state_mac="", serializer_version=VERSION, title="", next_due_at=None
        )
        try:
            turn.session.execute(new)
        except sa.exc.IntegrityError as twice:
            raise errors.Conflict(lazy_("这件事已经发起过"), business_key=self.business_key) from twice
        if self.actor.id:
            participate(turn.session, turn.id, user_id=self.actor.id)
        if self.form is not None and turn.engine.forms is not None:
            turn.engine.forms.keep(
                turn.session, self.form, self.data, instance_id=turn.id, actor=self.actor, now=turn.now
            )
        turn.happened("instance.started", data={"data": as_json(dict(self.data))})

    def finish(self, turn: Turn) -> None:
        """Nothing more."""


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

    def open(self, engine: Core, session: Session) -> Turn:
        self.row = open_task(session, self.task_id)
        if self.rev is not None and self.row["rev"] != self.rev:
            raise errors.Conflict(lazy_("此事已有变化，请按最新情况办理"), status="changed", rev=self.row["rev"])
        require_may_act(engine, session, self.row, self.actor)
        turn = load_turn(engine, session, self.row["instance_id"], self.actor)
        task = turn.workflow.task(self.row["spiff_task_id"])
        if task is None or task.state != TaskState.READY:
            raise Stale()
        self.form = turn.loaded.form(self.row["form"])
        self.clean = self._validated(engine, session, turn, task.data)
        return turn

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
        row = open_task(session, self.task_id)
        require_may_act(turn.engine, session, row, self.actor)
        self._check(turn, row)
        late = row["due_at"] is not None and now > row["due_at"]
        session.execute(
            sa.update(_TASK)
            .where(_TASK.c.id == self.task_id)
            .values(
                status="done",
                assignee_id=self.actor.id,
                assignee_name=self.actor.name,
                claimed_at=row["claimed_at"] or now,
                completed_at=now,
                completed_by_id=self.actor.id,
                completed_by_name=self.actor.name,
                late=late,
                answers=as_json(self.clean),
                draft=None,
                draft_at=None,
                draft_by_id=None,
                rev=row["rev"] + 1,
            )
        )
        step_timers.cancel(session, self.task_id)
        if self.actor.id:
            participate(session, turn.id, user_id=self.actor.id)
        if self.form is not None and turn.engine.forms is not None:
            turn.engine.forms.keep(session, self.form, self.clean, instance_id=turn.id, actor=self.actor, now=now)
        turn.happened(
            "task.completed",
            node_id=row["node_id"],
            task_id=self.task_id,
            data={"answers": as_json(self.clean), "late": late, "name_zh": row["name_zh"], "name_en": row["name_en"]},
        )

    def _check(self, turn: Turn, row: Mapping[str, Any]) -> None:
        """The step's own conditions, e.g. that the reviewer is not the one who rectified."""
        found: dict[str, list[Any]] = {}
        data = row["data"] | self.clean
        live = turn.workflow.task(row["spiff_task_id"])
        if live is not None:
            data = live.data
        for name in words_of(row["properties"]).checks:
            check = turn.engine.services.checks.get(name)
            if check is None:
                raise LookupError(f"no task check is called {name!r}")
            seen = TaskCheck(
                turn.session, turn.now, self.actor, turn.id, self.task_id, row["node_id"], self.clean, deepcopy(data)
            )
            for key, messages in check(seen).items():
                found.setdefault(key, []).extend(messages)
        if found:
            raise errors.Invalid(found)

    def finish(self, turn: Turn) -> None:
        """Nothing more."""


@dataclass
class Fire:
    """The diagram's own timers of one instance that are due. `claimed` are their rows, with fencing tokens."""

    actor: Actor
    instance_id: str
    until: dt.datetime
    claimed: Mapping[str, int]

    def open(self, engine: Core, session: Session) -> Turn:
        return load_turn(engine, session, self.instance_id, self.actor)

    def begin(self, turn: Turn) -> None:
        turn.workflow.fire(self.until)

    def commit(self, turn: Turn) -> None:
        """A stalled worker whose lease was taken over holds an old fencing token: it must not commit."""
        rows = turn.session.execute(sa.select(_TIMER).where(_TIMER.c.id.in_(list(self.claimed)))).mappings()
        for row in rows:
            if row["state"] != "waiting" or row["fence"] != self.claimed[row["id"]]:
                raise errors.Conflict(status="lease")
            turn.happened("timer.fired", node_id=row["node_id"], data={"due_at": row["due_at"].isoformat()})

    def finish(self, turn: Turn) -> None:
        """Rows that still wait here are cycles with turns left; projections moved them on. All leases end."""
        turn.session.execute(
            sa.update(_TIMER).where(_TIMER.c.id.in_(list(self.claimed))).values(lease_until=None, attempts=0)
        )


@dataclass
class Retry:
    """Try again where a token waits with an incident."""

    actor: Actor
    incident_id: str
    row: dict[str, Any] = field(default_factory=dict)

    def open(self, engine: Core, session: Session) -> Turn:
        row = session.execute(sa.select(_INCIDENT).where(_INCIDENT.c.id == self.incident_id)).mappings().first()
        if row is None:
            raise errors.NotFound()
        if row["resolved_at"] is not None:
            raise errors.Conflict(lazy_("这个异常已经处理"), status="resolved")
        turn = load_turn(engine, session, row["instance_id"], self.actor)
        spiff_id = row["spiff_task_id"] or ""
        turn.stuck.pop(spiff_id, None)
        turn.retrying[spiff_id] = self.incident_id
        self.row = dict(row)
        return turn

    def begin(self, turn: Turn) -> None:
        turn.workflow.retime()

    def commit(self, turn: Turn) -> None:
        """A token runs again by itself; a task without an address or a deadline is given one, a timer its turn."""
        if self.row["kind"] in ("address", "timer") and self.row["spiff_task_id"]:
            redo(turn, self.row)
        elif self.row["kind"] == "timer":
            step_timers.revive(turn.session, turn.id)

    def finish(self, turn: Turn) -> None:
        """Projections resolved the incident, or counted one more attempt."""


@dataclass
class Amend:
    """Correct variables of a running instance, with a reason; the record follows by the process's `on_amend`."""

    actor: Actor
    instance_id: str
    data: Mapping[str, Any]
    reason: str

    def open(self, engine: Core, session: Session) -> Turn:
        return load_turn(engine, session, self.instance_id, self.actor)

    def begin(self, turn: Turn) -> None:
        turn.restructured = True
        live = [
            task
            for task in turn.workflow.all_tasks()
            if task.has_state(TaskState.READY | TaskState.WAITING | TaskState.STARTED)
        ]
        for task in live:
            task.data.update(deepcopy(dict(self.data)))
        last = turn.workflow.last_task
        if last is not None:
            last.data.update(deepcopy(dict(self.data)))
        turn.workflow.watch_conditions()

    def commit(self, turn: Turn) -> None:
        changes = as_json(dict(self.data))
        turn.happened("instance.amended", data={"changes": changes, "reason": self.reason})
        call_named(turn.engine, turn, turn.loaded.manifest.get("on_amend"), {"changes": changes, "reason": self.reason})

    def finish(self, turn: Turn) -> None:
        """Nothing more."""


def call_named(engine: Core, turn: Turn, name: str | None, extra: Mapping[str, Any]) -> None:
    """Call a service task that process.toml names (on_amend, on_cancel); it sees the data with `extra` added."""
    if not name:
        return
    service = engine.services.tasks.get(name)
    if service is None:
        raise LookupError(f"no service task is called {name!r}")

    def history(event: str, **data: Any) -> None:
        turn.happened(event, data=as_json(data))

    call = ServiceCall(
        session=turn.session,
        now=turn.now,
        actor=turn.actor,
        instance_id=turn.id,
        node_id="",
        data=deepcopy(turn.workflow.data_now) | dict(extra),
        history=history,
    )
    stand_in = service.stand_in if engine.services.rehearsing else None
    (stand_in or service.function)(call)
    turn.session.flush()


def open_task(session: Session, task_id: str) -> dict[str, Any]:
    """The row of a task that can still be acted on. NotFound; Conflict tells who did it and when."""
    row = session.execute(sa.select(_TASK).where(_TASK.c.id == task_id)).mappings().first()
    if row is None:
        raise errors.NotFound()
    if row["status"] == "done":
        raise errors.Conflict(
            lazy_("%(name)s已办理这项工作", name=row["completed_by_name"] or lazy_("系统")),
            status="done",
            completed_by=row["completed_by_name"],
            completed_at=row["completed_at"].isoformat() if row["completed_at"] else None,
        )
    if row["status"] != "open":
        raise errors.Conflict(lazy_("这项工作已经撤销"), status=row["status"])
    return dict(row)


def require_may_act(engine: Core, session: Session, row: Mapping[str, Any], actor: Actor) -> None:
    """Only the holder, or while nobody holds it a candidate. The system may act for scenarios and the demo city."""
    if actor.id is None:
        return
    if row["assignee_id"] is not None:
        if row["assignee_id"] == actor.id and engine.directory.person(session, actor.id) is not None:
            return
        raise (
            errors.Conflict(
                lazy_("%(name)s已签收这项工作", name=row["assignee_name"]),
                status="claimed",
                holder=row["assignee_name"],
            )
            if engine.directory.is_candidate(session, actor.id, row["role"], row["org_id"])
            else errors.Forbidden()
        )
    if not engine.directory.is_candidate(session, actor.id, row["role"], row["org_id"]):
        raise errors.Forbidden()
