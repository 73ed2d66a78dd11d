"""Reads: people and organisations for lists, pickers and selects."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import SEPARATED, Grant, Organisation, Region, Sector, User
from app.accounts.regions import within
from app.accounts.roles import CITYWIDE, ENTERPRISE, holders
from app.i18n import ENGLISH, bilingual, get_locale

Options = list[tuple[str, str]]
_PICKED = 200  # a select with more is no help; pickers narrow by text


def like(text: str) -> str:
    """A LIKE pattern that contains the text; the wildcards in it are taken literally (escape character `\\`)."""
    escaped = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def visible_organisations(user: User) -> sa.Select[Organisation]:
    """The organisations that a person may know of: address a person in, filter a list by.

    Administrators and city-wide roles: all of their city. Departments, towns, experts: public bodies of the city and,
    experts excepted, its enterprises (a town: only its own). An enterprise: itself.
    """
    select = sa.select(Organisation)
    held = {grant.role for grant in user.grants}
    if held & set(SEPARATED):
        return select
    conditions: list[sa.ColumnElement[bool]] = [Organisation.id == user.org_id]
    for grant in user.grants:
        conditions += [Organisation.id == grant.org_id, *_knows(grant)]
    return select.where(sa.or_(*conditions))


def _knows(grant: Grant) -> list[sa.ColumnElement[bool]]:
    area = grant.organisation.region_code
    if grant.role in ENTERPRISE or area is None:
        return []
    city = city_of(area)
    if grant.role in CITYWIDE or grant.role.startswith(("dept_", "officer")):
        return [within(Organisation.region_code, city)]
    public = sa.and_(Organisation.kind != "enterprise", within(Organisation.region_code, city))
    if grant.role == "expert":
        return [public]
    return [public, within(Organisation.region_code, area)]


def city_of(code: str) -> str:
    """The county-level city that a region belongs to: the first six digits."""
    return code[:6].ljust(12, "0")


def people(
    session: Session,
    user: User | None = None,
    *,
    q: str = "",
    role: str | None = None,
    org_id: str | None = None,
    limit: int = 50,
) -> list[User]:
    """Active people for a picker: by part of name or user name, by role held, by organisation.

    With `user` only people of organisations that this person may know of.
    """
    return list(session.scalars(find_people(user, q=q, role=role, org_id=org_id).limit(limit)).unique())


def find_people(
    user: User | None,
    *,
    q: str = "",
    role: str | None = None,
    org_id: str | None = None,
) -> sa.Select[User]:
    select = sa.select(User).where(User.active).order_by(User.org_id, User.name, User.id)
    if q.strip():
        pattern = like(q)
        select = select.where(
            sa.or_(
                User.name.ilike(pattern, escape="\\"),
                User.username.ilike(pattern, escape="\\"),
            )
        )
    if role:
        held = sa.select(Grant.user_id).where(Grant.role.in_(holders(role)))
        select = select.where(User.id.in_(held.where(Grant.org_id == org_id) if org_id else held))
    elif org_id:
        select = select.where(User.org_id == org_id)
    if user is not None:
        known = visible_organisations(user).with_only_columns(Organisation.id)
        select = select.where(User.org_id.in_(known))
    return select


def people_options(session: Session, user: User | None = None, **filters: Any) -> Options:
    """(id, 姓名　单位) pairs for a select."""
    return [(p.id, f"{p.name}　{p.organisation.short_name}") for p in people(session, user, limit=_PICKED, **filters)]


def sectors(session: Session) -> list[Sector]:
    """Active sectors in the office's order."""
    return list(session.scalars(sa.select(Sector).where(Sector.active).order_by(Sector.position, Sector.code)))


def sector_options(session: Session) -> Options:
    return [(sector.code, bilingual(sector.name, sector.name_en)) for sector in sectors(session)]


def region_options(session: Session, area: str | None = None, level: str = "town") -> Options:
    """(code, name) of the regions of a level, within an area if one is given."""
    select = sa.select(Region).where(Region.level == level).order_by(Region.code)
    if area:
        select = select.where(within(Region.code, area))
    return [(region.code, bilingual(region.name, region.name_en)) for region in session.scalars(select)]


def town_options(session: Session, area: str | None = None) -> Options:
    return region_options(session, area, "town")


def region_path(session: Session, code: str | None) -> str:
    """The names down to the region, without the city: 新港街道渔港社区; Yugang Community, Xingang Street."""
    names: list[str] = []
    while code and (region := session.get(Region, code)) and region.parent_code:
        names.append(bilingual(region.name, region.name_en))
        code = region.parent_code
    return ", ".join(names) if get_locale() == ENGLISH else "".join(reversed(names))


def organisation_options(session: Session, user: User, *, kind: str | None = None, q: str = "") -> Options:
    select = visible_organisations(user).where(Organisation.active).order_by(Organisation.kind, Organisation.name)
    if kind:
        select = select.where(Organisation.kind == kind)
    if q.strip():
        select = select.where(Organisation.name.ilike(like(q), escape="\\"))
    return [(o.id, bilingual(o.name, o.name_en)) for o in session.scalars(select.limit(_PICKED))]


def name_taken(session: Session, username: str) -> bool:
    """Whether a user name is in use, whatever its case."""
    same = sa.func.lower(User.username) == username.lower()
    return session.scalar(sa.select(User.id).where(same)) is not None


def holder_count(session: Session, role: str) -> int:
    """How many active people hold exactly this role."""
    held = sa.select(Grant.user_id).where(Grant.role == role)
    return session.scalar(sa.select(sa.func.count()).select_from(User).where(User.active, User.id.in_(held))) or 0


def active_people_count(session: Session, org_id: str) -> int:
    people = sa.select(sa.func.count()).select_from(User).where(User.active, User.org_id == org_id)
    return session.scalar(people) or 0


def open_task_count(session: Session, user_id: str) -> int:
    """Open tasks in the person's own name, which somebody must take over when the account is closed."""
    from app.engine import HumanTask

    held = sa.select(sa.func.count()).select_from(HumanTask)
    return session.scalar(held.where(HumanTask.assignee_id == user_id, HumanTask.status == "open")) or 0
