"""What a person does with a task: POST, then 303 to where the work goes on. Everything works without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, jsonify, request, url_for

from app import files, forms, web
from app.calendars import due_text
from app.clock import local
from app.db import write_transaction
from app.engine import HumanTask, NextTask
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _, bilingual
from app.inbox import acts, queries
from app.inbox.listing import Listing
from app.inbox.views import blueprint
from app.inbox.views.tasks import in_words, page, since
from app.inbox.views.undo import offer_undo


def _task(task_id: str) -> HumanTask:
    return queries.task_to_act_on(web.db.session(), task_id, web.current_user())


def _verb() -> str:
    """The method that is meant: browsers send only GET and POST."""
    return request.form.get("_method", request.method).upper()


def _here(task_id: str, **more: Any) -> str:
    return url_for("inbox.task", task_id=task_id, **Listing.of(request.args).args(), **more)


def _back() -> str:
    return url_for("inbox.index", **Listing.of(request.args).args())


@blueprint.route("/tasks/<task_id>/claim", methods=["POST", "DELETE"])
def claim(task_id: str) -> Response:
    """签收, or with DELETE give it back. Lost races show the task with who was faster."""
    task = _task(task_id)
    giving_back = _verb() == "DELETE"
    try:
        (acts.unclaim if giving_back else acts.claim)(task_id)
    except Conflict as late:
        return _overtaken(task_id, late)
    if giving_back:
        flash(_("已退回待签收：%(title)s", title=task.title))
        return web.see_other(url_for("inbox.index", box="claimable"))
    if request.form.get("then") == "list":
        offer_undo(_("已签收：%(title)s", title=task.title), [task_id])
        return web.see_other(_back())
    flash(_("已签收"))
    return web.see_other(_here(task_id))


@blueprint.post("/tasks/<task_id>/completion")
def completion(task_id: str) -> Response:
    """提交. Goes on with the next item of the list that the person came from."""
    task = _task(task_id)
    loaded = web.engine().definition(web.db.session(), task.definition_id)
    form = loaded.form(task.form)
    got = forms.receive(form) if form else forms.Received({}, False)
    if got.step or got.errors:
        return _again(task_id, got.answers, got.errors, got.searches)
    following = _following(task_id)
    try:
        done = acts.complete(task_id, got.answers)
    except Invalid as wrong:
        return _again(task_id, got.answers, wrong.errors, got.searches)
    except Conflict as late:
        return _overtaken(task_id, late, got.answers)
    flash(_told(done.ended, done.next))
    return web.see_other(following or _back())


def _again(
    task_id: str, answers: Mapping[str, Any], errors: Mapping[str, Any], searches: Mapping[str, str]
) -> Response:
    """The same form with what was filled in. A refusal is 422; a step of the form (one more row) is no refusal."""
    web.refresh()
    shown = page(_task(task_id), values=answers, errors=errors, searches=searches)
    return web.render(
        "inbox/_task_form.html" if web.is_partial() else "inbox/task.html", 422 if errors else 200, **shown
    )


def _overtaken(task_id: str, late: Conflict, answers: Mapping[str, Any] | None = None, panel: str = "") -> Response:
    """409: who was faster and when, and the person's own text to copy. The rest only to those who may still see it."""
    web.refresh()
    task = _task(task_id)
    if queries.sees(web.db.session(), task_id, web.current_user()):
        return web.render("inbox/task.html", 409, **page(task, values=answers, conflict=late, panel=panel))
    form = web.engine().definition(web.db.session(), task.definition_id).form(task.form)
    kept = in_words(task, form, answers)
    return web.render("inbox/overtaken.html", 409, task=task, conflict=late, kept=kept, since=since)


def _following(task_id: str) -> str:
    """The next item of the list, or the one before at its end."""
    listing = Listing.of(request.args)
    ids = listing.ids(web.db.session(), web.current_user(), web.clock().now())
    if task_id not in ids or len(ids) < 2:
        return ""
    at = ids.index(task_id)
    return url_for("inbox.task", task_id=ids[at + 1] if at + 1 < len(ids) else ids[at - 1], **listing.args())


def _told(ended: bool, following: list[NextTask]) -> str:
    """已提交，下一步 …"""
    if ended:
        return _("已提交，本流程办结")
    if not following:
        return _("已提交")
    return _("已提交，下一步：%(steps)s", steps="；".join(_step_text(step) for step in following))


def _step_text(step: NextTask) -> str:
    """销号审核，王建国，4月13日 17:30 止"""
    parts = [bilingual(step.name_zh, step.name_en), step.assignee_name]
    if step.due_at:
        parts.append(due_text(step.due_at, web.clock().now()))
    return "，".join(part for part in parts if part)


@blueprint.route("/tasks/<task_id>/draft", methods=["PUT", "POST"])
def draft(task_id: str) -> Response:
    """暂存: by script every 10 seconds (answers with the time), by button otherwise."""
    task = _task(task_id)
    form = web.engine().definition(web.db.session(), task.definition_id).form(task.form)
    by_script = request.method == "PUT"
    if form is None:
        raise NotFound()
    answers = forms.read(form, request.form) if by_script else forms.receive(form).answers
    try:
        acts.save_draft(task_id, answers)
    except Conflict as late:
        if by_script:
            raise
        return _overtaken(task_id, late, answers)
    saved = f"{local(web.clock().now()):%H:%M}"
    if by_script:
        return jsonify({"saved": saved})
    flash(_("已暂存 %(time)s", time=saved))
    return web.see_other(_here(task_id))


@blueprint.post("/tasks/<task_id>/reassignment")
def reassignment(task_id: str) -> Response:
    """转办, with a reason."""
    task, following = _task(task_id), _following(task_id)
    to, reason = request.form.get("to", ""), request.form.get("reason", "").strip()
    errors = _missing(to=(to, _("请选择接办人")), reason=(reason, _("请写明转办原因")))
    try:
        if not errors:
            acts.reassign(task_id, to, reason)
    except Invalid as wrong:
        errors = wrong.errors
    except Conflict as late:
        return _overtaken(task_id, late)
    if errors:
        return _refused(task_id, "reassign", errors)
    flash(_("已转办：%(title)s", title=task.title))
    return web.see_other(following or _back())


@blueprint.post("/tasks/<task_id>/urges")
def urges(task_id: str) -> Response:
    """催办: recorded and counted."""
    _task(task_id)
    text = request.form.get("text", "").strip()
    try:
        acts.urge(task_id, text)
    except Invalid as wrong:
        return _refused(task_id, "urge", wrong.errors)
    except Conflict as late:
        return _overtaken(task_id, late)
    flash(_("已催办"))
    return web.see_other(_here(task_id))


@blueprint.post("/tasks/<task_id>/copies")
def copies(task_id: str) -> Response:
    """抄送."""
    _task(task_id)
    ids = [value for value in request.form.getlist("user_ids") if value]
    try:
        if not ids:
            raise Invalid({"user_ids": [_("请选择抄送对象")]})
        new = acts.copy(task_id, ids)
    except Invalid as wrong:
        return _refused(task_id, "cc", wrong.errors)
    flash(_("已抄送 %(n)s 人", n=len(new)))
    return web.see_other(_here(task_id))


@blueprint.post("/tasks/<task_id>/comments")
def comments(task_id: str) -> Response:
    """A remark in the discussion, with attachments."""
    queries.task(web.db.session(), task_id, web.current_user())
    try:
        acts.comment(task_id, request.form.get("text", "").strip(), _sent_files())
    except Invalid as wrong:
        return _refused(task_id, "comment", wrong.errors)
    flash(_("已发表"))
    return web.see_other(_here(task_id, _anchor="discussion"))


def _sent_files() -> list[str]:
    """Files that went up at once by script, and those sent with the form without it."""
    ids = [value for value in request.form.getlist("files") if value]
    for upload in request.files.getlist("files__upload"):
        if upload.filename:
            prepared = files.prepare(upload.stream, upload.filename)
            with write_transaction(web.db.session()) as session:
                ids.append(files.keep(session, prepared, by=web.actor(), now=web.clock().now()).id)
    return ids


def _missing(**fields: tuple[str, str]) -> dict[str, list[Any]]:
    return {name: [message] for name, (value, message) in fields.items() if not value}


def _refused(task_id: str, panel: str, errors: Mapping[str, Any]) -> Response:
    """422: the page with that verb's own form open and what was typed in it."""
    web.refresh()
    shown = page(_task(task_id), panel=panel)
    return web.render("inbox/task.html", 422, **(shown | {"panel_errors": errors}))


@blueprint.post("/tasks/batches")
def batch() -> Response:
    """One verb for every chosen task; what could not be done is named one by one."""
    verb, ids = request.form.get("verb", ""), list(dict.fromkeys(request.form.getlist("ids")))
    if verb == "open" and ids:
        return web.see_other(_here(ids[0]))
    text = request.form.get("text", "").strip()
    try:
        results = acts.batch(verb, ids, to=request.form.get("to", ""), text=text)
    except Invalid as wrong:
        for messages in wrong.errors.values():
            flash("；".join(str(message) for message in messages), "warning")
        return web.see_other(_back())
    done = [result for result in results if result.ok]
    failed = [result for result in results if not result.ok]
    if verb == "claim" and done:
        offer_undo(_("已签收 %(n)s 项", n=len(done)), [result.id for result in done])
    elif done:
        flash(acts.done_text(verb, len(done)))
    for result in failed:
        flash(_("%(title)s：%(why)s", title=result.title or _("一项工作"), why=result.detail), "warning")
    return web.see_other(_back())
