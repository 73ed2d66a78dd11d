"""Row scope: one function decides which rows a person sees, in lists, details, fragments, exports and counts.

domain 3.2: leaders, the committee office and auditors see their city; departments their sectors and what they
supervise; towns and grid workers their area; an enterprise what it is responsible for; everybody what they take
part in. The three administrators see no business data. A model without a declared `Scope` shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import sqlalchemy as sa

from app.accounts.models import SEPARATED, Grant, OrganisationSector
from app.accounts.regions import within
from app.accounts.roles import CITYWIDE, DEPARTMENT, ENTERPRISE, LOCAL, effective
from app.db import Scope

S = TypeVar("S", bound=sa.Select[Any])
Condition = sa.ColumnElement[bool]


def visible(select: S, model: Any, user: Any) -> S:
    """The select, narrowed to the rows of `model` that the person may see."""
    return select.where(scope_condition(model, user))


def scope_condition(model: Any, user: Any) -> Condition:
    """The same as a condition, for counts and EXISTS. Union over the person's grants; nothing where no rule speaks."""
    scope: Scope | None = getattr(model, "__scope__", None)
    if scope is None or not getattr(user, "is_authenticated", False) or not user.active:
        return sa.false()
    conditions: list[Condition] = []
    if scope.owner:
        conditions.append(getattr(model, scope.owner) == user.id)
    if not any(grant.role in SEPARATED for grant in user.grants):
        for grant in user.grants:
            conditions += _by_grant(model, scope, grant)
        if scope.instance:
            conditions.append(getattr(model, scope.instance).in_(participations(user)))
    return sa.or_(*conditions) if conditions else sa.false()


def _by_grant(model: Any, scope: Scope, grant: Grant) -> Iterable[Condition]:
    """What one role in one organisation opens. Experts and reward officers have no rule: they only take part."""
    if grant.role in CITYWIDE | LOCAL and scope.region:
        yield within(getattr(model, scope.region), grant.organisation.region_code)
    if grant.role in DEPARTMENT:
        if scope.sector:
            sectors = sa.select(OrganisationSector.sector_code).where(OrganisationSector.org_id == grant.org_id)
            yield getattr(model, scope.sector).in_(sectors)
        for column in scope.orgs:
            yield getattr(model, column) == grant.org_id
    if grant.role in ENTERPRISE and scope.responsible:
        yield getattr(model, scope.responsible) == grant.org_id


def participations(user: Any) -> sa.Select[str]:
    """Ids of the instances the person has to do with: named in person (for good), or holding a role in an
    organisation that an open task is addressed to (while it is open).
    """
    from app.engine import HumanTask, Participant

    addressed: list[Condition] = []
    for grant in user.grants:
        roles = effective([grant.role])
        addressed.append(
            sa.and_(
                Participant.role.in_(roles),
                sa.or_(Participant.org_id == grant.org_id, Participant.org_id.is_(None)),
            )
        )
    mine = Participant.user_id == user.id
    if not addressed:
        return sa.select(Participant.instance_id).where(mine)
    still_open = (
        sa.select(sa.literal(1))
        .where(
            HumanTask.instance_id == Participant.instance_id,
            HumanTask.status == "open",
            HumanTask.role == Participant.role,
            HumanTask.org_id.is_not_distinct_from(Participant.org_id),
        )
        .correlate(Participant)
        .exists()
    )
    return sa.select(Participant.instance_id).where(sa.or_(mine, sa.and_(sa.or_(*addressed), still_open)))
