"""Checklists: kept by the committee office and by heads of departments, read by every office."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as BaseResponse

from app import web
from app.accounts import sector_options
from app.errors import Invalid, NotFound
from app.i18n import _, lazy_
from app.inspections import access, acts
from app.inspections.checklists import operations, queries
from app.inspections.checklists.models import CHECKLIST_STATUSES, Checklist
from app.inspections.checklists.schemas import ChecklistIn
from app.inspections.words import KINDS, SEVERITIES

blueprint = Blueprint("checklists", __name__, url_prefix="/checklists")
_FILTERS = ("q", "sector", "status", "campaign", "plan")
_PAGE = 30
_ROW = re.compile(r"items-(\d+)-(\w+)")
LABELS = {
    "title": lazy_("名称"), "sector_code": lazy_("领域"), "legal_basis": lazy_("依据"), "scope_note": lazy_("适用范围"),
    "items": lazy_("检查项"),
}  # fmt: skip


@blueprint.get("")
def index() -> Response:
    """The lists in force and drafts; `?plan=` inside a sector plan's page gives that plan's only."""
    access.require(access.is_official(web.current_user()))
    session, user = web.db.session(), web.current_user()
    filters = {name: request.args.get(name, "") for name in _FILTERS}
    page = web.paginate(queries.checklists(user, filters), web.page_number(), _PAGE)
    return web.render(
        "inspections/checklists/_list.html" if web.is_partial() else "inspections/checklists/index.html",
        page=page,
        filters=filters,
        counts=queries.counts(session, [row.id for row in page.items]),
        sectors=sector_options(session),
        statuses=CHECKLIST_STATUSES,
        may_keep=access.may_keep_checklists(user),
    )


@blueprint.get("/<checklist_id>")
def show(checklist_id: str) -> Response:
    session, user = web.db.session(), web.current_user()
    found = queries.get(session, checklist_id, user)
    return web.render(
        "inspections/checklists/show.html",
        checklist=found,
        items=queries.items(session, found),
        versions=queries.versions(session, found, user),
        sectors=dict(sector_options(session)),
        may_keep=_may_keep(found),
        may_plan=access.may_plan(user),
        words={"kinds": KINDS, "severities": SEVERITIES},
    )


@blueprint.get("/new")
def new() -> Response:
    access.require(access.may_keep_checklists(web.current_user()))
    given = {name: request.args.get(name, "") for name in ("campaign_id", "plan_id", "sector_code")}
    return _form({**given, "items": [{}]})


@blueprint.post("")
@web.writes
def create() -> BaseResponse:
    access.require(access.may_keep_checklists(web.current_user()))
    values = _values()
    if step := request.form.get("_step"):
        return _form(_stepped(values, step))
    try:
        data = dict(ChecklistIn().load(_sent(values)))
        acts.of_campaign(data)
        made = operations.create(web.db.session(), data, by=web.actor(), now=web.clock().now())
    except (ValidationError, Invalid) as wrong:
        return _form(values, _errors(wrong))
    return web.see_other(url_for("checklists.show", checklist_id=made.id))


@blueprint.get("/<checklist_id>/edit")
def edit(checklist_id: str) -> Response:
    found = _draft(checklist_id)
    session = web.db.session()
    rows = [{name: getattr(row, name) for name in operations.ITEM} for row in queries.items(session, found)]
    head = {name: getattr(found, name) or "" for name in operations.HEAD}
    return _form({**head, "rev": found.rev, "items": rows}, checklist=found)


@blueprint.post("/<checklist_id>")
@web.writes
def save(checklist_id: str) -> BaseResponse:
    found, values = _draft(checklist_id), _values()
    if step := request.form.get("_step"):
        return _form(_stepped(values, step), checklist=found)
    try:
        data = dict(ChecklistIn().load(_sent(values)))
        operations.save(web.db.session(), found, data, by=web.actor(), now=web.clock().now())
    except (ValidationError, Invalid) as wrong:
        return _form(values, _errors(wrong), checklist=found)
    flash(_("已保存"))
    return web.see_other(url_for("checklists.show", checklist_id=found.id))


@blueprint.post("/<checklist_id>/publication")
@web.writes
def publish(checklist_id: str) -> BaseResponse:
    found = _draft(checklist_id)
    try:
        operations.publish(web.db.session(), found, by=web.actor(), now=web.clock().now())
    except Invalid as wrong:
        flash("；".join(str(text) for texts in wrong.errors.values() for text in texts))
        return web.see_other(url_for("checklists.edit", checklist_id=found.id))
    flash(_("已发布"))
    return web.see_other(url_for("checklists.show", checklist_id=found.id))


@blueprint.post("/<checklist_id>/version")
@web.writes
def new_version(checklist_id: str) -> BaseResponse:
    found = _kept(checklist_id)
    made = operations.new_version(web.db.session(), found, by=web.actor(), now=web.clock().now())
    return web.see_other(url_for("checklists.edit", checklist_id=made.id))


@blueprint.post("/<checklist_id>/copy")
@web.writes
def copy(checklist_id: str) -> BaseResponse:
    """Anybody who keeps lists may begin one of his own with another's."""
    access.require(access.may_keep_checklists(web.current_user()))
    found = queries.get(web.db.session(), checklist_id, web.current_user())
    made = operations.copy(web.db.session(), found, by=web.actor(), now=web.clock().now())
    return web.see_other(url_for("checklists.edit", checklist_id=made.id))


@blueprint.post("/<checklist_id>/removal")
@web.writes
def remove(checklist_id: str) -> BaseResponse:
    """A draft is thrown away; what is published is withdrawn."""
    found = _kept(checklist_id)
    session, by, now = web.db.session(), web.actor(), web.clock().now()
    if found.status == "draft":
        operations.discard(session, found, by=by, now=now)
        return web.see_other(url_for("checklists.index"))
    operations.withdraw(session, found, by=by, now=now)
    return web.see_other(url_for("checklists.show", checklist_id=found.id))


def _may_keep(checklist: Checklist) -> bool:
    """The committee office keeps all; a head of department what the own organisation keeps."""
    user = web.current_user()
    if user.has("coordinator"):
        return True
    return any(grant.includes("dept_admin") and grant.org_id == checklist.org_id for grant in user.grants)


def _kept(checklist_id: str) -> Checklist:
    found = queries.get(web.db.session(), checklist_id, web.current_user())
    access.require(_may_keep(found))
    return found


def _draft(checklist_id: str) -> Checklist:
    found = _kept(checklist_id)
    if found.status != "draft":
        raise NotFound()
    return found


def _values() -> dict[str, Any]:
    """The form's fields; rows in the order of their numbers."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in request.form.items():
        if (found := _ROW.fullmatch(name)) and found[2] in operations.ITEM:
            rows.setdefault(int(found[1]), {})[found[2]] = value
    head = {name: request.form.get(name, "") for name in (*operations.HEAD, "rev")}
    return {**head, "items": [rows[key] for key in sorted(rows)]}


def _stepped(values: dict[str, Any], step: str) -> dict[str, Any]:
    """Buttons that only change the form: add, remove:<n>, up:<n>."""
    verb, _colon, at = step.partition(":")
    rows = values["items"]
    index = int(at) if at.isdigit() else len(rows)
    if verb == "add":
        rows.append({})
    elif verb == "remove" and index < len(rows):
        del rows[index]
    elif verb == "up" and 0 < index < len(rows):
        rows[index - 1], rows[index] = rows[index], rows[index - 1]
    return values


def _sent(values: dict[str, Any]) -> dict[str, Any]:
    head = {name: value for name, value in values.items() if name != "items" and value not in ("", None)}
    return {**head, "items": [row for row in values["items"] if any(text.strip() for text in row.values())]}


def _errors(wrong: Any) -> dict[str, Any]:
    """Errors of rows are told by their number."""
    found = dict(getattr(wrong, "messages_dict", None) or wrong.errors)
    rows = found.get("items")
    if isinstance(rows, dict):
        found["items"] = [
            _("第 %(n)s 项：%(what)s", n=int(at) + 1, what="；".join(str(t) for texts in row.values() for t in texts))
            for at, row in rows.items()
        ]
    return found


def _form(values: dict[str, Any], errors: dict[str, Any] | None = None, checklist: Checklist | None = None) -> Response:
    return web.render(
        "inspections/checklists/_form.html" if web.is_partial() else "inspections/checklists/edit.html",
        422 if errors else 200,
        values=values,
        errors=errors or {},
        checklist=checklist,
        labels=LABELS,
        sectors=sector_options(web.db.session()),
        words={"kinds": KINDS, "severities": SEVERITIES},
    )
