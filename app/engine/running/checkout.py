"""One turn of one instance: run outside the write lock, then commit if nobody was faster.

A turn is loaded and run in memory until it is quiet or a service task comes up. Then the write transaction is
opened, the revision compared and set, authority checked again, service tasks called in savepoints, and
everything projected and saved. A lost race is run again on the new state, three times in all.

A step that fails leaves no half-made tree: the workflow goes back to the last snapshot (the loaded state, or the
one after the last service task, whose effects must not be repeated), the steps before the failing one are run
again, they are deterministic, and the failing token is left where it was with an incident.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.db import UNAVAILABLE, is_locked, write_transaction
from app.engine.models import Incident, Instance
from app.engine.packages.deadline_text import parse_cycle
from app.engine.running import serializing
from app.engine.running.children.calling import Call, prepare
from app.engine.running.events import word
from app.engine.running.locking import lock_instance
from app.engine.running.plain import checked
from app.engine.running.serializing import DamagedState
from app.engine.running.services import as_json
from app.engine.running.workflow import Workflow, is_end, is_service
from app.i18n import lazy_
from app.prepared import Prepared

if TYPE_CHECKING:
    from app.engine.core import Core, Loaded

TRIES, MAX_STEPS, MAX_SECONDS = 3, 2000, 5.0
STUCK_KINDS = ("service", "expression")

_INSTANCE = Instance.__table__
_INCIDENT = Incident.__table__
_IN_TROUBLE = (
    sa.exists().where(_INCIDENT.c.instance_id == _INSTANCE.c.id, _INCIDENT.c.resolved_at.is_(None)).label("in_trouble")
)
_BY_ID = Prepared(sa.select(*_INSTANCE.c, _IN_TROUBLE).where(_INSTANCE.c.id == sa.bindparam("instance_id")))
_OPEN_INCIDENTS = Prepared(
    sa.select(_INCIDENT.c.spiff_task_id, _INCIDENT.c.id, _INCIDENT.c.kind).where(
        _INCIDENT.c.instance_id == sa.bindparam("instance_id"), _INCIDENT.c.resolved_at.is_(None)
    )
)
_TAKE = Prepared(
    sa.update(_INSTANCE).where(
        _INSTANCE.c.id == sa.bindparam("instance_id"),
        _INSTANCE.c.rev == sa.bindparam("before"),
        _INSTANCE.c.status == "running",
    )
)


class Overrun(Exception):
    """A turn did not come to rest within its budget (guard 2): an endless automatic loop, most likely."""


class StepFailed(Exception):
    """The act itself could not be carried out by the diagram; nothing was stored."""

    def __init__(self, node_id: str | None, cause: Exception) -> None:
        self.node_id, self.cause = node_id, cause
        super().__init__(message_of(cause))


class Halted(errors.Conflict):
    """The turn was given up and has its incident. Nobody else acted: trying again at once would change nothing."""


class Stale(Exception):
    """Another turn committed first."""


@dataclass(frozen=True)
class Failure:
    """A token that waits until somebody retries."""

    spiff_task_id: str | None
    node_id: str | None
    kind: str
    message: str


@dataclass(frozen=True)
class Anew:
    """A step that begins again because it was sent back or taken back: who did it, and what was answered.

    Taken back, its clock goes on as if it had not been done; sent back, a new one begins.
    """

    event: str
    reason: str
    person_id: str | None
    answers: dict[str, Any]
    clock: dict[str, Any] = field(default_factory=dict)
    clock_of: str | None = None  # the task that had this clock


@dataclass
class Happened:
    """One line of history to be, and the notification it may cause."""

    event: str
    actor: Actor
    node_id: str | None = None
    task_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    notify: dict[str, Any] | None = None
    send: tuple[str, dict[str, Any]] | None = None  # another outbox row: kind and payload


class Act(Protocol):
    """What a verb does with a turn."""

    actor: Actor

    def open(self, engine: Core, session: Session) -> Turn:
        """The turn on the present state; refuses what can be refused without the lock."""

    def begin(self, turn: Turn) -> None:
        """Change the workflow in memory. Runs again after a rewind, so it has no other effect."""

    def commit(self, turn: Turn) -> None:
        """Inside the write transaction, before service tasks run: authority again, the act's own rows."""

    def finish(self, turn: Turn) -> None:
        """Inside the write transaction, after everything is projected."""


@dataclass
class Turn:
    """The working memory of one attempt. Also the workflow's surroundings (see workflow.Surroundings)."""

    engine: Core
    session: Session
    actor: Actor
    now: dt.datetime
    loaded: Loaded
    instance: dict[str, Any]
    workflow: Workflow
    rebuild: Callable[[], Workflow]
    writing: bool = False
    stuck: dict[str, str | None] = field(default_factory=dict)
    retrying: dict[str, str] = field(default_factory=dict)
    path: list[list[str | None]] = field(default_factory=list)
    events: list[Happened] = field(default_factory=list)
    thrown: list[Happened] = field(default_factory=list)  # messages and signals that steps sent; told after the rest
    calls: list[Call] = field(default_factory=list)  # children that tokens asked for
    failures: list[Failure] = field(default_factory=list)
    reported: list[dict[str, Any]] = field(default_factory=list)  # open incidents when the turn began
    created: list[dict[str, Any]] = field(default_factory=list)  # rows of the human tasks that began
    anew: dict[str, Anew] = field(default_factory=dict)  # by node
    end_node: str | None = None
    restructured: bool = False  # the act changed more than tokens: the state must survive a round trip (guard 5)
    firing: bool = False  # rows of timers made this turn: they are looked at also where the diagram has none
    ran: int = 0
    total: int = 0
    _failing: list[tuple[int, Failure]] = field(default_factory=list)
    _passed_failing: int = 0
    _marks: tuple[int, int, int] = (0, 0, 0)
    _thrown_before: int = 0
    _calls_before: int = 0
    _stuck_before: dict[str, str | None] = field(default_factory=dict)
    _begin: Callable[[Turn], None] | None = None
    _spent: float = 0.0

    @property
    def id(self) -> str:
        instance_id: str = self.instance["id"]
        return instance_id

    def happened(self, event: str, **fields: Any) -> Happened:
        actor = fields.pop("actor", self.actor)
        line = Happened(event, actor, **fields)
        self.events.append(line)
        return line

    def evaluate(self, expression: str, data: dict[str, Any]) -> Any:
        return self.engine.evaluate(expression, data)

    def names_of(self, expression: str) -> frozenset[str]:
        return self.engine.language.names(expression)

    # -- surroundings of the workflow

    def is_stuck(self, task: Task) -> bool:
        return str(task.id) in self.stuck

    def waiting_failed(self, task: Task, error: Exception) -> None:
        if isinstance(error, UNAVAILABLE):
            raise error
        self.stuck[str(task.id)] = None
        self.failures.append(Failure(str(task.id), task.task_spec.bpmn_id, "expression", message_of(error)))

    def timer_due(self, task: Task, text: str) -> dt.datetime:
        due = self.engine.calendar.due(
            self.session, _unquoted(text), self.now, lambda expression: self.evaluate(expression, task.data)
        )
        return due.at

    def timer_cycle(self, task: Task, text: str) -> tuple[int, dt.datetime, str]:
        """Turns, first instant and interval; bounded also at run time (deadline_text.parse_cycle)."""
        cycle = parse_cycle(text)
        parts = _unquoted(text).split("/")
        first = self.timer_due(task, parts[1]) if cycle.start else self.add_duration(self.now, parts[-1])
        return cycle.turns, first, parts[-1]

    def add_duration(self, at: dt.datetime, duration: str) -> dt.datetime:
        return self.engine.calendar.offset(self.session, duration, at)

    def call_service(self, task: Task) -> None:
        self.engine.services.call(self, task)

    def call_process(self, task: Task) -> int:
        """A detached call: its children are stored with the turn and begin after the commit; how many there are."""
        call = prepare(self, task)
        self.calls.append(call)
        return len(call.inputs)

    def send(self, kind: str, task: Task, name: str, correlation: str, payload: dict[str, Any]) -> None:
        """A message or signal that the diagram throws: it leaves through the outbox, after the commit."""
        sent = {"name": name, "correlation": correlation, "payload": as_json(checked(payload))}
        ttl = word(task, "ttl") or None
        actor = {"id": self.actor.id, "name": self.actor.name, "org_id": self.actor.org_id}
        letter = sent | {"ttl": ttl, "instance_id": self.id, "actor": actor | {"org_name": self.actor.org_name}}
        node_id = task.task_spec.bpmn_id
        self.thrown.append(Happened(f"{kind}.sent", self.actor, node_id, data=sent, send=(kind, letter)))

    # -- running

    def run(self, begin: Callable[[Turn], None] | None) -> None:
        """Begin, then step until quiet, or until a service task comes up outside the transaction."""
        self._begin, self._stuck_before = begin, dict(self.stuck)
        self._start_over()
        self.advance()

    def _start_over(self) -> None:
        self.workflow.surroundings = self
        self.stuck = dict(self._stuck_before)
        self.ran = self._passed_failing = 0
        if self._begin is not None:
            try:
                self._begin(self)
            except (errors.DubanError, Stale, DamagedState, *UNAVAILABLE):
                raise
            except Exception as error:
                raise StepFailed(None, error) from error

    def advance(self) -> None:
        while True:
            task = self.workflow.next_ready()
            if task is None:
                if self.workflow.settle():
                    continue
                return
            if is_service(task) and not self.writing:
                return
            if self._known_to_fail(task):
                continue
            self._charge()
            began = time.thread_time()  # a machine that is busy with others does not make a loop
            try:
                self._step(task)
            except (errors.Busy, *UNAVAILABLE):
                raise  # the database's trouble is no fault of the diagram: nothing is stored, a later try may do
            except Exception as error:
                self._rewind(task, error)
                continue
            self.ran += 1
            self.total += 1
            if is_service(task):
                self.mark()
            else:
                self._spent += time.thread_time() - began

    def _step(self, task: Task) -> None:
        if is_service(task):
            with self.session.begin_nested():
                task.run()
        else:
            task.run()
        self.note(task)
        self.workflow.watch_conditions()

    def note(self, task: Task) -> None:
        """Remember that a token passed here, and from which node."""
        node, drawn = task.task_spec.bpmn_id, self.loaded.nodes
        if node not in drawn:
            return
        parent = task.parent
        while parent is not None and parent.task_spec.bpmn_id not in drawn:
            parent = parent.parent
        self.path.append([node, parent.task_spec.bpmn_id if parent else None])
        if is_end(task):
            self.end_node = node

    def _charge(self) -> None:
        if self.total >= MAX_STEPS or self._spent > MAX_SECONDS:
            raise Overrun(f"no rest after {self.total} steps")

    def _known_to_fail(self, task: Task) -> bool:
        """Whether this is where an earlier attempt of the same turn failed; leaves the token there."""
        if self._passed_failing < len(self._failing):
            index, failure = self._failing[self._passed_failing]
            if index == self.ran:
                self._passed_failing += 1
                self.stuck[str(task.id)] = None
                self.failures.append(Failure(str(task.id), failure.node_id, failure.kind, failure.message))
                return True
        return False

    def _rewind(self, task: Task, error: Exception) -> None:
        kind = "service" if is_service(task) else "expression"
        failure = Failure(str(task.id), task.task_spec.bpmn_id, kind, message_of(error))
        self._failing.append((self.ran, failure))
        self.total -= self.ran
        path, events, failures = self._marks
        del self.path[path:], self.events[events:], self.failures[failures:]
        del self.thrown[self._thrown_before :], self.calls[self._calls_before :]
        self.end_node = None
        self.workflow = self.rebuild()
        self._start_over()

    def mark(self) -> None:
        """From here on a rewind goes back to now: a service task's effects are in the transaction."""
        text = serializing.dump(self.workflow)
        specs = self.loaded.specs
        self.rebuild = lambda: self.engine.attach(serializing.load(text, specs))
        self._begin, self._failing, self._stuck_before = None, [], dict(self.stuck)
        self.ran = self._passed_failing = 0
        self._marks = (len(self.path), len(self.events), len(self.failures))
        self._thrown_before, self._calls_before = len(self.thrown), len(self.calls)

    def keep_events(self) -> None:
        """The act's own lines stay when steps are run again; what the steps left (path, failures) does not."""
        self._marks = (self._marks[0], len(self.events), self._marks[2])


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] else text


def message_of(error: BaseException) -> str:
    """What went wrong, in one line, for the incident."""
    cause = getattr(error, "exception", None) or error
    if isinstance(cause, errors.Invalid) and cause.errors:
        text = "; ".join(f"{name}: {', '.join(map(str, found))}" for name, found in cause.errors.items())
        return f"{cause.code}: {text}"[:2000]
    if isinstance(cause, errors.DubanError):
        return f"{cause.code}: {cause.detail}"[:2000]
    return f"{type(cause).__name__}: {cause}"[:2000].encode(errors="replace").decode()


def load_turn(engine: Core, session: Session, instance_id: str, actor: Actor) -> Turn:
    """The instance's turn on the state now stored. NotFound, Conflict when it no longer runs, DamagedState."""
    row = _BY_ID.first(session, {"instance_id": instance_id})
    if row is None:
        raise errors.NotFound()
    instance = row._asdict()
    in_trouble = instance.pop("in_trouble")
    if instance["status"] != "running":
        raise errors.Conflict(_not_running(instance["status"]), status=instance["status"])
    loaded = _version_of(engine, session, instance)
    text = unsealed(engine, instance)

    def rebuild() -> Workflow:
        return engine.attach(serializing.load(text, loaded.specs))

    try:
        workflow = rebuild()
    except Exception as error:
        raise DamagedState(message_of(error), instance_id) from error
    turn = Turn(engine, session, actor, engine.clock.now(), loaded, instance, workflow, rebuild)
    if in_trouble:
        turn.reported = [row._asdict() for row in _OPEN_INCIDENTS.all(session, {"instance_id": instance_id})]
    turn.stuck = {
        row["spiff_task_id"]: row["id"] for row in turn.reported if row["spiff_task_id"] and row["kind"] in STUCK_KINDS
    }
    return turn


def _version_of(engine: Core, session: Session, instance: dict[str, Any]) -> Loaded:
    """The version that an instance runs; without it the instance can go nowhere."""
    from app.engine.core import DamagedDefinition

    try:
        return engine.definition(session, instance["definition_id"])
    except errors.NotFound:
        raise DamagedState(f"definition {instance['definition_id']} is missing", instance["id"]) from None
    except DamagedDefinition as damage:
        told = f"the files of {damage.extra['definition']} are not those that were deployed"
        raise DamagedState(told, instance["id"]) from damage


def unsealed(engine: Core, instance: dict[str, Any]) -> bytes:
    """The text of an instance's state; DamagedState names the instance."""
    try:
        return serializing.unseal(
            instance["state"],
            instance["state_mac"],
            instance["serializer_version"],
            engine.secret,
            instance["id"],
            instance["rev"],
        )
    except DamagedState as damage:
        raise DamagedState(str(damage), instance["id"]) from None


def _not_running(status: str) -> Any:
    return {
        "ended": lazy_("此事项已办结"),
        "cancelled": lazy_("此事项已撤销"),
        "suspended": lazy_("此事项已暂停办理"),
        "quarantined": lazy_("此事项数据校验未通过，已停止办理，请联系系统管理员"),
    }.get(status, lazy_("此事项已有变化，请按最新情况办理"))


def take_revision(turn: Turn) -> None:
    """Compare and set: exactly one of those who read this revision goes on."""
    rev = turn.instance["rev"]
    if _TAKE.run(turn.session, {"instance_id": turn.id, "before": rev, "rev": rev + 1}) != 1:
        raise Stale()
    turn.instance["rev"] = rev + 1


def checkout(engine: Core, act: Act, tries: int = TRIES) -> Turn:
    """Carry out one verb. Conflict after three lost races (or `tries`), Busy when the database stays locked."""
    with engine.observed(act):
        return _carry_out(engine, act, tries)


def _carry_out(engine: Core, act: Act, tries: int) -> Turn:
    from app.engine.running.projections.saving import save
    from app.engine.verbs import incidents

    for _attempt in range(tries):
        with engine.sessions() as session:
            turn: Turn | None = None
            try:
                turn = act.open(engine, session)
                turn.run(act.begin)
                with write_transaction(session):
                    complete_turn(turn, act, save)
                return turn
            except Stale:
                continue
            except DamagedState as damage:
                raise quarantined(engine, session, damage) from damage
            except (Overrun, StepFailed) as fault:
                session.rollback()
                incidents.record_fault(engine, session, turn, fault)
                raise Halted(lazy_("流程在这一步无法继续，已记录异常并通知系统管理员；您填写的内容没有提交")) from fault
            except UNAVAILABLE as refused:
                raise busy(refused) from refused
    raise errors.Conflict()


def busy(refused: Exception) -> errors.Busy:
    """What the caller is told: somebody else holds the instance, or the database cannot do it now."""
    return errors.Busy(lazy_("别人或系统正在办理此事项，请稍候再试") if is_locked(refused) else None)


def quarantined(engine: Core, session: Session, damage: DamagedState) -> errors.Conflict:
    """Stop the damaged instance; the refusal to raise."""
    from app.engine.verbs import incidents

    incidents.quarantine(engine, session, damage)
    return errors.Conflict(_not_running("quarantined"), status="quarantined")


def complete_turn(turn: Turn, act: Act, save: Callable[[Turn], None]) -> None:
    """The part of a turn that is inside the write transaction."""
    turn.writing = True
    turn.session.info["turns"] = {turn.id}  # what an act inside this one must leave alone
    if turn.instance["rev"] > 0:
        lock_instance(turn.session, turn.id)
        take_revision(turn)
    elif turn.instance.get("parent_id"):
        lock_instance(turn.session, turn.instance["parent_id"])
    act.commit(turn)
    turn.keep_events()
    turn.advance()
    save(turn)
    act.finish(turn)


def run_inside(engine: Core, session: Session, act: Act) -> Turn:
    """Carry out an act inside a write transaction that is already open (a ladder rung that starts a process).

    An instance that exists must be locked by the caller, and must not be the one whose turn is under way.
    """
    from app.engine.running.projections.saving import save

    turn = act.open(engine, session)
    turn.writing = True
    if turn.instance["rev"] > 0:
        take_revision(turn)
    act.commit(turn)
    turn.keep_events()
    turn.run(act.begin)
    save(turn)
    act.finish(turn)
    return turn
