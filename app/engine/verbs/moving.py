"""Verbs of the console on what is inside an instance: 移动令牌 and 改数据. Who may use them is the caller's to ask."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core, Loaded
from app.engine.models import Instance
from app.engine.packages.diagram import Node
from app.engine.running import serializing
from app.engine.running.checkout import checkout, unsealed
from app.engine.running.children.calling import accepted_names, field_names
from app.engine.running.moving.acts import EditData, MoveToken
from app.engine.running.moving.ways import targets_of, tokens_to_move
from app.engine.running.plain import ENGINE_NAMES, RESERVED, checked
from app.engine.running.serializing import DamagedState
from app.engine.running.services import as_json
from app.engine.running.workflow import Workflow
from app.engine.verbs.tasks import required_text
from app.i18n import lazy_

_INSTANCE = Instance.__table__
MOST_BYTES = 100_000  # of all changed values together, as JSON


@dataclass(frozen=True)
class Place:
    """A node that a token may be moved to; what lies between would be passed over, or done again."""

    node: Node
    direction: str  # forward, back, aside
    between: tuple[str, ...]


@dataclass(frozen=True)
class Movable:
    """A node where a token stands, and where it may go."""

    node: Node
    places: tuple[Place, ...]


class Moving(Core):
    def movable(self, session: Session, instance_id: str) -> list[Movable]:
        """The tokens that an operator may move, each with the places for it; [] where the instance does not run."""
        found = self._running(session, instance_id)
        if found is None:
            return []
        workflow, loaded = found
        tokens = tokens_to_move(workflow, loaded)
        nodes = [task.task_spec.bpmn_id for task in tokens]
        movable = []
        for task in tokens:
            if nodes.count(task.task_spec.bpmn_id) > 1:
                continue
            places = tuple(
                Place(one.node, one.direction, one.between)
                for one in targets_of(task, loaded, self.services.may_repeat)
            )
            if places:
                movable.append(Movable(loaded.nodes[task.task_spec.bpmn_id], places))
        return movable

    def move_token(
        self, instance_id: str, from_node: str, to_node: str, reason: str, *, by: Actor, rev: int | None = None
    ) -> None:
        """Take the token from one node to another. Its tasks, timers and children end as when work is returned.

        Invalid (field `to`) where a join would break, signatures or a statutory step would be passed over: there is
        no way around that. Conflict when the instance changed since `rev`, or the token is gone.
        """
        act = MoveToken(by, instance_id, from_node, to_node, required_text(reason, "reason"), rev)
        checkout(self, act)

    def edit_data(
        self, instance_id: str, changes: Mapping[str, Any], reason: str, *, by: Actor, rev: int | None = None
    ) -> None:
        """Set variables of a running instance. Projections follow, the record by the process's `on_amend`.

        Invalid per variable: unknown, the engine's own, of another type than it has, or too large. Conflict when the
        instance changed since `rev`.
        """
        reason = required_text(reason, "reason")
        if not changes:
            raise errors.Invalid({"changes": [lazy_("没有改动")]})
        values = checked(dict(changes))
        if len(json.dumps(as_json(values), ensure_ascii=False).encode()) > MOST_BYTES:
            raise errors.Invalid({"changes": [lazy_("内容过大")]})
        with self.sessions() as session:
            self._require_known(session, instance_id, values)
        checkout(self, EditData(by, instance_id, values, reason, rev))

    def editable(self, session: Session, instance_id: str) -> dict[str, Any]:
        """The variables that may be set, with their values; declared ones that have none yet are None."""
        found = self._running(session, instance_id)
        if found is None:
            return {}
        workflow, loaded = found
        now = as_json(workflow.data_now)
        names = set(now) | declared(loaded)
        return {name: now.get(name) for name in sorted(names) if name not in ENGINE_NAMES and name not in RESERVED}

    def _require_known(self, session: Session, instance_id: str, values: Mapping[str, Any]) -> None:
        if session.scalar(sa.select(_INSTANCE.c.id).where(_INSTANCE.c.id == instance_id)) is None:
            raise errors.NotFound()
        if self._running(session, instance_id) is None:
            return  # refused by its status, not by what is in it
        known, wrong = self.editable(session, instance_id), dict[str, list[Any]]()
        for name, value in values.items():
            if name in ENGINE_NAMES:
                wrong[name] = [lazy_("这一项由系统记录，不能更正")]
            elif name not in known:
                wrong[name] = [lazy_("流程没有这项数据")]
            elif not _same_type(known[name], as_json(value)):
                wrong[name] = [lazy_("类型与现有数据不同")]
        if wrong:
            raise errors.Invalid(wrong)

    def _running(self, session: Session, instance_id: str) -> tuple[Workflow, Loaded] | None:
        row = session.execute(sa.select(*_INSTANCE.c).where(_INSTANCE.c.id == instance_id)).mappings().first()
        if row is None or row["status"] != "running":
            return None
        loaded = self.definition(session, row["definition_id"])
        try:
            return self.attach(serializing.load(unsealed(self, dict(row)), loaded.specs)), loaded
        except DamagedState:
            return None


def declared(loaded: Loaded) -> frozenset[str]:
    """The names that a process knows without having been told: of its forms' fields, and its inputs."""
    forms = (name.removeprefix("forms/").removesuffix(".json") for name in loaded.files if name.startswith("forms/"))
    names = (field_names(loaded.form(name)) for name in forms)
    return frozenset().union(*names) | accepted_names(loaded.manifest)


def _same_type(now: Any, new: Any) -> bool:
    """Numbers are numbers, whole or not; what was empty may become anything, and anything empty."""
    if now is None or new is None:
        return True
    if isinstance(now, bool) or isinstance(new, bool):
        return isinstance(now, bool) and isinstance(new, bool)
    if isinstance(now, (int, float)):
        return isinstance(new, (int, float))
    if isinstance(now, str) and _is_instant(now):
        return isinstance(new, str) and _is_instant(new)
    return isinstance(new, list if isinstance(now, list) else dict if isinstance(now, dict) else str)


def _is_instant(text: str) -> bool:
    try:
        return len(text) >= 10 and dt.datetime.fromisoformat(text) is not None
    except ValueError:
        return False
