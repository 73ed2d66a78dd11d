"""A new instance of a definition."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.db import new_id
from app.engine.core import Core, Loaded
from app.engine.models import Instance
from app.engine.ports import TaskCheck
from app.engine.running.acts.authority import person
from app.engine.running.checkout import Turn
from app.engine.running.plain import ENGINE_NAMES
from app.engine.running.projections.people import participate
from app.engine.running.serializing import VERSION
from app.engine.running.services import as_json
from app.engine.running.workflow import Workflow
from app.i18n import lazy_

_INSTANCE = Instance.__table__


@dataclass
class Start:
    """A new instance of a definition."""

    actor: Actor
    loaded: Loaded
    data: Mapping[str, Any]
    business_key: str | None = None
    parent_id: str | None = None
    parent_node: str | None = None  # the detached call that it is a child of
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
            "serializer_version": VERSION,
            "business_key": self.business_key,
            "parent_id": self.parent_id,
            "parent_node": self.parent_node,
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
        new = sa.insert(_INSTANCE).values(**turn.instance, state=b"", state_mac="", title="", next_due_at=None)
        try:
            turn.session.execute(new)
        except sa.exc.IntegrityError as twice:
            raise errors.Conflict(lazy_("这件事已经发起过"), business_key=self.business_key) from twice
        if self.actor.id:
            self._check(turn)
            participate(turn.session, turn.id, user_id=self.actor.id)
        if self.form is not None and turn.engine.forms is not None:
            turn.engine.forms.keep(
                turn.session, self.form, self.data, instance_id=turn.id, actor=self.actor, now=turn.now
            )
        turn.happened("instance.started", data={"data": as_json(dict(self.data))})

    def _check(self, turn: Turn) -> None:
        """What process.toml asks for before a person may start it (`start_checks`); the system starts without."""
        found: dict[str, list[Any]] = {}
        for name in turn.loaded.manifest.get("start_checks") or ():
            check = turn.engine.services.checks.get(name)
            if check is None:
                raise LookupError(f"no task check is called {name!r}")
            given, data = dict(self.data), self._data(turn.id)
            seen = TaskCheck(turn.session, turn.now, self.actor, turn.id, "", "", given, data)
            for key, messages in check(seen).items():
                found.setdefault(key, []).extend(messages)
        if found:
            raise errors.Invalid(found)

    def finish(self, turn: Turn) -> None:
        """Nothing more."""


def about_task(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a process that is started about a task knows of it (a rung, a request for more time)."""
    found: dict[str, Any] = as_json(
        {
            "task_id": row["id"],
            "task_name": row["name_zh"],
            "task_name_en": row["name_en"],
            "instance_id_of_origin": row["instance_id"],
            "title": row["title"],
            "subject_kind": row["subject_kind"],
            "subject_id": row["subject_id"],
            "subject_business_key": row["business_key"],
            "due_at": row["due_at"],
            "original_due_at": row["original_due_at"],
            "extensions": row["extensions"],
            "assignee_id": row["assignee_id"],
            "role": row["role"],
            "org_id": row["org_id"],
            "region_code": row["region_code"],
            "sector_code": row["sector_code"],
            "supervising_org_id": row["supervising_org_id"],
            "responsible_org_id": row["responsible_org_id"],
        }
    )
    return found
