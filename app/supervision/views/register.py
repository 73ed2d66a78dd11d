"""The list of supervised matters, and its fragment for other pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, request, url_for

from app import web
from app.accounts import organisation_options
from app.calendars import answered_text, deadline_view, this_office
from app.engine import HumanTask
from app.supervision import acts, queries
from app.supervision.models import LEVELS, SOURCES, STATUSES, SupervisionItem
from app.supervision.schemas import SupervisionFilter
from app.supervision.views import blueprint

_PAGE, _EMBEDDED = 20, 8


@blueprint.get("")
def index() -> Response:
    """The list. Asked for by another page with `?matter=` it answers with that record's items only."""
    filters, session, user, now = filters_now(), web.db.session(), web.current_user(), web.clock().now()
    select = queries.items(user, filters, now)
    if web.is_partial() and filters["matter"]:
        page = web.paginate(select, 1, _EMBEDDED)
        return web.render("supervision/_embedded.html", page=page, **rows_context(page.items))
    page = web.paginate(select, web.page_number(), _PAGE)
    return web.render(
        "supervision/_list.html" if web.is_partial() else "supervision/index.html",
        page=page,
        filters=filters,
        link=link,
        lights=queries.light_counts(session, user, filters, now),
        orgs=organisation_options(session, user),
        words={"statuses": STATUSES, "levels": LEVELS, "sources": SOURCES},
        may_instruct=acts.may_instruct(user),
        **rows_context(page.items),
    )


def rows_context(rows: list[SupervisionItem]) -> dict[str, Any]:
    """What a row needs beside the record."""
    session = web.db.session()
    tasks = queries.open_tasks(session, [row.instance_id for row in rows])
    return {"orgs_by_id": queries.organisations(session, rows), "tasks": tasks, "limit": limit_of}


def mine(tasks: list[HumanTask]) -> list[HumanTask]:
    """The tasks that this person can do now."""
    engine, session, user = web.engine(), web.db.session(), web.current_user()
    return [task for task in tasks if {"claim", "complete"} & engine.permitted(session, task, user.id)]


def limit_of(item: SupervisionItem) -> Any:
    """The deadline component of the addressee's clock; nothing before the slip is issued."""
    if item.due_at is None:
        return None
    view = deadline_view(
        this_office(),
        web.clock().now(),
        due_at=item.due_at,
        amber_at=item.amber_at,
        started_at=item.issued_at,
        original_due_at=item.original_due_at,
        finished_at=item.finished_at,
        paused_at=item.paused_at if item.finished_at is None else None,
        pause_reason=item.pause_reason,
    )
    if item.status == "withdrawn":
        return replace(view, text=item.status_name)
    if item.status == "reviewing" and item.finished_at is not None:
        return replace(view, text=answered_text(item.due_at, item.finished_at))
    return view


def filters_now() -> dict[str, str]:
    return dict(SupervisionFilter().load(request.args.to_dict()))


def link(**changes: Any) -> str:
    """The list with one filter changed; an empty value drops it, and every change goes back to page 1."""
    merged = {name: value for name, value in {**filters_now(), **changes}.items() if value}
    return url_for("supervision.index", **merged)
