"""Who is who, as the engine asks it (app.engine.ports.Directory). Only active people count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import CAPACITIES, ROLES, Grant, Organisation, User
from app.accounts.absences.queries import away
from app.accounts.roles import holders
from app.engine import Person


class AccountsDirectory:
    """Answers from the database every time: a grant that was taken away a second ago no longer counts."""

    def person(self, session: Session, user_id: str) -> Person | None:
        """An active person, or None."""
        row = session.execute(_BY_ID, {"user_id": user_id}).first()
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
            found = session.scalars(_organisations_by(column.key), {"text": text}).all()
            if len(found) == 1:
                return found[0]
        return None

    def is_candidate(self, session: Session, user_id: str, role: str | None, org_id: str | None) -> bool:
        """Whether the person may take a task addressed to (role, organisation)."""
        select = _candidates(role, org_id is not None, one=True)
        return session.execute(select, {"user_id": user_id, "org_id": org_id}).first() is not None

    def candidates(self, session: Session, role: str | None, org_id: str | None) -> Sequence[Person]:
        """Everybody who may take such a task, by organisation and name."""
        rows = session.execute(_candidates(role, org_id is not None), {"org_id": org_id})
        return [Person(*row) for row in rows]

    def roles(self) -> frozenset[str]:
        """All that a step may be addressed to: the roles, and what several of them include."""
    def principals(self, session: Session, user_id: str, at: dt.datetime) -> Sequence[Person]:
        """The colleagues who are away and whose work this person does meanwhile."""
        return away(session, user_id, at)

        return frozenset((*ROLES, *CAPACITIES))


def _people() -> sa.Select[str, str, str, str]:
    return (
        sa.select(User.id, User.name, User.org_id, Organisation.short_name)
        .join(Organisation, Organisation.id == User.org_id)
        .where(User.active)
    )


# Built once: the engine asks these in every step, and putting a statement together costs more than running it.
_BY_ID = _people().where(User.id == sa.bindparam("user_id"))


@lru_cache(maxsize=8)
def _organisations_by(column: str) -> sa.Select[str]:
    return sa.select(Organisation.id).where(getattr(Organisation, column) == sa.bindparam("text")).limit(2)


@lru_cache(maxsize=128)
def _candidates(role: str | None, in_org: bool, *, one: bool = False) -> sa.Select[str, str, str, str]:
    """A task without a role is addressed to the organisation's people; one with neither, to nobody."""
    org_id = sa.bindparam("org_id", type_=sa.String)
    if role is None:
        found = _people().where(User.org_id == org_id if in_org else sa.false())
    else:
        held = sa.select(Grant.user_id).where(Grant.role.in_(holders(role)))
        found = _people().where(User.id.in_(held.where(Grant.org_id == org_id) if in_org else held))
    if one:
        return found.where(User.id == sa.bindparam("user_id"))
    return found.order_by(Organisation.short_name, User.name, User.id)
