from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from app import web
from app.notifications import operations, queries, texts
from app.notifications.models import Notification

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")


@blueprint.get("")
def index() -> Response:
    """Messages, unread ones first; `box=unread` leaves the others out."""
    session, user = web.db.session(), web.current_user()
    unread, event = request.args.get("box") == "unread", request.args.get("event", "")
    select = queries.notifications(user, unread=unread, event=event)
    return web.render(
        "notifications/_list.html" if web.is_partial() else "notifications/index.html",
        page=web.paginate(select, web.page_number(), 20),
        unread=unread,
        event=event,
        counts=queries.event_counts(session, user, unread=unread),
        unread_total=queries.unread_count(session, user),
        events=texts.EVENTS,
        icons=texts.ICONS,
        headline=texts.headline,
        detail=lambda params: texts.detail(params, web.clock().now()),
    )


@blueprint.post("/<notification_id>/reading")
@web.writes
def read(notification_id: str) -> Response:
    """Mark as read; with `open` go on to what the message is about."""
    found: Notification = queries.get(web.db.session(), notification_id, web.current_user())
    operations.mark_read(web.db.session(), found.user_id, [found.id], web.clock().now())
    return web.see_other(found.url if "open" in request.form and found.url else _back())


@blueprint.post("/readings")
@web.writes
def read_all() -> Response:
    operations.mark_read(web.db.session(), web.current_user().id, None, web.clock().now())
    return web.see_other(url_for("notifications.index"))


def _back() -> str:
    box = "unread" if request.form.get("box") == "unread" else None
    return url_for("notifications.index", box=box, event=request.form.get("event") or None)
