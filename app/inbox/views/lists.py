from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, request, url_for

from app import web
from app.accounts import people_options, role_name
from app.calendars import day_text
from app.clock import SHANGHAI, local
from app.engine import HumanTask
from app.i18n import _
from app.inbox import boxes, queries
from app.inbox.flags import flags_of
from app.inbox.listing import BOX_NAMES, GLYPHS, HEADINGS, LIGHT_NAMES, Listing, grouped
from app.inbox.views import blueprint
from app.inbox.views.start import has_startable
from app.inbox.views.undo import offered_undo

PER_PAGE = 20


@blueprint.get("/tasks")
def index() -> Response:
    """The inbox. The fragment is the whole list with tabs and filters: every count in it is true at once."""
    shown = context(Listing.of(request.args))
    if web.is_partial():
        return web.render("inbox/_list.html", **shown)
    return web.render("inbox/index.html", **shown, undo=offered_undo(), may_start=has_startable(web.current_user()))


def context(listing: Listing) -> dict[str, Any]:
    """Everything the list shows."""
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    page = web.paginate(listing.select(user, now), request.args.get("page", 1, type=int), PER_PAGE)
    tasks = [task for task, _heading in page.items]
    marked = flags_of(session, tasks)
    return {
        "listing": listing,
        "page": page,
        "sections": grouped([(task, heading) for task, heading in page.items], listing),
        "group_counts": queries.headings(session, user, listing.box, listing.filters, now) if listing.grouped else {},
        "box_counts": queries.box_counts(session, user),
        "light_counts": queries.lights(session, user, listing.box, listing.filters, now),
        "urged_count": queries.urged(session, user, listing.box, listing.filters, now),
        "processes": queries.processes(session, user, listing.box),
        "steps": queries.steps(session, user, listing.box),
        "towns": queries.towns(session, user, listing.box),
        "unread": queries.unread_copies(session, user, tasks) if listing.box == "cc" else frozenset(),
        "flags": lambda task: marked.get(task.id, []),
        "names": queries.names_of(session, tasks),
        "permitted": {task.id: web.engine().permitted(session, task, user.id) for task in tasks},
        "people": people_options(session, user, org_id=user.org_id) if listing.box in ("todo", "claimable") else [],
        "coming": queries.coming(session, user) if not page.items and not listing.filtered else [],
        "finished": queries.finished_on(session, user, _midnight(now)),
        "words": {"boxes": BOX_NAMES, "lights": LIGHT_NAMES, "headings": HEADINGS, "glyphs": GLYPHS},
        "day_of": lambda at: day_text(local(at).date(), local(now).date()),
        "role_name": role_name,
        "show_filters": bool(
            request.args.get("filters") or any((listing.process, listing.step, listing.region, listing.q, listing.sort))
        ),
        "link": lambda **changes: _link(listing, **changes),
        "open_link": lambda task: url_for("inbox.task", task_id=task.id, **listing.args()),
        "holder": lambda task: _holder(task, user),
        "all_lights": boxes.LIGHTS,
    }


def _link(listing: Listing, **changes: Any) -> str:
    """The list with something changed; another box starts without filters."""
    if "box" in changes:
        return url_for("inbox.index", **Listing(box=changes["box"]).args())
    page = changes.pop("page", None)
    return url_for("inbox.index", **listing.args(**changes), **({"page": page} if page and page > 1 else {}))


def _holder(task: HumanTask, user: Any) -> str:
    """Who has it in hand; 我 in one's own inbox, nothing while nobody has."""
    if task.assignee_id == user.id or task.completed_by_id == user.id:
        return _("我")
    return task.completed_by_name or task.assignee_name


def _midnight(now: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(local(now).date(), dt.time(), tzinfo=SHANGHAI)
