"""What is different about the task of a step that was sent back or taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.packages.words import Words
from app.engine.running.checkout import Turn


def anew(turn: Turn, row: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """It is held by whoever did the step last, if they may still have it, and shows what was answered then.

    A step that several sign is signed by all of them again.
    """
    again = turn.anew.get(row["node_id"])
    if again is None or words.signs:
        return {}
    values: dict[str, Any] = {"draft": again.answers or None}  # nobody's: it stands in the form for whoever holds it
    values |= again.clock
    directory = turn.engine.directory
    person = directory.person(turn.session, again.person_id) if again.person_id else None
    if person and directory.is_candidate(turn.session, person.id, row["role"], row["org_id"]):
        values |= {"assignee_id": person.id, "assignee_name": person.name, "claimed_at": turn.now}
    return values


def clock_of(turn: Turn, node_id: str) -> str | None:
    """The task whose clock goes on in this one."""
    again = turn.anew.get(node_id)
    return again.clock_of if again else None


def letter(turn: Turn, node_id: str) -> dict[str, Any]:
    """What the message of its arrival adds: that it came back, and why."""
    again = turn.anew.get(node_id)
    return {"event": again.event, "reason": again.reason} if again else {}
