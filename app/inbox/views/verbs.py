"""What a person does with a task: POST, then 303 to where the work goes on. Everything works without JavaScript."""

from __future__ import annotations

from flask import Response, flash, request, url_for

from app import files, web
from app.db import write_transaction
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inbox import acts, queries
from app.inbox.listing import Listing
from app.inbox.views import blueprint
from app.inbox.views.lists import context
from app.inbox.views.outcomes import back_to_list, following_item, here, missing, overtaken, refused, task_to_act_on
from app.inbox.views.undo import offer_to_withdraw_copies, offer_undo

UNDONE_BY = {"claim": "unclaim", "reassign": "take_back"}


def _verb() -> str:
    """The method that is meant: browsers send only GET and POST."""
    return request.form.get("_method", request.method).upper()


@blueprint.route("/tasks/<task_id>/claim", methods=["POST", "DELETE"])
def claim(task_id: str) -> Response:
    """签收, or with DELETE give it back. Lost races show the task with who was faster."""
    task = task_to_act_on(task_id)
    giving_back = _verb() == "DELETE"
    try:
        (acts.unclaim if giving_back else acts.claim)(task_id)
    except Conflict as late:
        return overtaken(task_id, late)
    if giving_back:
        flash(_("已退回待签收：%(title)s", title=task.title))
        return web.see_other(url_for("inbox.index", box="claimable"))
    offer_undo(_("已签收：%(title)s", title=task.title), "unclaim", [task_id])
    return web.see_other(back_to_list() if request.form.get("then") == "list" else here(task_id))


@blueprint.post("/tasks/<task_id>/reassignment")
def reassignment(task_id: str) -> Response:
    """转办, with a reason."""
    task, following = task_to_act_on(task_id), following_item(task_id)
    to, reason = request.form.get("to", ""), request.form.get("reason", "").strip()
    errors = missing(to=(to, _("请选择接办人")), reason=(reason, _("请写明转办原因")))
    try:
        if not errors:
            acts.reassign(task_id, to, reason)
    except Invalid as wrong:
        errors = wrong.errors
    except Conflict as late:
        return overtaken(task_id, late)
    if errors:
        return refused(task_id, "reassign", errors)
    offer_undo(_("已转办：%(title)s", title=task.title), "take_back", [task_id])
    return web.see_other(following or back_to_list())


@blueprint.post("/tasks/<task_id>/urges")
def urges(task_id: str) -> Response:
    """催办: recorded and counted."""
    task_to_act_on(task_id)
    text = request.form.get("text", "").strip()
    try:
        acts.urge(task_id, text)
    except Invalid as wrong:
        return refused(task_id, "urge", wrong.errors)
    except Conflict as late:
        return overtaken(task_id, late)
    flash(_("已催办"))
    return web.see_other(here(task_id))


@blueprint.route("/tasks/<task_id>/copies", methods=["POST", "DELETE"])
def copies(task_id: str) -> Response:
    """抄送, or with DELETE take copies back that nobody has read."""
    task_to_act_on(task_id)
    ids = [value for value in request.form.getlist("user_ids") if value]
    if _verb() == "DELETE":
        return _withdraw_copies(task_id, ids)
    try:
        if not ids:
            raise Invalid({"user_ids": [_("请选择抄送对象")]})
        new = acts.copy(task_id, ids)
    except Invalid as wrong:
        return refused(task_id, "cc", wrong.errors)
    if new:
        offer_to_withdraw_copies(_("已抄送 %(n)s 人", n=len(new)), task_id, new)
    else:
        flash(_("这些人此前已收到抄送"))
    return web.see_other(here(task_id))


def _withdraw_copies(task_id: str, ids: list[str]) -> Response:
    try:
        gone = acts.withdraw_copy(task_id, ids)
    except Conflict as late:
        flash(str(late.detail), "warning")
    else:
        flash(_("已收回给 %(n)s 人的抄送", n=len(gone)))
    return web.see_other(here(task_id))


@blueprint.post("/tasks/<task_id>/reading")
@web.writes
def reading(task_id: str) -> Response:
    """A copy was seen: the page says so by itself, without script by a button."""
    session, user = web.db.session(), web.current_user()
    queries.task(session, task_id, user)
    queries.read_copy(session, user, task_id, web.clock().now())
    return Response(status=204) if web.is_partial() else web.see_other(here(task_id))


@blueprint.post("/tasks/<task_id>/comments")
def comments(task_id: str) -> Response:
    """A remark in the discussion, with attachments."""
    queries.task(web.db.session(), task_id, web.current_user())
    try:
        acts.comment(task_id, request.form.get("text", "").strip(), _sent_files())
    except Invalid as wrong:
        return refused(task_id, "comment", wrong.errors)
    flash(_("已发表"))
    return web.see_other(here(task_id, _anchor="discussion"))


def _sent_files() -> list[str]:
    """Files that went up at once by script, and those sent with the form without it."""
    ids = [value for value in request.form.getlist("files") if value]
    for upload in request.files.getlist("files__upload"):
        if upload.filename:
            prepared = files.prepare(upload.stream, upload.filename)
            with write_transaction(web.db.session()) as session:
                ids.append(files.keep(session, prepared, by=web.actor(), now=web.clock().now()).id)
    return ids


@blueprint.post("/tasks/batches")
def batch() -> Response:
    """One verb for every chosen task; what could not be done is named one by one."""
    verb, ids = request.form.get("verb", ""), list(dict.fromkeys(request.form.getlist("ids")))
    if verb == "open" and ids:
        return web.see_other(here(ids[0]))
    text = request.form.get("text", "").strip()
    try:
        results = acts.batch(verb, ids, to=request.form.get("to", ""), text=text)
    except Invalid as wrong:
        said = [str(message) for messages in wrong.errors.values() for message in messages]
        shown = context(Listing.of(request.args)) | {"chosen": frozenset(ids), "refused": _("；").join(said)}
        return web.render("inbox/index.html", 422, **shown, may_start=False)
    done = [result for result in results if result.ok]
    failed = [result for result in results if not result.ok]
    if verb in UNDONE_BY and done:
        offer_undo(acts.done_text(verb, len(done)), UNDONE_BY[verb], [result.id for result in done])
    elif done:
        flash(acts.done_text(verb, len(done)))
    for result in failed:
        flash(_("%(title)s：%(why)s", title=result.title or _("一项工作"), why=result.detail), "warning")
    return web.see_other(back_to_list())
