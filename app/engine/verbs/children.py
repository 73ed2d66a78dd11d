"""What happens between a process and the children of its detached calls: always after the commit, a letter each.

`child.start` begins one, `child.over` tells the parent that one is over, `child.follow` has one do as its parent
does. The parent is locked before the child (docs/adr/0023).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import errors
from app.audit import SYSTEM, Actor
from app.db import UNAVAILABLE
from app.engine.models import Child, Instance
from app.engine.running import history
from app.engine.running.acts.children import GoOn, StartChild
from app.engine.running.acts.deliver import Gone
from app.engine.running.checkout import Happened, Overrun, StepFailed, message_of, run_inside
from app.engine.running.children.rows import count, tell_parent
from app.engine.running.locking import lock_instance
from app.engine.verbs.instances import InstanceVerbs

log = logging.getLogger("duban.engine.children")
_CHILD, _INSTANCE = Child.__table__, Instance.__table__
_BY_ID = sa.select(_CHILD).where(_CHILD.c.id == sa.bindparam("child_id"))
_STATUS = sa.select(_INSTANCE.c.status).where(_INSTANCE.c.id == sa.bindparam("instance_id"))


class ChildVerbs(InstanceVerbs):
    def __init__(self, *surroundings: Any, **more: Any) -> None:
        super().__init__(*surroundings, **more)
        self.outbox_handler("child.start")(self._start_child)
        self.outbox_handler("child.over")(self._child_over)
        self.outbox_handler("child.follow")(self._child_follows)

    def _start_child(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """Begin what a call asked for. One that cannot be begun is over as `failed`, with the reason."""
        row, status = self._held(session, payload["child_id"])
        if row["state"] != "due":
            return
        if status == "suspended":
            raise errors.Conflict(status=status)  # tried again once the parent goes on
        loaded = self.definition(session, row["definition_id"])
        start = StartChild(
            SYSTEM, loaded, row["inputs"], None, row["parent_id"], parent_node=row["node_id"], child_id=row["id"]
        )
        try:
            with session.begin_nested():
                turn = run_inside(self, session, start)
        except (errors.Busy, *UNAVAILABLE):
            raise
        except (errors.DubanError, Overrun, StepFailed, LookupError) as refused:
            log.warning("%s: not started: %s", key, message_of(refused))
            failed = {"state": "failed", "error": message_of(refused), "ended_at": now, "inputs": {}}
            session.execute(sa.update(_CHILD).where(_CHILD.c.id == row["id"]).values(**failed))
            tell_parent(session, row["id"], now)
            return
        self._tell_parent(session, row, "child.started", now, {"child": turn.id, "title": turn.instance.get("title")})

    def _child_over(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """One line in the parent's history; the parent itself moves only with the child that makes it enough."""
        row, status = self._held(session, payload["child_id"])
        if row["told_at"] is not None:
            return
        if status == "suspended":
            raise errors.Conflict(status=status)
        session.execute(sa.update(_CHILD).where(_CHILD.c.id == row["id"]).values(told_at=now))
        if status != "running":
            return
        self._tell_parent(session, row, f"child.{row['state']}", now, {"end": row["end_node"], "error": row["error"]})
        if not row["waits"] or row["dropped_at"] is not None or not self._is_enough(session, row):
            return
        try:
            with session.begin_nested():
                run_inside(self, session, GoOn(SYSTEM, row["parent_id"], row["spiff_task_id"], row["node_id"]))
        except Gone:
            log.debug("%s: nobody waits for it any more", key)

    def _child_follows(self, session: Session, payload: Mapping[str, Any], *, key: str, now: dt.datetime) -> None:
        """Whatever order such letters come in, the child does as its parent now stands."""
        row, status = self._held(session, payload["child_id"])
        if row["state"] != "running" or not row["waits"]:
            return
        child_id, by, reason = row["instance_id"], _actor(payload), str(payload.get("reason") or "")
        lock_instance(session, child_id)
        own = session.scalar(_STATUS, {"instance_id": child_id})
        if row["dropped_at"] is not None or status in ("cancelled", "ended"):
            self._cancel_one(session, child_id, by, reason or "上级流程不再等待此事项")
        elif status == "suspended" and own == "running":
            self._switch_one(session, child_id, "running", "suspended", "instance.suspended", reason, by)
            session.execute(sa.update(_CHILD).where(_CHILD.c.id == row["id"]).values(held=True))
        elif status == "running" and own == "suspended" and row["held"]:
            self._switch_one(session, child_id, "suspended", "running", "instance.resumed", reason, by)

    def _held(self, session: Session, child_id: str) -> tuple[dict[str, Any], str]:
        """The child's row and its parent's status, read under the parent's lock."""
        parent_id = session.scalar(sa.select(_CHILD.c.parent_id).where(_CHILD.c.id == child_id))
        if parent_id is None:
            raise LookupError(f"there is no child {child_id}")
        lock_instance(session, parent_id)
        row = dict(session.execute(_BY_ID, {"child_id": child_id}).mappings().one())
        return row, str(session.scalar(_STATUS, {"instance_id": parent_id}))

    def _is_enough(self, session: Session, row: Mapping[str, Any]) -> bool:
        counted = count(session, row["parent_id"], row["spiff_task_id"])
        if counted["finished"] >= counted["total"]:
            return True
        return bool(row["complete_when"]) and bool(self.evaluate(row["complete_when"], counted))

    def _tell_parent(
        self, session: Session, row: Mapping[str, Any], event: str, now: dt.datetime, more: Mapping[str, Any]
    ) -> None:
        """A line in the parent's history."""
        told = {"child": row["instance_id"], "process": row["definition_key"], "number": row["number"] + 1}
        data = {name: value for name, value in (told | dict(more)).items() if value is not None}
        history.append(session, row["parent_id"], now, [Happened(event, SYSTEM, row["node_id"], data=data)])


def _actor(payload: Mapping[str, Any]) -> Actor:
    given = payload.get("actor") or {}
    return Actor(given.get("id"), given.get("name") or "系统", given.get("org_id"), given.get("org_name") or "")
