"""样例库 and 新建流程: copies of patterns and of what is published; a process from a few answers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, flash, make_response, request, url_for

from app import web
from app.accounts import ROLES, role_name
from app.calendars.rules import shipped_rules
from app.designer.access import for_designers
from app.designer.drafts import Draft, operations
from app.designer.drafts.listing import processes
from app.designer.drafts.views.files import draft_url
from app.designer.gallery import answers, guided
from app.designer.gallery.fields import KINDS
from app.designer.gallery.patterns import pattern, patterns
from app.errors import Invalid
from app.i18n import _, bilingual, pick

blueprint = for_designers(Blueprint("gallery", __name__, url_prefix="/designer/gallery"))


@blueprint.get("")
def index() -> Response:
    """Small patterns first, then every process that is published."""
    return _page({})


def _page(errors: dict[str, Any], status: int = 200) -> Response:
    session = web.db.session()
    shipped = [row for row in processes(session) if row.version]
    loaded = {row.key: web.engine().published(session, row.key) for row in shipped}
    said = {key: pick(one.manifest.get("description")) if one else "" for key, one in loaded.items()}
    return web.render(
        "designer/gallery/index.html",
        status,
        patterns=[
            (key, pick(one.manifest["title"]), pick(one.manifest["description"])) for key, one in patterns().items()
        ],
        shipped=shipped,
        said=said,
        errors=errors,
        values=request.form,
    )


@blueprint.get("/patterns/<key>/process.bpmn")
def diagram(key: str) -> Response:
    response = make_response(pattern(key).diagram)
    response.content_type = "application/xml; charset=utf-8"
    return response


@blueprint.post("/patterns/<key>")
def copy(key: str) -> Any:
    """The pattern as a draft under a key of its own."""
    found = pattern(key)
    try:
        draft = _copied(key, dict(found.files), pick(found.manifest["title"]))
    except Invalid as wrong:
        web.refresh()
        return _page(wrong.errors, 422)
    flash(_("已建立草稿：%(title)s", title=draft.title))
    return web.see_other(draft_url(draft))


@web.writes
def _copied(key: str, files: dict[str, bytes], title: str) -> Draft:
    new_key = request.form.get("key", "").strip()
    by, at = web.actor(), web.clock().now()
    return operations.copy(web.db.session(), key, files, title, new_key, by=by, at=at)


@blueprint.get("/new")
def guide() -> Response:
    """新建流程."""
    return _guide(answers.Given.first())


@blueprint.post("/new")
def create(  # one form: its buttons add a step, take one away, or make the draft
) -> Any:
    given = answers.Given.of(request.form)
    if (changed := given.other_steps(request.form)) is not None:
        return _guide(changed)
    plan, errors = given.plan(_roles(), _deadlines())
    if plan is None or errors:
        return _guide(given, errors, 422)
    try:
        draft = _made(plan)
    except Invalid as wrong:
        web.refresh()
        return _guide(given, wrong.errors, 422)
    flash(_("已建立草稿：%(title)s", title=draft.title))
    return web.see_other(url_for("designer.check", draft_id=draft.id))


@web.writes
def _made(plan: guided.Plan) -> Draft:
    session, by, at = web.db.session(), web.actor(), web.clock().now()
    if operations.is_taken(session, plan.key):
        raise Invalid({"key": [_("已有编号为 %(key)s 的流程或草稿", key=plan.key)]})
    files = guided.package_files(plan)
    return operations.create(session, plan.key, plan.title_zh, files, by=by, at=at, origin="guide")


def _guide(given: answers.Given, errors: Any = None, status: int = 200) -> Response:
    return web.render(
        "designer/gallery/guide.html",
        status,
        given=given,
        errors=errors or {},
        labels=answers.labels(given),
        roles=list(_roles().items()),
        deadlines=list(_deadlines().items()),
        kinds=[str(name) for _kind, name in KINDS.values()],
        most=answers.MOST_STEPS,
    )


def _roles() -> dict[str, str]:
    return {role: role_name(role) for role in ROLES}


def _deadlines() -> dict[str, str]:
    return {rule.code: bilingual(rule.name_zh, rule.name_en) for rule in shipped_rules()}


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
