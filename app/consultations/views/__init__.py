"""The pages of consultations: lists, one consultation, one visit, the expert pool, an outside expert's link."""

from __future__ import annotations

from flask import Blueprint, Flask

from app import web
from app.consultations import access
from app.i18n import lazy_

blueprint = Blueprint("consultations", __name__, url_prefix="/consultations")
pool = Blueprint("experts", __name__, url_prefix="/experts")


def init_app(app: Flask) -> None:
    from app.consultations.views import experts, importing, link, listing, record, visit  # noqa: F401  (their routes)

    app.register_blueprint(blueprint)
    app.register_blueprint(pool)
    link.init_app(app)
    for endpoint, position, label, icon, shown in (
        ("consultations.index", 26, lazy_("安全会诊"), "stethoscope", access.sees_consultations),
        ("consultations.visits", 26, lazy_("会诊安排"), "stethoscope", access.takes_part),
        ("experts.index", 32, lazy_("专家库"), "users", access.sees_consultations),
    ):
        web.menu.add(web.MenuItem("business", position, endpoint, label, icon=icon, shown=shown))
    web.cards["consultation"] = record.card
    web.cards["consultation_visit"] = visit.card
