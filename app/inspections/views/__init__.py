"""The pages of inspections: list, plan, one inspection, the checklist on the spot, papers, draws, checklists."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask

from app import files, web
from app.accounts import visible
from app.i18n import lazy_
from app.inspections.access import is_official
from app.inspections.answering import KIND
from app.inspections.models import InspectedSubject

blueprint = Blueprint("inspections", __name__, url_prefix="/inspections")


def _may_see_photos(session: Any, user: Any, inspected_subject_id: str) -> bool:
    select = sa.select(InspectedSubject.id).where(InspectedSubject.id == inspected_subject_id)
    return session.scalar(visible(select, InspectedSubject, user)) is not None


def init_app(app: Flask) -> None:
    from app.inspections.views import (  # noqa: F401  (some for their routes only)
        avoidances,
        checking,
        checklists,
        entering,
        field,
        papers,
        record,
        register,
    )

    app.register_blueprint(blueprint)
    app.register_blueprint(checklists.blueprint)
    app.register_blueprint(avoidances.blueprint)
    web.menu.add(
        web.MenuItem(
            "business",
            15,
            "inspections.index",
            lazy_("监督检查"),
            icon="clipboard-check",
            shown=is_official,
            count=register.late_count,
            phone=False,
        )
    )
    web.starters["inspection"] = "inspections.new"
    web.cards["inspection"] = record.card
    files.records[KIND] = _may_see_photos
