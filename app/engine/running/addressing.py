"""Whose task a step is: its role, organisation and perhaps person, by its own words or its lane's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.packages.diagram import Node
from app.engine.packages.words import Words
from app.engine.ports import Person
from app.engine.running.checkout import Turn


class NobodyMeant(LookupError):
    """The expression of a step names no organisation or person that exists."""


@dataclass(frozen=True)
class Address:
    """`org_id` None: everybody with the role, wherever they work. Neither role nor organisation: nobody."""

    role: str | None
    org_id: str | None
    assignee: Person | None


def address_of(turn: Turn, node: Node, words: Words, data: Mapping[str, Any]) -> Address:
    """Raises NobodyMeant where an expression is given and means nobody: the task is not given to others instead."""
    lane = turn.engine.lane(node)
    role = words.role or (lane.role if lane else None)
    expression = words.org or (lane.org if lane and not words.role else None)
    org_id = _organisation(turn, expression, data) if expression else None
    if role is None and org_id is None:
        raise NobodyMeant("the step has neither a lane with a role nor a role of its own")
    return Address(role, org_id, _assignee(turn, words.assignee, data) if words.assignee else None)


def _organisation(turn: Turn, expression: str, data: Mapping[str, Any]) -> str:
    value = turn.evaluate(expression, dict(data))
    org_id = turn.engine.directory.organisation(turn.session, value)
    if org_id is None:
        raise NobodyMeant(f"{expression} = {value!r}: no such organisation")
    return org_id


def _assignee(turn: Turn, expression: str, data: Mapping[str, Any]) -> Person | None:
    """The person meant; somebody who has left is not, and the task goes to the pool."""
    value = turn.engine.evaluate_softly(expression, data)
    return turn.engine.directory.person(turn.session, str(value)) if value else None


def addressees(turn: Turn, role: str | None, org_id: str | None) -> list[Person]:
    return list(turn.engine.directory.candidates(turn.session, role, org_id))
