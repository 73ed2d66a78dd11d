"""Row scope: one function decides which rows a person sees, in lists, details, fragments, exports and counts.

domain 3.2: leaders, the committee office and auditors see their city; departments their sectors and what they
supervise; towns and grid workers their area; an enterprise what it is responsible for; everybody what they take
part in. The three administrators see no business data. A model without a declared `Scope` shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import has_request_context, request

from app.accounts.absences.queries import principals
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
    return sa.or_(sa.false(), *scope_rules(model, user))


def listed_condition(model: Any, user: Any, *also: Condition) -> Condition:
    """The same, or one of some conditions more, for lists of what has millions of rows.

    Each rule searches its own index and gives ids; an OR would ask every row. Of whoever sees the whole city nearly
    every row is, so there every row is asked.
    """
    rules = [*scope_rules(model, user), *also]
    if not rules or any(grant.role in CITYWIDE for grant in getattr(user, "grants", ())):
        return sa.or_(sa.false(), *rules)
    condition: Condition = model.id.in_(sa.union_all(*(sa.select(model.id).where(r).correlate(None) for r in rules)))
    return condition


def scope_rules(model: Any, user: Any) -> list[Condition]:
    """The same rule by rule, for whoever searches by each on its own: any of them opens a row."""
    scope: Scope | None = getattr(model, "__scope__", None)
    if scope is None or not getattr(user, "is_authenticated", False) or not user.active:
        return []
    conditions: list[Condition] = []
    if scope.owner:
        conditions.append(getattr(model, scope.owner) == user.id)
    if not any(grant.role in SEPARATED for grant in user.grants):
        for grant in user.grants:
            conditions += _by_grant(model, scope, grant)
        if scope.instance:
            conditions.append(getattr(model, scope.instance).in_(participations(user)))
    for part, key in scope.parts:
        if rules := scope_rules(part, user):
            conditions.append(model.id.in_(sa.select(getattr(part, key)).where(sa.or_(*rules)).correlate(None)))
    return conditions


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


def addresses(user: Any) -> list[tuple[list[str], list[str] | None]]:
    """What a task may be addressed to so that it reaches the person: (roles, organisations), None for everywhere.

    No address is in two of them, so that they can be searched one after the other and counted together.
    """
    roles_in: dict[str, frozenset[str]] = {}
    for grant in user.grants:
        roles_in[grant.org_id] = roles_in.get(grant.org_id, frozenset()) | effective([grant.role])
    orgs_of: dict[frozenset[str], list[str]] = {}
    for org_id, roles in roles_in.items():
        orgs_of.setdefault(roles, []).append(org_id)
    found: list[tuple[list[str], list[str] | None]] = [(sorted(roles), sorted(orgs)) for roles, orgs in orgs_of.items()]
    anywhere = sorted({role for roles in orgs_of for role in roles})
    return [*found, (anywhere, None)] if found else []


def participations(user: Any) -> sa.SelectBase:
    """The instances the person has to do with: what `_participations` says, put together once in a request."""
    if not has_request_context():
        return _participations(user)
    kept: dict[Any, sa.SelectBase] = request.environ.setdefault("duban.participations", {})
    key = (user.id, user.org_id, *((grant.role, grant.org_id) for grant in user.grants))
    if key not in kept:
        kept[key] = _participations(user)
    return kept[key]


def _participations(user: Any) -> sa.SelectBase:
    """Ids of the instances the person has to do with: named in person (for good), or holding a role in an
    organisation that an open task is addressed to (while it is open).

    One search in an index for each, beginning with the open tasks, of which there are few; a single OR would fetch
    every row. `status` is written out, not bound: only so does the partial index on open tasks apply.
    """
    from app.engine import HumanTask, Participant

    found = [sa.select(Participant.instance_id).where(Participant.user_id == user.id)]
    found += [_of_the_absent(one.id) for one in principals(user)]
    offered = [address for one in (user, *principals(user)) for address in addresses(one)]
    for roles, orgs in offered:
        there = HumanTask.org_id.is_(None) if orgs is None else HumanTask.org_id.in_(orgs)
        same = Participant.org_id.is_(None) if orgs is None else Participant.org_id == HumanTask.org_id
        named = sa.exists().where(
            Participant.instance_id == HumanTask.instance_id, Participant.role == HumanTask.role, same
        )
        still_open = sa.and_(HumanTask.status == sa.literal_column("'open'"), HumanTask.role.in_(roles), there)
        found.append(sa.select(HumanTask.instance_id).where(still_open, named.correlate(HumanTask)).correlate(None))
    return sa.union_all(*found)


def _of_the_absent(user_id: str) -> sa.Select[Any]:
    """The instances of what a colleague who is away holds: whoever stands in sees them as long as it lasts."""
    from app.engine import HumanTask

    held = sa.and_(HumanTask.status == sa.literal_column("'open'"), HumanTask.assignee_id == user_id)
    return sa.select(HumanTask.instance_id).where(held, HumanTask.signing_id.is_(None)).correlate(None)
