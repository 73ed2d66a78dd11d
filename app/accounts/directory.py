"""Who is who, as the engine asks it (app.engine.ports.Directory). Only active people count."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import ROLES, Grant, Organisation, User
from app.accounts.roles import holders
from app.engine import Person


class AccountsDirectory:
    """Answers from the database every time: a grant that was taken away a second ago no longer counts."""

    def person(self, session: Session, user_id: str) -> Person | None:
        """An active person, or None."""
        row = session.execute(_people().where(User.id == user_id)).first()
        return Person(*row) if row else None

    def organisation(self, session: Session, value: object) -> str | None:
        """The id of the organisation that an id, a code, a name or a short name means; the first in this order."""
        if not isinstance(value, str) or not value.strip():
            return None
        text = value.strip()
        for column in (
            Organisation.id,
            Organisation.code,
            Organisation.name,
            Organisation.short_name,
        ):
            found = session.scalars(sa.select(Organisation.id).where(column == text).limit(2)).all()
            if len(found) == 1:
                return found[0]
        return None

    def is_candidate(self, session: Session, user_id: str, role: str | None, org_id: str | None) -> bool:
        """Whether the person may take a task addressed to (role, organisation)."""
        return session.execute(_candidates(role, org_id).where(User.id == user_id)).first() is not None

    def candidates(self, session: Session, role: str | None, org_id: str | None) -> Sequence[Person]:
        """Everybody who may take such a task, by organisation and name."""
        rows = session.execute(_candidates(role, org_id).order_by(Organisation.short_name, User.name, User.id))
        return [Person(*row) for row in rows]

    def roles(self) -> frozenset[str]:
        """All role keys."""
        return frozenset(ROLES)


def _people() -> sa.Select[str, str, str, str]:
    return (
        sa.select(User.id, User.name, User.org_id, Organisation.short_name)
        .join(Organisation, Organisation.id == User.org_id)
        .where(User.active)
    )


def _candidates(role: str | None, org_id: str | None) -> sa.Select[str, str, str, str]:
    """A task without a role is addressed to the organisation's people; one with neither, to nobody."""
    if role is None:
        return _people().where(User.org_id == org_id if org_id else sa.false())
    held = sa.select(Grant.user_id).where(Grant.role.in_(holders(role)))
    return _people().where(User.id.in_(held.where(Grant.org_id == org_id) if org_id else held))
