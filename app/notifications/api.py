from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.notifications import operations, queries
from app.notifications.schemas import NotificationOut, NotificationQuery, ReadOut

blp = web.blueprint("notifications", description="In-app messages of the caller")


@blp.route("/notifications")
@blp.arguments(NotificationQuery, location="query")
@blp.response(200, NotificationOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The caller's messages, unread ones first."""
    select = queries.notifications(web.current_user(), unread=query["unread"], event=query["event"])
    page = web.paginate(select, query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/notifications/<notification_id>/reading", methods=["POST"])
@blp.response(200, ReadOut)
@web.writes
def read(notification_id: str) -> dict[str, int]:
    """Mark one message as read; repeating it changes nothing."""
    found = queries.get(web.db.session(), notification_id, web.current_user())
    return {"read": operations.mark_read(web.db.session(), found.user_id, [found.id], web.clock().now())}


@blp.route("/notifications/readings", methods=["POST"])
@blp.response(200, ReadOut)
@web.writes
def read_all() -> dict[str, int]:
    """Mark all messages as read."""
    user_id = web.current_user().id
    return {"read": operations.mark_read(web.db.session(), user_id, None, web.clock().now())}


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
