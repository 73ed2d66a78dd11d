"""The console's pages: instances, timers, incidents, deliveries. Filters are GETs, acts are POSTs with a reason."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import web
from app.accounts import requires
from app.calendars import instant_text
from app.calendars.words import clock_span, days_text
from app.clock import SHANGHAI, local
from app.console import access, queries
from app.i18n import _, lazy_

blueprint = Blueprint("console", __name__, url_prefix="/console")
PER_PAGE = 40


@dataclass(frozen=True)
class ConsoleItem(web.MenuItem):
    """One entry for all of the console's pages."""

    @property
    def current(self) -> bool:
        return request.blueprint == "console"


@blueprint.get("")
@requires(*access.CONSOLE)
def home() -> BaseResponse:
    """Where something is wrong, else the instances."""
    wrong = queries.open_incidents(web.db.session(), web.current_user())
    return web.see_other(url_for("console.incidents" if wrong else "console.instances"))


def tabs() -> list[tuple[str, str, int | str, bool]]:
    """The pages of the console that the person may open: (href, name, number, current)."""
    user, here = web.current_user(), (request.endpoint or "").removeprefix("console.")
    open_incidents = queries.open_incidents(web.db.session(), user)
    pages: list[tuple[str, Any, int | str, tuple[str, ...]]] = [
        ("instances", lazy_("流程实例"), "", ("instances", "instance", "switch_instances")),
        ("incidents", lazy_("异常"), open_incidents, ("incidents", "retry", "retry_incidents")),
        ("timers", lazy_("定时"), "", ("timers", "reschedule")),
    ]
    if access.operates(user):
        pages.append(("jobs", lazy_("投递与调度"), "", ("jobs", "send_again", "discard")))
    return [(url_for(f"console.{name}"), str(label), count, here in ends) for name, label, count, ends in pages]


def page_number() -> int:
    return web.page_number()


def paged(select: sa.Select[Any], total: int) -> web.Page[Any]:
    """One page of a list whose length has been counted already."""
    number = max(1, page_number())
    rows = web.db.session.scalars(select.limit(PER_PAGE).offset((number - 1) * PER_PAGE))
    return web.Page(list(rows), total, number, PER_PAGE)


def many(count: int) -> str:
    """A count as it is shown: nobody reads on from ten thousand."""
    return f"{queries.MOST_COUNTED}+" if count > queries.MOST_COUNTED else str(count)


def day_of(text: str) -> dt.datetime | None:
    """The first instant of a day as a date field sends it; None for anything else."""
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), tzinfo=SHANGHAI)
    except ValueError:
        return None


def span_text(span: dt.timedelta) -> str:
    """How long something has lasted: 3 天, 2 小时 5 分钟."""
    return days_text(span.days) if span.days >= 2 else clock_span(int(span.total_seconds()))


def age_text(since: dt.datetime | None) -> str:
    return span_text(max(web.clock().now() - since, dt.timedelta())) if since else ""


def until_text(at: dt.datetime | None) -> str:
    """In how long, or that it is due: what the next tick of the worker will do."""
    if at is None:
        return ""
    left = at - web.clock().now()
    return _("%(span)s后", span=span_text(left)) if left > dt.timedelta() else _("即将")


def short(text: str) -> str:
    """An id as a list shows it. The last digits tell ids of one moment apart; the whole stands in its title."""
    return f"{text[:8]}…{text[-4:]}" if len(text) > 14 else text


def _any_filter() -> bool:
    """On a phone the filters are folded away until they are asked for or in use."""
    return any(request.args.get(name) for name in ("filters", "process", "q", "since", "until", "kind", "before"))


@blueprint.context_processor
def common() -> dict[str, Any]:
    """What every page of the console says in its own words."""
    return {
        "console_tabs": tabs,
        "sees_data": access.sees_data(web.current_user()),
        "folded_open": _any_filter(),
        "many": many,
        "age": age_text,
        "until": until_text,
        "short": short,
        "instant": lambda at: instant_text(at, web.clock().now()) if at else "",
        "wall": lambda at: f"{local(at):%Y-%m-%dT%H:%M}",
        "readable": lambda value: json.dumps(value, ensure_ascii=False, indent=1, default=str),
    }


def init_app(app: Flask) -> None:
    from app.console.views import incidents, inside, instances, jobs, processes, timers  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    processes.init_app(app)
    web.menu.add(
        ConsoleItem(
            "administration",
            50,
            "console.home",
            lazy_("运行监控"),
            icon="heartbeat",
            shown=access.opens_console,
            count=lambda user: queries.open_incidents(web.db.session(), user) or None,
        )
    )
