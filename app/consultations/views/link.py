"""The page behind a single-visit link: one outside expert, one visit, no navigation, no account.

Everything works without JavaScript: opinions are written down one by one and handed in together at the end.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, flash, request, url_for
from marshmallow import ValidationError
from werkzeug.exceptions import TooManyRequests

from app import files, web
from app.accounts import public
from app.consultations import queries
from app.consultations.expert_models import SEVERITIES, Engagement
from app.consultations.models import Visit
from app.consultations.operations import links
from app.consultations.schemas import LinkOpinionIn
from app.db import write_transaction
from app.errors import Invalid, NotFound
from app.i18n import _, get_locale

blueprint = Blueprint("consultation_link", __name__, url_prefix="/visit-link/<token>")
_BYTES = 40 * 1024 * 1024  # a form with six photos
_PHOTOS = 6
_NONE = {"summary": "", "location": "", "severity": "general", "basis": "", "suggestion": ""}  # written down by then


@blueprint.url_value_preprocessor
def limit_request(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    request.max_content_length = _BYTES


@blueprint.after_request
def keep_quiet(response: Response) -> Response:
    """The address is the key: it is told to nobody and kept nowhere."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _enter(token: str, *, looking: bool = False) -> Engagement:
    """Whose link it is. NotFound for one that may not be used, whatever the reason; 429 for too many attempts."""
    session, now = web.db.session(), web.clock().now()
    address, secret = request.remote_addr or "", web.settings().secret_key
    try:
        with write_transaction(session, alone=True):
            found = links.opened(session, token, address=address, secret=secret, now=now)
            if found is not None and looking:
                links.looked_at(session, found, address=address, now=now)
            key = found.engagement_id if found is not None else None
    except links.TooMany:
        raise TooManyRequests() from None
    if key is None:
        raise NotFound(_("链接已失效：可能已经提交、过期或者被收回。需要时请与组织单位联系。"))
    return session.get_one(Engagement, key)


@blueprint.get("")
@public
def show(token: str) -> Response:
    return _page(token, _enter(token, looking=True))


def _page(
    token: str, engagement: Engagement, errors: dict[str, Any] | None = None, values: dict[str, Any] | None = None
) -> Response:
    session = web.db.session()
    visit = session.get_one(Visit, engagement.visit_id)
    task = _task(engagement)
    return web.render(
        "consultations/link.html",
        422 if errors else 200,
        token=token,
        engagement=engagement,
        visit=visit,
        subject=queries.names_of(session, [visit.subject_id])["subject"][visit.subject_id],
        topic=queries.topics_of(session, [visit.consultation_id])[visit.consultation_id],
        drafts=links.drafts(session, engagement),
        task=task,
        severities=SEVERITIES,
        max_photos=_PHOTOS,
        errors=errors or {},
        values=values or {},
        labels=_labels(),
        locale_now=get_locale(),
    )


def _labels() -> dict[str, str]:
    return {
        "summary": _("问题"),
        "location": _("位置"),
        "severity": _("建议等级"),
        "basis": _("依据"),
        "suggestion": _("建议"),
        "photos": _("照片"),
        "declared": _("声明"),
        "opinions": _("意见"),
    }


def _task(engagement: Engagement) -> Any:
    """The step that waits for this expert; None before the visit has taken place."""
    tasks = queries.open_tasks(web.db.session(), [engagement.instance_id])
    return next((task for task in tasks if task.node_id == "hand_in_link"), None)


@blueprint.post("/opinions")
@public
def add(token: str) -> Response:
    """Write down one opinion."""
    engagement = _enter(token)
    if (refused := _written(token, engagement)) is not None:
        return refused
    flash(_("已记下，还没有提交"))
    return web.see_other(url_for("consultation_link.show", token=token))


def _written(token: str, engagement: Engagement) -> Response | None:
    """Keep the opinion that stands in the form; the page with its errors if it cannot be kept."""
    sent = {name: request.form.get(name, "") for name in LinkOpinionIn().fields}
    ticked = {name: request.form.get(name, "") for name in ("none_found", "declared")}
    try:
        data = LinkOpinionIn().load(sent)
        _add(engagement.id, dict(data), _prepared())
    except ValidationError as wrong:
        return _page(token, engagement, wrong.messages_dict, sent | ticked)
    except Invalid as wrong:
        web.refresh()
        return _page(token, web.db.session().get_one(Engagement, engagement.id), wrong.errors, sent | ticked)
    return None


def _begun() -> bool:
    """Whether an opinion stands in the form that was not written down yet."""
    typed = any(request.form.get(name, "").strip() for name in ("summary", "location", "basis", "suggestion"))
    return typed or any(one.filename for one in request.files.getlist("photos"))


def _prepared() -> list[files.Prepared]:
    """Photos of the form, cleaned; slow, and so before anything is locked."""
    uploads = [one for one in request.files.getlist("photos") if one.filename]
    if len(uploads) > _PHOTOS:
        raise Invalid({"photos": [_("最多 %(n)s 张", n=_PHOTOS)]})
    try:
        return [files.prepare(one.stream, one.filename or "", photo=True) for one in uploads]
    except Invalid as wrong:
        raise Invalid({"photos": wrong.errors.get("file", [])}) from wrong


@web.writes
def _add(engagement_id: str, data: dict[str, Any], photos: list[files.Prepared]) -> None:
    session, now = web.db.session(), web.clock().now()
    engagement = session.get_one(Engagement, engagement_id)
    by = links.guest(engagement)
    kept = [files.keep(session, one, by=by, now=now).id for one in photos]
    links.add_draft(session, engagement, data, kept)


@blueprint.post("/opinions/<opinion_id>/removal")
@public
def drop(token: str, opinion_id: str) -> Response:
    engagement = _enter(token)
    _drop(engagement.id, opinion_id)
    return web.see_other(url_for("consultation_link.show", token=token))


@web.writes
def _drop(engagement_id: str, opinion_id: str) -> None:
    session = web.db.session()
    links.drop_draft(session, session.get_one(Engagement, engagement_id), opinion_id)


@blueprint.post("/submission")
@public
def submit(token: str) -> Response:
    """Hand in all that was written down, and what stands in the form: completes the step, and ends the link."""
    engagement = _enter(token)
    task = _task(engagement)
    if task is None:
        return _page(token, engagement, {"_": [_("会诊还没有进行，现在不能提交")]})
    if _begun() and (refused := _written(token, engagement)) is not None:
        return refused
    opinions = [_answer(one) for one in links.drafts(web.db.session(), engagement)]
    answers = {
        "opinions": opinions,
        "none_found": bool(request.form.get("none_found")),
        "declared": bool(request.form.get("declared")),
    }
    name, key = links.guest(engagement), engagement.id
    try:
        web.engine().complete(task.id, answers, by=name)
    except Invalid as wrong:
        web.refresh()
        return _page(token, web.db.session().get_one(Engagement, key), wrong.errors, request.form.to_dict() | _NONE)
    web.refresh()
    return web.render("consultations/link_done.html", count=len(opinions))


def _answer(draft: Any) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in ("summary", "location", "severity", "basis", "suggestion", "photos")}


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
