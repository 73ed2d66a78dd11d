"""A request as who decides about it reads it: the page, the card beside the task; and taking it back."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, render_template, request, url_for

from app import web
from app.designer import drafts
from app.designer.access import designs
from app.designer.publishing import changes, queries
from app.designer.publishing.models import Publication
from app.designer.publishing.views import is_mine, requests
from app.errors import Conflict, Forbidden, NotFound
from app.i18n import _


@requests.get("/<publication_id>")
def show(publication_id: str) -> Response:
    """A request with all that it would change, to read only."""
    publication = queries.find(web.db.session(), publication_id, web.current_user())
    return web.render("designer/publishing/request.html", **_facts(publication))


@requests.get("/<publication_id>/process.bpmn")
def diagram(publication_id: str) -> Response:
    """The diagram that is to be put into effect."""
    session = web.db.session()
    after = changes.after(session, queries.find(session, publication_id, web.current_user()))
    if after is None or not after.diagram:
        raise NotFound()
    response = make_response(after.diagram)
    response.content_type = "application/xml; charset=utf-8"
    return response


@requests.post("/<publication_id>/withdrawal")
def withdraw(publication_id: str) -> Any:
    """撤回, by who submitted it, before it has taken effect."""
    publication = queries.find(web.db.session(), publication_id, web.current_user())
    if not is_mine(publication):
        raise Forbidden(_("只有提交的人可以撤回"))
    if not publication.is_open:
        raise Conflict(_("这项申请已经办结"))
    back, instance_id = url_for("publishing.versions", key=publication.key), publication.instance_id
    if publication.draft_id:
        back = url_for("publishing.show", draft_id=publication.draft_id)
    web.refresh()
    web.engine().cancel(instance_id, request.form.get("reason", "").strip() or _("提交人撤回"), by=web.actor())
    web.refresh()
    flash(_("已撤回"))
    return web.see_other(back)


def _facts(publication: Publication) -> dict[str, Any]:
    session = web.db.session()
    after = changes.after(session, publication)
    findings = drafts.check_package(session, after) if after and publication.is_open else []
    return {
        "publication": publication,
        "findings": findings,
        "errors_found": drafts.errors_in(findings),
        "has_diagram": after is not None,
        "changes": changes.of_publication(session, publication),
        "overtaken": queries.overtaken(session, publication) if publication.is_open else None,
        "running": queries.running(session, publication.key),
        "designs": designs(web.current_user()),
    }


def card(publication_id: str) -> str:
    """The request beside its task; nothing for whom may not see it."""
    try:
        publication = queries.find(web.db.session(), publication_id, web.current_user())
    except NotFound:
        return ""
    return render_template("designer/publishing/_card.html", **_facts(publication))
