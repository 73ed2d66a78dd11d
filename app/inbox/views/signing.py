"""加签 and 减签: who signs a step that several people sign."""

from __future__ import annotations

from flask import Response, flash, request

from app import web
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inbox import acts, queries
from app.inbox.views import blueprint
from app.inbox.views.outcomes import here, missing, overtaken, refused
from app.inbox.views.tasks import page


@blueprint.get("/tasks/<task_id>/signers")
def signers(task_id: str) -> Response:
    """The people to choose from, narrowed by `who`; opened alone it is the task's page with the form open."""
    task = queries.task(web.db.session(), task_id, web.current_user())
    if web.is_partial():
        return web.render("inbox/_signers.html", **page(task, panel="sign"))
    return web.see_other(here(task_id, panel="sign", who=request.args.get("who", ""), _anchor="sign"))


@blueprint.post("/tasks/<task_id>/signers")
def add_signer(task_id: str) -> Response:
    """加签, with a reason."""
    queries.task(web.db.session(), task_id, web.current_user())
    user_id, reason = request.form.get("user_id", ""), request.form.get("reason", "").strip()
    errors = missing(user_id=(user_id, _("请选择加签的人")), reason=(reason, _("请写明加签原因")))
    try:
        if not errors:
            acts.add_signer(task_id, user_id, reason, next_up=bool(request.form.get("next_up")))
    except Invalid as wrong:
        errors = wrong.errors
    except Conflict as late:
        return overtaken(task_id, late)
    if errors:
        return refused(task_id, "sign", errors)
    flash(_("已加签"))
    return web.see_other(here(task_id))


@blueprint.route("/tasks/<task_id>/signers/<user_id>", methods=["POST", "DELETE"])
def remove_signer(task_id: str, user_id: str) -> Response:
    """减签, with a reason: somebody who has not signed yet no longer has to."""
    queries.task(web.db.session(), task_id, web.current_user())
    reason = request.form.get("reason", "").strip()
    errors = missing(reason=(reason, _("请写明减签原因")))
    try:
        if not errors:
            acts.remove_signer(task_id, user_id, reason)
    except Invalid as wrong:
        errors = wrong.errors
    except Conflict as late:
        return overtaken(task_id, late)
    if errors:
        return refused(task_id, "unsign", errors)
    flash(_("已减签"))
    return web.see_other(here(task_id))
