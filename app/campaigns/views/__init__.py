"""The pages of campaigns: the list, starting one, one campaign, one sector plan, one task."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask

from app import web
from app.i18n import lazy_

blueprint = Blueprint("campaigns", __name__, url_prefix="/campaigns")
TAKES_PART = ("leader", "coordinator", "dept_staff", "town_staff", "auditor")


def _takes_part(user: Any) -> bool:
    """Campaigns are the offices' own work: enterprises meet them only as inspections and hazards."""
    return bool(user.has(*TAKES_PART))


def init_app(app: Flask) -> None:
    from app.campaigns.views import export, plans, record, register, starting  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    web.menu.add(
        web.MenuItem("business", 10, "campaigns.index", lazy_("专项行动"), icon="target-arrow", shown=_takes_part)
    )
    web.starters["special_campaign"] = "campaigns.new"
    web.cards["campaign"] = record.card
    web.cards["sector_plan"] = plans.plan_card
    web.cards["campaign_task"] = plans.task_card
    web.unsent_answers["campaigns.create"] = starting.unsent_in_words
