"""The pages of supervision: the list, one item, an instruction, what is printed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask

from app import web
from app.accounts import SEPARATED
from app.i18n import lazy_
from app.supervision import queries

blueprint = Blueprint("supervision", __name__, url_prefix="/supervision")


def _has_business(user: Any) -> bool:
    return any(grant.role not in SEPARATED for grant in user.grants)


def _overdue(user: Any) -> int | None:
    """The number beside the entry: what is overdue, because that is what somebody has to act on."""
    return queries.overdue_count(web.db.session(), user, web.clock().now()) or None


def init_app(app: Flask) -> None:
    from app.supervision.views import entering, papers, record, register  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    web.menu.add(
        web.MenuItem(
            "business",
            60,
            "supervision.index",
            lazy_("督办件"),
            icon="speakerphone",
            shown=_has_business,
            count=_overdue,
        )
    )
    web.starters["supervision"] = "supervision.new"
    web.cards["supervision"] = record.card
    web.unsent_answers["supervision.instruct"] = entering.unsent_in_words
