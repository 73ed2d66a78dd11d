from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.consultations import access, queries
from app.consultations.models import Consultation, Visit
from app.consultations.schemas import (
    ConsultationDetail,
    ConsultationFilter,
    ConsultationOut,
    ExpertFilter,
    ExpertOut,
    VisitDetail,
    VisitOut,
)

blp = web.blueprint("consultations", description="Expert consultations")


class ConsultationQuery(ConsultationFilter, web.ApiPage):
    """Filters and paging."""

    class Meta(web.ApiPage.Meta):
        pass


class ExpertQuery(ExpertFilter, web.ApiPage):
    """Filters and paging."""

    class Meta(web.ApiPage.Meta):
        pass


@blp.route("/consultations")
@blp.arguments(ConsultationQuery, location="query")
@blp.response(200, ConsultationOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The consultations the caller may see; `status=open` means all that are not over. Started by POST /instances."""
    page = web.paginate(queries.consultations(web.current_user(), query), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/consultations/<consultation_id>")
@blp.response(200, ConsultationDetail)
def show(consultation_id: str) -> dict[str, Any]:
    """One consultation with its visits, and what its draw was made of."""
    session = web.db.session()
    found = queries.get(session, consultation_id, web.current_user())
    columns = {column.key: getattr(found, column.key) for column in Consultation.__table__.columns}
    return {**columns, "visits": _named(queries.visits_of(session, found.id))}


@blp.route("/consultation-visits")
@blp.arguments(web.ApiPage, location="query")
@blp.response(200, VisitOut(many=True))
def visits(query: dict[str, Any]) -> Any:
    """The visits that concern the caller: an expert's own, a town's, an enterprise's."""
    select = queries.visits(web.current_user(), web.clock().now())
    page = web.paginate(select, query["page"], query["per_page"])
    return _named(page.items), 200, {"X-Total-Count": str(page.total)}


@blp.route("/consultation-visits/<visit_id>")
@blp.response(200, VisitDetail)
def visit(visit_id: str) -> dict[str, Any]:
    """One visit with its scores and the opinions that the caller may see."""
    session = web.db.session()
    found = queries.visit(session, visit_id, web.current_user(), web.clock().now())
    engagements = queries.engagements(session, visit_id=found.id)
    people = {one.id: one.name for one in engagements}
    opinions = [
        {
            **{column.key: getattr(one, column.key) for column in one.__table__.columns},
            "expert": people[one.engagement_id],
        }
        for one in access.seen_opinions(session, web.current_user(), found, engagements)
    ]
    return {**_named([found])[0], "diagnoses": queries.diagnoses(session, [found.id]), "opinions": opinions}


@blp.route("/experts")
@blp.arguments(ExpertQuery, location="query")
@blp.response(200, ExpertOut(many=True))
def experts(query: dict[str, Any]) -> Any:
    """The experts the caller may see: the office all, a department those of its sectors."""
    page = web.paginate(queries.experts(web.current_user(), query), query["page"], query["per_page"])
    held = queries.sectors_of(web.db.session(), [row.id for row in page.items])
    names = [name for name in ExpertOut().fields if name != "sectors"]
    rows = [{**{name: getattr(row, name) for name in names}, "sectors": held.get(row.id, [])} for row in page.items]
    return rows, 200, {"X-Total-Count": str(page.total)}


def _named(rows: list[Visit]) -> list[dict[str, Any]]:
    names = queries.names_of(web.db.session(), [row.subject_id for row in rows])["subject"]
    return [
        {
            **{column.key: getattr(row, column.key) for column in Visit.__table__.columns},
            "subject_name": names[row.subject_id].name,
        }
        for row in rows
    ]


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
