from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, request, url_for
from marshmallow import ValidationError

from app import web
from app.accounts import (
    organisation_options,
    region_options,
    region_path,
    sector_options,
    town_options,
)
from app.audit import record
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _, bilingual, lazy_
from app.subjects import export, operations, queries
from app.subjects.models import ID_TYPES, STATUSES, TYPES, Subject
from app.subjects.schemas import SubjectFilter, SubjectIn, SubjectOut

blueprint = Blueprint("subjects", __name__, url_prefix="/subjects")
_EXPORTED = 20_000


def register_menu() -> None:
    web.menu.add(
        web.MenuItem(
            "business",
            30,
            "subjects.index",
            lazy_("监管对象"),
            icon="building-factory-2",
            shown=lambda user: any(
                grant.role not in ("admin", "security_admin", "audit_admin") for grant in user.grants
            ),
        )
    )


@blueprint.get("")
def index() -> Response:
    filters, session, user = _filters(), web.db.session(), web.current_user()
    page = web.paginate(
        queries.subjects(user, filters, request.args.get("sort")),
        web.page_number(),
        20,
    )
    return web.render(
        "subjects/_list.html" if web.is_partial() else "subjects/index.html",
        page=page,
        filters=filters,
        names=queries.names_of(session, page.items),
        marks=queries.mark_counts(session, user, filters),
        types=queries.facet_counts(session, user, filters, "type"),
        sectors=queries.facet_counts(session, user, filters, "sector"),
        towns=town_options(session),
        sector_options=sector_options(session),
        link=_link,
        may_edit=operations.may_edit(user),
        words=_words(),
    )


@blueprint.get("/<subject_id>")
def show(subject_id: str) -> Response:
    session = web.db.session()
    subject = queries.get(session, subject_id, web.current_user())
    return web.render(
        "subjects/show.html",
        subject=subject,
        names=queries.names_of(session, [subject]),
        region_name=_region_name(subject),
        may_edit=operations.may_edit(web.current_user()),
    )


@blueprint.get("/new")
def new() -> Response:
    operations.require_editor(web.current_user())
    return _form(None, {"type": "enterprise", "status": "active"})


@blueprint.post("")
def create() -> Response:
    operations.require_editor(web.current_user())
    try:
        subject = _create(_answers())
    except Invalid as wrong:
        return _form(None, request.form.to_dict(), wrong.errors)
    flash(_("已登记监管对象"))
    return web.see_other(url_for("subjects.show", subject_id=subject.id))


@web.writes
def _create(data: dict[str, Any]) -> Subject:
    user = web.current_user()
    return operations.create(web.db.session(), data, user=user, by=web.actor(), now=web.clock().now())


@blueprint.get("/<subject_id>/edit")
def edit(subject_id: str) -> Response:
    subject = queries.get(web.db.session(), subject_id, web.current_user())
    operations.require_editor(web.current_user())
    return _form(subject, {**SubjectOut().dump(subject), "tags": "，".join(subject.tags)})


@blueprint.post("/<subject_id>")
def update(subject_id: str) -> Response:
    subject = queries.get(web.db.session(), subject_id, web.current_user())
    operations.require_editor(web.current_user())
    try:
        _update(subject_id, _answers())
    except Invalid as wrong:
        web.refresh()
        return _form(
            queries.get(web.db.session(), subject_id, web.current_user()),
            request.form.to_dict(),
            wrong.errors,
        )
    except Conflict as conflict:
        # Their own text stays; the new revision goes into the form, so that saving again is a decision.
        web.refresh()
        return _form(
            queries.get(web.db.session(), subject_id, web.current_user()),
            request.form.to_dict(),
            conflict=str(conflict.detail),
        )
    flash(_("已保存"))
    return web.see_other(url_for("subjects.show", subject_id=subject.id))


@web.writes
def _update(subject_id: str, data: dict[str, Any]) -> None:
    session, user = web.db.session(), web.current_user()
    operations.update(
        session,
        queries.get(session, subject_id, user),
        data,
        rev=request.form.get("rev", -1, type=int),
        user=user,
        by=web.actor(),
        now=web.clock().now(),
    )


@blueprint.get("/options")
def options() -> Response:
    """Subjects for a picker: JSON, or the options of a select."""
    found = queries.find(web.db.session(), web.current_user(), request.args.get("q", ""))
    if request.accept_mimetypes.best == "application/json":
        return jsonify([{"value": s.id, "label": s.name, "hint": s.id_no or s.address} for s in found])
    return web.render("subjects/_options.html", subjects=found)


@blueprint.get("/export.<kind>")
@web.writes
def export_list(kind: str) -> Response:
    """The filtered list as a file; who took it is recorded, since it holds names and telephone numbers."""
    if kind not in ("csv", "xlsx"):
        raise NotFound()
    session, user, filters = web.db.session(), web.current_user(), _filters()
    rows = list(session.scalars(queries.subjects(user, filters, request.args.get("sort")).limit(_EXPORTED)))
    head, table = _table(rows)
    content = export.csv_file(head, table) if kind == "csv" else export.xlsx_file(_("监管对象"), head, table)
    used = {name: value for name, value in filters.items() if value}
    record(
        session,
        web.clock().now(),
        web.actor(),
        "subjects.exported",
        "subject",
        rows=len(rows),
        filters=used,
    )
    response = Response(content, mimetype="text/csv" if kind == "csv" else export.XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="subjects.{kind}"'
    return response


def _table(rows: list[Subject]) -> tuple[list[str], list[list[object]]]:
    names = queries.names_of(web.db.session(), rows)
    head = [
        _("类型"), _("名称"), _("编号"), _("属地"), _("地址"), _("领域"), _("类别"), _("重点"), _("规上"), _("高危"),
        _("主要负责人"), _("负责人电话"), _("安全管理员"), _("安全管理员电话"), _("监管单位"), _("状态"),
    ]  # fmt: skip
    table: list[list[object]] = []
    for row in rows:
        region, sector = (
            names["region"].get(row.region_code),
            names["sector"].get(row.sector_code),
        )
        org = names["org"].get(row.supervising_org_id or "")
        marks = [_("是") if mark else "" for mark in (row.is_key, row.is_above_scale, row.is_high_risk)]
        table.append(
            [
                row.type_name, row.name, row.id_no, region and bilingual(region.name, region.name_en), row.address,
                sector and bilingual(sector.name, sector.name_en), row.category, *marks, row.manager_name,
                row.manager_phone, row.safety_officer, row.safety_phone, org and bilingual(org.name, org.name_en),
                row.status_name,
            ]
        )  # fmt: skip
    return head, table


def _filters() -> dict[str, str]:
    return dict(SubjectFilter().load(request.args.to_dict()))


def _link(**changes: Any) -> str:
    """The list with one filter changed; an empty value drops it, and every change goes back to page 1."""
    kept = {name: value for name, value in _filters().items() if value} | {"sort": request.args.get("sort", "")}
    merged = {name: value for name, value in {**kept, **changes}.items() if value}
    return url_for(
        changes.pop("_endpoint", "subjects.index"),
        **{k: v for k, v in merged.items() if k != "_endpoint"},
    )


def _words() -> dict[str, Any]:
    return {"types": TYPES, "id_types": ID_TYPES, "statuses": STATUSES}


def _answers() -> dict[str, Any]:
    fields = SubjectIn().fields
    form = {name: value for name, value in request.form.to_dict().items() if name not in ("csrf_token", "rev")}
    try:
        return dict(SubjectIn().load({name: value for name, value in form.items() if name in fields or value}))
    except ValidationError as wrong:
        raise Invalid(wrong.messages_dict) from wrong


def _form(
    subject: Subject | None,
    values: dict[str, Any],
    errors: dict[str, Any] | None = None,
    conflict: str = "",
) -> Response:
    session, user = web.db.session(), web.current_user()
    return web.render(
        "subjects/form.html",
        422 if errors else 409 if conflict else 200,
        conflict=conflict,
        subject=subject,
        values=values,
        errors=errors or {},
        words=_words(),
        regions=_regions(),
        sectors=sector_options(session),
        departments=organisation_options(session, user, kind="sector_dept"),
        enterprises=organisation_options(session, user, kind="enterprise"),
        labels=_labels(),
    )


def _regions() -> list[tuple[str, str]]:
    """Towns, and under each its villages."""
    session = web.db.session()
    found: list[tuple[str, str]] = []
    villages = region_options(session, level="village")
    for code, name in region_options(session, level="town"):
        found += [
            (code, name),
            *((v, f"{name}　{label}") for v, label in villages if v.startswith(code[:9])),
        ]
    return found


def _region_name(subject: Subject) -> str:
    return region_path(web.db.session(), subject.region_code)


def _labels() -> dict[str, str]:
    return {
        "type": _("类型"),
        "name": _("名称"),
        "id_type": _("编号类别"),
        "id_no": _("编号"),
        "region_code": _("属地"),
        "address": _("地址"),
        "longitude": _("经度"),
        "latitude": _("纬度"),
        "sector_code": _("领域"),
        "industry_code": _("行业代码"),
        "category": _("类别"),
        "tags": _("标签"),
        "manager_name": _("主要负责人"),
        "manager_phone": _("负责人电话"),
        "safety_officer": _("安全管理员"),
        "safety_phone": _("安全管理员电话"),
        "supervising_org_id": _("监管单位"),
        "org_id": _("账号单位"),
        "status": _("状态"),
    }
