"""The expert pool: list, one expert, entering and changing. Kept by the committee office, read by departments."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, request, url_for
from marshmallow import ValidationError

from app import web
from app.accounts import organisation_options, people_options, requires, sector_options
from app.consultations import access, queries
from app.consultations.expert_models import FEE_UNITS, Expert
from app.consultations.operations import pool as operations
from app.consultations.schemas import ExpertFilter, ExpertIn, ExpertOut
from app.consultations.views import pool
from app.errors import Conflict, Invalid
from app.i18n import _
from app.subjects import find as find_subjects

_PAGE = 20
_CONFLICT_ROWS = 3  # empty lines offered below those that are filled in


@pool.get("")
@requires(*access.POOL_READERS)
def index() -> Response:
    filters, session, user = _filters(), web.db.session(), web.current_user()
    page = web.paginate(queries.experts(user, filters), web.page_number(), _PAGE)
    return web.render(
        "consultations/experts/_list.html" if web.is_partial() else "consultations/experts/index.html",
        page=page,
        filters=filters,
        link=_link,
        counts=queries.sector_counts(session, user),
        sectors=sector_options(session),
        sectors_of=queries.sectors_of(session, [row.id for row in page.items]),
        may_keep=user.has(*access.POOL_KEEPERS),
    )


@pool.get("/<expert_id>")
@requires(*access.POOL_READERS)
def show(expert_id: str) -> Response:
    session, user = web.db.session(), web.current_user()
    found = queries.expert(session, expert_id, user)
    return web.render(
        "consultations/experts/show.html",
        expert=found,
        held=queries.sectors_of(session, [found.id]).get(found.id, []),
        sectors=dict(sector_options(session)),
        visits=queries.history_of(session, found, user, web.clock().now()),
        conflicts=conflict_names(found),
        may_keep=user.has(*access.POOL_KEEPERS),
    )


def conflict_names(found: Expert) -> list[tuple[str, str]]:
    """(what is avoided, why) as people read it."""
    session = web.db.session()
    keys = [str(row.get("id") or "") for row in found.conflicts]
    names = queries.names_of(session, keys, keys)
    shown = []
    for row in found.conflicts:
        key = str(row.get("id") or "")
        known = names["subject"].get(key) or names["org"].get(key)
        text = known.name if known else _("名称含“%(text)s”", text=row.get("name") or "—")
        shown.append((text, str(row.get("reason") or "")))
    return shown


@pool.get("/new")
@requires(*access.POOL_KEEPERS)
def new() -> Response:
    return _form(None, {"fee_unit": "visit", "fee_rate_yuan": 0})


@pool.post("")
@requires(*access.POOL_KEEPERS)
def create() -> Response:
    try:
        found = _create(_answers())
    except Invalid as wrong:
        web.refresh()
        return _form(None, _typed(), wrong.errors)
    flash(_("已登记专家"))
    return web.see_other(url_for("experts.show", expert_id=found))


@web.writes
def _create(data: dict[str, Any]) -> str:
    return operations.create(web.db.session(), data, by=web.actor(), now=web.clock().now()).id


@pool.get("/<expert_id>/edit")
@requires(*access.POOL_KEEPERS)
def edit(expert_id: str) -> Response:
    session = web.db.session()
    found = queries.expert(session, expert_id, web.current_user())
    held = queries.sectors_of(session, [found.id]).get(found.id, [])
    values = {**ExpertOut().dump(found), "sectors": held, "conflicts": found.conflicts, "phone": found.phone}
    return _form(found, {**values, "topics": "，".join(found.topics)})


@pool.post("/<expert_id>")
@requires(*access.POOL_KEEPERS)
def update(expert_id: str) -> Response:
    found = queries.expert(web.db.session(), expert_id, web.current_user())
    try:
        _update(expert_id, _answers())
    except (Invalid, Conflict) as wrong:
        web.refresh()
        found = queries.expert(web.db.session(), expert_id, web.current_user())
        errors = wrong.errors if isinstance(wrong, Invalid) else None
        return _form(found, _typed(), errors, "" if errors else str(wrong.detail))
    flash(_("已保存"))
    return web.see_other(url_for("experts.show", expert_id=found.id))


@web.writes
def _update(expert_id: str, data: dict[str, Any]) -> None:
    session = web.db.session()
    found = queries.expert(session, expert_id, web.current_user())
    rev = request.form.get("rev", -1, type=int)
    operations.update(session, found, data, rev=rev, by=web.actor(), now=web.clock().now())


@pool.post("/<expert_id>/activation")
@requires(*access.POOL_KEEPERS)
@web.writes
def activate(expert_id: str) -> Response:
    return _switch(expert_id, True)


@pool.post("/<expert_id>/deactivation")
@requires(*access.POOL_KEEPERS)
@web.writes
def deactivate(expert_id: str) -> Response:
    return _switch(expert_id, False)


def _switch(expert_id: str, active: bool) -> Response:
    session = web.db.session()
    found = queries.expert(session, expert_id, web.current_user())
    operations.set_active(session, found, active, by=web.actor(), now=web.clock().now())
    flash(_("已启用") if active else _("已停用，不再参加抽取和选聘"))
    return web.see_other(url_for("experts.show", expert_id=expert_id))


def _filters() -> dict[str, str]:
    return dict(ExpertFilter().load(request.args.to_dict()))


def _link(**changes: Any) -> str:
    merged = {name: value for name, value in {**_filters(), **changes}.items() if value}
    return url_for("experts.index", **merged)


_PLAIN = ("name", "organisation", "title", "certificate", "phone", "fee_rate_yuan", "fee_unit", "org_id", "user_id")


def _typed() -> dict[str, Any]:
    """What was sent, by the names of ExpertIn; lines without a word in them are no conflicts."""
    sent = request.form
    found: dict[str, Any] = {name: sent.get(name, "") for name in _PLAIN}
    lines = zip(
        sent.getlist("conflict_kind"), sent.getlist("conflict_value"), sent.getlist("conflict_reason"), strict=False
    )
    conflicts = []
    for kind, value, reason in lines:
        if value.strip() or reason.strip():
            where = "name" if kind == "name" else "id"
            conflicts.append({"kind": kind, where: _meant(kind, value.strip()), "reason": reason.strip()})
    return {**found, "sectors": sent.getlist("sectors"), "topics": sent.get("topics", ""), "conflicts": conflicts}


def _meant(kind: str, value: str) -> str:
    """A subject or organisation is named as people know it; its id where exactly that name is found."""
    if kind == "name":
        return value
    if kind == "organisation":
        known = organisation_options(web.db.session(), web.current_user(), q=value)
        return next((key for key, name in known if value in (key, name)), "")
    matches = [one for one in find_subjects(web.db.session(), web.current_user(), value) if value in (one.id, one.name)]
    return matches[0].id if matches else ""


def _answers() -> dict[str, Any]:
    typed = _typed()
    topics = [part.strip() for part in typed["topics"].replace(",", "，").replace("、", "，").split("，")]
    data = {**typed, "topics": [part for part in topics if part], "fee_rate_yuan": typed["fee_rate_yuan"] or 0}
    data |= {name: typed[name] or None for name in ("org_id", "user_id")}
    try:
        return dict(ExpertIn().load(data))
    except ValidationError as wrong:
        raise Invalid({name: _flat(messages) for name, messages in wrong.messages_dict.items()}) from wrong


def _flat(messages: Any) -> list[Any]:
    """Messages of rows inside a list are one field's on this page."""
    if isinstance(messages, dict):
        return [text for inner in messages.values() for text in _flat(inner)]
    return list(messages) if isinstance(messages, (list, tuple)) else [messages]


def _form(
    found: Expert | None, values: dict[str, Any], errors: dict[str, Any] | None = None, conflict: str = ""
) -> Response:
    session, user = web.db.session(), web.current_user()
    keys = [str(row.get("id") or "") for row in values.get("conflicts") or []]
    return web.render(
        "consultations/experts/form.html",
        422 if errors else 409 if conflict else 200,
        expert=found,
        values=values,
        errors=errors or {},
        conflict=conflict,
        blank_rows=_CONFLICT_ROWS,
        names=queries.names_of(session, keys, keys),
        sectors=sector_options(session),
        orgs=organisation_options(session, user),
        accounts=people_options(session, user, role="expert"),
        words={"units": FEE_UNITS, "kinds": _kinds()},
        labels=labels(),
    )


def _kinds() -> dict[str, str]:
    return {"subject": _("企业（对象）"), "name": _("名称包含"), "organisation": _("单位")}


def labels() -> dict[str, str]:
    """What the fields are called."""
    return {
        "name": _("姓名"),
        "organisation": _("工作单位"),
        "org_id": _("本系统中的单位"),
        "user_id": _("账号"),
        "title": _("职称、职务"),
        "certificate": _("证书"),
        "phone": _("电话"),
        "sectors": _("专业领域"),
        "topics": _("专长"),
        "conflicts": _("回避"),
        "fee_rate_yuan": _("费用标准（元）"),
        "fee_unit": _("计费"),
    }
