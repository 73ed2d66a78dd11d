"""A child begins; its parent goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor
from app.engine.core import Core
from app.engine.models import Child
from app.engine.running.acts.deliver import Gone
from app.engine.running.acts.start import Start
from app.engine.running.checkout import Turn, load_turn
from app.engine.running.children.rows import count, results
from app.engine.running.children.spec import RESULT
from app.engine.running.events import deliver

_CHILD = Child.__table__


@dataclass
class StartChild(Start):
    """The instance that a detached call asked for; its row knows it before it may end in its first turn."""

    child_id: str = ""

    def commit(self, turn: Turn) -> None:
        super().commit(turn)
        turn.session.execute(
            sa.update(_CHILD)
            .where(_CHILD.c.id == self.child_id)
            .values(state="running", instance_id=turn.id, started_at=turn.now, inputs={})
        )


@dataclass
class GoOn:
    """Enough children are over: the token that waits for them goes on."""

    actor: Actor
    instance_id: str
    spiff_task_id: str
    node_id: str
    found: list[dict[str, Any]] = field(default_factory=list)

    def open(self, engine: Core, session: Session) -> Turn:
        turn = load_turn(engine, session, self.instance_id, self.actor)
        self.found = results(session, self.instance_id, self.spiff_task_id)
        return turn

    def begin(self, turn: Turn) -> None:
        task = turn.workflow.task(self.spiff_task_id)
        if task is None or not deliver(task, {RESULT: [dict(one) for one in self.found]}):
            raise Gone()

    def commit(self, turn: Turn) -> None:
        counted = count(turn.session, self.instance_id, self.spiff_task_id)
        turn.happened("children.finished", node_id=self.node_id, data=dict(counted))

    def finish(self, turn: Turn) -> None:
        """Nothing more."""
