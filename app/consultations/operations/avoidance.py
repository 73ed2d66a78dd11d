"""Whom an expert may not diagnose (回避): the own employer, its group, and what the expert has declared.

Asked wherever an expert could come in: when candidates are listed, when a choice is submitted, and once more in the
transaction that engages them, where nothing can change in between.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation, User
from app.consultations.expert_models import Expert
from app.i18n import _
from app.subjects import Subject, name_key

# Only among these does having one parent mean one group: offices all stand below the city government.
_IN_GROUPS = ("enterprise", "contractor")
_TELLING = 4  # characters from which on a name within a longer one means the same enterprise: with or without its city


class Avoidance:
    """The rule for some subjects, with what it has to know of organisations read once."""

    def __init__(self, session: Session, subjects: Iterable[Subject]) -> None:
        self._session, self._subjects = session, list(subjects)
        rows = session.execute(
            sa.select(Organisation.id, Organisation.parent_id, Organisation.name).where(
                Organisation.kind.in_(_IN_GROUPS)
            )
        ).all()
        self._parents = {row.id: row.parent_id for row in rows}
        self._ids = {name_key(row.name): row.id for row in rows}
        self._groups = {subject.id: self._group(self._org_of(subject)) for subject in self._subjects}

    def why_not(self, expert: Expert) -> str:
        """Why this expert must not take part, naming the subject; nothing where nothing stands against it."""
        for subject in self._subjects:
            if reason := self._about(expert, subject):
                return reason
        return ""

    def _about(self, expert: Expert, subject: Subject) -> str:
        group = self._groups[subject.id]
        if self._employed(expert, subject, group):
            return _("任职单位与%(name)s相同或同属一个集团", name=subject.name)
        for conflict in expert.conflicts:
            key = str(conflict.get("id") or "")
            wanted = name_key(str(conflict.get("name") or "")) if conflict.get("kind") == "name" else ""
            if key and (key == subject.id or key in group or self._group(key) & group):
                return _("已声明回避%(name)s", name=subject.name)
            if wanted and wanted in name_key(subject.name):
                return _("已声明回避%(name)s", name=subject.name)
        return ""

    def _employed(self, expert: Expert, subject: Subject, group: frozenset[str]) -> bool:
        employer, name = name_key(expert.organisation), name_key(subject.name)
        if employer and (employer == name or (len(employer) >= _TELLING and (employer in name or name in employer))):
            return True
        known = {expert.org_id, self._ids.get(employer), self._account_org(expert)} - {None}
        return any(self._group(str(org)) & group for org in known)

    def _account_org(self, expert: Expert) -> str | None:
        return self._session.scalar(sa.select(User.org_id).where(User.id == expert.user_id)) if expert.user_id else None

    def _org_of(self, subject: Subject) -> str | None:
        return subject.org_id or self._ids.get(name_key(subject.name))

    def _group(self, org_id: str | None) -> frozenset[str]:
        """The organisation with all that stand above it and all below the topmost of them."""
        if org_id is None or org_id not in self._parents:
            return frozenset()
        line = [org_id]
        while (parent := self._parents.get(line[-1])) in self._parents and parent not in line:
            line.append(str(parent))
        return frozenset(one for one in self._parents if self._top(one) == line[-1])

    def _top(self, org_id: str) -> str:
        seen = [org_id]
        while (parent := self._parents.get(seen[-1])) in self._parents and parent not in seen:
            seen.append(str(parent))
        return seen[-1]
