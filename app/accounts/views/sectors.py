"""The dictionary of sectors (重点领域), kept by the system administrator."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, flash, request, url_for

from app import web
from app.accounts.access import requires
from app.accounts.models import Organisation, Sector
from app.accounts.schemas import SectorIn
from app.accounts.views import blueprint
from app.accounts.views.forms import organisations as writes_on
from app.accounts.views.forms import submitted
from app.errors import Invalid, NotFound
from app.i18n import _


@blueprint.get("/admin/sectors")
@requires("admin")
def sectors() -> Response:
    rows = web.db.session.execute(
        sa.select(Sector, Organisation)
        .outerjoin(Organisation, Organisation.id == Sector.lead_org_id)
        .order_by(Sector.position, Sector.code)
    )
    return web.render("accounts/sectors.html", rows=rows.all())


@blueprint.get("/admin/sectors/new")
@requires("admin")
def new_sector() -> Response:
    return _form(None, values={"active": True})


@blueprint.post("/admin/sectors")
@requires("admin")
@web.writes
def create_sector() -> Response:
    return _save(None)


@blueprint.get("/admin/sectors/<code>")
@requires("admin")
def sector(code: str) -> Response:
    return _form(_found(code))


@blueprint.post("/admin/sectors/<code>")
@requires("admin")
@web.writes
def edit_sector(code: str) -> Response:
    return _save(_found(code))


def _save(found: Sector | None) -> Response:
    try:
        writes_on().save_sector(found, submitted(SectorIn()))
    except Invalid as wrong:
        return _form(found, 422, values=request.form, errors=wrong.errors)
    flash(_("已保存"))
    return web.see_other(url_for("accounts.sectors"))


def _found(code: str) -> Sector:
    found = web.db.session.get(Sector, code)
    if found is None:
        raise NotFound()
    return found


def _form(found: Sector | None, status: int = 200, **context: Any) -> Response:
    if found is not None:
        context.setdefault("values", {key: getattr(found, key) for key in SectorIn().fields})
    departments = sa.select(Organisation).where(Organisation.active, Organisation.kind != "enterprise")
    leads = [(org.id, org.name) for org in web.db.session.scalars(departments.order_by(Organisation.name))]
    return web.render("accounts/sector.html", status, sector=found, leads=leads, **context)
