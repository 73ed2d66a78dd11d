"""Whose task a step is: its role, organisation and perhaps person, by its own words or its lane's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.packages.diagram import Node
from app.engine.packages.words import Words
from app.engine.ports import Person
from app.engine.running import signing
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
    role, org_id = _pool(turn, node, words, data)
    return Address(role, org_id, _assignee(turn, words.assignee, data) if words.assignee else None)


def _pool(turn: Turn, node: Node, words: Words, data: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Role and organisation of a step."""
    lane = turn.engine.lane(node)
    role = words.role or (lane.role if lane else None)
    expression = words.org or (lane.org if lane and not words.role else None)
    org_id = _organisation(turn, expression, data) if expression else None
    if role is None and org_id is None:
        raise NobodyMeant("the step has neither a lane with a role nor a role of its own")
    return role, org_id


def signers_of(turn: Turn, node: Node, words: Words, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who signs a step, each once, in order. Raises NobodyMeant rather than leave out anybody who cannot be found."""
    if words.signers:
        found = _named(turn, node, words, data)
    else:
        role, org_id = _pool(turn, node, words, data)
        found = [signing.of_person(one, role, org_id) for one in addressees(turn, role, org_id)]
    if not found:
        raise NobodyMeant("nobody is there to sign")
    if len(found) > signing.MAX_SIGNERS:
        raise NobodyMeant(f"{len(found)} signers; {signing.MAX_SIGNERS} are the most")
    if (needed := signing.needed_of(words.policy, words.ratio, len(found))) > len(found):
        raise NobodyMeant(f"{needed} must agree, but there are only {len(found)} signers")
    return found


def _named(turn: Turn, node: Node, words: Words, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The people and organisations that the expression names; an organisation signs by one of its people."""
    lane = turn.engine.lane(node)
    role = words.role or (lane.role if lane else None)
    value = turn.evaluate(words.signers or "", dict(data))
    found: dict[str, dict[str, Any]] = {}
    for one in value if isinstance(value, (list, tuple)) else [value]:
        meant = one.get("id") if isinstance(one, Mapping) else one
        signer = _signer(turn, role, meant)
        if signer is None:
            raise NobodyMeant(f"{words.signers}: {meant!r} is nobody who could sign")
        found.setdefault(signer["id"], signer)
    return list(found.values())


def _signer(turn: Turn, role: str | None, meant: Any) -> dict[str, Any] | None:
    directory, session = turn.engine.directory, turn.session
    if person := directory.person(session, meant) if isinstance(meant, str) else None:
        return signing.of_person(person, role, person.org_id)
    org_id = directory.organisation(session, meant)
    people = addressees(turn, role, org_id) if org_id else []
    return signing.of_organisation(org_id, people[0].org_name, role) if org_id and people else None


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
