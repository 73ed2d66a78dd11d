"""Where the work goes on after a verb: onward in the list, back to the form, or to who was faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from app import web
from app.engine import HumanTask
from app.errors import Conflict
from app.forms import Shown
from app.i18n import lazy_
from app.inbox import queries
from app.inbox.listing import Listing
from app.inbox.views.keeping import keep
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


def missing(**fields: tuple[str, str]) -> dict[str, list[Any]]:
    """What has to be said and was not: `missing(reason=(text, "请写明原因"))`."""
    return {name: [message] for name, (value, message) in fields.items() if not value}


def overtaken(
    task_id: str,
    late: Conflict,
    answers: Mapping[str, Any] | None = None,
    *,
    form: Mapping[str, Any] | None = None,
) -> Response:
    """409: who was faster and when, what they answered, and the person's own text beside it, to be copied.

    `answers` are those of the step's form, or of `form`. What others answered is shown only to those who may see it.
    """
    web.refresh()
    task = task_to_act_on(task_id)
    own = form or web.engine().definition(web.db.session(), task.definition_id).form(task.form)
    kept = in_words(task, own, answers) or typed()
    if answers and form is None:
        keep(task_id, answers)
    if not queries.sees(web.db.session(), task_id, web.current_user()):
        return web.render("inbox/overtaken.html", 409, task=task, conflict=late, kept=kept, since=since)
    values = answers if form is None else None
    shown = page(task, values=values, conflict=late)
    return web.render("inbox/task.html", 409, **(shown | {"kept": kept if shown["form"] is None or form else []}))


_WORDS = {
    "reason": lazy_("原因"),
    "text": lazy_("内容"),
}


def typed() -> list[Shown]:
    """What was typed into a verb's own form."""
    given = {name: request.form.get(name, "").strip() for name in _WORDS}
    return [Shown("textarea", str(_WORDS[name]), text) for name, text in given.items() if text]


def refused(task_id: str, panel: str, errors: Mapping[str, Any]) -> Response:
    """422: the page with that verb's own form open and what was typed in it."""
    web.refresh()
    shown = page(queries.task(web.db.session(), task_id, web.current_user()), panel=panel)
    return web.render("inbox/task.html", 422, **(shown | {"panel_errors": errors}))
