from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.subjects import operations, queries
from app.subjects.models import Subject
from app.subjects.schemas import SubjectFilter, SubjectIn, SubjectOut

blp = web.blueprint("subjects", description="Supervised subjects")


class SubjectQuery(SubjectFilter, web.ApiPage):
    """Filters and paging."""

    class Meta(web.ApiPage.Meta):
        pass


@blp.route("/subjects")
@blp.arguments(SubjectQuery, location="query")
@blp.response(200, SubjectOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The subjects the caller may see. `q` searches name, number, pinyin; `mark` is key, above_scale or high_risk."""
    select = queries.subjects(web.current_user(), query, query["sort"])
    page = web.paginate(select, query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/subjects/<subject_id>")
@blp.response(200, SubjectOut)
def show(subject_id: str) -> Subject:
    """One subject, if the caller may see it."""
    return queries.get(web.db.session(), subject_id, web.current_user())


@blp.route("/subjects", methods=["POST"])
@blp.arguments(SubjectIn)
@blp.response(201, SubjectOut)
@web.writes
def create(data: dict[str, Any]) -> Subject:
    """Enter a subject (coordinator, department and town staff, within their area)."""
    session, user = web.db.session(), web.current_user()
    return operations.create(session, data, user=user, by=web.actor(), now=web.clock().now())


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
