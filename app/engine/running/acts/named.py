"""Service tasks that process.toml names."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from app.engine.core import Core
from app.engine.ports import ServiceCall
from app.engine.running.checkout import Turn
from app.engine.running.services import as_json


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
