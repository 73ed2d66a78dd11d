"""Decision tables of a draft: list, grid, trying out. Every button sends the whole table, so nothing is lost."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import web
from app.designer import drafts
from app.designer.access import for_designers
from app.designer.decisions import queries, schemas, table, wording
from app.errors import Conflict, NotFound
from app.i18n import _, lazy_

blueprint = for_designers(Blueprint("decisions", __name__, url_prefix="/designer/drafts/<draft_id>/decisions"))
POLICIES = {
    "FIRST": lazy_("自上而下，取第一行"),
    "UNIQUE": lazy_("只有一行适用"),
    "COLLECT": lazy_("适用的行全取"),
}
TYPES = {
    "": lazy_("不指定"),
    "string": lazy_("文字"),
    "number": lazy_("数字"),
    "integer": lazy_("整数"),
    "boolean": lazy_("是或否"),
    "date": lazy_("日期"),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")


@blueprint.get("")
def index(draft_id: str) -> Response:
    """Every table of the draft, and a new one."""
    draft = drafts.find(web.db.session(), draft_id)
    return _index(draft, {}, "", 200)


@blueprint.post("")
@web.writes
def create(draft_id: str) -> BaseResponse:
    """A new table; its name is the file's and the decision's."""
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    name = request.form.get("name", "").strip()
    present = drafts.files_of(session, draft)
    if not _NAME.fullmatch(name):
        return _index(draft, {"name": [_("小写字母、数字和“_”，以字母开头")]}, name, 422)
    if queries.file_of(name) in present:
        return _index(draft, {"name": [_("已有同名判定表")]}, name, 422)
    rev = _rev()
    try:
        drafts.save(session, draft, rev, {queries.file_of(name): table.new(name)}, web.actor(), web.clock().now())
    except Conflict as conflict:
        return _index(draft, {"_": [str(conflict.detail)]}, name, 409)
    return web.see_other(url_for("decisions.show", draft_id=draft_id, name=name))


@blueprint.get("/<name>")
def show(draft_id: str, name: str) -> Response:
    """The grid with what the analysis says."""
    draft, content = _file(draft_id, name)
    try:
        shown = table.read(content)
    except table.NotATable:
        return web.render("designer/decisions/unreadable.html", 200, draft=draft, name=name)
    return _page(draft, name, shown)


@blueprint.post("/<name>")
@web.writes
def save(draft_id: str, name: str) -> BaseResponse:
    """Save what stands in the fields, after what the button does; `try` only computes, `check` only looks."""
    draft, content = _file(draft_id, name)
    if not table.is_table(content):  # somebody has put another file in its place meanwhile
        return web.render("designer/decisions/unreadable.html", 409, draft=draft, name=name)
    shown = schemas.sent(request.form)
    do = request.form.get("_do", "save")
    if do in ("try", "check"):
        return _page(draft, name, shown, _attempt(content, shown) if do == "try" else None)
    schemas.change(shown, do)
    session = web.db.session()
    try:
        files = {queries.file_of(name): table.write(content, shown)}
        drafts.save(session, draft, _rev(), files, web.actor(), web.clock().now())
    except Conflict as conflict:
        return _page(draft, name, shown, conflict=conflict, status=409)
    where = "" if do == "save" else "#grid"
    return web.see_other(url_for("decisions.show", draft_id=draft_id, name=name, saved=1) + where)


@blueprint.post("/<name>/deletion")
@web.writes
def delete(draft_id: str, name: str) -> BaseResponse:
    """Take the table out of the draft."""
    draft, _content = _file(draft_id, name)
    session = web.db.session()
    drafts.save(session, draft, _rev(), {queries.file_of(name): None}, web.actor(), web.clock().now())
    return web.see_other(url_for("decisions.index", draft_id=draft_id))


def _rev() -> int:
    given = request.form.get("rev", "")
    return int(given) if given.isdecimal() and len(given) < 10 else -1


def _file(draft_id: str, name: str) -> tuple[drafts.Draft, bytes]:
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    content = drafts.files_of(session, draft).get(queries.file_of(name))
    if content is None:
        raise NotFound()
    return draft, content


def _index(draft: drafts.Draft, errors: dict[str, list[str]], name: str, status: int) -> Response:
    package = drafts.package_of(web.db.session(), draft)
    found: list[tuple[str, str, int | None, Any]] = []
    for file, content in package.named("decisions", queries.SUFFIX).items():
        try:
            shown = table.read(content)
            found.append((file, shown.name or file, len(shown.rows), POLICIES.get(shown.policy, shown.policy)))
        except table.NotATable:
            found.append((file, file, None, ""))
    return web.render("designer/decisions/index.html", status, draft=draft, tables=found, errors=errors, name=name)


def _attempt(content: bytes, shown: table.Table) -> dict[str, Any]:
    engine = web.engine()
    typed = {name: request.form.get(f"try-{name}", "") for name in queries.asked_for(engine, shown)}
    values = {name: schemas.value_of(text) for name, text in typed.items()}
    return {"typed": typed, "tried": queries.attempt(engine, table.write(content, shown), shown, values)}


def _page(
    draft: drafts.Draft,
    name: str,
    shown: table.Table,
    attempt: dict[str, Any] | None = None,
    conflict: Conflict | None = None,
    status: int = 200,
) -> Response:
    engine, package = web.engine(), drafts.package_of(web.db.session(), draft)
    problems = queries.problems(engine, shown)
    analysis = queries.analysis_of(engine, package, shown) if not problems and shown.inputs else None
    domains = queries.domains(engine, package, shown)
    asked = queries.asked_for(engine, shown)
    typed = (attempt or {}).get("typed") or {one: request.args.get(f"try-{one}", "") for one in asked}
    return web.render(
        "designer/decisions/show.html",
        status,
        draft=draft,
        name=name,
        shown=shown,
        problems=problems,
        analysis=analysis,
        findings=[wording.say(one, shown) for one in analysis.findings] if analysis else [],
        assumed={text: wording.assumed(domain) for text, domain in domains.items()},
        typed=typed,
        tried=(attempt or {}).get("tried"),
        conflict=conflict,
        read_only=draft.published_version is not None or draft.publication_id is not None,
        policies=POLICIES,
        types=TYPES,
        written=wording.written,
    )


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
