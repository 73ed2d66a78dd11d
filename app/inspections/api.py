from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.errors import Conflict, NotFound
from app.i18n import _
from app.inspections import access, acts, answering, queries
from app.inspections.checklists import queries as lists
from app.inspections.checklists.schemas import ChecklistDetail, ChecklistOut
from app.inspections.models import InspectedSubject, Inspection, InspectionItem
from app.inspections.schemas import (
    InspectionAnswersIn,
    InspectionAnswersOut,
    InspectionDetail,
    InspectionFilter,
    InspectionOut,
    InspectionPlanIn,
    InspectionVoidingIn,
)

blp = web.blueprint("inspections", description="Inspections, their answers, and checklists")


class InspectionQuery(InspectionFilter, web.ApiPage):
    """Filters and paging."""

    class Meta(web.ApiPage.Meta):
        pass


@blp.route("/inspections")
@blp.arguments(InspectionQuery, location="query")
@blp.response(200, InspectionOut(many=True))
def index(query: dict[str, Any]) -> Any:
    """The inspections the caller may see; `status=open` means all that are not done. The inspected see what is done."""
    page = web.paginate(queries.inspections(web.current_user(), query, query["sort"]), query["page"], query["per_page"])
    return page.items, 200, {"X-Total-Count": str(page.total)}


@blp.route("/inspections", methods=["POST"])
@blp.arguments(InspectionPlanIn)
@blp.response(201, InspectionDetail)
def create(data: dict[str, Any]) -> dict[str, Any]:
    """Plan an inspection: starts its process. `request_key` makes a repeat answer with what was planned first."""
    session, user = web.db.session(), web.current_user()
    if already := queries.of_request(session, data["request_key"], user):
        return _detail(already)
    started = acts.plan(data)
    return _detail(queries.get(web.db.session(), str(started.subject_id), user))


@blp.route("/inspections/<inspection_id>")
@blp.response(200, InspectionDetail)
def show(inspection_id: str) -> dict[str, Any]:
    """One inspection with its team, and with subjects and items as far as the caller may see them."""
    return _detail(queries.get(web.db.session(), inspection_id, web.current_user()))


@blp.route("/inspections/<inspection_id>/answers", methods=["PUT"])
@blp.arguments(InspectionAnswersIn)
@blp.response(200, InspectionAnswersOut)
@web.writes
def answer(data: dict[str, Any], inspection_id: str) -> dict[str, Any]:
    """Take answers of one subject, as often as they are sent.

    Each answer says on which revision (`rev`) it was given, and is told for itself: `saved`, `same` (a repeat),
    `conflict` (answered meanwhile; `stored` is what stands), `refused` (`errors` says why). Only the team, and only
    until the record is closed (409).
    """
    _inspection, subject = _of(inspection_id, data["inspected_subject_id"])
    return acts.answer(subject, data["answers"], data["site"])


@blp.route("/inspections/<inspection_id>/items/<item_id>", methods=["DELETE"])
@blp.response(204)
@web.writes
def remove(inspection_id: str, item_id: str) -> None:
    """Take back a finding that stands on no list."""
    inspection = queries.get(web.db.session(), inspection_id, web.current_user())
    item = web.db.session().get(InspectionItem, item_id)
    if item is None or item.inspection_id != inspection.id:
        raise NotFound()
    acts.hold(inspection.id)
    answering.remove(web.db.session(), item)


@blp.route("/inspections/<inspection_id>/voiding", methods=["POST"])
@blp.arguments(InspectionVoidingIn)
@blp.response(200, InspectionDetail)
def void(data: dict[str, Any], inspection_id: str) -> dict[str, Any]:
    """It does not take place, with the reason: cancels its process."""
    session, user = web.db.session(), web.current_user()
    inspection = queries.get(session, inspection_id, user)
    if not inspection.undone:
        raise Conflict(_("这次检查%(status)s", status=inspection.status_name), status=inspection.status)
    access.require(access.may_void(user, inspection))
    acts.void(inspection, data)
    return _detail(queries.get(web.db.session(), inspection_id, user))


@blp.route("/checklists")
@blp.response(200, ChecklistOut(many=True))
def checklists() -> Any:
    """The checklists in force."""
    return lists.usable(web.db.session(), web.current_user())


@blp.route("/checklists/<checklist_id>")
@blp.response(200, ChecklistDetail)
def checklist(checklist_id: str) -> dict[str, Any]:
    """One version of a checklist with its items."""
    session = web.db.session()
    found = lists.get(session, checklist_id, web.current_user())
    return {**_columns(found), "items": lists.items(session, found)}


def _of(inspection_id: str, inspected_subject_id: str) -> tuple[Inspection, InspectedSubject]:
    session, user = web.db.session(), web.current_user()
    inspection = queries.get(session, inspection_id, user)
    subject = queries.subject_of(session, inspected_subject_id, user)
    if subject.inspection_id != inspection.id:
        raise NotFound()
    return inspection, subject


def _columns(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def _detail(inspection: Inspection) -> dict[str, Any]:
    session, user = web.db.session(), web.current_user()
    subjects, team = queries.subjects_of(session, inspection, user), queries.team_of(session, inspection.id)
    items = queries.items_of(session, [one.id for one in subjects])
    task = acts.my_task(inspection)
    return {
        **_columns(inspection),
        "conclusion": inspection.conclusion if access.reads_conclusion(user, inspection) else "",
        "team": team,
        "checks": [{**_columns(one), "items": items[one.id]} for one in subjects],
        "may_answer": access.may_answer(user, inspection, team),
        "task_id": task.id if task else None,
        "task_node": task.node_id if task else None,
    }


def init_app(_app: Flask) -> None:
    web.api.register_blueprint(blp)
