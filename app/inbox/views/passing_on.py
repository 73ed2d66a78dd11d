"""委派, 交回, 拿回: work in other hands that comes back. 转办 is with the other verbs."""

from __future__ import annotations

from flask import Response, flash, request

from app import forms, web
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inbox import acts
from app.inbox.views import blueprint
from app.inbox.views.filling import again
from app.inbox.views.outcomes import (
    back_to_list,
    following_item,
    here,
    missing,
    overtaken,
    refused,
    task_to_act_on,
)
from app.inbox.views.undo import offer_undo


@blueprint.post("/tasks/<task_id>/delegation")
def delegation(task_id: str) -> Response:
    """委派, with a reason."""
    task, following = task_to_act_on(task_id), following_item(task_id)
    to, reason = request.form.get("to", ""), request.form.get("reason", "").strip()
    errors = missing(to=(to, _("请选择被委派人")), reason=(reason, _("请写明委派事由")))
    try:
        if not errors:
            acts.delegate(task_id, to, reason)
    except Invalid as wrong:
        errors = wrong.errors
    except Conflict as late:
        return overtaken(task_id, late)
    if errors:
        return refused(task_id, "delegate", errors)
    offer_undo(_("已委派：%(title)s", title=task.title), "take_back", [task_id])
    return web.see_other(following or back_to_list())


@blueprint.post("/tasks/<task_id>/hand-back")
def hand_back(task_id: str) -> Response:
    """交回 what was delegated, with the form as it is filled in now: whoever delegated it completes and checks it."""
    task, following = task_to_act_on(task_id), following_item(task_id)
    form = web.engine().definition(web.db.session(), task.definition_id).form(task.form)
    got = forms.receive(form) if form else forms.Received({}, False)
    if got.step:
        return again(task_id, got.answers, got.errors, got.searches)
    try:
        if form:
            acts.save_draft(task_id, got.answers)
        acts.hand_back(task_id, request.form.get("_remark", ""))
    except Conflict as late:
        return overtaken(task_id, late, got.answers)
    flash(_("已交回%(name)s：%(title)s", name=task.delegated_by_name, title=task.title))
    return web.see_other(following or back_to_list())


@blueprint.post("/tasks/<task_id>/take-back")
def take_back(task_id: str) -> Response:
    """拿回 what one passed on."""
    task_to_act_on(task_id)
    try:
        acts.take_back(task_id)
    except Conflict as late:
        return overtaken(task_id, late)
    flash(_("已拿回"))
    return web.see_other(here(task_id))
