"""One case of a rehearsal: a workflow in memory, moved by the engine's own acts.

Steps, timers, decisions, expressions, scripts, addresses, deadlines and forms run as in production; only nothing is
stored between two turns, and a token that fails stops its case, because nobody repairs anything here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app import errors
from app.audit import SYSTEM, Actor
from app.db import UNAVAILABLE
from app.engine.core import Core, Loaded
from app.engine.packages.call_words import COUNTED, output_names
from app.engine.packages.words import Words, words_of
from app.engine.running import events, step_timers
from app.engine.running.acts.children import GoOn
from app.engine.running.acts.complete import Complete
from app.engine.running.acts.deliver import Deliver
from app.engine.running.acts.fire import Fire
from app.engine.running.acts.start import Start
from app.engine.running.addressing import address_of, signers_of
from app.engine.running.checkout import Overrun, StepFailed, Turn, message_of
from app.engine.running.children.spec import CALLED, waiting_calls, words_of_call
from app.engine.running.compacting import compact
from app.engine.running.projections.tasks import deadline_of
from app.engine.running.signing import PERSON, Signing
from app.engine.running.workflow import Workflow, due_at, is_service

RUNNING, ENDED, DEAD, INCIDENT, LOOPED = "running", "ended", "dead", "incident", "looped"
MAX_TURNS, MAX_VISITS = 400, 60


class Stopped(Exception):
    """A token cannot go on; in production it would wait with an incident until somebody repairs it."""

    def __init__(self, node_id: str | None, message: str, kind: str = "expression") -> None:
        self.node_id, self.message, self.kind = node_id, message, kind
        super().__init__(message)


@dataclass
class MemoryTurn(Turn):
    """A turn whose state is the workflow itself: no snapshot to go back to, hence no going back."""

    def mark(self) -> None:
        self.ran = self._passed_failing = 0

    def _step(self, task: Task) -> None:
        task.run()
        self.note(task)
        self.workflow.watch_conditions()

    def _rewind(self, task: Task, error: Exception) -> None:
        kind = "service" if is_service(task) else "expression"
        raise Stopped(task.task_spec.bpmn_id, message_of(error), kind)


@dataclass(eq=False)
class Work:
    """A task that somebody has to do."""

    case: Case
    id: str
    spiff_id: str
    node_id: str
    role: str
    actor: Actor
    created: dt.datetime
    due: dt.datetime | None
    rungs: tuple[dt.datetime, ...]
    visit: int
    came_from: str | None
    row: Mapping[str, Any]
    state: str = "queued"  # queued, running, done, gone


@dataclass(eq=False)
class Pause:
    """A token that waits for a message, a signal or children."""

    case: Case
    spiff_id: str
    node_id: str
    kind: str
    visit: int
    called: int = 0


@dataclass
class Case:
    """`passes` and `pairs` count the nodes that tokens passed, and from which node they came."""

    number: int
    stage: Core
    session: Session
    loaded: Loaded
    workflow: Workflow | None = None
    instance: dict[str, Any] = field(default_factory=dict)
    status: str = RUNNING
    path: list[tuple[str, str | None]] = field(default_factory=list)
    passes: Counter[str] = field(default_factory=Counter)
    visits: Counter[str] = field(default_factory=Counter)
    open: dict[str, Work] = field(default_factory=dict)
    pauses: dict[str, Pause] = field(default_factory=dict)
    end_node: str | None = None
    stopped: Stopped | None = None
    dead_at: tuple[str, ...] = ()
    turns: int = 0
    asked: int = 0
    began: dt.datetime | None = None
    over: dt.datetime | None = None

    # -- what happens to it

    def start(self, data: Mapping[str, Any], by: Actor, *, as_form: bool) -> None:
        form = self.loaded.form(self.loaded.manifest.get("start_form")) if as_form else None
        act = Start(by, self.loaded, {})
        try:
            act.data = self.stage._start_answers(self.session, form, data, by)  # type: ignore[attr-defined]
        except errors.Invalid as refused:
            self.began = self.stage.clock.now()
            self._stop(Stopped(None, message_of(refused), "form"))
            return
        turn = act.open(self.stage, self.session)
        turn.instance["id"] = f"rehearsal-{self.number:06}"
        turn.workflow.task_tree.data["instance_id"] = turn.instance["id"]
        self.workflow, self.instance, self.began = turn.workflow, turn.instance, turn.now
        self._turn(None, by)

    def complete(self, work: Work, answers: Mapping[str, Any]) -> None:
        """Raises nothing: answers that the form refuses stop the case, as every other failure does."""
        assert self.workflow is not None
        task = self.workflow.task(work.spiff_id)
        assert task is not None
        act = Complete(work.actor, work.id, answers, row=dict(work.row))

        def begin(turn: Turn) -> None:
            act.look_at(turn, task)
            act.begin(turn)

        work.state = "done"
        self._turn(begin, work.actor, work.node_id)

    def fire(self, until: dt.datetime) -> None:
        self._turn(Fire(SYSTEM, self.instance["id"], until, {}).begin, SYSTEM)

    def deliver(self, pause: Pause, payload: Mapping[str, Any]) -> None:
        waits = [{"spiff_task_id": pause.spiff_id}]
        act = Deliver(SYSTEM, self.instance["id"], (), payload, {}, waits=waits)
        self._turn(act.begin, SYSTEM, pause.node_id)

    def go_on(self, pause: Pause, children: list[dict[str, Any]]) -> None:
        """Enough children are over; these are the records that the process is given."""
        act = GoOn(SYSTEM, self.instance["id"], pause.spiff_id, pause.node_id, children)
        self._turn(act.begin, SYSTEM, pause.node_id)

    def cannot_be_filled_in(self, node_id: str | None, error: Exception) -> None:
        """The form is no form that anybody could answer."""
        self.began = self.began or self.stage.clock.now()
        self._stop(Stopped(node_id, message_of(error), "form"))

    # -- what it asks

    def data_of(self, work: Work) -> dict[str, Any]:
        assert self.workflow is not None
        task = self.workflow.task(work.spiff_id)
        found: dict[str, Any] = task.data if task is not None else {}
        return found

    def next_timer(self) -> dt.datetime | None:
        assert self.workflow is not None
        return min((at for task in self.workflow.waiting_timers() if (at := due_at(task))), default=None)

    def call_words(self, pause: Pause) -> Any:
        assert self.workflow is not None
        task = self.workflow.task(pause.spiff_id)
        return words_of_call(task)

    def taken_of(self, pause: Pause, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the parent takes from a child that knew this in the end."""
        outputs = self.call_words(pause).outputs
        if not outputs:
            return {}
        if (names := output_names(outputs)) is not None:
            return {name: data.get(name) for name in names}
        found = self.stage.evaluate_softly(outputs, data)
        return dict(found) if isinstance(found, Mapping) else {}

    def is_enough(self, pause: Pause, ended: Counter[str]) -> bool:
        """Whether a call goes on when so many of its children are over, by state."""
        counted = {name: ended[name] for name in COUNTED} | {"total": pause.called, "finished": ended.total()}
        if counted["finished"] >= pause.called:
            return True
        when = self.call_words(pause).complete_when
        return bool(when) and bool(self.stage.evaluate_softly(when, counted))

    # -- turns

    def _turn(self, begin: Callable[[Turn], None] | None, by: Actor, node_id: str | None = None) -> None:
        assert self.workflow is not None
        now = self.stage.clock.now()
        turn = MemoryTurn(
            self.stage, self.session, by, now, self.loaded, self.instance, self.workflow, _never, writing=True
        )
        self.turns += 1
        try:
            turn.run(begin)
            self._note(turn)
            self._project(turn)
            if turn.failures:
                first = turn.failures[0]
                raise Stopped(first.node_id, first.message, first.kind)
        except Stopped as stop:
            self._note(turn)
            self._stop(stop)
        except errors.Invalid as refused:
            self._stop(Stopped(node_id, message_of(refused), "form"))
        except errors.DubanError as refused:
            self._stop(Stopped(node_id, message_of(refused)))
        except Overrun as endless:
            self._note(turn)
            last = self.path[-1][0] if self.path else None
            self._stop(Stopped(last, str(endless)), LOOPED)
        except StepFailed as failed:
            self._stop(Stopped(node_id, str(failed)))

    def _note(self, turn: Turn) -> None:
        for node, parent in turn.path:
            if node is not None:
                self.path.append((node, parent))
                self.passes[node] += 1
        turn.path = []
        self.end_node = turn.end_node or self.end_node

    def _stop(self, stop: Stopped, status: str = INCIDENT) -> None:
        self.stopped = stop
        self._finish(status)

    def _finish(self, status: str) -> None:
        self.status, self.over = status, self.stage.clock.now()
        for work in self.open.values():
            work.state = "gone"
        self.open, self.pauses, self.workflow = {}, {}, None

    def _project(self, turn: Turn) -> None:
        """Tasks and waits as they stand after a turn, and whether anything can still happen."""
        workflow = turn.workflow
        ready = {str(task.id): task for task in workflow.human_tasks()}
        self._works(turn, ready)
        self._wait(workflow)
        if workflow.is_completed():
            if self.end_node is None:
                self.dead_at = tuple(node for node, _parent in self.path[-1:])
            self._finish(ENDED if self.end_node is not None else DEAD)
        elif not (self.open or self.pauses or turn.failures or self.next_timer()):
            self.dead_at = self._where(workflow)
            self._finish(DEAD)
        elif self.turns >= MAX_TURNS or max(self.passes.values(), default=0) > MAX_VISITS:
            often = max(self.passes, key=lambda node: self.passes[node])
            self._stop(Stopped(often, f"passed {self.passes[often]} times"), LOOPED)
        elif max(self.passes.values(), default=0) > 1:
            compact(workflow)

    def _works(self, turn: Turn, ready: Mapping[str, Task]) -> None:
        for work in list(self.open.values()):
            if work.state == "done" or work.spiff_id not in ready:
                work.state = "done" if work.state == "done" else "gone"
                del self.open[work.id]
        known = {work.spiff_id for work in self.open.values()}
        for spiff_id, task in ready.items():
            words = words_of(self.loaded.nodes[task.task_spec.bpmn_id].properties)
            if words.signs:
                self._signers(turn, task, words)
            elif spiff_id not in known:
                self._one(turn, task, words)

    def _one(self, turn: Turn, task: Task, words: Words) -> None:
        node = self.loaded.nodes[task.task_spec.bpmn_id]
        try:
            address = address_of(turn, node, words, task.data)
        except UNAVAILABLE:
            raise
        except Exception as error:
            raise Stopped(node.id, message_of(error), "address") from error
        self.visits[node.id] += 1
        name = address.assignee.id if address.assignee else address.role or "somebody"
        self._add(turn, task, words, address.role or "", name)

    def _signers(self, turn: Turn, task: Task, words: Words) -> None:
        node = self.loaded.nodes[task.task_spec.bpmn_id]
        signing = Signing.of_task(task, words)
        if signing is None:
            try:
                signers = signers_of(turn, node, words, task.data)
            except UNAVAILABLE:
                raise
            except Exception as error:
                raise Stopped(node.id, message_of(error), "address") from error
            signing = Signing.begin(task, words, signers)
            self.visits[node.id] += 1
        asked = {signer["task_id"] for signer in signing.asked}
        for work in [one for one in self.open.values() if one.spiff_id == str(task.id) and one.id not in asked]:
            work.state = "gone"
            del self.open[work.id]
        for signer in [one for one in signing.asked if one["task_id"] is None]:
            name = signer["id"] if signer["kind"] == PERSON else f"{signer['id']}-signs"
            first = all(one["task_id"] is None for one in signing.signers)
            signer["task_id"] = self._add(turn, task, words, signer["role"] or "", name, climbs=first).id

    def _add(self, turn: Turn, task: Task, words: Words, role: str, name: str, *, climbs: bool = True) -> Work:
        node_id = task.task_spec.bpmn_id
        due = deadline_of(turn, words, task, turn.now)["due_at"]
        rungs: tuple[dt.datetime, ...] = ()
        if due is not None and words.ladder and climbs:
            rungs = tuple(at for kind, at, _plan in step_timers.planned(turn, words, due) if kind == "ladder")
        number = self.visits[node_id]
        self.asked += 1
        work_id = f"{self.number}.{node_id}.{self.asked}"
        work = Work(
            case=self,
            id=work_id,
            spiff_id=str(task.id),
            node_id=node_id,
            role=role,
            actor=Actor(id=name[:32], name=name, org_id=f"org_{name}"[:32], org_name=name),
            created=turn.now,
            due=due,
            rungs=rungs,
            visit=number,
            came_from=self._before(task),
            row={
                "spiff_task_id": str(task.id),
                "node_id": node_id,
                "properties": self.loaded.nodes[node_id].properties,
                "form": words.form,
                "id": work_id,
            },
        )
        self.open[work.id] = work
        return work

    def _wait(self, workflow: Workflow) -> None:
        found: dict[str, tuple[Task, str]] = {str(task.id): (task, "message") for task in events.waiting(workflow)}
        found |= {str(task.id): (task, "children") for task in waiting_calls(workflow)}
        self.pauses = {key: pause for key, pause in self.pauses.items() if key in found}
        for key, (task, kind) in found.items():
            if key not in self.pauses:
                node_id = task.task_spec.bpmn_id
                self.visits[node_id] += 1
                called = task.internal_data.get(CALLED, 0)
                self.pauses[key] = Pause(self, key, node_id, kind, self.visits[node_id], called)

    def _before(self, task: Task) -> str | None:
        parent = task.parent
        while parent is not None and parent.task_spec.bpmn_id not in self.loaded.nodes:
            parent = parent.parent
        return parent.task_spec.bpmn_id if parent is not None else None

    def _where(self, workflow: Workflow) -> tuple[str, ...]:
        """Where tokens of a case stand that nothing will ever move."""
        waiting = [
            task.task_spec.bpmn_id
            for task in workflow.all_tasks()
            if task.has_state(TaskState.WAITING | TaskState.READY | TaskState.STARTED)
        ]
        nodes = [node for node in dict.fromkeys(waiting) if node in self.loaded.nodes and not self._is_scope(node)]
        return tuple(nodes) or tuple(node for node, _parent in self.path[-1:])

    def _is_scope(self, node_id: str) -> bool:
        return self.loaded.nodes[node_id].kind in ("subProcess", "transaction", "adHocSubProcess", "callActivity")


def _never() -> Workflow:
    raise RuntimeError("a rehearsal does not go back")
