"""Work days, office hours and deadline rules; the engine's calendar and the one deadline component's data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Flask, g

from app import web
from app.calendars.expressions import expression_functions
from app.calendars.office import Office
from app.calendars.operations import publish, seed
from app.calendars.port import OfficeCalendar
from app.calendars.queries import office
from app.calendars.view import (
    DeadlineView,
    WorkingClock,
    deadline_view,
    light,
    task_deadline,
    working_clock,
)
from app.calendars.words import answered_text, day_text, due_text, instant_text

__all__ = [
    "DeadlineView",
    "Office",
    "OfficeCalendar",
    "WorkingClock",
    "answered_text",
    "day_text",
    "deadline_of",
    "deadline_view",
    "due_text",
    "expression_functions",
    "init_app",
    "instant_text",
    "light",
    "office",
    "publish",
    "seed",
    "task_deadline",
    "this_office",
    "working_clock",
]


def this_office() -> Office:
    """The calendar of this request, read once."""
    if "office" not in g:
        g.office = office(web.db.session())
    return g.office  # type: ignore[no-any-return]


def deadline_of(task: Any, *, reasons: bool = True) -> DeadlineView:
    """The deadline component's data for a human task, at this moment. In templates: `deadline(task)`.

    Without `reasons` it does not say why a clock stands: that is business, which not everybody sees.
    """
    view = task_deadline(this_office(), web.clock().now(), task)
    return view if reasons or view.state != "pause" else replace(view, due_text="")


def init_app(app: Flask) -> None:
    from app.calendars import views

    app.register_blueprint(views.blueprint)
    views.register_menu()
    app.jinja_env.globals.update(
        deadline=deadline_of,
        working_clock=lambda: working_clock(this_office(), web.clock().now()),
        instant_text=lambda at: instant_text(at, web.clock().now()) if at else "",
        day_text=day_text,
    )
