"""The pages of hazards: the register, entering one, one hazard with its acts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask

from app import web
from app.accounts import SEPARATED
from app.hazards import queries
from app.i18n import lazy_

blueprint = Blueprint("hazards", __name__, url_prefix="/hazards")


def _has_business(user: Any) -> bool:
    return any(grant.role not in SEPARATED for grant in user.grants)


def _overdue(user: Any) -> int | None:
    """The number beside the entry: what is overdue, because that is what somebody has to act on."""
    return queries.overdue_count(web.db.session(), user, web.clock().now()) or None


def init_app(app: Flask) -> None:
    from app.hazards.views import acts, entering, record, register  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    web.menu.add(
        web.MenuItem(
            "business",
            20,
            "hazards.index",
            lazy_("隐患台账"),
            icon="list-details",
            shown=_has_business,
            count=_overdue,
            phone=True,
        )
    )
    web.starters["hazard_rectification"] = "hazards.new"
    web.cards["hazard"] = record.card
    web.unsent_answers["hazards.create"] = entering.unsent_in_words
