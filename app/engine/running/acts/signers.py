"""加签 and 减签: who signs changes while the step is open. The votes that were given stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.engine.core import Core
from app.engine.models import HumanTask
from app.engine.models import Signing as SigningRow
from app.engine.packages.words import words_of
from app.engine.ports import Person
from app.engine.running.acts.authority import open_task
from app.engine.running.acts.voting import run_if_decided, tell_if_decided
from app.engine.running.checkout import Stale, Turn, load_turn
from app.engine.running.signing import MAX_SIGNERS, PERSON, Signing, added
from app.i18n import lazy_

_TASK, _SIGNING = HumanTask.__table__, SigningRow.__table__


def has_part(session: Session, signing_id: str, user_id: str | None, but: str = "") -> bool:
    """Whether somebody signs, or has signed, by another row of the step: each person signs once."""
    select = sa.select(_TASK.c.id).where(
        _TASK.c.signing_id == signing_id,
        _TASK.c.id != but,
        _TASK.c.status.in_(("open", "done")),
        _TASK.c.assignee_id == user_id,
    )
    return user_id is not None and session.execute(select.limit(1)).first() is not None


def waits(session: Session, signing_id: str, user_id: str) -> bool:
    """Whether somebody's turn to sign is still to come."""
    signers = session.scalar(sa.select(_SIGNING.c.signers).where(_SIGNING.c.id == signing_id)) or []
    return any(one["kind"] == PERSON and one["id"] == user_id and one["task_id"] is None for one in signers)


def signs_in_person(session: Session, signing_id: str | None, task_id: str) -> bool:
    """Whether a row asks one person, so that nobody else may claim it. An organisation's row anybody there may."""
    if signing_id is None:
        return False
    signers = session.scalar(sa.select(_SIGNING.c.signers).where(_SIGNING.c.id == signing_id)) or []
    return any(one["kind"] == PERSON and one["task_id"] == task_id for one in signers)


def sent_by(session: Session, signing_id: str) -> str | None:
    """Who sent the work to this step: the sender of its first row."""
    select = sa.select(_TASK.c.from_id).where(_TASK.c.signing_id == signing_id).order_by(_TASK.c.id).limit(1)
    found: str | None = session.scalar(select)
    return found


def may_arrange(engine: Core, session: Session, signing_id: str | None, user_id: str) -> bool:
    """Who may say who signs: whoever is to sign now, and whoever sent the work here."""
    if signing_id is None or engine.directory.person(session, user_id) is None:
        return False
    asked = sa.select(_TASK.c.id).where(
        _TASK.c.signing_id == signing_id, _TASK.c.status == "open", _TASK.c.assignee_id == user_id
    )
    return session.execute(asked.limit(1)).first() is not None or sent_by(session, signing_id) == user_id


def may_remove(engine: Core, session: Session, signing_id: str, signer: Mapping[str, Any], user_id: str) -> bool:
    """Nobody takes away whom he would rather not hear: only the sender may, or whoever added the signer.

    A person who has left the office does not sign any more; any of the others may take them away.
    """
    if user_id in (signer["added_by"], sent_by(session, signing_id)):
        return True
    holder = _holder(session, signer)
    return holder is not None and engine.directory.person(session, holder) is None


def _holder(session: Session, signer: Mapping[str, Any]) -> str | None:
    """The person whose signature is waited for, also after it was passed on."""
    if signer["task_id"]:
        found: str | None = session.scalar(sa.select(_TASK.c.assignee_id).where(_TASK.c.id == signer["task_id"]))
        return found
    return str(signer["id"]) if signer["kind"] == PERSON else None


@dataclass
class _Arrange:
    """What adding and removing share."""

    actor: Actor
    task_id: str
    user_id: str
    reason: str
    row: dict[str, Any] = field(default_factory=dict)
    signing: Signing | None = None

    def _opened(self, engine: Core, session: Session) -> Turn:
        self.row = open_task(session, self.task_id)
        self._authority(engine, session)
        return load_turn(engine, session, self.row["instance_id"], self.actor)

    def _authority(self, engine: Core, session: Session) -> None:
        words, signing_id = words_of(self.row["properties"]), self.row["signing_id"]
        if signing_id is None or "sign" not in words.allow:
            raise errors.Forbidden(lazy_("这一步不允许加签、减签"))
        if self.actor.id is not None and not may_arrange(engine, session, signing_id, self.actor.id):
            raise errors.Forbidden(lazy_("只有待签署的人和送办人可以加签、减签"))

    def _task(self, turn: Turn) -> tuple[Task, Signing]:
        task = turn.workflow.task(self.row["spiff_task_id"])
        if task is None or task.state != TaskState.READY:
            raise Stale()
        signing = Signing.of_task(task, words_of(self.row["properties"]))
        if signing is None or signing.id != self.row["signing_id"]:
            raise Stale()
        return task, signing

    def _told(self, turn: Turn, event: str, name: str, notify: dict[str, Any] | None = None) -> None:
        turn.happened(
            event,
            node_id=self.row["node_id"],
            task_id=self.task_id,
            data={"user_id": self.user_id, "name": name, "reason": self.reason, "name_zh": self.row["name_zh"]},
            notify=notify,
        )

    def finish(self, turn: Turn) -> None:
        """Nothing more."""


@dataclass
class AddSigner(_Arrange):
    """加签: one more person signs; in turn the last, or the next after the present one."""

    next_up: bool = False
    person: Person | None = None

    def open(self, engine: Core, session: Session) -> Turn:
        turn = self._opened(engine, session)
        self.person = engine.directory.person(session, self.user_id)
        if self.person is None:
            raise errors.Invalid({"user_id": [lazy_("没有这个人")]})
        _task, signing = self._task(turn)
        if signing.of >= MAX_SIGNERS:
            raise errors.Conflict(lazy_("签署人最多 %(n)s 名", n=MAX_SIGNERS), status="full")
        self._once(session)
        return turn

    def _once(self, session: Session) -> None:
        signing_id = self.row["signing_id"]
        if has_part(session, signing_id, self.user_id) or waits(session, signing_id, self.user_id):
            name = self.person.name if self.person else ""
            raise errors.Conflict(lazy_("%(name)s已是这一步的签署人", name=name), status="signer")

    def begin(self, turn: Turn) -> None:
        assert self.person is not None
        turn.restructured = True
        _task, signing = self._task(turn)
        signing.add(added(self.person, self.row["role"], self.actor, self.reason), next_up=self.next_up)

    def commit(self, turn: Turn) -> None:
        assert self.person is not None
        self.row = open_task(turn.session, self.task_id)
        self._authority(turn.engine, turn.session)
        self._once(turn.session)
        self._told(turn, "task.signer_added", self.person.name)  # the new signer is told with the own task


@dataclass
class RemoveSigner(_Arrange):
    """减签: somebody who has not signed need not any more. That may decide the step."""

    signer: dict[str, Any] = field(default_factory=dict)
    holder: str | None = None

    def open(self, engine: Core, session: Session) -> Turn:
        turn = self._opened(engine, session)
        _task, signing = self._task(turn)
        self.signer = self._meant(session, signing)
        self.holder = _holder(session, self.signer)
        self._possible(engine, session, signing)
        return turn

    def _meant(self, session: Session, signing: Signing) -> dict[str, Any]:
        """By the person who is to sign now, or else by whom or what was asked. NotFound for anybody else."""
        waiting = [signer for signer in signing.signers if not signer["signed"]]
        for signer in waiting:
            if _holder(session, signer) == self.user_id:
                return dict(signer)
        for signer in waiting:
            if signer["kind"] != PERSON and signer["id"] == self.user_id:
                return dict(signer)
        if signing.has_signed(self.user_id):
            raise errors.Conflict(lazy_("已经签署的不能减签"), status="signed")
        raise errors.NotFound()

    def _possible(self, engine: Core, session: Session, signing: Signing) -> None:
        words = signing.words
        if self.actor.id is not None and not may_remove(engine, session, signing.id, self.signer, self.actor.id):
            raise errors.Forbidden(lazy_("只能由送办人或者加签的人减签"))
        if signing.of < 2:
            raise errors.Conflict(lazy_("至少保留一名签署人"), status="last")
        if words.policy == "ratio" and words.ratio and words.ratio.needed(signing.of - 1) > signing.of - 1:
            raise errors.Conflict(lazy_("签署人不能少于通过所需的票数"), status="needed")

    def begin(self, turn: Turn) -> None:
        turn.restructured = True
        task, self.signing = self._task(turn)
        self.signing.remove(self.signer["key"])
        run_if_decided(turn, task, self.row["node_id"], self.signing)

    def commit(self, turn: Turn) -> None:
        self.row = open_task(turn.session, self.task_id)
        self._authority(turn.engine, turn.session)
        if _holder(turn.session, self.signer) != self.holder:
            raise Stale()  # passed on or claimed between our look and the lock: that bumps no revision
        notify = {"user_ids": [self.holder], "reason": self.reason} if self.holder else None
        self._told(turn, "task.signer_removed", self._name(turn.session), notify)
        if self.signing is not None:
            tell_if_decided(turn, self.row["node_id"], self.signing)

    def _name(self, session: Session) -> str:
        """Of whoever was to sign, also after it was passed on."""
        select = sa.select(_TASK.c.assignee_name).where(_TASK.c.id == self.signer["task_id"])
        return session.scalar(select) or str(self.signer["name"])
