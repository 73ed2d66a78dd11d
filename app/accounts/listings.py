"""Reads for the administration's lists: people, organisations, the audit log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from app.accounts.access import headed_orgs
from app.accounts.models import Grant, Organisation, Region, User
from app.accounts.queries import like
from app.accounts.regions import within
from app.audit import AuditRecord
from app.clock import SHANGHAI

STATUSES = ("active", "locked", "no_role", "inactive")


@dataclass(frozen=True)
class PeopleFilter:
    """What the people list is narrowed by; every field may be empty."""

    q: str = ""
    org: str = ""
    role: str = ""
    status: str = ""


def managed_people(by: User, wanted: PeopleFilter, now: dt.datetime) -> sa.Select[User]:
    """The accounts a person looks after: all for administrators, the own organisation's for its head."""
    select = sa.select(User).join(Organisation, Organisation.id == User.org_id)
    if not by.has("admin", "security_admin"):
        select = select.where(User.org_id.in_(headed_orgs(by)))
    if wanted.q.strip():
        pattern = like(wanted.q)
        columns = (User.name, User.username, User.phone, Organisation.name, Organisation.short_name)
        select = select.where(sa.or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    if wanted.org:
        select = select.where(User.org_id == wanted.org)
    if wanted.role:
        select = select.where(User.id.in_(sa.select(Grant.user_id).where(Grant.role == wanted.role)))
    if wanted.status:
        select = select.where(*_status(wanted.status, now))
    return select.order_by(Organisation.kind, Organisation.name, User.name, User.id)


def _status(status: str, now: dt.datetime) -> list[sa.ColumnElement[bool]]:
    if status == "locked":
        return [User.locked_until > now]
    if status == "no_role":
        return [User.active.is_(True), User.id.not_in(sa.select(Grant.user_id))]
    return [User.active == (status == "active")]


def organisation_list(q: str = "", kind: str = "", region: str = "", status: str = "") -> sa.Select[Organisation]:
    select = sa.select(Organisation).order_by(Organisation.kind, Organisation.region_code, Organisation.name)
    if q.strip():
        pattern = like(q)
        columns = (Organisation.name, Organisation.short_name, Organisation.code)
        select = select.where(sa.or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    if kind:
        select = select.where(Organisation.kind == kind)
    if region:
        select = select.where(within(Organisation.region_code, region))
    if status:
        select = select.where(Organisation.active == (status == "active"))
    return select


def region_rows() -> sa.Select[Region, int]:
    """Every region in tree order (a code sorts before those inside it) with its number of organisations."""
    counted = (
        sa.select(Organisation.region_code, sa.func.count().label("n"))
        .where(Organisation.active)
        .group_by(Organisation.region_code)
        .subquery()
    )
    return (
        sa.select(Region, sa.func.coalesce(counted.c.n, 0))
        .outerjoin(counted, counted.c.region_code == Region.code)
        .order_by(Region.code)
    )


@dataclass(frozen=True)
class AuditFilter:
    """What the audit log is narrowed by. Days are the office's, both inclusive."""

    actor: str = ""
    action: str = ""
    object: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


def audit_list(wanted: AuditFilter) -> sa.Select[AuditRecord]:
    """Audit records, newest first."""
    select = sa.select(AuditRecord).order_by(AuditRecord.seq.desc())
    if wanted.actor.strip():
        named = AuditRecord.actor_name.ilike(like(wanted.actor), escape="\\")
        select = select.where(sa.or_(named, AuditRecord.actor_id == wanted.actor.strip()))
    if wanted.action:
        select = select.where(AuditRecord.action == wanted.action)
    if wanted.object.strip():
        text = wanted.object.strip()
        select = select.where(sa.or_(AuditRecord.object_id == text, AuditRecord.object_kind == text))
    if wanted.since:
        select = select.where(AuditRecord.at >= _midnight(wanted.since))
    if wanted.until:
        select = select.where(AuditRecord.at < _midnight(wanted.until + dt.timedelta(days=1)))
    return select


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), SHANGHAI)
