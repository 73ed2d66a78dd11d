"""One inspection with what is known of it; the card beside a task; the draw and its proof."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, flash, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as BaseResponse

from app import files, web
from app.accounts import User, region_path
from app.errors import Conflict, NotFound
from app.i18n import _
from app.inspections import access, acts, answering, queries, task_checks
from app.inspections.models import Draw, Inspection
from app.inspections.papers import papers_of
from app.inspections.planning import drawing
from app.inspections.schemas import InspectionVoidingIn
from app.inspections.views import blueprint
from app.inspections.words import SELECTIONS
from app.subjects import Subject


@blueprint.get("/<inspection_id>")
def show(inspection_id: str) -> Response:
    return page(queries.get(web.db.session(), inspection_id, web.current_user()))


def page(
    inspection: Inspection, errors: dict[str, Any] | None = None, values: dict[str, str] | None = None
) -> Response:
    """The page; with `errors` of an act it is shown again with what was typed."""
    session, user = web.db.session(), web.current_user()
    official = access.is_official(user)
    return web.render(
        "inspections/show.html",
        422 if errors else 200,
        **facts(inspection),
        draws=queries.draws_of(session, inspection.id) if official else [],
        papers=papers_of(session, inspection, user),
        task=acts.my_task(inspection),
        may={"void": access.may_void(user, inspection)},
        selections=SELECTIONS,
        errors=errors or {},
        values=values or {},
    )


def facts(inspection: Inspection) -> dict[str, Any]:
    """What page and card show: whoever was inspected reads of the own visit only."""
    session, user = web.db.session(), web.current_user()
    subjects, team = queries.subjects_of(session, inspection, user), queries.team_of(session, inspection.id)
    items = queries.items_of(session, [one.id for one in subjects])
    official = access.is_official(user)
    return {
        "inspection": inspection,
        "official": official,
        "shows_conclusion": access.reads_conclusion(user, inspection),
        "names": queries.names_of(session, [inspection]),
        "region_name": region_path(session, inspection.region_code),
        "team": team,
        "checks": [
            {
                "subject": one,
                "items": items[one.id],
                "tally": answering.tally(items[one.id]),
                "missing": task_checks.missing(one, items[one.id]),
                "evidence": files.named(session, one.evidence),
                "photos": {item.id: files.named(session, item.photos) for item in items[one.id] if item.failed},
            }
            for one in subjects
        ],
        "may_answer": access.may_answer(user, inspection, team),
    }


def card(inspection_id: str) -> str:
    """The inspection beside a task or an instance about it; nothing for whom may not see it."""
    inspection = queries.find(web.db.session(), inspection_id, web.current_user())
    return render_template("inspections/_card.html", **facts(inspection)) if inspection else ""


@blueprint.get("/<inspection_id>/draws/<kind>")
def draw(inspection_id: str, kind: str) -> Response:
    """A draw with its candidates, made once more on the spot and compared. For officials: it names others."""
    session, user = web.db.session(), web.current_user()
    inspection = queries.get(session, inspection_id, user)
    found = session.scalar(sa.select(Draw).where(Draw.inspection_id == inspection.id, Draw.kind == kind))
    if found is None or not access.is_official(user):
        raise NotFound()
    ids = {*found.candidates, *(one["id"] for one in found.excluded)}
    return web.render(
        "inspections/draw.html",
        inspection=inspection,
        draw=found,
        verdict=drawing.verify(found),
        called=_called(session, kind, ids),
    )


def _called(session: Any, kind: str, ids: set[str]) -> dict[str, str]:
    model: Any = Subject if kind == "subjects" else User
    return {row.id: row.name for row in session.scalars(sa.select(model).where(model.id.in_(ids))).unique()}


@blueprint.post("/<inspection_id>/voiding")
def void(inspection_id: str) -> BaseResponse:
    session, user = web.db.session(), web.current_user()
    inspection = queries.get(session, inspection_id, user)
    if not inspection.undone:
        raise Conflict(_("这次检查%(status)s", status=inspection.status_name), status=inspection.status)
    access.require(access.may_void(user, inspection))
    sent = {"reason": request.form.get("reason", "")}
    try:
        acts.void(inspection, dict(InspectionVoidingIn().load(sent)))
    except ValidationError as wrong:
        return page(inspection, wrong.messages_dict, sent)
    flash(_("已作废"))
    return web.see_other(url_for("inspections.show", inspection_id=inspection.id))
