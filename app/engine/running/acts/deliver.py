"""A message or signal reaches the tokens that wait for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import Message, Subscription
from app.engine.running.acts.start import Start
from app.engine.running.checkout import Turn, load_turn
from app.engine.running.events import deliver
from app.engine.running.services import as_json

_SUBSCRIPTION, _MESSAGE = Subscription.__table__, Message.__table__


class Gone(errors.Conflict):
    """What was to be delivered is not waited for any more."""


@dataclass
class Deliver:
    """One message, or one signal to all that wait for it in an instance. `row` is the message's row: new, or stored."""

    actor: Actor
    instance_id: str
    subscriptions: Sequence[str]
    payload: Mapping[str, Any]
    row: Mapping[str, Any]
    stored: bool = False
    waits: list[dict[str, Any]] = field(default_factory=list)

    def open(self, engine: Core, session: Session) -> Turn:
        turn = load_turn(engine, session, self.instance_id, self.actor)
        rows = session.execute(
            sa.select(*_SUBSCRIPTION.c).where(
                _SUBSCRIPTION.c.id.in_(list(self.subscriptions)), _SUBSCRIPTION.c.state == "waiting"
            )
        )
        self.waits = [dict(row) for row in rows.mappings()]
        if not self.waits:
            raise Gone()
        return turn

    def begin(self, turn: Turn) -> None:
        """Whoever is first may end the waiting of another: that one is not reached."""
        reached = False
        for wait in self.waits:
            task = turn.workflow.task(wait["spiff_task_id"])
            if task is not None:
                reached |= deliver(task, deepcopy(dict(self.payload)))
        if not reached:
            raise Gone()

    def commit(self, turn: Turn) -> None:
        first = self.waits[0]
        for wait in self.waits:
            taken = turn.session.execute(
                sa.update(_SUBSCRIPTION)
                .where(_SUBSCRIPTION.c.id == wait["id"], _SUBSCRIPTION.c.state == "waiting")
                .values(state="received", ended_at=turn.now, message_id=self.row["id"])
            )
            if taken.rowcount != 1:  # type: ignore[attr-defined]
                raise Gone()
        kind = self.row["kind"]
        if kind == "message":
            store(turn, self.row, self.stored, "delivered", first["node_id"])
        told = {
            "name": self.row["name"],
            "correlation": self.row["correlation"],
            "payload": as_json(dict(self.payload)),
        }
        turn.happened(f"{kind}.received", node_id=first["node_id"], data=told)

    def finish(self, turn: Turn) -> None:
        """Nothing more."""


@dataclass
class StartByMessage(Start):
    """The start event of a process is what the message or signal was for."""

    row: Mapping[str, Any] = field(default_factory=dict)
    node_id: str = ""

    def commit(self, turn: Turn) -> None:
        super().commit(turn)
        if self.row["kind"] == "message":
            store(turn, self.row, False, "started", self.node_id)


def store(turn: Turn, row: Mapping[str, Any], stored: bool, state: str, node_id: str | None) -> None:
    """What became of the message, in the transaction in which it did."""
    values = {"state": state, "instance_id": turn.id, "node_id": node_id, "delivered_at": turn.now}
    if stored:
        turn.session.execute(sa.update(_MESSAGE).where(_MESSAGE.c.id == row["id"]).values(**values))
        return
    answer = answer_of(row["id"], state, turn.id, node_id)
    turn.session.execute(sa.insert(_MESSAGE).values(**dict(row) | values | {"answer": answer}))


def answer_of(
    message_id: str, state: str, instance_id: str | None = None, node_id: str | None = None, **more: Any
) -> dict[str, Any]:
    """What the sender is told, now and when it asks again with the same key."""
    return {"id": message_id, "state": state, "instance": instance_id, "node": node_id} | more
