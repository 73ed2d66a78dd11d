"""A draft before it is submitted: check, changes, impact, note and time of effect on one page."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request, url_for

from app import web
from app.designer import drafts
from app.designer.publishing import changes, queries
from app.designer.publishing.refusals import looked_before
from app.designer.publishing.views import asked, blueprint, is_mine, named, stands_already, start
from app.errors import Invalid
from app.i18n import _, lazy_

_LINKS = {  # what other parts of the designer say about a draft, where they are there
    "/designer/drafts/<draft_id>/comparison": lazy_("对比"),
    "/designer/drafts/<draft_id>/impact": lazy_("影响预览"),
    "/designer/drafts/<draft_id>/rehearsals": lazy_("推演"),
}


@blueprint.get("/drafts/<draft_id>/publication")
def show(draft_id: str) -> Response:
    """What publishing this draft would change, and the form that submits it."""
    return _page(draft_id, {})


def _page(draft_id: str, errors: dict[str, Any], status: int = 200) -> Response:
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    findings = drafts.check(session, draft)
    row = queries.in_force(session, draft.key)
    request_open = queries.open_of(session, draft.key)
    before = web.engine().definition(session, row.id).package if row else None
    return web.render(
        "designer/publishing/show.html",
        status,
        draft=draft,
        findings=findings,
        errors_found=drafts.errors_in(findings),
        changes=changes.sentences(session, before, drafts.package_of(session, draft)),
        in_force=row,
        overtaken=row is not None and draft.base_version != row.version,
        running=queries.running(session, draft.key),
        publications=queries.of_draft(session, draft.id),
        open=request_open,
        revision_task=queries.revision_task(session, request_open) if request_open else None,
        links=_links(draft),
        errors=errors,
        values=request.form,
        is_mine=is_mine,
    )


def _links(draft: drafts.Draft) -> list[tuple[str, str]]:
    """Pages of other parts about the draft: (href, name)."""
    there = {rule.rule: rule.endpoint for rule in current_app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    return [(url_for(there[rule], draft_id=draft.id), str(name)) for rule, name in _LINKS.items() if rule in there]


@blueprint.post("/drafts/<draft_id>/publication")
def submit(draft_id: str) -> Any:
    """提交审批. The draft is fixed until the request is settled."""
    session = web.db.session()
    draft = drafts.find(session, draft_id)
    row = queries.in_force(session, draft.key)
    if row is not None and draft.base_version != row.version and not request.form.get("overtaken"):
        return _page(draft_id, {"overtaken": [_("请确认：草稿不是从现行版本改的")]}, 422)
    data = {"action": "publish", "process_key": draft.key, "draft_id": draft.id, **asked()}
    try:
        with looked_before(session, draft):
            start(data)
    except Invalid as wrong:
        if not stands_already(data):
            return _page(draft_id, named(wrong.errors), 422)
    return web.see_other(url_for("publishing.show", draft_id=draft_id))
