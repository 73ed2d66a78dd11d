"""离职转办: an account is closed in one act with the handing over of everything that its holder still has to do."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, request, url_for

from app import web
from app.accounts import access
from app.accounts.absences.leaving import Held, held_tasks
from app.accounts.access import requires
from app.accounts.models import User
from app.accounts.operations import People
from app.accounts.views import blueprint
from app.accounts.views.people import PEOPLE_OFFICERS, allow, found_user, person_page
from app.db import write_transaction
from app.errors import Conflict, DubanError
from app.i18n import _


@blueprint.get("/admin/users/<user_id>/leaving")
@requires(*PEOPLE_OFFICERS)
def leaving(user_id: str) -> Response:
    found = found_user(user_id)
    allow(access.may_edit(web.current_user(), found))
    return _page(found)


@blueprint.post("/admin/users/<user_id>/deactivation")
@requires(*PEOPLE_OFFICERS)
def deactivate(user_id: str) -> Response:
    """Everything is handed over, then the account is closed. What could not be handed over keeps it open."""
    found = found_user(user_id)
    allow(access.may_edit(web.current_user(), found))
    try:
        _people().may_leave(found)
    except Conflict as conflict:
        return person_page(found, 409, problem=conflict.detail)
    tasks = held_tasks(web.db.session(), web.engine().directory, found)
    if errors := {task.id: _("请选择接办人") for task in tasks if not _chosen(task)}:
        return _page(found, 422, errors=errors)
    if errors := _hand_over(tasks):
        return _page(found_user(user_id), 409, errors=errors)
    return _close(user_id, tasks)


def _close(user_id: str, tasks: list[Held]) -> Response:
    given = [[task.id, _chosen(task)] for task in tasks]
    try:
        with write_transaction(web.db.session()):
            _people().deactivate(found_user(user_id), tasks=given)
    except Conflict as conflict:
        return person_page(found_user(user_id), 409, problem=conflict.detail)
    flash(_("已停用，%(count)s 项待办已转给他人", count=len(given)) if given else _("已停用"))
    return web.see_other(url_for("accounts.user", user_id=user_id))


def _hand_over(tasks: list[Held]) -> dict[str, str]:
    """Task → why it could not be handed over."""
    by, errors, reason = web.actor(), {}, request.form.get("reason", "").strip() or _("离职转办")
    web.db.session.rollback()
    for task in tasks:
        try:
            web.engine().hand_over(task.id, _chosen(task), from_id=task.holder_id, reason=reason, by=by)
        except DubanError as refused:
            errors[task.id] = str(refused.detail)
    web.refresh()
    return errors


def _chosen(task: Held) -> str:
    """To whom: what stands in the row, else the colleague for all where the task may go there."""
    own, for_all = request.form.get(f"to-{task.id}", ""), request.form.get("to", "")
    allowed = {person_id for person_id, _name in task.people}
    return own if own in allowed else for_all if for_all in allowed else ""


def _people() -> People:
    return People(web.db.session(), web.actor(), web.clock().now())


def _page(found: User, status: int = 200, **context: Any) -> Response:
    tasks = held_tasks(web.db.session(), web.engine().directory, found)
    everybody = {person for task in tasks for person in task.people}
    return web.render(
        "accounts/leaving.html",
        status,
        person=found,
        tasks=tasks,
        people=sorted(everybody, key=lambda one: one[1]),
        chosen={task.id: _chosen(task) for task in tasks} if request.form else {},
        stuck=[task for task in tasks if not task.people],
        **{"errors": {}} | context,
    )
