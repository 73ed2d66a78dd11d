"""Who is who, as the engine asks it (app.engine.ports.Directory). Only active people count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.absences.queries import away
from app.accounts.models import CAPACITIES, ROLES, Grant, Organisation, User
from app.accounts.roles import holders
from app.engine import Person
from app.prepared import Prepared


class AccountsDirectory:
    """Answers from the database every time: a grant that was taken away a second ago no longer counts."""

    def person(self, session: Session, user_id: str) -> Person | None:
        """An active person, or None."""
        row = _BY_ID.first(session, {"user_id": user_id})
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
        return select.first(session, {"user_id": user_id, "org_id": org_id}) is not None

    def candidates(self, session: Session, role: str | None, org_id: str | None) -> Sequence[Person]:
        """Everybody who may take such a task, by organisation and name."""
        rows = _candidates(role, org_id is not None).all(session, {"org_id": org_id})
        return [Person(*row) for row in rows]

    def principals(self, session: Session, user_id: str, at: dt.datetime) -> Sequence[Person]:
        """The colleagues who are away and whose work this person does meanwhile."""
        return away(session, user_id, at)

    def roles(self) -> frozenset[str]:
        """All that a step may be addressed to: the roles, and what several of them include."""
        return frozenset((*ROLES, *CAPACITIES))


_USER, _GRANT, _ORGANISATION = User.__table__.c, Grant.__table__.c, Organisation.__table__.c


def _people() -> sa.Select[Any]:
    return (
        sa.select(_USER.id, _USER.name, _USER.org_id, _ORGANISATION.short_name)
        .join(Organisation.__table__, _ORGANISATION.id == _USER.org_id)
        .where(_USER.active)
    )


_BY_ID = Prepared(_people().where(_USER.id == sa.bindparam("user_id")))


@lru_cache(maxsize=8)
def _organisations_by(column: str) -> sa.Select[str]:
    return sa.select(Organisation.id).where(getattr(Organisation, column) == sa.bindparam("text")).limit(2)


@lru_cache(maxsize=128)
def _candidates(role: str | None, in_org: bool, *, one: bool = False) -> Prepared:
    """A task without a role is addressed to the organisation's people; one with neither, to nobody."""
    org_id = sa.bindparam("org_id", type_=sa.String)
    if role is None:
        found = _people().where(_USER.org_id == org_id if in_org else sa.false())
    else:
        held = sa.select(_GRANT.user_id).where(_GRANT.role.in_(holders(role)))
        if one:  # of one person: whether there is a grant, instead of all who have one
            held = held.where(_GRANT.user_id == _USER.id)
        if in_org:
            held = held.where(_GRANT.org_id == org_id)
        found = _people().where(held.exists() if one else _USER.id.in_(held))
    if one:
        return Prepared(found.where(_USER.id == sa.bindparam("user_id")))
    return Prepared(found.order_by(_ORGANISATION.short_name, _USER.name, _USER.id))
