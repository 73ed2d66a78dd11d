"""A state taken from one version's specs to another's: the same tokens, data and clocks, at the nodes that were named.

SpiffWorkflow's `migrate_workflow` restarts timers, clears what active tasks know and forgets sub-processes. Here every
task stays what it is, with its id, its data and what it has fixed for itself (the instant of a timer, the signers of a
step, what a message is correlated by), and only its spec is exchanged. What was predicted is predicted anew. Nodes
that the new version has not are taken out of the past; where a token stands they were refused before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.event_definitions.timer import CycleTimerEventDefinition, TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.running.compacting import remember
from app.engine.running.events import EventGateway, Message, ScopeEvent, Signal
from app.engine.running.going_back import discard, drop_scope, remove, subtree
from app.engine.running.joining import has_arrived, is_token
from app.engine.running.merging import BASE, SINCE, keep_seen, seen_of
from app.engine.running.serializing import Specs
from app.engine.running.workflow import Live, Workflow

_PREDICTED = TaskState.PREDICTED_MASK | TaskState.FUTURE
_GENERATED = (".BoundaryEventSplit", ".BoundaryEventJoin", ".Generated.")


class CannotCarry(Exception):
    """A token stands where the new version has no place for it."""

    def __init__(self, code: str, node_id: str | None) -> None:
        self.code, self.node_id = code, node_id
        super().__init__(f"{code}: {node_id}")


class Names:
    """Which spec of the new version stands for which of the old one."""

    def __init__(self, targets: Mapping[str, str | None]) -> None:
        self._targets = targets

    def of(self, name: str) -> str | None:
        """The name in the new version, of a node or of what the parser put around it. None: it is gone."""
        if name in self._targets:
            return self._targets[name]
        for word in _GENERATED:
            node, found, rest = name.partition(word)
            if found and node in self._targets:
                target = self._targets[node]
                return None if target is None else f"{target}{found}{rest}"
        return name

    def spec(self, old: Any, scope: Any) -> Any:
        """The spec in the scope's new one that a task of `old` goes on with, or None."""
        if isinstance(old, _EndJoin):
            return next((one for one in scope.task_specs.values() if isinstance(one, _EndJoin)), None)
        found = scope.task_specs.get(self.of(old.name) or "")
        if found is None or not _alike(old, found):
            return None
        if isinstance(old, BoundaryEvent) and self.of(_host_name(old)) != _host_name(found):
            return None
        return found


def _alike(old: Any, new: Any) -> bool:
    if old.manual and new.manual:
        return True
    if type(old) is not type(new):
        return False
    before: Any = getattr(old, "event_definition", None)
    after: Any = getattr(new, "event_definition", None)
    if isinstance(before, CycleTimerEventDefinition) != isinstance(after, CycleTimerEventDefinition):
        return False
    if isinstance(before, TimerEventDefinition) and isinstance(after, TimerEventDefinition):
        return True
    if isinstance(before, (Message, Signal)) and type(before) is type(after):
        return bool(before.name == after.name)
    return type(before) is type(after)


def _host_name(boundary: Any) -> str:
    names = (str(one.name) for one in boundary.inputs if isinstance(one, BoundaryEventSplit))
    return next(names, "").removesuffix(".BoundaryEventSplit")


def carry(workflow: Workflow, names: Names, specs: Specs) -> None:
    """Exchange the specs of the whole tree. Raises CannotCarry; the workflow is of no use then."""
    workflow.subprocess_specs = dict(specs.subprocesses)
    workflow.content_hash = specs.content_hash
    _carry_scope(workflow, names, specs.process, specs)


def _carry_scope(scope: Any, names: Names, spec: Any, specs: Specs) -> None:
    _forget_what_was_predicted(scope)
    new = {task.id: names.spec(task.task_spec, spec) for task in scope.tasks.values()}
    for task in [one for one in scope.tasks.values() if new[one.id] is None and _only_waits_beside(one)]:
        if task.id in scope.tasks:
            _end_wait(task)
    for task in [one for one in scope.tasks.values() if new[one.id] is None]:
        if is_token(task) or has_arrived(task):
            raise CannotCarry("node_gone", task.task_spec.bpmn_id)
        _take_out(task)
    for task in scope.tasks.values():
        task.task_spec = new[task.id]
    scope.spec = spec
    scopes = scope.top_workflow.subprocesses
    for task in list(scope.tasks.values()):
        if isinstance(task.task_spec, SubWorkflowTask) and task.id in scopes:
            _carry_scope(scopes[task.id], names, specs.subprocesses[task.task_spec.spec], specs)


def _forget_what_was_predicted(scope: Any) -> None:
    """What a living task with children of its own (a repeating timer) awaits is kept, without what comes after."""
    for task in list(scope.tasks.values()):
        if task.id not in scope.tasks or not task.has_state(_PREDICTED):
            continue
        if _has_begun_children(task.parent):
            discard([one for one in subtree(task) if one is not task])
            task._children = []
        else:
            remove(task)


def _has_begun_children(task: Task | None) -> bool:
    return task is not None and task.has_state(Live) and any(not child.has_state(_PREDICTED) for child in task.children)


def _only_waits_beside(task: Task) -> bool:
    """An event on an edge, before an event sub-process or behind an event gateway: its wait may end with its node."""
    beside = isinstance(task.task_spec, (BoundaryEvent, ScopeEvent))
    return task.state == TaskState.WAITING and (beside or isinstance(task.parent.task_spec, EventGateway))


def _end_wait(task: Task) -> None:
    if any(is_token(one) or has_arrived(one) for one in subtree(task) if one is not task):
        raise CannotCarry("event_going", task.task_spec.bpmn_id)
    _forget_last(task, set(subtree(task)))
    remove(task)


def _take_out(task: Task) -> None:
    """What was done at a node that is gone leaves the tree; what followed follows what came before."""
    scope, parent, children = task.workflow, task.parent, task.children
    place = parent._children.index(task.id)
    parent._children[place : place + 1] = [child.id for child in children]
    for child in children:
        child.parent = parent
        _inherit(child, task)
    _forget_last(task, {task})
    if task.id in scope.top_workflow.subprocesses:
        drop_scope(task)
    del scope.tasks[task.id]
    scope.top_workflow.event_manager.remove_task(task)


def _inherit(child: Task, gone: Task) -> None:
    """What joins and ways back read of a task on the way is as well read of the one after it."""
    for key in (BASE, SINCE):
        if key in gone.internal_data:
            child.internal_data.setdefault(key, deepcopy(gone.internal_data[key]))
    own = deepcopy(seen_of(child))
    keep_seen(child, seen_of(gone))
    keep_seen(child, own)
    remember(child, [gone])


def _forget_last(task: Task, gone: set[Task]) -> None:
    scope = task.workflow
    if scope.last_task in gone:
        follows = next((child for child in scope.last_task.children if child not in gone), None)
        scope.last_task = follows or task.parent


# -- what the new version adds, and what is to come


def settle(workflow: Workflow) -> None:
    """Events that the new version draws beside what lives begin to wait; what is to come is predicted."""
    for scope in [workflow, *workflow.get_active_subprocesses()]:
        for task in list(scope.tasks.values()):
            _around(task)
        for task in [one for one in scope.tasks.values() if has_arrived(one)]:
            _come_again(task)
        scope.tasks = {task.id: task for task in subtree(scope.task_tree)}  # parents first, as they are restored
        for task in list(scope.tasks.values()):
            if task.has_state(Live):
                _predict(task)
        for task in list(scope.tasks.values()):
            for spec in _missing_beside(task):
                _begin_beside(task, spec)


def _around(task: Task) -> None:
    """A step that has events on its edge stands below a split; one that was begun without is put there."""
    if isinstance(task.task_spec, BoundaryEvent) or task.parent is None:
        return
    split = next((one for one in task.task_spec.inputs if isinstance(one, BoundaryEventSplit)), None)
    if split is None or task.parent.task_spec is split or not _is_step(task, split):
        return
    parent, before = task.parent, task.parent._children
    above = Task(task.workflow, split, None, state=TaskState.COMPLETED)
    above.parent, above._children = parent, [task.id]
    above.last_state_change, above.thread_id = task.last_state_change, task.thread_id
    above.data = deepcopy(parent.data)
    before[before.index(task.id)] = above.id
    task.parent = above


def _come_again(task: Task) -> None:
    """A branch that has come to a join by a flow that leads elsewhere now goes on from the node it came from.

    What the new version has put in between is done, and then it arrives.
    """
    join, parent = task.task_spec, task.parent
    outputs = [one for one in parent.task_spec.outputs if not isinstance(one, BoundaryEventJoin)]
    if isinstance(join, _EndJoin) or parent.task_spec in join.inputs or len(outputs) != 1:
        return
    _forget_last(task, {task})
    remove(task)
    _begin_beside(parent, outputs[0])


def _is_step(task: Task, split: Any) -> bool:
    return bool(task.task_spec in split.outputs)


def _missing_beside(task: Task) -> Iterator[Any]:
    """Specs of events that would wait beside what lives here, had it begun under the new version."""
    spec, here = task.task_spec, {child.task_spec for child in task.children}
    if task.state != TaskState.COMPLETED:
        return
    if isinstance(spec, BoundaryEventSplit):
        host = next((child for child in task.children if not isinstance(child.task_spec, BoundaryEvent)), None)
        if host is not None and host.has_state(Live):
            yield from (one for one in spec.outputs if isinstance(one, BoundaryEvent) and one not in here)
    elif isinstance(spec, EventGateway):
        if task.children and all(child.state == TaskState.WAITING for child in task.children):
            yield from (one for one in spec.outputs if one not in here)
    elif spec is task.workflow.spec.start and not _is_interrupted(task.workflow):
        yield from (one for one in spec.outputs if isinstance(one, ScopeEvent) and one not in here)


def _is_interrupted(scope: Any) -> bool:
    """Whether an event sub-process has taken the scope's place, or nothing lives in it any more."""
    tasks = list(scope.tasks.values())
    happened = [t for t in tasks if isinstance(t.task_spec, ScopeEvent) and t.state == TaskState.COMPLETED]
    return any(task.task_spec.cancel_activity for task in happened) or not any(is_token(task) for task in tasks)


def _begin_beside(task: Task, spec: Any) -> None:
    fresh = task._add_child(spec, TaskState.FUTURE)
    spec._predict(fresh, mask=TaskState.NOT_FINISHED_MASK)
    spec._update(fresh)


def _predict(task: Task) -> None:
    spec = task.task_spec
    if _has_begun_children(task):
        for child in [one for one in task.children if one.has_state(_PREDICTED)]:
            child.task_spec._predict(child, mask=_PREDICTED)
    else:
        spec._predict(task, mask=TaskState.NOT_FINISHED_MASK)
