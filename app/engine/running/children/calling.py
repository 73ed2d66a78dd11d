"""What a detached call asks for: which process, in which version, how often, and with which data each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task

from app import errors
from app.engine.models import Child
from app.engine.packages.call_words import INDEX, ITEM, MAX_CHILDREN, MAX_DEPTH, CallWords
from app.engine.running.children.spec import words_of_call
from app.engine.running.plain import ENGINE_NAMES, checked
from app.engine.running.services import as_json
from app.i18n import lazy_

if TYPE_CHECKING:
    from app.engine.core import Loaded
    from app.engine.running.checkout import Turn

_CHILD = Child.__table__


@dataclass(frozen=True)
class Call:
    """Children that a token has asked for, to be stored with the turn."""

    spiff_task_id: str
    node_id: str
    definition_id: str
    key: str
    words: CallWords
    depth: int
    inputs: tuple[Mapping[str, Any], ...]


def prepare(turn: Turn, task: Task) -> Call:
    """Evaluate the words of a call. Whatever is wrong with them is raised and becomes the token's incident."""
    words, key = words_of_call(task), task.task_spec.called
    depth = _depth(turn) + 1
    loaded = turn.engine.published(turn.session, key)
    if loaded is None:
        raise LookupError(f"there is no published process {key!r}")
    given = tuple(
        _inputs(turn, loaded, words, task.data | more) for more in _items(turn, words.for_each, dict(task.data))
    )
    return Call(str(task.id), task.task_spec.bpmn_id, loaded.id, key, words, depth, given)


def _depth(turn: Turn) -> int:
    """How many detached calls stand above this instance."""
    if not turn.instance.get("parent_node"):
        return 0
    above = sa.select(_CHILD.c.depth).where(_CHILD.c.instance_id == turn.id)
    depth: int = turn.session.scalar(above) or turn.instance.get("depth") or 0
    if depth >= MAX_DEPTH:
        raise RecursionError(f"more than {MAX_DEPTH} processes have started one another")
    return depth


def _items(turn: Turn, expression: str | None, data: dict[str, Any]) -> list[dict[str, Any]]:
    if expression is None:
        return [{INDEX: 0}]
    found = turn.evaluate(expression, data)
    if not isinstance(found, (list, tuple)):
        raise TypeError(f"for_each {expression!r} is no list")
    if len(found) > MAX_CHILDREN:
        raise ValueError(f"for_each gives {len(found)} items; at most {MAX_CHILDREN} are allowed")
    return [{ITEM: item, INDEX: index} for index, item in enumerate(found)]


def _inputs(turn: Turn, loaded: Loaded, words: CallWords, data: dict[str, Any]) -> Mapping[str, Any]:
    """The child's data as it will be started with: plain, known by name, and valid by its start form."""
    given = turn.evaluate(words.inputs, data) if words.inputs else {}
    if not isinstance(given, Mapping):
        raise TypeError(f"inputs {words.inputs!r} is no record")
    given = as_json(checked(dict(given)))
    if turn.engine.services.rehearsing:
        return dict(given)
    return _accepted(turn, loaded, given)


def _accepted(turn: Turn, loaded: Loaded, given: dict[str, Any]) -> Mapping[str, Any]:
    form = loaded.form(loaded.manifest.get("start_form"))
    fields = field_names(form)
    if unknown := given.keys() - fields - accepted_names(loaded.manifest):
        raise errors.Invalid({name: [lazy_("被启动的流程没有这项数据")] for name in sorted(unknown)})
    if form is None or turn.engine.forms is None:
        return given
    answers = {name: value for name, value in given.items() if name in fields}
    valid = turn.engine.forms.unattended().validate(
        turn.session, form, answers, data={}, actor=turn.actor, instance_id=None, now=turn.now
    )
    return given | dict(as_json(checked(dict(valid))))


def field_names(form: Mapping[str, Any] | None) -> frozenset[str]:
    """The names that a start form asks for."""
    fields = (form or {}).get("fields") or ()
    return frozenset(str(field["name"]) for field in fields if field.get("kind") != "note" and "name" in field)


def accepted_names(manifest: Mapping[str, Any]) -> frozenset[str]:
    """What else whoever starts a process may bring along."""
    inputs = manifest.get("inputs")
    named = frozenset(str(name) for name in inputs) if isinstance(inputs, list) else frozenset()
    return named - frozenset(ENGINE_NAMES)
