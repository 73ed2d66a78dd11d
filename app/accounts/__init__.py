"""Regions, organisations, people, roles, row scope, sign-in."""

from __future__ import annotations

from flask import Flask

from app.accounts.absences import Absence
from app.accounts.absences.queries import Principal, principals, proxies
from app.accounts.access import public, requires
from app.accounts.directory import AccountsDirectory
from app.accounts.models import (
    ROLES,
    SEPARATED,
    ApiToken,
    Grant,
    Organisation,
    OrganisationSector,
    Region,
    Sector,
    User,
)
from app.accounts.queries import (
    find_people,
    like,
    organisation_options,
    people,
    people_options,
    region_options,
    region_path,
    sector_options,
    sectors,
    town_options,
    visible_organisations,
)
from app.accounts.regions import contains, region_prefix, within
from app.accounts.roles import effective, holders, role_name, separation_problem
from app.accounts.scope import addresses, listed_condition, participations, scope_condition, scope_rules, visible
from app.accounts.security.demo import DemoAccount
from app.accounts.security.demo import offer as offer_demo_accounts

__all__ = [
    "ROLES",
    "SEPARATED",
    "Absence",
    "AccountsDirectory",
    "ApiToken",
    "DemoAccount",
    "Grant",
    "Organisation",
    "OrganisationSector",
    "Principal",
    "Region",
    "Sector",
    "User",
    "addresses",
    "contains",
    "effective",
    "find_people",
    "holders",
    "init_app",
    "like",
    "listed_condition",
    "offer_demo_accounts",
    "organisation_options",
    "participations",
    "people",
    "people_options",
    "principals",
    "proxies",
    "public",
    "region_options",
    "region_path",
    "region_prefix",
    "requires",
    "role_name",
    "scope_condition",
    "scope_rules",
    "sector_options",
    "sectors",
    "separation_problem",
    "town_options",
    "visible",
    "visible_organisations",
    "within",
]


def init_app(app: Flask) -> None:
    from app.accounts import api, security, views

    security.init_app(app)
    views.init_app(app)
    api.init_app(app)
