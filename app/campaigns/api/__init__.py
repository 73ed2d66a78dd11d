from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.campaigns import queries
from app.campaigns.api.schemas import CampaignDetail, CampaignFilter, CampaignOut
from app.campaigns.figures import actuals

blp = web.blueprint("campaigns", description="Special campaigns, their phases, sector plans and tasks")


class CampaignQuery(CampaignFilter, web.ApiPage):
    """Filters and paging."""

    class Meta(web.ApiPage.Meta):
        pass


@blp.route("/campaigns")
@blp.arguments(CampaignQuery, location="query")
@blp.response(200, CampaignOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The campaigns the caller may see, running ones first. Started by POST /instances."""
    page = web.paginate(queries.campaigns(web.current_user(), query), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/campaigns/<campaign_id>")
@blp.response(200, CampaignDetail)
def show(campaign_id: str) -> dict[str, Any]:
    """One campaign with its phases, and the plans and tasks in it that the caller may see."""
    session, user = web.db.session(), web.current_user()
    found = queries.get(session, campaign_id, user)
    tasks = queries.tasks(session, user, campaign_id=found.id)
    actual = actuals(session, tasks)
    return {
        **_columns(found),
        "phases": queries.phases(session, [found.id]),
        "plans": queries.plans(session, found.id, user),
        "tasks": [_columns(task) | {"actual": actual[task.id]} for task in tasks],
    }


def _columns(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
