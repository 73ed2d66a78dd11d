"""Verbs that put a task into other hands: 转办 for good, 委派 until it comes back, 交回, 拿回."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.db import write_transaction
from app.engine.ports import Person
from app.engine.running.acts.authority import open_task, require_may_act
from app.engine.running.acts.passed import NOT_PASSED, is_touched, may_take_back
from app.engine.running.acts.signers import has_part, waits
from app.engine.running.checkout import Happened
from app.engine.running.locking import lock_instance_of
from app.engine.running.projections.people import participate
from app.engine.verbs.tasks import MAX_TEXT, TaskVerbs, held, required_text
from app.i18n import lazy_


class PassingOn(TaskVerbs):
    def reassign(self, task_id: str, to_id: str, *, reason: str, by: Actor) -> None:
        """转办. The holder, or a candidate while nobody holds it, passes the task to a colleague who may do it.

        What somebody holds who has left the office, any candidate may pass on.
        """
        reason = required_text(reason, "reason")
        with self._acting(task_id, by, "reassign") as (session, row):
            if not self._may_take_over(session, row, by):
                by = require_may_act(self, session, row, by)
            person = self._somebody_else(session, row, to_id)
            if not self.directory.is_candidate(session, to_id, row["role"], row["org_id"]):
                raise errors.Invalid(
                    {"to": [lazy_("%(name)s没有办理这项工作的岗位，只能转给有同样岗位的人", name=person.name)]}
                )
            if row["signing_id"] and (
                has_part(session, row["signing_id"], to_id, task_id) or waits(session, row["signing_id"], to_id)
            ):
                raise errors.Invalid({"to": [lazy_("%(name)s已是这一步的签署人", name=person.name)]})
            self._give(session, row, person, NOT_PASSED | {"passed_by_id": by.id, "passed_from_id": row["assignee_id"]})
            self._keep_in_sight(session, row, by)
            self._told_of(session, row, "task.reassigned", by, person, reason)

    def hand_over(self, task_id: str, to_id: str, *, from_id: str, reason: str, by: Actor) -> None:
        """离职转办: what somebody holds who leaves goes to a colleague, in whatever state the matter is.

        By an administrator, whose right to do so was looked at before. A colleague fills the task's post, or where
        nobody else does, is of the holder's organisation. What was delegated stays so. Conflict where the holder is
        another by now.
        """
        reason = required_text(reason, "reason")
        with self.sessions() as session, write_transaction(session):
            lock_instance_of(session, task_id)
            row = open_task(session, task_id)
            if row["assignee_id"] != from_id:
                raise held(row)
            person = self._somebody_else(session, row, to_id)
            if not self._may_succeed(session, row, person):
                raise errors.Invalid({"to": [lazy_("%(name)s没有办理这项工作的岗位", name=person.name)]})
            if row["signing_id"] and (
                has_part(session, row["signing_id"], to_id, task_id) or waits(session, row["signing_id"], to_id)
            ):
                raise errors.Conflict(lazy_("%(name)s已是这一步的签署人", name=person.name), status="signer")
            self._give(session, row, person, {} if row["delegated_by_id"] else NOT_PASSED)
            self._told_of(session, row, "task.reassigned", by, person, reason)

    def _may_succeed(self, session: Session, row: Mapping[str, Any], person: Person) -> bool:
        role, org_id, holder = row["role"], row["org_id"], row["assignee_id"]
        if self.directory.is_candidate(session, person.id, role, org_id):
            return True
        if any(one.id != holder for one in self.directory.candidates(session, role, org_id)):
            return False
        leaving = self.directory.person(session, holder)
        return leaving is not None and person.org_id == leaving.org_id

    def delegate(self, task_id: str, to_id: str, *, reason: str, by: Actor) -> None:
        """委派. A colleague of one's own organisation prepares the answers and hands them back (see hand_back).

        The colleague needs no post for the step: who delegated stays answerable and alone completes it. Not for
        signatures, which are given in person, and not what was delegated to oneself.
        """
        reason = required_text(reason, "reason")
        with self._acting(task_id, by, "delegate") as (session, row):
            by = require_may_act(self, session, row, by)
            if by.id is None or row["signing_id"] is not None:
                raise errors.Forbidden(lazy_("签署须本人办理，不能委派"))
            if by.for_id is not None:
                raise errors.Forbidden(lazy_("代%(name)s办理的工作不能再委派", name=by.for_name))
            if to_id == by.id:
                raise errors.Invalid({"to": [lazy_("这项工作已在此人名下")]})
            person = self._somebody_else(session, row, to_id)
            if person.org_id != by.org_id:
                raise errors.Invalid({"to": [lazy_("%(name)s不是本单位的人，只能委派给本单位的人", name=person.name)]})
            owner = {"delegated_by_id": by.id, "delegated_by_name": by.name}
            self._give(session, row, person, {"passed_by_id": by.id, "passed_from_id": row["assignee_id"], **owner})
            self._keep_in_sight(session, row, by)
            self._told_of(session, row, "task.delegated", by, person, reason)

    def hand_back(self, task_id: str, text: str, *, by: Actor) -> None:
        """交回. What was delegated goes back to who delegated it, with what was filled in so far.

        To nobody where that person has left the office: then any candidate may take it.
        """
        text = (text or "").strip()[:MAX_TEXT]
        with self._acting(task_id, by, None) as (session, row):
            by = require_may_act(self, session, row, by, preparing=True)
            if row["delegated_by_id"] is None:
                raise errors.Conflict(lazy_("这项工作不是委派的，不需要交回"), status="not_delegated")
            owner = self.directory.person(session, row["delegated_by_id"])
            drafted = {"draft_by_id": owner.id if owner else None} if row["draft"] is not None else {}
            self._give(session, row, owner, NOT_PASSED | drafted)
            data = {"to_name": row["delegated_by_name"], "from_name": row["assignee_name"], "text": text}
            letter = {"user_ids": [owner.id] if owner else [], "text": text}
            self._tell(session, row, Happened("task.handed_back", by, row["node_id"], task_id, data, letter))

    def take_back(self, task_id: str, *, by: Actor) -> None:
        """拿回 what one passed on: it is as it was before, held by whoever held it, or free.

        What was passed on for good, only until the new holder has begun to fill it in; Conflict afterwards, and for
        who passed on nothing, or no longer.
        """
        with self._acting(task_id, by, None) as (session, row):
            task = SimpleNamespace(**row)
            if by.id is None or self.directory.person(session, by.id) is None:
                raise errors.Forbidden()
            if not may_take_back(task, by.id):
                if row["passed_by_id"] == by.id and is_touched(task):
                    raise errors.Conflict(
                        lazy_("%(name)s已开始办理，不能拿回", name=row["assignee_name"]), status="begun"
                    )
                if not self._concerned(session, row, by.id):
                    raise errors.Forbidden()
                free = errors.Conflict(lazy_("这项工作尚未签收"), status="unclaimed")
                raise held(row) if row["assignee_id"] is not None else free
            before = self.directory.person(session, row["passed_from_id"]) if row["passed_from_id"] else None
            if before and row["signing_id"] and has_part(session, row["signing_id"], before.id, task_id):
                raise errors.Conflict(lazy_("%(name)s已是这一步的签署人", name=before.name), status="signer")
            drafted = {"draft_by_id": by.id} if is_touched(task) else {}
            self._give(session, row, before, NOT_PASSED | drafted)
            data = {"from_name": row["assignee_name"], "to_name": before.name if before else ""}
            line = Happened("task.taken_back", by, row["node_id"], task_id, data, {"user_ids": [row["assignee_id"]]})
            self._tell(session, row, line)

    def _somebody_else(self, session: Session, row: Mapping[str, Any], to_id: str) -> Person:
        person = self.directory.person(session, to_id)
        if person is None:
            raise errors.Invalid({"to": [lazy_("没有这个人")]})
        if to_id == row["assignee_id"]:
            raise errors.Invalid({"to": [lazy_("这项工作已在此人名下")]})
        return person

    def _give(self, session: Session, row: Mapping[str, Any], person: Person | None, more: Mapping[str, Any]) -> None:
        holder = {
            "assignee_id": person.id if person else None,
            "assignee_name": person.name if person else "",
            "claimed_at": self.clock.now() if person else None,
        }
        self._change(session, row, **holder, **more)
        if person is not None:
            participate(session, row["instance_id"], user_id=person.id)

    def _keep_in_sight(self, session: Session, row: Mapping[str, Any], by: Actor) -> None:
        """Whoever passed it on out of a pool must still see it, or could not take it back."""
        if by.id is not None:
            participate(session, row["instance_id"], user_id=by.id)

    def _told_of(
        self, session: Session, row: Mapping[str, Any], event: str, by: Actor, to: Person, reason: str
    ) -> None:
        data = {"to_id": to.id, "to_name": to.name, "from_name": row["assignee_name"], "reason": reason}
        self._tell(
            session, row, Happened(event, by, row["node_id"], row["id"], data, {"user_ids": [to.id], "reason": reason})
        )
