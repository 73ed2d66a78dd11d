"""Where the work goes on after a verb: onward in the list, back to the form, or to who was faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from app import web
from app.engine import HumanTask
from app.errors import Conflict
from app.inbox import queries
from app.inbox.listing import Listing
from app.inbox.views.tasks import in_words, page, since


def task_to_act_on(task_id: str) -> HumanTask:
    return queries.task_to_act_on(web.db.session(), task_id, web.current_user())


def here(task_id: str, **more: Any) -> str:
    return url_for("inbox.task", task_id=task_id, **Listing.of(request.args).args(), **more)


def back_to_list() -> str:
    return url_for("inbox.index", **Listing.of(request.args).args())


def following_item(task_id: str) -> str:
    """The next item of the list, or the one before at its end."""
    listing = Listing.of(request.args)
    ids = listing.ids(web.db.session(), web.current_user(), web.clock().now())
    if task_id not in ids or len(ids) < 2:
        return ""
    at = ids.index(task_id)
    return url_for("inbox.task", task_id=ids[at + 1] if at + 1 < len(ids) else ids[at - 1], **listing.args())


def overtaken(task_id: str, late: Conflict, answers: Mapping[str, Any] | None = None, panel: str = "") -> Response:
    """409: who was faster and when, and the person's own text to copy. The rest only to those who may still see it."""
    web.refresh()
    task = task_to_act_on(task_id)
    if queries.sees(web.db.session(), task_id, web.current_user()):
        return web.render("inbox/task.html", 409, **page(task, values=answers, conflict=late, panel=panel))
    form = web.engine().definition(web.db.session(), task.definition_id).form(task.form)
    kept = in_words(task, form, answers)
    return web.render("inbox/overtaken.html", 409, task=task, conflict=late, kept=kept, since=since)


def refused(task_id: str, panel: str, errors: Mapping[str, Any]) -> Response:
    """422: the page with that verb's own form open and what was typed in it."""
    web.refresh()
    shown = page(queries.task(web.db.session(), task_id, web.current_user()), panel=panel)
    return web.render("inbox/task.html", 422, **(shown | {"panel_errors": errors}))
