"""Other people's accounts: system and security administrators everywhere, heads in their own organisation."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, request, url_for

from app import web
from app.accounts import access
from app.accounts.access import requires
from app.accounts.listings import STATUSES, PeopleFilter, managed_people
from app.accounts.models import ROLES, SEPARATED, Organisation, User
from app.accounts.queries import open_task_count
from app.accounts.roles import UNIT_ADMINS, role_name
from app.accounts.schemas import GrantIn, NewUserIn, UserIn
from app.accounts.views import blueprint
from app.accounts.views.forms import neighbours, page_number, people, submitted
from app.errors import Conflict, DubanError, Forbidden, Invalid, NotFound
from app.i18n import _

PEOPLE_OFFICERS = ("admin", "security_admin", *sorted(UNIT_ADMINS))


@blueprint.get("/admin/users")
@requires(*PEOPLE_OFFICERS)
def users() -> Response:
    by, now = web.current_user(), dt.datetime.now(dt.UTC)
    wanted = PeopleFilter(**{key: request.args.get(key, "") for key in ("q", "org", "role", "status")})
    if wanted.status not in STATUSES:
        wanted = PeopleFilter(wanted.q, wanted.org, wanted.role)
    page = web.paginate(managed_people(by, wanted, now), page_number(), 30)
    template = "accounts/_people.html" if web.is_partial() else "accounts/people.html"
    return web.render(
        template, page=page, **neighbours(page), wanted=wanted, statuses=_statuses(), now=now,
        roles=_role_options(ROLES), organisations=_organisations(by), may_add=bool(_orgs_to_add_to(by)),
    )  # fmt: skip


@blueprint.get("/admin/users/new")
@requires(*PEOPLE_OFFICERS)
def new_user() -> Response:
    return _new_page(values={"org_id": request.args.get("org", web.current_user().org_id)})


@blueprint.post("/admin/users")
@requires(*PEOPLE_OFFICERS)
@web.writes
def create_user() -> Response:
    try:
        data = submitted(NewUserIn())
        if not access.may_manage(web.current_user(), data["org_id"]):
            raise Forbidden(_("只能为本单位建账户"))
        user = people().create(data)
    except Invalid as wrong:
        return _new_page(422, values=request.form, errors=wrong.errors)
    flash(_("已建账户，授予角色并发放临时密码后才能登录"))
    return web.see_other(url_for("accounts.user", user_id=user.id))


@blueprint.get("/admin/users/<user_id>")
@requires(*PEOPLE_OFFICERS)
def user(user_id: str) -> Response:
    return person_page(found_user(user_id))


@blueprint.post("/admin/users/<user_id>")
@requires(*PEOPLE_OFFICERS)
@web.writes
def edit_user(user_id: str) -> Response:
    found = found_user(user_id)
    allow(access.may_edit(web.current_user(), found))
    try:
        data = submitted(UserIn())
        if data["org_id"] != found.org_id:
            allow(access.may_manage(web.current_user(), data["org_id"]))
        people().edit(found, data)
    except Invalid as wrong:
        return person_page(found, 422, values=request.form, errors=wrong.errors)
    flash(_("已保存"))
    return _back(found)


@blueprint.post("/admin/users/<user_id>/grants")
@requires(*PEOPLE_OFFICERS)
@web.writes
def add_grant(user_id: str) -> Response:
    found = found_user(user_id)
    try:
        data = submitted(GrantIn())
        allow(access.may_grant(web.current_user(), found, data["role"], data["org_id"]))
        org = web.db.session.get(Organisation, data["org_id"])
        if org is None:
            raise Invalid({"org_id": [_("没有这个单位")]})
        people().grant(found, data["role"], org)
    except Invalid as wrong:
        return person_page(found, 422, grant_values=request.form, grant_errors=wrong.errors)
    except Conflict as conflict:
        return person_page(found, 409, grant_values=request.form, grant_errors={"role": [conflict.detail]})
    flash(_("已授予 %(role)s", role=role_name(data["role"])))
    return _back(found)


@blueprint.post("/admin/users/<user_id>/grants/<role>/<org_id>/revocation")
@requires(*PEOPLE_OFFICERS)
@web.writes
def revoke_grant(user_id: str, role: str, org_id: str) -> Response:
    found = found_user(user_id)
    allow(access.may_grant(web.current_user(), found, role, org_id))
    return _act(found, lambda: people().revoke(found, role, org_id), _("已收回 %(role)s", role=role_name(role)))


@blueprint.post("/admin/users/<user_id>/password")
@requires(*PEOPLE_OFFICERS)
@web.writes
def issue_password(user_id: str) -> Response:
    """The answer is the page itself: the password is shown once and stands nowhere else."""
    found = found_user(user_id)
    allow(access.may_issue_password(web.current_user(), found))
    return person_page(found, 201, password=people().issue_password(found))


@blueprint.post("/admin/users/<user_id>/unlocking")
@requires(*PEOPLE_OFFICERS)
@web.writes
def unlock(user_id: str) -> Response:
    found = found_user(user_id)
    allow(access.may_unlock(web.current_user(), found))
    return _act(found, lambda: people().unlock(found), _("已解锁"))


@blueprint.post("/admin/users/<user_id>/activation")
@requires(*PEOPLE_OFFICERS)
@web.writes
def activate(user_id: str) -> Response:
    found = found_user(user_id)
    allow(access.may_edit(web.current_user(), found))
    return _act(found, lambda: people().activate(found), _("已启用"))


def found_user(user_id: str) -> User:
    """The account, if the signed-in person may know of it."""
    found = web.db.session.get(User, user_id)
    if found is None or not access.may_open(web.current_user(), found):
        raise NotFound()
    return found


def allow(allowed: bool) -> None:
    if not allowed:
        raise Forbidden()


def _back(found: User) -> Response:
    return web.see_other(url_for("accounts.user", user_id=found.id))


def _act(found: User, operation: Any, said: str, category: str = "message") -> Response:
    try:
        operation()
    except Conflict as conflict:
        return person_page(found, 409, problem=conflict.detail)
    except DubanError:
        raise
    flash(said, category)
    return _back(found)


def _new_page(status: int = 200, **context: Any) -> Response:
    organisations = _orgs_to_add_to(web.current_user())
    allow(bool(organisations))
    return web.render("accounts/person_new.html", status, organisations=organisations, **context)


def person_page(found: User, status: int = 200, **context: Any) -> Response:
    by = web.current_user()
    grantable = access.grantable(by, found)
    context.setdefault("values", {key: getattr(found, key) or "" for key in UserIn().fields})
    return web.render(
        "accounts/person.html",
        status,
        person=found,
        now=dt.datetime.now(dt.UTC),
        open_tasks=open_task_count(web.db.session(), found.id),
        may_edit=access.may_edit(by, found),
        may_unlock=access.may_unlock(by, found),
        may_issue_password=access.may_issue_password(by, found),
        may_revoke={(g.role, g.org_id) for g in found.grants if access.may_grant(by, found, g.role, g.org_id)},
        roles=_role_options(ROLES if grantable is None else [role for role in ROLES if role in grantable]),
        grant_organisations=_organisations(by) if grantable is None else [_pair(found.organisation)],
        organisations=_orgs_to_add_to(by),
        is_self=by.id == found.id,
        separated=SEPARATED,
        **context,
    )


def _role_options(roles: Any) -> list[tuple[str, str]]:
    return [(role, role_name(role)) for role in roles]


def _statuses() -> list[tuple[str, str]]:
    texts = (_("在用"), _("已锁定"), _("未授角色"), _("已停用"))
    return list(zip(STATUSES, texts, strict=True))


def _pair(org: Organisation) -> tuple[str, str]:
    return org.id, org.name


def _organisations(by: User) -> list[tuple[str, str]]:
    """Organisations to filter by and to grant roles in."""
    select = sa.select(Organisation).where(Organisation.active).order_by(Organisation.kind, Organisation.name)
    if not by.has("admin", "security_admin"):
        select = select.where(Organisation.id.in_(access.headed_orgs(by)))
    return [_pair(org) for org in web.db.session.scalars(select)]


def _orgs_to_add_to(by: User) -> list[tuple[str, str]]:
    """Organisations for which the person may make accounts."""
    if by.has("security_admin") and not by.has("admin"):
        return []
    return _organisations(by)
