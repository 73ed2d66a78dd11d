"""申请延期, 中止计时, 恢复计时."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, request

from app import forms, web
from app.engine import HumanTask
from app.errors import Conflict, Forbidden, Invalid
from app.i18n import _
from app.inbox import acts, queries
from app.inbox.views import blueprint
from app.inbox.views.outcomes import here, missing, overtaken, refused, task_to_act_on
from app.inbox.views.tasks import asking_form, page


@blueprint.get("/tasks/<task_id>/extension-requests")
def extension_form(task_id: str) -> Response:
    """The form of a request as a fragment, when it is asked for; opened alone it is the task's page with it."""
    task = queries.task(web.db.session(), task_id, web.current_user())
    may = "extend" in web.engine().permitted(web.db.session(), task, web.current_user().id)
    if not web.is_partial():
        return web.see_other(here(task_id, panel="extend", _anchor="extend") if may else here(task_id))
    if not may:
        raise Forbidden(_("这一步不能提出申请"))
    return _form(task, {}, {}, {})


@blueprint.post("/tasks/<task_id>/extension-requests")
def request_extension(task_id: str) -> Response:
    """申请延期: starts the process that the step names, with the answers of its start form."""
    task = task_to_act_on(task_id)
    form = asking_form(task)
    if form is None:
        raise Forbidden(_("这一步不能提出申请"))
    got = forms.receive(form)
    if got.step:
        return _again(task_id, got.answers, got.errors, got.searches)
    try:
        if got.errors:
            raise Invalid(got.errors)
        started = acts.request_extension(task_id, got.answers)
    except Invalid as wrong:
        return _again(task_id, got.answers, wrong.errors, got.searches)
    except Conflict as late:
        return overtaken(task_id, late, form=form, answers=got.answers)
    flash(_("申请已办结") if started.ended else _("已提交申请，答复前原期限不变"))
    return web.see_other(here(task_id))


def _again(task_id: str, values: Mapping[str, Any], errors: Mapping[str, Any], searches: Mapping[str, str]) -> Response:
    """The form with what was filled in: as a fragment for a step of the form, else inside the task's page."""
    web.refresh()
    task = queries.task(web.db.session(), task_id, web.current_user())
    if web.is_partial():
        return _form(task, values, errors, searches)
    shown = page(task, panel="extend", asked=values, asked_errors=errors, searches=searches)
    return web.render("inbox/task.html", 422 if errors else 200, **(shown | {"panel_errors": errors}))


def _form(
    task: HumanTask, values: Mapping[str, Any], errors: Mapping[str, Any], searches: Mapping[str, str]
) -> Response:
    shown = page(task, panel="extend", asked=values, asked_errors=errors, searches=searches)
    return web.render("inbox/_extension_form.html", 422 if errors else 200, **shown)


@blueprint.route("/tasks/<task_id>/pause", methods=["POST", "DELETE"])
def pause(task_id: str) -> Response:
    """中止计时, or with DELETE 恢复计时."""
    task_to_act_on(task_id)
    reason = request.form.get("reason", "").strip()
    going_on = request.form.get("_method", request.method).upper() == "DELETE"
    panel = "resume" if going_on else "pause"
    try:
        if going_on:
            acts.resume(task_id, reason)
        else:
            if errors := missing(reason=(reason, _("请写明中止原因"))):
                return refused(task_id, panel, errors)
            acts.pause(task_id, reason)
    except Invalid as wrong:
        return refused(task_id, panel, wrong.errors)
    except Conflict as late:
        return overtaken(task_id, late)
    flash(_("已恢复计时") if going_on else _("已中止计时"))
    return web.see_other(here(task_id))
