"""Organisations and the tree of regions, kept by the system administrator."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, flash, request, url_for

from app import web
from app.accounts.access import requires
from app.accounts.listings import organisation_list, region_rows
from app.accounts.models import Organisation, OrganisationSector, Region, User
from app.accounts.queries import active_people_count, sector_options
from app.accounts.schemas import ORGANISATION_KINDS, OrganisationIn, kind_name
from app.accounts.views import blueprint
from app.accounts.views.forms import neighbours, page_number, submitted
from app.accounts.views.forms import organisations as writes_on
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _, bilingual


@blueprint.get("/admin/organisations")
@requires("admin", "security_admin")
def organisations() -> Response:
    wanted = {key: request.args.get(key, "") for key in ("q", "kind", "region", "status")}
    page = web.paginate(organisation_list(**wanted), page_number(), 30)
    ids = [org.id for org in page.items]
    people = sa.select(User.org_id, sa.func.count()).where(User.active, User.org_id.in_(ids)).group_by(User.org_id)
    template = "accounts/_organisations.html" if web.is_partial() else "accounts/organisations.html"
    return web.render(
        template, page=page, **neighbours(page), wanted=wanted, kinds=_kinds(), regions=_regions(), kind_name=kind_name,
        people={org_id: count for org_id, count in web.db.session.execute(people)},
    )  # fmt: skip


@blueprint.get("/admin/organisations/new")
@requires("admin")
def new_organisation() -> Response:
    return _form(
        None, values={"region_code": request.args.get("region", ""), "parent_id": request.args.get("parent", "")}
    )


@blueprint.post("/admin/organisations")
@requires("admin")
@web.writes
def create_organisation() -> Response:
    try:
        org = writes_on().create(submitted(OrganisationIn(), "sectors"))
    except Invalid as wrong:
        return _form(None, 422, values=request.form, chosen=request.form.getlist("sectors"), errors=wrong.errors)
    flash(_("已新增单位"))
    return web.see_other(url_for("accounts.organisation", org_id=org.id))


@blueprint.get("/admin/organisations/<org_id>")
@requires("admin", "security_admin")
def organisation(org_id: str) -> Response:
    return _form(_found(org_id))


@blueprint.post("/admin/organisations/<org_id>")
@requires("admin")
@web.writes
def edit_organisation(org_id: str) -> Response:
    org = _found(org_id)
    try:
        writes_on().edit(org, submitted(OrganisationIn(), "sectors"))
    except Invalid as wrong:
        return _form(org, 422, values=request.form, chosen=request.form.getlist("sectors"), errors=wrong.errors)
    flash(_("已保存"))
    return web.see_other(url_for("accounts.organisation", org_id=org.id))


@blueprint.post("/admin/organisations/<org_id>/deactivation")
@requires("admin")
@web.writes
def deactivate_organisation(org_id: str) -> Response:
    org = _found(org_id)
    try:
        writes_on().deactivate(org)
    except Conflict as conflict:
        return _form(org, 409, problem=conflict.detail)
    flash(_("已停用"))
    return web.see_other(url_for("accounts.organisation", org_id=org.id))


@blueprint.post("/admin/organisations/<org_id>/activation")
@requires("admin")
@web.writes
def activate_organisation(org_id: str) -> Response:
    org = _found(org_id)
    try:
        writes_on().activate(org)
    except Conflict as conflict:
        return _form(org, 409, problem=conflict.detail)
    flash(_("已启用"))
    return web.see_other(url_for("accounts.organisation", org_id=org.id))


@blueprint.get("/admin/regions")
@requires("admin", "security_admin")
def regions() -> Response:
    rows = [(region, count) for region, count in web.db.session.execute(region_rows())]
    return web.render("accounts/regions.html", rows=rows)


def _found(org_id: str) -> Organisation:
    org = web.db.session.get(Organisation, org_id)
    if org is None:
        raise NotFound()
    return org


def _form(org: Organisation | None, status: int = 200, **context: Any) -> Response:
    session = web.db.session
    if org is not None:
        context.setdefault("values", {key: getattr(org, key, "") or "" for key in OrganisationIn().fields})
        held = sa.select(OrganisationSector.sector_code).where(OrganisationSector.org_id == org.id)
        context.setdefault("chosen", list(session.scalars(held)))
        context["people_count"] = active_people_count(session(), org.id)
        context["children"] = session.scalars(
            sa.select(Organisation).where(Organisation.parent_id == org.id).order_by(Organisation.name)
        ).all()
    parents = sa.select(Organisation).where(Organisation.active).order_by(Organisation.kind, Organisation.name)
    return web.render(
        "accounts/organisation.html",
        status,
        org=org,
        kinds=_kinds(),
        regions=_regions(),
        parents=[(o.id, o.name) for o in session.scalars(parents) if org is None or o.id != org.id],
        sectors=sector_options(session()),
        may_edit=web.current_user().has("admin"),
        **context,
    )


def _kinds() -> list[tuple[str, str]]:
    return [(kind, kind_name(kind)) for kind in ORGANISATION_KINDS]


def _regions() -> list[tuple[str, str]]:
    """Regions in tree order, indented by level for a select."""
    depth = {"province": 0, "city": 0, "county": 0, "town": 1, "village": 2}
    regions = web.db.session.scalars(sa.select(Region).order_by(Region.code))
    return [(r.code, "　" * depth.get(r.level, 0) + bilingual(r.name, r.name_en)) for r in regions]
