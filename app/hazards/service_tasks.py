"""What diagrams may call: each finds its instance's hazard, writes one step and says what the process goes on with.

Every one may be repeated: it runs in the engine's transaction and sets what the step decided. History tells here only
what no person's own act has told already. The stand-ins answer for rehearsals and scenarios, where nothing is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.audit import Actor
from app.clock import local
from app.engine import ServiceCall
from app.hazards import operations, queries, requests
from app.hazards.listing import operations as listings
from app.hazards.models import Hazard
from app.hazards.request_models import KINDS
from app.hazards.schemas import RegisterIn
from app.i18n import _
from app.subjects import Subject

if TYPE_CHECKING:
    from app.engine import Engine

FIRE = "FIRE"  # the sector whose re-inspection has a limit of its own
Result = dict[str, Any]


class Registered(ma.Schema):
    """The hazard's own data, complete: later steps need not ask whether something was given."""

    hazard_id = ma.fields.String()
    hazard_no = ma.fields.String()
    subject_id = ma.fields.String()
    subject_name = ma.fields.String()
    subject_category = ma.fields.String()
    summary = ma.fields.String()
    description = ma.fields.String()
    location = ma.fields.String()
    category = ma.fields.String()
    source = ma.fields.String()
    found_at = ma.fields.String()
    found_by = ma.fields.String()
    photos_before = ma.fields.List(ma.fields.String())
    photos_after = ma.fields.List(ma.fields.String())
    on_site = ma.fields.Boolean()
    on_site_measures = ma.fields.String()
    grade_suggestion = ma.fields.String()
    legal_basis = ma.fields.String()
    requirement_rows = ma.fields.List(ma.fields.Dict())
    region_code = ma.fields.String()
    sector_code = ma.fields.String()
    supervising_org_id = ma.fields.String(allow_none=True)
    town_org_id = ma.fields.String(allow_none=True)
    responsible_org_id = ma.fields.String(allow_none=True)
    has_account = ma.fields.Boolean()
    has_town = ma.fields.Boolean()
    is_fire = ma.fields.Boolean()
    imported_stage = ma.fields.String()
    grade = ma.fields.String(allow_none=True)
    due_on = ma.fields.String(allow_none=True)
    handled_by = ma.fields.String()
    mode_default = ma.fields.String()
    round = ma.fields.Integer()


class Adopted(ma.Schema):
    grade = ma.fields.String()
    requirements = ma.fields.List(ma.fields.Dict())


class Graded(ma.Schema):
    handled_by = ma.fields.String()
    due_on_default = ma.fields.String(allow_none=True)


class Submitted(ma.Schema):
    review_items = ma.fields.List(ma.fields.Dict())


class Reviewed(ma.Schema):
    review_passed = ma.fields.Boolean()
    round = ma.fields.Integer()
    due_on = ma.fields.String(allow_none=True)
    requirement_rows = ma.fields.List(ma.fields.Dict())


class Closed(ma.Schema):
    on_time = ma.fields.Boolean()


class GradeParams(ma.Schema):
    suggested_days = ma.fields.Integer(
        load_default=15, metadata={"description": "建议整改期限（天） / suggested limit in days"}
    )


class Received(ma.Schema):
    due_on = ma.fields.String(allow_none=True, metadata={"description": "整改期限 / last day"})


class VoidParams(ma.Schema):
    reason = ma.fields.String(load_default="", metadata={"description": "作废原因 / reason"})


def register(call: ServiceCall) -> Result:
    """登记隐患并取号。All is read from the instance's data (HazardIn, and what a ledger adds)."""
    data = RegisterIn().load(dict(call.data))
    hazard = operations.register(call.session, data, instance_id=call.instance_id, by=call.actor, now=call.now)
    subject = call.session.get_one(Subject, hazard.subject_id)
    call.history("hazards.registered", number=hazard.number, text=hazard.number)
    return _facts(data, hazard, subject.name, subject.category)


def _facts(data: Mapping[str, Any], hazard: Hazard, subject_name: str, subject_category: str) -> Result:
    return {
        "hazard_id": hazard.id,
        "hazard_no": hazard.number,
        "subject_name": subject_name,
        "subject_category": subject_category,
        "found_at": local(hazard.found_at).isoformat(),
        "found_by": hazard.found_by,
        "region_code": hazard.region_code,
        "sector_code": hazard.sector_code,
        "supervising_org_id": hazard.supervising_org_id,
        "town_org_id": hazard.town_org_id,
        "responsible_org_id": hazard.responsible_org_id,
        "has_account": hazard.responsible_org_id is not None,
        "has_town": hazard.town_org_id is not None,
        "is_fire": hazard.sector_code == FIRE,
        "requirement_rows": [{"text": data["requirement"]}] if data["requirement"] else [],
        "imported_stage": data["imported_stage"] if data["due_on"] else "",
        "grade": data["grade"] or None,
        "due_on": data["due_on"],
        "handled_by": "department",
        "mode_default": "on_site" if data["on_site"] else "limited",
        "round": 1,
        **{name: data[name] for name in _TAKEN},
    }


_TAKEN = (
    "subject_id", "summary", "description", "location", "category", "source", "photos_before", "photos_after",
    "on_site", "on_site_measures", "grade_suggestion", "legal_basis",
)  # fmt: skip


def adopt(call: ServiceCall) -> Result:
    """接续台账中已下达的整改要求。"""
    hazard = _hazard(call)
    data = {**call.data, "requirements": _texts(call.data.get("requirement_rows")) or [hazard.summary]}
    operations.adopt(call.session, hazard, data, by=call.actor, now=call.now)
    call.history("hazards.ordered", due_on=call.data["due_on"], round=hazard.round)
    return {"grade": hazard.grade, "requirements": [{"text": text} for text in hazard.requirements]}


def grade(call: ServiceCall, suggested_days: int = 15) -> Result:
    """记录核查定级。"""
    hazard = _hazard(call)
    handled_by = _handler(call.data)
    data = {**call.data, "handled_by": handled_by}
    operations.grade(call.session, hazard, data, by=_who(call, "grade"), now=call.now)
    return {"handled_by": handled_by, "due_on_default": _days_on(call.now, suggested_days)}


def order(call: ServiceCall) -> None:
    """记录下达的整改指令，开始计时。"""
    hazard, data = _hazard(call), {**call.data, "requirements": _texts(call.data["requirements"])}
    operations.order(call.session, hazard, data, by=_who(call, "order", "town_order"), now=call.now)


def receive(call: ServiceCall) -> Result:
    """记录签收。A listing may have set a later last day since the order."""
    hazard = _hazard(call)
    operations.receive(hazard, now=call.now)
    return {"due_on": _day(hazard.due_at) or call.data.get("due_on")}


def _day(at: dt.datetime | None) -> str | None:
    return local(at).date().isoformat() if at else None


def submit(call: ServiceCall) -> Result:
    """记录整改情况。"""
    hazard = _hazard(call)
    by = _who(call, "rectify", "proxy_rectify", "dept_rectify")
    operations.submit(call.session, hazard, call.data, by=by, now=call.now)
    # What was submitted needs no more time; that it is no hazard can still be said until the close-out.
    reason = _("整改已提交，申请自动终止")
    requests.end_open(call.session, hazard, ("extension", "infeasible"), reason, by=by, now=call.now)
    return {"review_items": _review_items(hazard.requirements)}


def submit_on_site(call: ServiceCall) -> Result:
    """记录当场整改的情况，直接转复查。"""
    hazard = _hazard(call)
    data = {**call.data, "measures": call.data.get("on_site_measures")}
    operations.submit(call.session, hazard, data, by=None, now=call.now)
    call.history("hazards.rectified_on_site", text=data["measures"])
    return {"review_items": _review_items(hazard.requirements)}


def review(call: ServiceCall) -> Result:
    """记录复查结论；不合格的进入下一轮。"""
    hazard = _hazard(call)
    data = {**call.data, "inspectors": [row["person"] for row in call.data.get("inspectors") or []]}
    by = _who(call, "review", "fire_review", "town_review")
    passed = operations.review(call.session, hazard, data, by=by, now=call.now)
    if not passed:
        listings.follow_clock(call.session, hazard, now=call.now)
    due_on = call.data.get("due_on") if passed else call.data.get("new_due_on")
    rows = [{"text": text} for text in hazard.requirements]
    return {"review_passed": passed, "round": hazard.round, "due_on": due_on, "requirement_rows": rows}


def back(call: ServiceCall) -> None:
    """退回复查：重大隐患复核未同意。"""
    operations.reopen_review(_hazard(call), now=call.now)
    call.history("hazards.returned")


def go_back(call: ServiceCall) -> None:
    """退回、撤回：登记的阶段随流程回到前面的步骤。"""
    hazard = queries.of_instance(call.session, call.instance_id)
    if hazard is not None:
        operations.go_back(call.session, hazard, str(call.data["to_node"]), now=call.now)
        requests.end_about_gone(call.session, hazard, by=call.actor, now=call.now)


def close(call: ServiceCall) -> Result:
    """销号。"""
    hazard = _hazard(call)
    by = _who(call, "close", "town_close")
    operations.close(call.session, hazard, by=by, now=call.now)
    requests.end_open(call.session, hazard, tuple(KINDS), _("隐患已销号，申请自动终止"), by=by, now=call.now)
    call.history("hazards.closed", number=hazard.number)
    return {"on_time": queries.on_time(call.session, hazard)}


def void(call: ServiceCall, reason: str = "") -> None:
    """作废：核查不属实，或者撤销流程。"""
    hazard = queries.of_instance(call.session, call.instance_id)
    if hazard is None:
        return  # cancelled before it was registered: there is nothing to void
    reason = reason or str(call.data.get("reason") or "")
    operations.void(call.session, hazard, reason, by=call.actor, now=call.now)
    listings.end_with(call.session, hazard, reason or _("隐患已作废"), by=call.actor, now=call.now)
    call.history("hazards.voided", number=hazard.number)


def correct(call: ServiceCall) -> None:
    """更正登记内容。"""
    changes, reason = call.data.get("changes") or {}, str(call.data.get("reason") or "")
    fields = operations.correct(call.session, _hazard(call), changes, reason, by=call.actor, now=call.now)
    call.history("hazards.corrected", fields=fields)


# -- stand-ins: the same answers without records


def _stand_in_register(call: ServiceCall) -> Result:
    """Words in the subject's id say what it is like: `fire`, `no_account`, `no_town`."""
    data = RegisterIn().load(dict(call.data))
    like = data["subject_id"]
    hazard = Hazard(
        id="0" * 32,
        number=f"YH-{local(call.now).year}-0001",
        found_at=call.now,
        found_by="",
        region_code=data["region_code"] or "",
        sector_code=FIRE if "fire" in like else data["sector_code"] or "",
        supervising_org_id=data["supervising_org_id"] or "department",
        responsible_org_id=None if "no_account" in like else "enterprise",
        town_org_id=None if "no_town" in like else "town",
    )
    return _facts(data, hazard, like, "")


def _stand_in_adopt(call: ServiceCall) -> Result:
    rows = call.data.get("requirement_rows") or [{"text": call.data["summary"]}]
    return {"grade": call.data.get("grade") or "general", "requirements": rows}


def _stand_in_grade(call: ServiceCall, suggested_days: int = 15) -> Result:
    return {"handled_by": _handler(call.data), "due_on_default": _days_on(call.now, suggested_days)}


def _stand_in_submit(call: ServiceCall) -> Result:
    ordered = call.data.get("requirements") if call.data["round"] == 1 else None
    rows = ordered or call.data.get("requirement_rows")
    return {"review_items": _review_items(_texts(rows) or [call.data["summary"]])}


def _stand_in_review(call: ServiceCall) -> Result:
    passed = all(item["result"] == "passed" for item in call.data["conclusions"])
    left = [{"text": item["requirement"]} for item in call.data["conclusions"] if item["result"] != "passed"]
    return {
        "review_passed": passed,
        "round": call.data["round"] + (not passed),
        "due_on": call.data.get("due_on") if passed else call.data.get("new_due_on"),
        "requirement_rows": left or list(call.data.get("requirement_rows") or []),
    }


def _nothing(_call: ServiceCall, **_params: Any) -> None:
    """A stand-in for what only writes a record."""


# -- what they share


def _hazard(call: ServiceCall) -> Hazard:
    found = queries.of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} has registered no hazard")
    return found


def _who(call: ServiceCall, *nodes: str) -> Actor:
    """Who completed the step before; the actor of this turn may be somebody who retried it."""
    done = [entry for node, entry in (call.data.get("completed_by") or {}).items() if node in nodes]
    if not done:
        return call.actor
    last = max(done, key=lambda entry: str(entry.get("at")))
    return Actor(id=last["id"], name=last["name"] or "", org_id=last["org_id"], org_name=last["org_name"] or "")


def _handler(data: Mapping[str, Any]) -> str:
    """Towns handle general hazards where there is a town; major ones are always the department's."""
    town = data.get("handled_by") == "town" and data.get("grade") == "general" and data.get("town_org_id")
    return "town" if town else "department"


def _texts(rows: Any) -> list[str]:
    return [row["text"] if isinstance(row, Mapping) else str(row) for row in rows or []]


def _review_items(requirements: list[str]) -> list[Result]:
    return [{"requirement": text, "result": None, "note": ""} for text in requirements]


def _days_on(now: dt.datetime, days: int) -> str:
    return (local(now).date() + dt.timedelta(days)).isoformat()


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("hazards.register", result=Registered, stand_in=_stand_in_register)(register)
    add("hazards.adopt", result=Adopted, stand_in=_stand_in_adopt)(adopt)
    add("hazards.grade", params=GradeParams, result=Graded, stand_in=_stand_in_grade)(grade)
    add("hazards.order", stand_in=_nothing)(order)
    add("hazards.receive", result=Received, stand_in=lambda call: {"due_on": call.data.get("due_on")})(receive)
    add("hazards.submit", result=Submitted, stand_in=_stand_in_submit)(submit)
    add("hazards.submit_on_site", result=Submitted, stand_in=_stand_in_submit)(submit_on_site)
    # Sent back past a failed re-inspection it would begin one more round.
    add("hazards.review", result=Reviewed, stand_in=_stand_in_review, repeatable=False)(review)
    add("hazards.return", stand_in=_nothing)(back)
    add("hazards.close", result=Closed, stand_in=lambda _call: {"on_time": True})(close)
    add("hazards.void", params=VoidParams, stand_in=_nothing)(void)
    add("hazards.correct", stand_in=_nothing)(correct)
    add("hazards.go_back", stand_in=_nothing)(go_back)
