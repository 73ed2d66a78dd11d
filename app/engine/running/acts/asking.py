"""What decides about the verbs of a page full of tasks, each question put to the database once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.engine.core import Core
from app.engine.models import Instance, Participant
from app.engine.ports import Person

_INSTANCE, _PARTICIPANT = Instance.__table__, Participant.__table__


class Asking:
    """One person and some tasks, as they stand now. Nothing is remembered beyond one page."""

    def __init__(self, engine: Core, session: Session, tasks: Iterable[Any], user_id: str) -> None:
        self._directory, self._session, self._user_id = engine.directory, session, user_id
        self._clock = engine.clock
        self._away: Sequence[Person] | None = None
        self._instances = {task.instance_id for task in tasks}
        self._people: dict[str, Person | None] = {}
        self._candidate: dict[tuple[str | None, str | None], bool] = {}
        self._statuses: dict[str, str] | None = None
        self._parts: frozenset[str] | None = None

    def status(self, instance_id: str) -> str | None:
        if self._statuses is None:
            select = sa.select(_INSTANCE.c.id, _INSTANCE.c.status).where(_INSTANCE.c.id.in_(self._instances))
            self._statuses = {row.id: row.status for row in self._session.execute(select)}
        return self._statuses.get(instance_id)

    def takes_part(self, instance_id: str) -> bool:
        if self._parts is None:
            select = sa.select(_PARTICIPANT.c.instance_id).where(
                _PARTICIPANT.c.instance_id.in_(self._instances), _PARTICIPANT.c.user_id == self._user_id
            )
            self._parts = frozenset(self._session.scalars(select))
        return instance_id in self._parts

    def is_candidate(self, role: str | None, org_id: str | None) -> bool:
        if (role, org_id) not in self._candidate:
            found = self._directory.is_candidate(self._session, self._user_id, role, org_id)
            self._candidate[role, org_id] = found
        return self._candidate[role, org_id]

    def person(self, user_id: str) -> Person | None:
        if user_id not in self._people:
            self._people[user_id] = self._directory.person(self._session, user_id)
        return self._people[user_id]

    def stands_in(self, task: Any) -> Person | None:
        """The colleague who is away and in whose place the person may act on an open task; None in their own right.

        Signatures are given in person: whoever was asked for one passes it on instead.
        """
        if task.assignee_id == self._user_id or task.signing_id is not None:
            return None
        if task.assignee_id is None and self.is_candidate(task.role, task.org_id):
            return None
        if self._away is None:
            self._away = self._directory.principals(self._session, self._user_id, self._clock.now())
        return next((person for person in self._away if self._is_theirs(task, person)), None)

    def _is_theirs(self, task: Any, person: Person) -> bool:
        if task.assignee_id is not None:
            return bool(task.assignee_id == person.id)
        return self._directory.is_candidate(self._session, person.id, task.role, task.org_id)

    def supervises(self, task: Any) -> bool:
        """Whether the person is of the organisation that supervises the matter and does not hold the task himself."""
        if task.supervising_org_id is None or task.assignee_id == self._user_id:
            return False
        person = self.person(self._user_id)
        return person is not None and person.org_id == task.supervising_org_id
