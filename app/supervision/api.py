from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.calendars import light
from app.supervision import acts, queries
from app.supervision.models import RUNNING, SupervisionItem
from app.supervision.schemas import InstructionIn, SupervisionDetail, SupervisionFilter, SupervisionOut

blp = web.blueprint("supervision", description="Supervised matters and their ladder")


class SupervisionQuery(SupervisionFilter, web.ApiPage):
    """Filters and paging."""

    class Meta(web.ApiPage.Meta):
        pass


@blp.route("/supervision")
@blp.arguments(SupervisionQuery, location="query")
@blp.response(200, SupervisionOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The items the caller may see. `status=open` means all that are not over; `light` is red, amber or green."""
    select = queries.items(web.current_user(), query, web.clock().now())
    page = web.paginate(select, query["page"], query["per_page"])
    return [_row(item) for item in page.items], 200, {"X-Total-Count": str(page.total)}


@blp.route("/supervision/<item_id>")
@blp.response(200, SupervisionDetail)
def show(item_id: str) -> dict[str, Any]:
    """One item with the rungs it has climbed, feedback and interviews, if the caller may see it."""
    return _detail(queries.get(web.db.session(), item_id, web.current_user()))


@blp.route("/supervision/instructions", methods=["POST"])
@blp.arguments(InstructionIn)
@blp.response(201, SupervisionDetail)
def create_instruction(data: dict[str, Any]) -> dict[str, Any]:
    """A leader's instruction: opens an item. `request_key` makes a repeat answer with what was opened first."""
    return _detail(acts.instruct(data))


def _row(item: SupervisionItem) -> dict[str, Any]:
    now = web.clock().now()
    shown = light(now, item.due_at, item.amber_at, item.paused_at) if item.status in RUNNING else "none"
    columns = {column.key: getattr(item, column.key) for column in SupervisionItem.__table__.columns}
    return {**columns, "overdue": item.overdue(now), "light": shown}


def _detail(item: SupervisionItem) -> dict[str, Any]:
    session = web.db.session()
    return {
        **_row(item),
        "rungs": queries.rungs(session, item),
        "feedbacks": queries.feedbacks(session, item),
        "interviews": queries.interviews(session, item),
    }


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
