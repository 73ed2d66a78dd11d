"""The city's people: regions, organisations, sectors, users, and what each may do where."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask_security import UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from app.audit import Actor
from app.db import Base, Scope, new_id

Id = sa.String(32)

# What each role includes: an office head may do what the staff may, an enforcement officer is department staff.
# `inspector` is no role that anybody is given: it is what all of them can be asked to do (检查人员, domain 3.2 建检查).
IMPLIED: dict[str, frozenset[str]] = {
    "leader": frozenset({"inspector"}),
    "coordinator": frozenset({"inspector"}),
    "auditor": frozenset({"inspector"}),
    "dept_admin": frozenset({"dept_staff", "inspector"}),
    "dept_staff": frozenset({"inspector"}),
    "officer": frozenset({"dept_staff", "inspector"}),
    "town_admin": frozenset({"town_staff", "inspector"}),
    "town_staff": frozenset({"inspector"}),
    "grid_worker": frozenset({"inspector"}),
    "enterprise_admin": frozenset({"enterprise_staff"}),
}
CAPACITIES = ("inspector",)
ROLES = (
    "leader", "coordinator", "dept_admin", "dept_staff", "officer", "town_admin", "town_staff", "grid_worker",
    "enterprise_admin", "enterprise_staff", "expert", "reward_officer", "auditor",
    "admin", "security_admin", "audit_admin",
)  # fmt: skip
# 三员分立: nobody holds two of these, and none of them sees business data.
SEPARATED = ("admin", "security_admin", "audit_admin")


class Region(Base):
    """An administrative division; the 12-digit statistical code (GB/T 2260 + 3 town + 3 village), zero-filled."""

    __tablename__ = "region"
    code: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    name_en: Mapped[str] = mapped_column(sa.String(80), default="")
    level: Mapped[str] = mapped_column(sa.String(12))  # city, town, village
    parent_code: Mapped[str | None] = mapped_column(sa.String(12), sa.ForeignKey("region.code"), index=True)


class Organisation(Base):
    __tablename__ = "organisation"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name_en: Mapped[str] = mapped_column(sa.String(160), default="")
    short_name: Mapped[str] = mapped_column(sa.String(60))
    kind: Mapped[str] = mapped_column(
        sa.String(20)
    )  # city_gov awc_office sector_dept town village enterprise expert_body…
    region_code: Mapped[str | None] = mapped_column(sa.String(12), sa.ForeignKey("region.code"), index=True)
    parent_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    has_penalty_power: Mapped[bool] = mapped_column(default=False)
    doc_prefix: Mapped[str] = mapped_column(sa.String(20), default="")
    active: Mapped[bool] = mapped_column(default=True)


class Sector(Base):
    """A key field of supervision (重点领域): a dictionary that the office maintains."""

    __tablename__ = "sector"
    code: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    name_en: Mapped[str] = mapped_column(sa.String(80), default="")
    position: Mapped[int] = mapped_column(default=0)
    lead_org_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("organisation.id"))
    active: Mapped[bool] = mapped_column(default=True)


class OrganisationSector(Base):
    """Which sectors a department supervises."""

    __tablename__ = "organisation_sector"
    org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"), primary_key=True)
    sector_code: Mapped[str] = mapped_column(sa.String(40), sa.ForeignKey("sector.code"), primary_key=True)


class User(Base, UserMixin):
    """A person with an account. What the person may do is said by grants, never by the account itself."""

    __tablename__ = "user"
    __scope__ = Scope(orgs=("org_id",))
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(sa.String(40), unique=True)
    email: Mapped[str | None] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80), index=True)
    org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"), index=True)
    title: Mapped[str] = mapped_column(sa.String(80), default="")
    phone: Mapped[str] = mapped_column(sa.String(20), default="")
    cert_no: Mapped[str] = mapped_column(sa.String(40), default="")  # 执法证号
    locale: Mapped[str] = mapped_column(sa.String(12), default="zh_Hans_CN")
    active: Mapped[bool] = mapped_column(default=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    password: Mapped[str | None] = mapped_column(sa.String(255))
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True, default=new_id)
    locked_until: Mapped[dt.datetime | None]
    last_login_at: Mapped[dt.datetime | None]
    current_login_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]

    organisation: Mapped[Organisation] = relationship(lazy="joined")
    org: Mapped[Organisation] = synonym("organisation")
    grants: Mapped[list[Grant]] = relationship(lazy="selectin", cascade="all, delete-orphan")
    # Flask-Security asks for its own roles; ours are grants (a role in an organisation), so it sees none.
    roles: list[object] = []

    def has(self, *roles: str) -> bool:
        """Whether the person holds one of the roles, or one that includes it."""
        return any(grant.includes(role) for grant in self.grants for role in roles)

    def renew(self) -> None:
        """Take a new uniquifier: every session signed in under the old one is over."""
        self.fs_uniquifier = new_id()

    def locked(self, now: dt.datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def actor(self) -> Actor:
        return Actor(
            id=self.id,
            name=self.name,
            org_id=self.org_id,
            org_name=self.organisation.short_name,
        )


class Grant(Base):
    """A role in an organisation. One person may hold several; what they may do is the union."""

    __tablename__ = "grant"
    __table_args__ = (sa.Index("ix_grant_role_org", "role", "org_id"),)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    org_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("organisation.id"), primary_key=True)

    organisation: Mapped[Organisation] = relationship(lazy="joined")

    def includes(self, role: str) -> bool:
        return self.role == role or role in IMPLIED.get(self.role, frozenset())


class ApiToken(Base):
    """A personal token; only its hash is kept."""

    __tablename__ = "api_token"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]


class FailedSignIn(Base):
    """One failed attempt, kept while it counts towards a lock-out: by account name as typed, and by address."""

    __tablename__ = "failed_sign_in"
    __table_args__ = (
        sa.Index("ix_failed_sign_in_account", "account", "at"),
        sa.Index("ix_failed_sign_in_address", "address", "at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account: Mapped[str] = mapped_column(sa.String(64))  # HMAC: a password typed into this field stays unread
    address: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[dt.datetime]
