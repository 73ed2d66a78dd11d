"""The pages: one's own account, and the administration of accounts, organisations, dictionaries and the audit log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import Blueprint, Flask, request

from app import web
from app.accounts.models import User
from app.accounts.roles import UNIT_ADMINS, role_name
from app.accounts.views.browsers import browser_name
from app.clock import local
from app.i18n import lazy_

blueprint = Blueprint("accounts", __name__)


@dataclass(frozen=True)
class AdminItem(web.MenuItem):
    """Several pages of one blueprint, told apart by their path."""

    @property
    def current(self) -> bool:
        return request.path.startswith(self.href)


def _looks_after_people(user: User) -> bool:
    return user.has("admin", "security_admin", *UNIT_ADMINS)


def init_app(app: Flask) -> None:
    from app.accounts.views import absences, account, audit_log, leaving, organisations, people, sectors  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    app.jinja_env.filters["browser_name"] = browser_name
    app.jinja_env.filters["wall_time"] = lambda at: local(at).strftime("%Y-%m-%d %H:%M") if at else "—"
    app.jinja_env.filters["day_only"] = lambda at: local(at).strftime("%Y-%m-%d")
    app.jinja_env.filters["last_day"] = lambda end: (local(end) - dt.timedelta(seconds=1)).strftime("%Y-%m-%d")
    app.jinja_env.globals["role_name"] = role_name
    group = "administration"
    for item in (
        AdminItem(group, 10, "accounts.users", lazy_("用户"), icon="users", shown=_looks_after_people),
        AdminItem(
            group, 20, "accounts.organisations", lazy_("组织机构"), icon="building",
            shown=lambda user: user.has("admin", "security_admin"),
        ),
        AdminItem(
            group, 25, "accounts.regions", lazy_("区划"), icon="map",
            shown=lambda user: user.has("admin", "security_admin"),
        ),
        AdminItem(
            group, 30, "accounts.sectors", lazy_("重点领域"), icon="category", shown=lambda user: user.has("admin")
        ),
        AdminItem(
            group, 90, "accounts.audit_log", lazy_("审计日志"), icon="history",
            shown=lambda user: user.has("audit_admin"),
        ),
    ):  # fmt: skip
        web.menu.add(item)
