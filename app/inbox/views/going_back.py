"""退回 to an earlier step, 撤回 of what one has just done."""

from __future__ import annotations

from flask import Response, flash, request, url_for

from app import web
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inbox import acts, queries
from app.inbox.views import blueprint
from app.inbox.views.outcomes import back_to_list, following_item, missing, overtaken, refused, task_to_act_on


@blueprint.post("/tasks/<task_id>/return")
def send_back(task_id: str) -> Response:
    """退回, with a reason; goes on with the next item of the list."""
    task, following = task_to_act_on(task_id), following_item(task_id)
    to, reason = request.form.get("to", ""), request.form.get("reason", "").strip()
    errors = missing(to=(to, _("请选择退回到哪一步")), reason=(reason, _("请写明退回原因")))
    try:
        if not errors:
            acts.send_back(task_id, to, reason)
    except Invalid as wrong:
        errors = wrong.errors
    except Conflict as late:
        return overtaken(task_id, late)
    if errors:
        return refused(task_id, "return", errors)
    flash(_("已退回：%(title)s", title=task.title))
    return web.see_other(following or back_to_list())


@blueprint.post("/tasks/<task_id>/withdrawal")
def withdraw(task_id: str) -> Response:
    """撤回, with a reason; leads to the step that is open again."""
    queries.task(web.db.session(), task_id, web.current_user())
    reason = request.form.get("reason", "").strip()
    errors = missing(reason=(reason, _("请写明撤回原因")))
    try:
        if errors:
            return refused(task_id, "withdraw", errors)
        gone = acts.withdraw(task_id, reason)
    except Invalid as wrong:
        return refused(task_id, "withdraw", wrong.errors)
    except Conflict as late:
        return overtaken(task_id, late)
    flash(_("已撤回"))
    return web.see_other(url_for("inbox.task", task_id=gone.tasks[0]) if gone.tasks else back_to_list())
