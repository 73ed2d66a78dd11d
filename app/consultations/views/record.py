"""One consultation: its page, the draw, the report to be printed, and the card beside its tasks."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template

from app import web
from app.clock import local
from app.consultations import access, queries
from app.consultations.models import Consultation
from app.consultations.operations import choosing
from app.consultations.views import blueprint
from app.consultations.views.listing import mean
from app.errors import NotFound
from app.subjects import drawing_order, place_of


@blueprint.get("/<consultation_id>")
def show(consultation_id: str) -> Response:
    session, user = web.db.session(), web.current_user()
    found = queries.get(session, consultation_id, user)
    facts = _facts(found)
    instances = [found.instance_id, *(visit.instance_id for visit in facts["visits"])]
    instances += [one.instance_id for one in facts["engagements"]]
    return web.render(
        "consultations/show.html", **facts, **_sheets(facts["visits"]), tasks=permitted(instances), may=_may()
    )


def _may() -> dict[str, bool]:
    return {"see_pool": access.sees_consultations(web.current_user())}


def _facts(found: Consultation) -> dict[str, Any]:
    session = web.db.session()
    visits = queries.visits_of(session, found.id)
    return {
        "consultation": found,
        "visits": visits,
        "engagements": queries.engagements(session, consultation_id=found.id),
        "opinions": queries.opinions(session, [visit.id for visit in visits]),
        "hazards": queries.hazards_of(session, visits),
        "figures": queries.figures(session, found),
        "names": queries.names_of(
            session,
            [visit.subject_id for visit in visits],
            [found.supervising_org_id, found.organising_org_id],
        ),
        "mean": mean,
    }


def _sheets(visits: list[Any]) -> dict[str, Any]:
    """Score sheets by visit: dimension code → {before, after} lines, in their order."""
    sheets: dict[str, dict[str, dict[str, Any]]] = {visit.id: {} for visit in visits}
    for line in queries.diagnoses(web.db.session(), list(sheets)):
        sheets[line.visit_id].setdefault(line.code, {})[line.stage] = line
    return {"sheets": sheets}


def permitted(instance_ids: list[str | None]) -> list[Any]:
    """The open tasks that this person can do now."""
    engine, session, user = web.engine(), web.db.session(), web.current_user()
    tasks = queries.open_tasks(session, instance_ids)
    return [task for task in tasks if {"claim", "complete"} & engine.permitted(session, task, user.id)]


@blueprint.get("/<consultation_id>/draw")
def draw(consultation_id: str) -> Response:
    """The draw with all that is needed to repeat it: candidates frozen, seed, order, and whether they agree."""
    found = queries.get(web.db.session(), consultation_id, web.current_user())
    if found.method != "draw":
        raise NotFound()
    free = [str(row["id"]) for row in found.candidates if not row["out"]]
    chosen = {one.expert_id for one in queries.engagements(web.db.session(), consultation_id=found.id)}
    return web.render(
        "consultations/draw.html",
        consultation=found,
        names={str(row["id"]): str(row["name"]) for row in found.candidates},
        order=drawing_order(free, found.seed),
        place=lambda key: place_of(key, found.seed),
        left_out=[row for row in found.candidates if row["out"]],
        chosen=chosen,
        agrees=choosing.verified(found),
    )


@blueprint.get("/<consultation_id>/report")
def report(consultation_id: str) -> Response:
    """The report as it is printed: figures counted from the records, the department's words, scores, signatures."""
    found = queries.get(web.db.session(), consultation_id, web.current_user())
    if found.reported_at is None:
        raise NotFound()
    facts = _facts(found)
    day = local(found.reported_at).date()
    return web.render("consultations/report.html", **facts, **_sheets(facts["visits"]), day=day)


def card(consultation_id: str) -> str:
    """The consultation beside a task about it; nothing for whom may not see it."""
    found = queries.find(web.db.session(), consultation_id, web.current_user())
    return render_template("consultations/_card.html", **_facts(found)) if found else ""
