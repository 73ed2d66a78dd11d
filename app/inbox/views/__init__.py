"""The pages of the inbox: the list, one task with its verbs, starting a process, an instance of any process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import web
from app.accounts import SEPARATED
from app.i18n import lazy_
from app.inbox import queries

blueprint = Blueprint("inbox", __name__)


@dataclass(frozen=True)
class InboxItem(web.MenuItem):
    """The inbox and the starting page share a blueprint; the path tells them apart."""

    @property
    def current(self) -> bool:
        return request.path == self.href or request.path.startswith(f"{self.href}/")


def _has_business(user: Any) -> bool:
    """The three administrators have no part in business; a process may still address them (their inbox then shows)."""
    business = any(grant.role not in SEPARATED for grant in user.grants)
    return business or queries.is_asked(web.db.session(), user)


def _todo(user: Any) -> int:
    return queries.todo_count(web.db.session(), user)


@blueprint.get("/")
def home() -> BaseResponse:
    """The first page of the person's menu: for nearly everybody the inbox."""
    groups = web.menu.groups(web.current_user())
    if not groups:
        return web.see_other("/tasks")
    first = groups[0].items[0].href
    works = not groups[0].title and first != url_for("inbox.start")
    return web.see_other(first if works else groups[-1].items[0].href)  # who has no work of their own administers


def init_app(app: Flask) -> None:
    from app.inbox.views import (  # noqa: F401  (their routes)
        clocks,
        filling,
        going_back,
        instances,
        lists,
        passing_on,
        saving,
        signing,
        start,
        tasks,
        verbs,
    )

    app.register_blueprint(blueprint)
    web.unsent_answers |= {
        "inbox.completion": tasks.unsent_in_words,
        "inbox.draft": tasks.unsent_in_words,
        "inbox.request_extension": tasks.unsent_request_in_words,
        "inbox.begin": start.unsent_in_words,
    }
    web.menu.add(
        InboxItem("work", 10, "inbox.index", lazy_("待办"), icon="inbox", shown=_has_business, count=_todo, phone=True)
    )
    web.menu.add(InboxItem("work", 20, "inbox.start", lazy_("发起"), icon="plus", shown=start.has_startable))
