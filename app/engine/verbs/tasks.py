"""Verbs on a task that move no token: claim, copy, urge, comment, draft. Each a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import Actor
from app.db import dump_json, new_id, write_transaction
from app.engine.core import Core
from app.engine.models import HumanTask, Instance, Participant, TaskComment
from app.engine.packages.words import Words, words_of
from app.engine.ports import Person
from app.engine.running import history
from app.engine.running.acts.asking import Asking
from app.engine.running.acts.authority import open_task, represented, require_may_act
from app.engine.running.acts.passed import NOT_PASSED, may_take_back
from app.engine.running.acts.signers import has_part, may_arrange, signs_in_person
from app.engine.running.checkout import Happened
from app.engine.running.locking import lock_instance_of
from app.engine.running.plain import checked
from app.engine.running.projections.people import give_copies, participate, take_copies
from app.i18n import lazy_

_TASK, _INSTANCE, _PARTICIPANT = HumanTask.__table__, Instance.__table__, Participant.__table__
MAX_TEXT = 2000
MAX_DRAFT = 256 * 1024  # bytes as JSON: as much as the answers of a form may be
# Comments carry files as if they were answers to a form with this one field.
FILES_FORM: dict[str, Any] = {"fields": [{"name": "files", "kind": "files", "label": {"zh": "附件", "en": "Files"}}]}


class TaskVerbs(Core):
    def claim(self, task_id: str, *, by: Actor) -> None:
        """签收. Whoever is first holds it; Conflict names the holder to everybody else. Repeating is harmless.

        Who claims in the place of a colleague claims it for that colleague, who has it when they are back.
        """
        with self._acting(task_id, by, "claim") as (session, row):
            if row["assignee_id"] is not None:
                if row["assignee_id"] == by.id or represented(self, session, row, by.id or ""):
                    return
                raise held(row)
            if by.id is None:
                raise errors.Forbidden()
            by = require_may_act(self, session, row, by)
            if row["signing_id"] and has_part(session, row["signing_id"], by.id, task_id):
                raise errors.Conflict(lazy_("您是这一步的另一名签署人，每人只签一次"), status="signer")
            taken = session.execute(
                sa.update(_TASK)
                .where(_TASK.c.id == task_id, _TASK.c.status == "open", _TASK.c.assignee_id.is_(None))
                .values(
                    assignee_id=by.for_id or by.id,
                    assignee_name=by.for_name or by.name,
                    claimed_at=self.clock.now(),
                    rev=row["rev"] + 1,
                )
            )
            if taken.rowcount != 1:  # type: ignore[attr-defined]
                raise held(open_task(session, task_id))
            participate(session, row["instance_id"], user_id=by.for_id or by.id)
            self._tell(session, row, Happened("task.claimed", by, row["node_id"], task_id))

    def unclaim(self, task_id: str, *, by: Actor) -> None:
        """Give a claimed task back to its candidates. Only where there are any; the draft stays."""
        with self._acting(task_id, by, "claim") as (session, row):
            away = represented(self, session, row, by.id or "") if row["assignee_id"] else None
            if row["assignee_id"] != by.id and away is None:
                raise (
                    held(row) if row["assignee_id"] else errors.Conflict(lazy_("这项工作尚未签收"), status="unclaimed")
                )
            by = by if away is None else replace(by, for_id=away.id, for_name=away.name)
            holder = row["assignee_id"] or ""
            if not self.directory.is_candidate(session, holder, row["role"], row["org_id"]) or signs_in_person(
                session, row["signing_id"], task_id
            ):
                raise errors.Conflict(lazy_("这项工作指定由您办理，不能退回待签收，可以转办"), status="assigned")
            if row["delegated_by_id"] is not None:
                raise errors.Conflict(lazy_("这项工作是委派给您的，请交回"), status="delegated")
            self._change(session, row, assignee_id=None, assignee_name="", claimed_at=None, **NOT_PASSED)
            self._tell(session, row, Happened("task.unclaimed", by, row["node_id"], task_id))

    def copy(self, task_id: str, user_ids: Iterable[str], *, by: Actor) -> list[str]:
        """抄送. Whoever gets a copy may read along; the ids that are new. Those who have one already are left alone."""
        wanted = list(dict.fromkeys(user_ids))
        if not wanted:
            raise errors.Invalid({"user_ids": [lazy_("请选择抄送人员")]})
        with self._taking_part(task_id, by, "cc") as (session, row):
            if by.id is not None and not self._concerned(session, row, by.id):
                raise errors.Forbidden()
            people = {user_id: self.directory.person(session, user_id) for user_id in wanted}
            if unknown := [user_id for user_id, person in people.items() if person is None]:
                raise errors.Invalid({"user_ids": [lazy_("没有这个人：%(id)s", id=unknown[0])]})
            new = give_copies(session, row["instance_id"], task_id, wanted, by.id, self.clock.now())
            if new:
                names = [person.name for user_id in new if (person := people[user_id]) is not None]
                line = Happened("task.copied", by, row["node_id"], task_id, {"to": names}, {"user_ids": new})
                self._tell(session, row, line)
            return new

    def withdraw_copy(self, task_id: str, user_ids: Iterable[str], *, by: Actor) -> list[str]:
        """Take back copies that one has given and nobody has read; whose copies are gone. What was read stays."""
        with self._acting(task_id, by, "cc") as (session, row):
            gone = take_copies(session, row["instance_id"], task_id, user_ids, by.id)
            if not gone:
                raise errors.Conflict(lazy_("没有可以收回的抄送，对方可能已经看过"), status="read")
            people = [self.directory.person(session, user_id) for user_id in gone]
            names = [person.name for person in people if person is not None]
            self._tell(session, row, Happened("task.copy_withdrawn", by, row["node_id"], task_id, {"to": names}))
            return gone

    def urge(self, task_id: str, text: str, *, by: Actor) -> int:
        """催办: recorded and counted; the new count. Not by the holder."""
        text = (text or "").strip()[:MAX_TEXT]
        with self._taking_part(task_id, by, "urge") as (session, row):
            if row["assignee_id"] == by.id:
                raise errors.Forbidden(lazy_("这项工作由您办理，不需要催办"))
            count = int(row["urges"]) + 1
            session.execute(sa.update(_TASK).where(_TASK.c.id == task_id).values(urges=count))
            if by.id is not None:
                participate(session, row["instance_id"], user_id=by.id)
            data = {"text": text, "count": count}
            self._tell(session, row, Happened("task.urged", by, row["node_id"], task_id, data, {"text": text}))
            return count

    def comment(self, task_id: str, text: str, file_ids: Iterable[str] = (), *, by: Actor) -> str:
        """A remark in the discussion, perhaps with files, also after the task is done; its id."""
        text, files = required_text(text, "text"), list(file_ids)
        with self.sessions() as session, write_transaction(session):
            lock_instance_of(session, task_id)
            row = dict(session.execute(sa.select(_TASK).where(_TASK.c.id == task_id)).mappings().one())
            self._require_word(row, "comment")
            self._keep_files(session, row["instance_id"], files, by)
            comment_id = new_id()
            session.execute(
                sa.insert(TaskComment.__table__).values(
                    id=comment_id,
                    instance_id=row["instance_id"],
                    task_id=task_id,
                    text=text,
                    file_ids=files,
                    by_id=by.id,
                    by_name=by.name,
                    by_org=by.org_name,
                    created_at=self.clock.now(),
                )
            )
            participate(session, row["instance_id"], user_id=by.id)
            data = {"text": text, "files": files, "comment_id": comment_id}
            self._tell(
                session, row, Happened("task.commented", by, row["node_id"], task_id, data, {"text": text[:200]})
            )
            return comment_id

    def save_draft(self, task_id: str, values: Mapping[str, Any], *, by: Actor) -> None:
        """暂存. Unchecked, as typed; kept until the task is completed. No history: a draft is nobody's act yet."""
        draft = checked(dict(values))
        if len(dump_json(draft).encode()) > MAX_DRAFT:
            raise errors.Invalid({"_": [lazy_("填写的内容超过 %(n)s KB，没有暂存", n=MAX_DRAFT // 1024)]})
        with self._acting(task_id, by, None) as (session, row):
            by = require_may_act(self, session, row, by, preparing=True)
            session.execute(
                sa.update(_TASK)
                .where(_TASK.c.id == task_id)
                .values(draft=draft, draft_at=self.clock.now(), draft_by_id=by.for_id or by.id)
            )

    def permitted(self, session: Session, task: Any, user_id: str) -> frozenset[str]:
        """What this person may do with the task now. Seeing it is decided elsewhere, by row scope."""
        return self._permitted(session, task, user_id, Asking(self, session, [task], user_id))

    def permitted_each(self, session: Session, tasks: Iterable[Any], user_id: str) -> dict[str, frozenset[str]]:
        """The same for every task of a page, by task id."""
        listed = list(tasks)
        asking = Asking(self, session, listed, user_id)
        return {task.id: self._permitted(session, task, user_id, asking) for task in listed}

    def represented(self, session: Session, task: Any, user_id: str) -> Person | None:
        """The colleague who is away and in whose place this person may do an open task; None in their own right."""
        return Asking(self, session, [task], user_id).stands_in(task)

    def _permitted(self, session: Session, task: Any, user_id: str, asking: Asking) -> frozenset[str]:
        words = words_of(task.properties)
        found = {"comment"} & words.allow
        if task.status != "open" or asking.status(task.instance_id) != "running":
            return frozenset(found | ({"withdraw"} if self.may_withdraw(session, task, user_id) else set()))
        candidate = asking.is_candidate(task.role, task.org_id)
        holds = task.assignee_id == user_id
        if holds or (task.assignee_id is None and candidate):
            found |= self._at_hand(session, task, words, holds=holds, candidate=candidate)
        elif (away := asking.stands_in(task)) is not None:
            holds = task.assignee_id is not None
            theirs = not holds or self.directory.is_candidate(session, away.id, task.role, task.org_id)
            found |= self._at_hand(session, task, words, holds=holds, candidate=theirs) - {"delegate"}
        found |= self._for_others(session, task, user_id, asking, candidate=candidate) & words.allow
        if "pause" in words.allow and task.due_at is not None and asking.supervises(task):
            found |= {"resume"} if task.paused_at else {"pause"} if task.due_at > self.clock.now() else set()
        if not holds:
            found |= {"urge"} & words.allow
            if may_take_back(task, user_id):
                found.add("take_back")
        if holds or candidate or asking.takes_part(task.instance_id):
            found |= {"cc"} & words.allow
        return frozenset(found)

    def _at_hand(self, session: Session, task: Any, words: Words, *, holds: bool, candidate: bool) -> set[str]:
        """What whoever holds the task may do with it, and while nobody does, whoever may take it."""
        if task.delegated_by_id is not None:
            return {"draft", "hand_back"}
        found = {"complete", "draft"} | ({"reassign", "return"} & words.allow)
        if task.signing_id is None:
            found |= {"delegate"} & words.allow
        if words.extension_process and task.due_at is not None:
            found.add("extend")
        if not holds:
            return found | ({"claim"} & words.allow)
        if candidate and "claim" in words.allow and not signs_in_person(session, task.signing_id, task.id):
            found.add("unclaim")
        return found

    def may_withdraw(self, session: Session, task: Any, user_id: str) -> bool:
        """Overridden by GoingBack."""
        return False

    def _for_others(self, session: Session, task: Any, user_id: str, asking: Asking, *, candidate: bool) -> set[str]:
        """What does not need the task: passing it on where its holder has left, and saying who signs the step."""
        found = set()
        if candidate and task.assignee_id and asking.person(task.assignee_id) is None:
            found.add("reassign")
        if may_arrange(self, session, task.signing_id, user_id):
            found.add("sign")
        return found

    # -- what the verbs share

    @contextmanager
    def _acting(self, task_id: str, by: Actor, word: str | None) -> Iterator[tuple[Session, dict[str, Any]]]:
        """An open task of a running instance, in a write transaction."""
        with self.sessions() as session, write_transaction(session):
            lock_instance_of(session, task_id)
            row = open_task(session, task_id)
            status = self._status(session, row["instance_id"])
            if status != "running":
                raise errors.Conflict(lazy_("此事项已暂停办理"), status=status)
            if word:
                self._require_word(row, word)
            yield session, row

    @contextmanager
    def _taking_part(self, task_id: str, by: Actor, word: str) -> Iterator[tuple[Session, dict[str, Any]]]:
        """The same for people who need not hold the task. Whether they may see it was asked before, by row scope."""
        with self._acting(task_id, by, word) as (session, row):
            if by.id is not None and self.directory.person(session, by.id) is None:
                raise errors.Forbidden()
            yield session, row

    def _require_word(self, row: Mapping[str, Any], word: str) -> None:
        if word not in words_of(row["properties"]).allow:
            raise errors.Forbidden(lazy_("这一步不允许这样办理"))

    def _change(self, session: Session, row: Mapping[str, Any], **values: Any) -> None:
        changed = session.execute(
            sa.update(_TASK)
            .where(_TASK.c.id == row["id"], _TASK.c.status == "open", _TASK.c.rev == row["rev"])
            .values(rev=row["rev"] + 1, **values)
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            raise errors.Conflict()

    def _tell(self, session: Session, row: Mapping[str, Any], line: Happened) -> None:
        history.append(session, row["instance_id"], self.clock.now(), [line])

    def _status(self, session: Session, instance_id: str) -> str | None:
        status: str | None = session.scalar(sa.select(_INSTANCE.c.status).where(_INSTANCE.c.id == instance_id))
        return status

    def _may_take_over(self, session: Session, row: Mapping[str, Any], by: Actor) -> bool:
        holder = row["assignee_id"]
        if by.id is None or holder is None or self.directory.person(session, holder) is not None:
            return False
        return self.directory.is_candidate(session, by.id, row["role"], row["org_id"])

    def _concerned(self, session: Session, row: Mapping[str, Any], user_id: str) -> bool:
        return (
            row["assignee_id"] == user_id
            or self.directory.is_candidate(session, user_id, row["role"], row["org_id"])
            or self._takes_part(session, row["instance_id"], user_id)
        )

    def _takes_part(self, session: Session, instance_id: str, user_id: str) -> bool:
        select = sa.select(_PARTICIPANT.c.id).where(
            _PARTICIPANT.c.instance_id == instance_id, _PARTICIPANT.c.user_id == user_id
        )
        return session.execute(select).first() is not None

    def _keep_files(self, session: Session, instance_id: str, files: list[str], by: Actor) -> None:
        if not files:
            return
        if self.forms is None:
            raise errors.Invalid({"files": [lazy_("不能添加附件")]})
        now, answers = self.clock.now(), {"files": files}
        clean = self.forms.validate(session, FILES_FORM, answers, data={}, actor=by, instance_id=instance_id, now=now)
        self.forms.keep(session, FILES_FORM, clean, instance_id=instance_id, actor=by, now=now)


def held(row: Mapping[str, Any]) -> errors.Conflict:
    """409 with the present holder."""
    return errors.Conflict(
        lazy_("%(name)s已签收这项工作", name=row["assignee_name"]),
        status="claimed",
        holder=row["assignee_name"],
        claimed_at=row["claimed_at"].isoformat() if row["claimed_at"] else None,
    )


def required_text(text: str | None, name: str) -> str:
    text = (text or "").strip()
    if not text:
        raise errors.Invalid({name: [lazy_("请填写")]})
    if len(text) > MAX_TEXT:
        raise errors.Invalid({name: [lazy_("最多 %(n)s 个字", n=MAX_TEXT)]})
    return text
