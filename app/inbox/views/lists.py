from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, request, url_for

from app import web
from app.accounts import people_options, principals, role_name
from app.calendars import day_text
from app.clock import SHANGHAI, local
from app.engine import HumanTask
from app.i18n import _
from app.inbox import boxes, queries, saved
from app.inbox.flags import flags_of
from app.inbox.listing import BOX_NAMES, GLYPHS, HEADINGS, LIGHT_NAMES, Listing, grouped
from app.inbox.survey import MOST_COUNTED, box_counts, survey
from app.inbox.views import blueprint
from app.inbox.views.start import has_startable
from app.inbox.views.undo import offered_undo

PER_PAGE = 20
_PASSED_ON = ("todo", "claimable", "proxy")  # boxes of what may be passed on


@blueprint.get("/tasks")
def index() -> Response:
    """The inbox. The fragment is the whole list with tabs and filters: every count in it is true at once.

    Whoever comes without asking for anything gets what they keep as their default.
    """
    if not request.args and (kept := saved.default(web.db.session(), web.current_user().id)) is not None:
        return web.see_other(url_for("inbox.index", **saved.listing(kept).args(), saved=kept.id))
    shown = context(Listing.of(request.args))
    if web.is_partial():
        return web.render("inbox/_list.html", **shown)
    return web.render("inbox/index.html", **shown, undo=offered_undo(), may_start=has_startable(web.current_user()))


def context(listing: Listing) -> dict[str, Any]:
    """Everything the list shows."""
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    around = survey(session, user, listing.box, listing.filters, now)
    number = web.page_number()
    rows = listing.tasks(session, user, now, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    page = web.Page(rows, around.total, number, PER_PAGE)
    tasks = [task for task, _heading in rows]
    marked = flags_of(session, tasks)
    return {
        "listing": listing,
        "chosen": frozenset(),
        "page": page,
        "sections": grouped(rows, listing),
        "group_counts": around.headings if listing.grouped else {},
        "box_counts": box_counts(session, user),
        "light_counts": around.lights,
        "urged_count": around.urged,
        "processes": around.processes,
        "steps": around.steps,
        "towns": around.towns,
        "unread": queries.unread_copies(session, user, tasks) if listing.box == "cc" else frozenset(),
        "flags": lambda task: marked.get(task.id, []),
        "names": queries.names_of(session, tasks),
        "permitted": web.engine().permitted_each(session, [t for t in tasks if t.status == "open"], user.id),
        "people": people_options(session, user, org_id=user.org_id) if listing.box in _PASSED_ON else [],
        "coming": queries.coming(session, user) if not page.items and not listing.filtered else [],
        "finished": queries.finished_on(session, user, _midnight(now)),
        "standing_in": principals(user),
        "words": {"boxes": BOX_NAMES, "lights": LIGHT_NAMES, "headings": HEADINGS, "glyphs": GLYPHS},
        "day_of": lambda at: day_text(local(at).date(), local(now).date()),
        "role_name": role_name,
        "show_filters": bool(
            request.args.get("filters") or any((listing.process, listing.step, listing.region, listing.q, listing.sort))
        ),
        "link": lambda **changes: _link(listing, **changes),
        "kept": (kept := saved.kept(session, user.id)),
        "kept_now": next((one for one in kept if saved.listing(one) == listing), None),
        "kept_url": lambda one: url_for("inbox.index", **saved.listing(one).args(), saved=one.id),
        "keep_errors": {},
        "keep_name": "",
        "may_keep": listing.filtered or listing.sort,
        "open_link": lambda task: url_for("inbox.task", task_id=task.id, **listing.args()),
        "holder": lambda task: _holder(task, user),
        "at_most": lambda count: str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+",
        "all_lights": boxes.LIGHTS,
    }


def _link(listing: Listing, **changes: Any) -> str:
    """The list with something changed; another box starts without filters. Never bare: that means one's default."""
    if "box" in changes:
        return url_for("inbox.index", **(Listing(box=changes["box"]).args() or {"box": "todo"}))
    page = changes.pop("page", None)
    args = listing.args(**changes) | ({"page": page} if page and page > 1 else {})
    return url_for("inbox.index", **(args or {"box": "todo"}))


def _holder(task: HumanTask, user: Any) -> str:
    """Who has it in hand; 我 in one's own inbox, nothing while nobody has."""
    if task.assignee_id == user.id or task.completed_by_id == user.id:
        return _("我")
    return task.completed_by_name or task.assignee_name


def _midnight(now: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(local(now).date(), dt.time(), tzinfo=SHANGHAI)
