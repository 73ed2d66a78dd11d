"""People, organisations, regions and sectors under /api/v1: what pickers and outside programs need."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Flask, Response

from app import web
from app.accounts.models import Organisation, Region, User
from app.accounts.queries import find_people, like, sectors, visible_organisations
from app.accounts.schemas import MeOut, OrganisationOut, OrganisationQuery, PeopleQuery, PersonOut, RegionOut, SectorOut

Listed = tuple[list[Any], int, dict[str, str]]


def _listed(select: sa.Select[Any], paging: dict[str, Any]) -> Listed:
    page = web.paginate(select, paging["page"], paging["per_page"])
    headers = web.page_headers(page, Response()).headers
    return page.items, 200, {"X-Total-Count": headers["X-Total-Count"]}


def init_app(app: Flask) -> None:
    blp = web.blueprint("accounts", description="People, organisations, regions, sectors")

    @blp.route("/users/me")
    @blp.response(200, MeOut)
    def me() -> User:
        """The caller, with roles."""
        return web.current_user()

    @blp.route("/people")
    @blp.arguments(web.ApiPage, location="query", as_kwargs=False)
    @blp.arguments(PeopleQuery, location="query", as_kwargs=False)
    @blp.response(200, PersonOut(many=True))
    def people(paging: dict[str, Any], wanted: dict[str, Any]) -> Listed:
        """Active people of the organisations the caller may know of."""
        return _listed(find_people(web.current_user(), **wanted), paging)

    @blp.route("/organisations")
    @blp.arguments(web.ApiPage, location="query", as_kwargs=False)
    @blp.arguments(OrganisationQuery, location="query", as_kwargs=False)
    @blp.response(200, OrganisationOut(many=True))
    def organisations(paging: dict[str, Any], wanted: dict[str, Any]) -> Listed:
        """Active organisations the caller may know of."""
        select = visible_organisations(web.current_user()).where(Organisation.active)
        if wanted["kind"]:
            select = select.where(Organisation.kind == wanted["kind"])
        if wanted["q"].strip():
            pattern = like(wanted["q"])
            columns = (Organisation.name, Organisation.short_name, Organisation.code)
            select = select.where(sa.or_(*(column.ilike(pattern, escape="\\") for column in columns)))
        return _listed(select.order_by(Organisation.kind, Organisation.name), paging)

    @blp.route("/regions")
    @blp.arguments(web.ApiPage, location="query", as_kwargs=False)
    @blp.response(200, RegionOut(many=True))
    def regions(paging: dict[str, Any]) -> Listed:
        """Administrative divisions in tree order: a code sorts before those inside it."""
        return _listed(sa.select(Region).order_by(Region.code), paging)

    @blp.route("/sectors")
    @blp.response(200, SectorOut(many=True))
    def sector_list() -> list[Any]:
        """Key fields of supervision, in the office's order."""
        return sectors(web.db.session())

    web.api.register_blueprint(blp)
