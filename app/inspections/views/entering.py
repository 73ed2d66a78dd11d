"""Planning an inspection: what, when, whom, by whom; by lot the system draws when the plan is sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as BaseResponse

from app import web
from app.accounts import people_options, sector_options, town_options
from app.clock import local
from app.errors import Invalid
from app.i18n import _, lazy_
from app.inspections import access, acts, queries
from app.inspections.checklists import queries as lists
from app.inspections.planning import choosing
from app.inspections.schemas import InspectionPlanIn
from app.inspections.views import blueprint
from app.inspections.words import MODES, PURPOSES, SELECTIONS
from app.subjects import Subject, find, match

LABELS = {
    "mode": lazy_("检查方式"), "planned_on": lazy_("计划日期"), "subject_ids": lazy_("被检对象"),
    "inspectors": lazy_("检查人员"), "checklist_id": lazy_("检查清单"), "draw_count": lazy_("数量"),
    "draw_inspectors": lazy_("抽取检查人员"), "draw_recent_days": lazy_("近期已检查的不抽"),
    "selection": lazy_("对象怎样确定"),
    "topic": lazy_("检查主题"), "names": lazy_("名单"),
}  # fmt: skip
_MANY = ("subject_ids", "inspectors")
_LOT = {"draw_count": "5", "draw_recent_days": "90", "draw_inspectors": "2"}  # until something else is entered
_OPTIONAL = ("checklist_id", "leader_id", "campaign_id", "plan_id", "request_key")


@blueprint.get("/new")
def new() -> Response:
    """The empty form; `?subject=`, `?campaign=`, `?plan=`, `?checklist=` bring along what another page knows."""
    access.require(access.may_plan(web.current_user()))
    given: dict[str, Any] = {
        "mode": "special" if request.args.get("campaign") else "routine",
        "selection": "hand",
        "planned_on": local(web.clock().now()).date().isoformat(),
        "subject_ids": request.args.getlist("subject"),
        "inspectors": [web.current_user().id],
        "campaign_id": request.args.get("campaign", ""),
        "plan_id": request.args.get("plan", ""),
        "checklist_id": request.args.get("checklist", ""),
        "sector_code": request.args.get("sector", ""),
    }
    return _page(given)


@blueprint.post("")
def create() -> BaseResponse:
    access.require(access.may_plan(web.current_user()))
    values: dict[str, Any] = {name: request.form.get(name, "") for name in (*InspectionPlanIn().fields, "names", "q")}
    values |= {name: [one for one in request.form.getlist(name) if one] for name in _MANY}
    if (already := queries.of_request(web.db.session(), values["request_key"], web.current_user())) is not None:
        return web.see_other(url_for("inspections.show", inspection_id=already.id))
    if request.values.get("_step"):  # also by address: what a changed field asks for has no button
        return _page(values | ({"selection": "draw"} if values["mode"] == "random" else {}))
    errors = _by_names(values)
    try:
        data = dict(InspectionPlanIn().load(_sent(values)))
        if errors:
            raise Invalid(errors)
        started = acts.plan(data)
    except ValidationError as wrong:
        return _page(values, {**wrong.messages_dict, **errors})
    except Invalid as wrong:
        web.refresh()
        return _page(values, wrong.errors)
    return web.see_other(url_for("inspections.show", inspection_id=started.subject_id))


def _by_names(values: dict[str, Any]) -> dict[str, list[str]]:
    """A pasted list: names or credit codes, one a line; each must mean exactly one subject."""
    if values["selection"] != "list":
        return {}
    session, user, unknown = web.db.session(), web.current_user(), []
    for line in filter(None, (line.strip() for line in values["names"].splitlines()[:200])):
        found = match(session, credit_code=line, user=user) or match(session, name=line, user=user)
        if found is None:
            unknown.append(line)
        elif found.id not in values["subject_ids"]:
            values["subject_ids"].append(found.id)
    return {"names": [_("找不到或者不止一个：%(names)s", names=_("、").join(unknown))]} if unknown else {}


def _sent(values: dict[str, Any]) -> dict[str, Any]:
    """As the schema takes it: what another way of choosing asked for is left out."""
    drawn, by_priority = values["selection"] == "draw", values["selection"] == "priority"
    sent = {
        name: value for name, value in values.items() if name in InspectionPlanIn().fields and value not in ("", None)
    }
    for name in [one for one in sent if one.startswith("draw_")]:
        if not (drawn or (by_priority and name != "draw_inspectors")):
            del sent[name]
    if drawn or by_priority:
        sent["subject_ids"] = []
    return sent


def _page(values: dict[str, Any], errors: dict[str, Any] | None = None) -> Response:
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    values = values if errors else {**values, **{name: values.get(name) or text for name, text in _LOT.items()}}
    criteria = {name: values.get(name) for name in ("draw_sector", "draw_town", "draw_mark")}
    days = str(values.get("draw_recent_days") or "0")
    criteria["draw_recent_days"] = days if days.isdigit() else "0"
    counted = values.get("selection") in ("draw", "priority")
    chosen = [session.get(Subject, one) for one in values["subject_ids"]]
    return web.render(
        "inspections/_plan.html" if web.is_partial() else "inspections/new.html",
        422 if errors else 200,
        values=values,
        errors=errors or {},
        labels=LABELS,
        words={"modes": MODES, "purposes": PURPOSES, "selections": SELECTIONS},
        chosen=[one for one in chosen if one is not None],
        offered=find(session, user, values["q"]) if values.get("q") else [],
        candidates=choosing.subject_candidates(session, criteria, user, now) if counted else None,
        people=people_options(session, user, role="inspector", org_id=user.org_id),
        others=people_options(session, user, role="inspector") if values.get("mode") == "joint" else [],
        checklists=lists.usable(session, user),
        sectors=sector_options(session),
        towns=town_options(session),
        request_key=values.get("request_key") or uuid4().hex,
    )
