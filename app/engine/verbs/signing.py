"""Verbs and reads of a step that several people sign. A vote is `complete` of one of its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.models import Signing as SigningRow
from app.engine.packages.words import words_of
from app.engine.running.acts.signers import AddSigner, RemoveSigner, may_arrange, may_remove
from app.engine.running.checkout import checkout
from app.engine.running.signing import PERSON
from app.engine.verbs.tasks import required_text

_TASK, _SIGNING = HumanTask.__table__, SigningRow.__table__


@dataclass(frozen=True)
class Signer:
    """Somebody who has not signed yet. `state`: open (asked now, by this task), next (the turn is still to come)."""

    id: str  # what remove_signer takes: the person who is to sign, or the organisation while nobody has claimed
    kind: str  # person, organisation
    name: str
    org_name: str
    state: str
    task_id: str | None
    added_by: str | None


@dataclass(frozen=True)
class Tally:
    """How a step stands that several people sign. Each vote: id, name, org_id, org_name, vote, agrees, at, answers."""

    policy: str
    outcome: str | None  # agree, disagree; None while undecided
    agreed: int
    disagreed: int
    waiting: int  # who has not signed, also after the step was decided without them
    of: int
    needed: int
    votes: tuple[Mapping[str, Any], ...]
    signers: tuple[Signer, ...]  # who can still sign; none once it is decided


class SigningVerbs(Core):
    def add_signer(self, task_id: str, user_id: str, reason: str, *, by: Actor, next_up: bool = False) -> None:
        """加签. By whoever is to sign now or sent the work here; Conflict for somebody who signs already.

        In turn the new signer comes last, with `next_up` right after the present one.
        """
        checkout(self, AddSigner(by, task_id, user_id, required_text(reason, "reason"), next_up=next_up))

    def remove_signer(self, task_id: str, user_id: str, reason: str, *, by: Actor) -> None:
        """减签. By the sender, by whoever added the signer, or by any signer where that person has left.

        Conflict for somebody who has signed, and for the last one; NotFound for anybody who is no signer.
        """
        checkout(self, RemoveSigner(by, task_id, user_id, required_text(reason, "reason")))

    def tally(self, session: Session, task: Any) -> Tally | None:
        """How the step of this task stands; None for a step that one person does. Row scope is the caller's to ask."""
        if task.signing_id is None:
            return None
        row = session.execute(sa.select(_SIGNING).where(_SIGNING.c.id == task.signing_id)).mappings().one()
        opened = session.execute(
            sa.select(_TASK.c.id, _TASK.c.assignee_id, _TASK.c.assignee_name, _TASK.c.org_id).where(
                _TASK.c.signing_id == task.signing_id, _TASK.c.status == "open"
            )
        )
        holders = {found.id: found for found in opened}
        waiting = [signer for signer in row["signers"] if not signer["signed"]]
        return Tally(
            policy=row["policy"],
            outcome=row["outcome"],
            agreed=row["agreed"],
            disagreed=row["disagreed"],
            waiting=len(waiting),
            of=row["of"],
            needed=row["needed"],
            votes=tuple(row["votes"]),
            signers=tuple(_signer(one, holders) for one in waiting) if holders else (),
        )

    def removable(self, session: Session, task: Any, user_id: str) -> frozenset[str]:
        """Which signers, by `Signer.id`, this person may take away now."""
        tally = self.tally(session, task)
        if tally is None or task.status != "open" or "sign" not in words_of(task.properties).allow or tally.of < 2:
            return frozenset()
        if not may_arrange(self, session, task.signing_id, user_id):
            return frozenset()
        return frozenset(
            one.id for one in tally.signers if may_remove(self, session, task.signing_id, asdict(one), user_id)
        )


def _signer(signer: Mapping[str, Any], holders: Mapping[str, Any]) -> Signer:
    """As it stands now: a signature may have been passed on, or an organisation's been claimed."""
    held = holders.get(signer["task_id"] or "")
    holder = held.assignee_id if held else None
    return Signer(
        id=holder or signer["id"],
        kind=PERSON if holder else signer["kind"],
        name=held.assignee_name if held and holder else signer["name"],
        org_name=signer["org_name"],
        state="next" if held is None else "open",
        task_id=signer["task_id"],
        added_by=signer["added_by"],
    )
