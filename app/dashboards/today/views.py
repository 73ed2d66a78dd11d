"""Today's page."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, current_app, url_for

from app import web
from app.accounts import requires
from app.clock import local
from app.dashboards.today.asks import Ask
from app.dashboards.today.reading import today
from app.i18n import lazy_

blueprint = Blueprint("today", __name__, url_prefix="/today")
READERS = ("leader", "coordinator")
_PHRASE = lazy_("请抓紧落实，限期办结并报告结果。")
_PAGES = {
    "task": ("inbox.task", "task_id"),
    "hazard": ("hazards.show", "hazard_id"),
    "campaign": ("wall.index", "campaign"),
    "supervision": ("supervision.show", "item_id"),
}


def register_menu() -> None:
    web.menu.add(
        web.MenuItem(
            "work", 15, "today.index", lazy_("今日"), icon="sun", shown=lambda user: user.has(*READERS), phone=True
        )
    )


@blueprint.get("")
@requires(*READERS)
def index() -> Response:
    return web.render("dashboards/today.html", **_context())


def _context() -> dict[str, Any]:
    now = web.clock().now()
    return {
        "today": today(web.db.session(), web.current_user(), now),
        "now_day": local(now).date().isoformat(),
        "page_of": page_of,
        "may_instruct": "supervision.instruct" in current_app.view_functions,
        "phrase": str(_PHRASE),
        "request_key": lambda: uuid4().hex,
    }


def page_of(ask: Ask) -> str:
    """Where the matter is read; "" where its page is not there."""
    endpoint, name = _PAGES[ask.kind]
    if endpoint not in current_app.view_functions:
        return ""
    values: dict[str, Any] = {name: ask.key}
    return url_for(endpoint, **values)
