"""Filling in a task's form: submit it, keep a draft. Everything works without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, jsonify, request

from app import forms, web
from app.calendars import due_text
from app.clock import local
from app.engine import NextTask
from app.errors import Busy, Conflict, Invalid, NotFound
from app.i18n import _, bilingual
from app.inbox import acts, queries
from app.inbox.views import blueprint
from app.inbox.views.outcomes import back_to_list, following_item, here, overtaken, task_to_act_on
from app.inbox.views.tasks import page


@blueprint.post("/tasks/<task_id>/completion")
def completion(task_id: str) -> Response:
    """提交. Goes on with the next item of the list that the person came from."""
    task = task_to_act_on(task_id)
    loaded = web.engine().definition(web.db.session(), task.definition_id)
    form = loaded.form(task.form)
    got = forms.receive(form) if form else forms.Received({}, False)
    if got.step or got.errors:
        return again(task_id, got.answers, got.errors, got.searches)
    following = following_item(task_id)
    try:
        done = acts.complete(task_id, got.answers)
    except Invalid as wrong:
        return again(task_id, got.answers, wrong.errors, got.searches)
    except Conflict as late:
        return overtaken(task_id, late, got.answers)
    except Busy as held:
        if web.is_partial():
            raise  # told beside the form, which stays as it is
        return try_again(again(task_id, got.answers, {"_": [held.detail]}, got.searches))
    flash(_told(done.ended, done.next))
    return web.see_other(following or back_to_list())


def again(task_id: str, answers: Mapping[str, Any], errors: Mapping[str, Any], searches: Mapping[str, str]) -> Response:
    """The same form with what was filled in. A refusal is 422; a step of the form (one more row) is no refusal."""
    web.refresh()
    task = queries.task(web.db.session(), task_id, web.current_user())
    shown = page(task, values=answers, errors=errors, searches=searches)
    return web.render(
        "inbox/_task_form.html" if web.is_partial() else "inbox/task.html", 422 if errors else 200, **shown
    )


def try_again(response: Response) -> Response:
    """Somebody else holds what is needed: what was filled in is still in the form, for a second try."""
    response.status_code, response.headers["Retry-After"] = 503, "1"
    return response


def _told(ended: bool, following: list[NextTask]) -> str:
    """已提交，下一步 …"""
    if ended:
        return _("已提交，本流程办结")
    if not following:
        return _("已提交")
    return _("已提交，下一步：%(steps)s", steps=_("；").join(_step_text(step) for step in following))


def _step_text(step: NextTask) -> str:
    """销号审核，王建国，4月13日 17:30 止"""
    parts = [bilingual(step.name_zh, step.name_en), step.assignee_name]
    if step.due_at:
        parts.append(due_text(step.due_at, web.clock().now()))
    return _("，").join(part for part in parts if part)


@blueprint.route("/tasks/<task_id>/draft", methods=["PUT", "POST"])
def draft(task_id: str) -> Response:
    """暂存: by script every 10 seconds (answers with the time), by button otherwise."""
    task = task_to_act_on(task_id)
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
        return overtaken(task_id, late, answers)
    saved = f"{local(web.clock().now()):%H:%M}"
    if by_script:
        return jsonify({"saved": saved})
    flash(_("已暂存 %(time)s", time=saved))
    return web.see_other(here(task_id))
