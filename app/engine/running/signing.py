"""Several people sign one step: who is asked, what they said, and when that decides.

One SpiffWorkflow task stands for the step. Its signers and their votes are kept in the task's internal data, inside
the sealed state, so that a vote and the token it may move are one save; a human task for each signer is projected
from them (projections/signers.py). Nothing here knows the database.

all: everybody signs, and it is agreed if all agreed · any: the first answer decides · ratio: decided as soon as enough
have agreed, or enough no longer can · veto: the first disagreement decides, else all must sign · in_turn: the same one
after the other. Where the form asks for no vote, signing is agreeing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from SpiffWorkflow.task import Task

from app.audit import Actor
from app.db import new_id
from app.engine.packages.words import Ratio, Words
from app.engine.ports import Person

AGREE, DISAGREE = "agree", "disagree"
PERSON, ORGANISATION = "person", "organisation"
SIGNATURES = "signatures"  # the variable in which a decided step leaves its tally, by node id
MAX_SIGNERS = 200
_KEY = "signing"


def decided(policy: str, ratio: Ratio | None, of: int, agreed: int, disagreed: int) -> str | None:
    """The outcome, or None while it may still go either way."""
    if policy == "any":
        return AGREE if agreed else DISAGREE if disagreed else None
    if policy == "ratio":
        needed = needed_of(policy, ratio, of)
        return AGREE if agreed >= needed else DISAGREE if of - disagreed < needed else None
    if policy == "all":
        return None if agreed + disagreed < of else DISAGREE if disagreed else AGREE
    return DISAGREE if disagreed else AGREE if agreed == of else None


def needed_of(policy: str, ratio: Ratio | None, of: int) -> int:
    """How many must agree for the outcome to be agreement."""
    if policy == "any":
        return 1
    return ratio.needed(of) if policy == "ratio" and ratio is not None else of


def of_person(person: Person, role: str | None, org_id: str | None) -> dict[str, Any]:
    """A signer who signs in person. `role` and `org_id` say among whom the signature may be passed on."""
    return _signer(PERSON, person.id, person.name, person.org_name, role, org_id)


def added(person: Person, role: str | None, by: Actor, reason: str) -> dict[str, Any]:
    """A signer whom somebody has added, who is told by whom and why when it is his turn."""
    return of_person(person, role, person.org_id) | {"added_by": by.id, "added_name": by.name, "reason": reason}


def of_organisation(org_id: str, name: str, role: str | None) -> dict[str, Any]:
    """A signer that is an organisation: one of those who hold the role there signs for it."""
    return _signer(ORGANISATION, org_id, name, name, role, org_id)


def _signer(kind: str, id: str, name: str, org_name: str, role: str | None, org_id: str | None) -> dict[str, Any]:
    return {
        "key": new_id(),
        "kind": kind,
        "id": id,
        "name": name,
        "org_name": org_name,
        "role": role,
        "org_id": org_id,
        "added_by": None,
        "task_id": None,  # the row of the human task, once there is one
        "signed": False,
    }


class Signing:
    """The signers of one step in one round, and their votes. Changes what stands in the sealed state."""

    def __init__(self, words: Words, state: dict[str, Any]) -> None:
        self.words, self._state = words, state

    @classmethod
    def begin(cls, task: Task, words: Words, signers: Iterable[dict[str, Any]]) -> Signing:
        task.internal_data[_KEY] = {
            "id": new_id(),
            "policy": words.policy,
            "signers": list(signers),
            "votes": [],
        }
        return cls(words, task.internal_data[_KEY])

    @classmethod
    def of_task(cls, task: Task, words: Words) -> Signing | None:
        """None where nobody has been asked yet, or nobody could be."""
        state = task.internal_data.get(_KEY)
        return None if state is None else cls(words, state)

    @property
    def id(self) -> str:
        return str(self._state["id"])

    @property
    def signers(self) -> list[dict[str, Any]]:
        signers: list[dict[str, Any]] = self._state["signers"]
        return signers

    @property
    def votes(self) -> list[dict[str, Any]]:
        votes: list[dict[str, Any]] = self._state["votes"]
        return votes

    @property
    def of(self) -> int:
        return len(self.signers)

    @property
    def agreed(self) -> int:
        return sum(vote["agrees"] for vote in self.votes)

    @property
    def disagreed(self) -> int:
        return len(self.votes) - self.agreed

    @property
    def needed(self) -> int:
        return needed_of(self.words.policy, self.words.ratio, self.of)

    @property
    def outcome(self) -> str | None:
        return decided(self.words.policy, self.words.ratio, self.of, self.agreed, self.disagreed)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Whose turn it is: each of them has an open row."""
        waiting = [signer for signer in self.signers if not signer["signed"]]
        return waiting[:1] if self.words.policy == "in_turn" else waiting

    def signer_of(self, task_id: str) -> dict[str, Any] | None:
        """Who is asked by this human task and has not signed yet."""
        return next((one for one in self.asked if one["task_id"] == task_id), None)

    def has_signed(self, user_id: str | None) -> bool:
        return user_id is not None and any(vote["id"] == user_id for vote in self.votes)

    def sign(self, task_id: str, by: Actor, vote: Any, answers: Mapping[str, Any], at: dt.datetime) -> None:
        """One vote. Whoever is not asked by this row, or has signed before, is not the caller's to let through."""
        signer = self.signer_of(task_id)
        if signer is None or self.has_signed(by.id):
            raise ValueError("not asked to sign")
        signer["signed"] = True
        self.votes.append(
            {
                "id": by.id,
                "name": by.name,
                "org_id": by.org_id,
                "org_name": by.org_name,
                "vote": vote,
                "agrees": vote is None or str(vote) in self.words.agree,
                "at": at.isoformat(),
                "answers": deepcopy(dict(answers)),
            }
        )

    def add(self, signer: dict[str, Any], *, next_up: bool = False) -> None:
        """One more signer: the last, or the next after those who are asked now."""
        if not next_up:
            self.signers.append(signer)
            return
        present = self.asked[-1] if self.asked else self.signers[-1]
        self.signers.insert(self.signers.index(present) + 1, signer)

    def remove(self, key: str) -> None:
        """One signer fewer. Nobody who has signed, and never the last one."""
        found = next((one for one in self.signers if one["key"] == key and not one["signed"]), None)
        if found is None or self.of < 2:
            raise ValueError("cannot be taken away")
        self.signers.remove(found)

    def deciding(self) -> dict[str, Any]:
        """The vote that decided: the last one on the side of the outcome."""
        agrees = self.outcome == AGREE
        return next(vote for vote in reversed(self.votes) if vote["agrees"] == agrees)

    def record(self) -> dict[str, Any]:
        """What the process is told: data["signatures"][node_id]."""
        return {
            "policy": self.words.policy,
            "outcome": self.outcome,
            "agreed": self.agreed,
            "disagreed": self.disagreed,
            "of": self.of,
            "votes": deepcopy(self.votes),
        }


def finish(task: Task, node_id: str, signing: Signing) -> bool:
    """Give the task the outcome as data if it is decided. Running it is the caller's."""
    if signing.outcome is None:
        return False
    deciding, data = signing.deciding(), task.data
    if signing.words.policy == "any":
        # Assigned, not merged (guard 4).
        data.update(deepcopy(deciding["answers"]))
    if deciding["vote"] is not None:
        data[signing.words.vote] = deciding["vote"]
    data[SIGNATURES] = dict(data.get(SIGNATURES) or {}) | {node_id: signing.record()}
    person = {name: deciding[name] for name in ("id", "name", "org_id", "org_name", "at")}
    data["completed_by"] = dict(data.get("completed_by") or {}) | {node_id: person}
    return True


def asked_by(task: Task) -> set[str] | None:
    """The rows that a step's signers have open, or None where there is one row as for any other step."""
    state = task.internal_data.get(_KEY)
    if state is None:
        return None
    words = Words(policy=state["policy"])
    return {str(signer["task_id"]) for signer in Signing(words, state).asked}
