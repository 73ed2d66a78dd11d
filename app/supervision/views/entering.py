"""An instruction in two taps: from a page, a hazard, a campaign; the committee office makes it a slip."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, request, url_for
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from app import forms, web
from app.accounts import organisation_options
from app.errors import Invalid
from app.i18n import _, lazy_
from app.supervision import acts
from app.supervision.models import SOURCES
from app.supervision.schemas import InstructionIn
from app.supervision.views import blueprint

_PHRASES = (
    lazy_("请抓紧落实，限期办结并报告结果。"),
    lazy_("请主要负责人亲自督办，查明原因，落实责任。"),
    lazy_("请安委办跟踪督办。"),
)


@blueprint.get("/new")
def new() -> Response:
    """The form, with what the page it was opened on knows (`subject_kind`, `subject_id`, `title`, `org_id` …)."""
    acts.require(acts.may_instruct(web.current_user()))
    known = {name: value for name, value in request.args.to_dict().items() if name in InstructionIn().fields}
    return _page(known)


@blueprint.post("/instructions")
def instruct() -> BaseResponse:
    """批示. A whole page goes on to the item; a fragment (`hx-post`) is answered with a line that names it."""
    acts.require(acts.may_instruct(web.current_user()))
    sent = {name: value for name, value in request.form.to_dict().items() if name in InstructionIn().fields}
    try:
        item = acts.instruct(InstructionIn().load(sent))
    except ValidationError as wrong:
        return _page(sent, wrong.messages_dict)
    except Invalid as wrong:
        web.refresh()
        return _page(sent, wrong.errors)
    if web.is_partial():
        return web.render("supervision/_instructed.html", item=item)
    return web.see_other(url_for("supervision.show", item_id=item.id))


def _page(values: dict[str, Any], errors: dict[str, Any] | None = None) -> Response:
    session, user = web.db.session(), web.current_user()
    return web.render(
        "supervision/_form.html" if web.is_partial() else "supervision/new.html",
        422 if errors else 200,
        values=values,
        errors=errors or {},
        labels={"text": _("批示"), "title": _("事项"), "org_id": _("承办单位"), "due_on": _("办结期限")},
        request_key=values.get("request_key") or uuid4().hex,
        orgs=organisation_options(session, user),
        phrases=_PHRASES,
        sources={name: SOURCES[name] for name in ("leader", "superior", "patrol", "risk")},
        matter=web.cards.render(values.get("subject_kind"), values.get("subject_id")),
    )


def unsent_in_words(sent: MultiDict[str, str]) -> list[forms.Shown]:
    """How the form reads that could not be sent."""
    words = ((_("事项"), "title"), (_("批示"), "text"), (_("办结期限"), "due_on"))
    return [forms.Shown("text", label, sent[name]) for label, name in words if sent.get(name)]
