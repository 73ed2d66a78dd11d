"""Verbs on an inspection that page and API share: planning and voiding commit in the engine, answers in the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import forms, web
from app.engine import HumanTask, Started
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inspections import access, answering, queries
from app.inspections.models import InspectedSubject, Inspection
from app.inspections.planning import choosing, operations

PROCESS = "inspection"


def plan(data: Mapping[str, Any]) -> Started:
    """Start the process with what InspectionPlanIn gave; its first service task enters the plan, and draws by lot.

    What would fail there is said beforehand.
    """
    user, session, now = web.current_user(), web.db.session(), web.clock().now()
    access.require(access.may_plan(user))
    of_campaign(data)
    operations.checklist_of(session, data)
    chosen = operations.choose(session, data, user, now)
    if data["selection"] == "draw":
        _enough(data)
    elif who := choosing.conflicted(session, data["inspectors"], chosen):
        names = _("、").join(one.name for one in who)
        raise Invalid({"inspectors": [_("%(names)s应当回避，不能检查这些对象", names=names)]})
    if data["mode"] != "online" and data["selection"] != "draw" and len(set(data["inspectors"])) < 2:
        raise Invalid({"inspectors": [_("检查人员不得少于 2 人")]})
    web.refresh()
    said = {name: value for name, value in data.items() if value is not None}
    said["planned_on"] = data["planned_on"].isoformat()
    started = web.engine().start(PROCESS, said, by=web.actor(), as_form=False)
    web.refresh()
    return started


def of_campaign(data: Mapping[str, Any]) -> None:
    """Invalid where a campaign or plan is named that this person does not see."""
    named = {"campaign_id": ("campaign", data["campaign_id"]), "plan_id": ("sector_plan", data["plan_id"])}
    if errors := forms.not_theirs(web.db.session(), web.current_user(), named):
        raise Invalid(errors)


def _enough(data: Mapping[str, Any]) -> None:
    """Whether the draw can be made; people who must avoid what is drawn may still be missing then."""
    user, session, now = web.current_user(), web.db.session(), web.clock().now()
    subjects = len(choosing.subject_candidates(session, data, user, now).ids)
    people = len(choosing.inspector_candidates(session, user.org_id, ()).ids)
    errors = {}
    if subjects < data["draw_count"]:
        errors["draw_count"] = [_("符合条件的只有 %(n)s 个，不够抽取", n=subjects)]
    if people < data["draw_inspectors"]:
        errors["draw_inspectors"] = [_("符合条件的只有 %(n)s 个，不够抽取", n=people)]
    if errors:
        raise Invalid(errors)


def void(inspection: Inspection, data: Mapping[str, Any]) -> None:
    web.engine().cancel(inspection.instance_id, data["reason"], by=web.actor())
    web.refresh()


def answerable(inspection: Inspection) -> None:
    """Raises Forbidden for whoever is not of the team; Conflict once the record is closed."""
    team = queries.team_of(web.db.session(), inspection.id)
    access.require(any(one.user_id == web.current_user().id for one in team))
    if not inspection.undone:
        raise Conflict(_("这次检查%(status)s，不能再填写", status=inspection.status_name), status=inspection.status)


def hold(inspection_id: str) -> None:
    """Until this transaction ends the inspection is not recorded. Raises as `answerable` if it was meanwhile."""
    answerable(queries.held(web.db.session(), inspection_id))


def answer(subject: InspectedSubject, answers: list[Any], site: Any = None) -> dict[str, Any]:
    """Take answers of one subject; how far it has come. Runs in the request's transaction."""
    hold(subject.inspection_id)
    session, by, now = web.db.session(), web.actor(), web.clock().now()
    said = answering.save(session, subject, answers, by=by, now=now)
    about = answering.save_site(session, subject, site, by=by, now=now) if site is not None else None
    tally = answering.tally(queries.items_of(session, [subject.id])[subject.id])
    return {"answers": said, "site": about, **tally}


def my_task(inspection: Inspection) -> HumanTask | None:
    """The step that this person can do now."""
    engine, session, user = web.engine(), web.db.session(), web.current_user()
    tasks = queries.open_tasks(session, [inspection.instance_id]).get(inspection.instance_id, [])
    return next((one for one in tasks if {"claim", "complete"} & engine.permitted(session, one, user.id)), None)
