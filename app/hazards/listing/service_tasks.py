"""What the process of listed supervision calls; each finds its instance's listing and writes one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma
import sqlalchemy as sa

from app.audit import Actor
from app.clock import local
from app.engine import HumanTask, ServiceCall
from app.hazards import queries as hazards
from app.hazards.listing import operations, queries
from app.hazards.listing.models import ELEMENTS, MajorListing
from app.hazards.models import RECTIFYING, Hazard
from app.i18n import _
from app.subjects import Subject

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]


class Reported(ma.Schema):
    listing_no = ma.fields.String()
    proposed_due_on = ma.fields.String(allow_none=True)
    plan_goals = ma.fields.String()
    plan_measures = ma.fields.String()
    plan_resources = ma.fields.String()
    plan_funds_yuan = ma.fields.Integer(allow_none=True)
    plan_people = ma.fields.String()
    plan_schedule = ma.fields.String()
    plan_safety = ma.fields.String()
    media = ma.fields.String()


class Listed(ma.Schema):
    publicity_text = ma.fields.String()


class Accepted(ma.Schema):
    acceptance_result = ma.fields.String()
    accepted_new_due_on = ma.fields.String()


class State(ma.Schema):
    listing_open = ma.fields.Boolean(
        metadata={"description": "挂牌督办还没有结束，摘牌后才能销号 / listed and not delisted yet"}
    )


class StageParams(ma.Schema):
    stage = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(("planning", "approving", "accepting")),
        metadata={"description": "planning 编制方案、approving 待批准挂牌、accepting 待验收 / where it stands"},
    )


class ReopenParams(ma.Schema):
    due_on = ma.fields.String(required=True, metadata={"description": "新的治理期限 / new last day"})


class Reopened(ma.Schema):
    round = ma.fields.Integer()
    due_on = ma.fields.String()
    requirement_rows = ma.fields.List(ma.fields.Dict())


def report(call: ServiceCall) -> Result:
    """重大隐患报告建档。"""
    hazard = call.session.get_one(Hazard, str(call.data["hazard_id"]))
    found = operations.report(call.session, hazard, instance_id=call.instance_id, by=call.actor, now=call.now)
    call.history("hazards.major_reported", number=found.number, text=found.number)
    due_on = local(hazard.due_at).date().isoformat() if hazard.due_at else None
    return _reported(found.number, due_on)


def _reported(number: str, due_on: str | None) -> Result:
    """The elements of the plan are empty at first: a returned plan is amended, not written from nothing."""
    empty: Result = dict.fromkeys(ELEMENTS, "")
    return empty | {"listing_no": number, "proposed_due_on": due_on, "plan_funds_yuan": None, "media": ""}


def verify(call: ServiceCall) -> None:
    """记录复核：挂牌，或者不予挂牌。"""
    operations.verify(call.session, _listing(call), call.data, by=_who(call, "verify"), now=call.now)


def plan(call: ServiceCall) -> None:
    """记录治理方案。"""
    operations.plan(_listing(call), call.data, by=_who(call, "plan", "dept_plan"), now=call.now)


def set_stage(call: ServiceCall, stage: str) -> None:
    """报请挂牌，或者退回方案、退回验收。"""
    operations.set_stage(_listing(call), stage, now=call.now)


def list_it(engine: Engine, call: ServiceCall) -> Result:
    """挂牌，开始治理、备案和公布的期限；隐患的整改期限以治理期限为准。"""
    listing = _listing(call)
    operations.list_it(call.session, listing, call.data, by=_who(call, "approve"), now=call.now)
    call.history("hazards.listed", number=listing.number, text=listing.number)
    hazard = call.session.get_one(Hazard, listing.hazard_id)
    _govern(engine, call, hazard, listing)
    subject = call.session.get_one(Subject, hazard.subject_id)
    return {"publicity_text": publicity(listing, hazard, subject.name)}


def _govern(engine: Engine, call: ServiceCall, hazard: Hazard, listing: MajorListing) -> None:
    """A rectification that runs gets the listing's last day, one that has been ordered begins with it."""
    if listing.due_at is None or hazard.due_at is None or hazard.due_at >= listing.due_at or hazard.paused_at:
        return
    running = (HumanTask.instance_id == hazard.instance_id, HumanTask.status == "open")
    task = call.session.scalar(sa.select(HumanTask).where(*running, HumanTask.node_id.in_(RECTIFYING)))
    if task is not None:
        reason = _("挂牌督办 %(number)s 确定的治理期限", number=listing.number)
        by, where = _who(call, "approve"), call.instance_id
        engine.extend_inside(call.session, task.id, listing.due_at, reason, by=by, now=call.now, request=where)
    elif hazard.status == "ordered":
        operations.govern(call.session, hazard, listing, now=call.now)


def publicity(listing: MajorListing, hazard: Hazard, subject_name: str) -> str:
    """What the public is told: who, what, until when, by whom."""
    day = local(listing.due_at).date() if listing.due_at else None
    due = f"{day.year}年{day.month}月{day.day}日" if day else ""
    return _(
        "%(number)s　%(subject)s存在重大事故隐患：%(summary)s。现予以挂牌督办，责令于 %(due)s 前治理完毕。",
        number=listing.number,
        subject=subject_name,
        summary=hazard.summary,
        due=due,
    )


def file(call: ServiceCall) -> None:
    """记录备案。"""
    operations.file(_listing(call), call.data, now=call.now)


def publicise(call: ServiceCall) -> None:
    """记录向社会公布。"""
    operations.publicise(_listing(call), call.data, now=call.now)


def progress(call: ServiceCall) -> None:
    """记录每月进度。"""
    entry = _last(call, "progress", "dept_progress")
    key = f"{call.instance_id}:{entry['at'] if entry else call.now.isoformat()}"
    by = _who(call, "progress", "dept_progress")
    operations.progress(call.session, _listing(call), call.data, key=key, by=by, now=call.now)


def apply(call: ServiceCall) -> None:
    """复查合格，转现场验收。"""
    operations.apply(call.session, _listing(call), now=call.now)
    call.history("hazards.acceptance_applied")


def accept(call: ServiceCall) -> Result:
    """记录验收；不合格的退回整改。"""
    passed = operations.accept(call.session, _listing(call), call.data, by=_who(call, "accept"), now=call.now)
    new_due_on = "" if passed else str(call.data["accepted_new_due_on"])
    return {"acceptance_result": "passed" if passed else "failed", "accepted_new_due_on": new_due_on}


def delist(call: ServiceCall) -> None:
    """摘牌：隐患可以销号。"""
    listing = _listing(call)
    listing.audited_by_name = _who(call, "audit").name
    operations.delist(call.session, listing, call.data, by=_who(call, "approve_delisting"), now=call.now)
    call.history("hazards.delisted", number=listing.number, text=listing.number)


def publicise_delisting(call: ServiceCall) -> None:
    """记录摘牌的公布。"""
    operations.publicise_delisting(_listing(call), call.data, now=call.now)


def withdraw(call: ServiceCall) -> None:
    """撤销挂牌：隐患作废或者流程被撤销。"""
    listing = queries.of_instance(call.session, call.instance_id)
    if listing is not None and listing.is_open:
        reason = str(call.data.get("reason") or "")
        operations.withdraw(call.session, listing, reason, by=call.actor, now=call.now)


# -- called by the hazard's own process


def state(call: ServiceCall) -> Result:
    """挂牌督办是否还没有结束：没有摘牌的不能销号。"""
    hazard = hazards.of_instance(call.session, call.instance_id)
    listing = queries.of_hazard(call.session, hazard.id) if hazard is not None else None
    if listing is None and queries.is_asked_for(call.session, call.instance_id):
        raise LookupError("the listing has been asked for and has not begun yet")  # looked up again later
    return {"listing_open": listing is not None and listing.is_open}


def reopen(call: ServiceCall, due_on: str) -> Result:
    """验收不合格：退回整改，进入下一轮。"""
    hazard = hazards.of_instance(call.session, call.instance_id)
    if hazard is None:
        raise LookupError(f"instance {call.instance_id} has registered no hazard")
    operations.reopen(call.session, hazard, due_on, now=call.now)
    call.history("hazards.acceptance_failed", text=_("现场验收不合格"))
    return {
        "round": hazard.round,
        "due_on": due_on,
        "requirement_rows": [{"text": text} for text in hazard.requirements],
    }


def _listing(call: ServiceCall) -> MajorListing:
    found = queries.of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} has reported no listing")
    return found


def _last(call: ServiceCall, *nodes: str) -> Mapping[str, Any] | None:
    done = [entry for node, entry in (call.data.get("completed_by") or {}).items() if node in nodes]
    return max(done, key=lambda entry: str(entry.get("at"))) if done else None


def _who(call: ServiceCall, *nodes: str) -> Actor:
    last = _last(call, *nodes)
    if last is None:
        return call.actor
    return Actor(last["id"], last["name"] or "", last["org_id"], last["org_name"] or "")


def _stand_in_report(call: ServiceCall) -> Result:
    return _reported(f"GP-{local(call.now).year}-0001", None)


def _stand_in_accept(call: ServiceCall) -> Result:
    new = str(call.data.get("accepted_new_due_on") or "") if call.data["acceptance_result"] == "failed" else ""
    return {"acceptance_result": call.data["acceptance_result"], "accepted_new_due_on": new}


def _stand_in_state(call: ServiceCall) -> Result:
    return {"listing_open": (call.data.get("listing_outcome") or {}).get("acceptance") != "delisted"}


def _stand_in_reopen(call: ServiceCall, due_on: str) -> Result:
    rows = list(call.data.get("requirement_rows") or call.data.get("requirements") or [])
    return {"round": call.data["round"] + 1, "due_on": due_on, "requirement_rows": rows}


def _nothing(_call: ServiceCall, **_params: Any) -> None:
    """A stand-in for what only writes a record."""


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("hazards.report_major", result=Reported, stand_in=_stand_in_report)(report)
    add("hazards.verify_major", stand_in=_nothing)(verify)
    add("hazards.plan_major", stand_in=_nothing)(plan)
    add("hazards.listing_stage", params=StageParams, stand_in=_nothing)(set_stage)
    add("hazards.list_major", result=Listed, stand_in=lambda _call: {"publicity_text": ""})(
        lambda call: list_it(engine, call)
    )
    add("hazards.file_major", stand_in=_nothing)(file)
    add("hazards.publicise_major", stand_in=_nothing)(publicise)
    add("hazards.report_progress", stand_in=_nothing)(progress)
    add("hazards.apply_acceptance", stand_in=_nothing)(apply)
    # Sent back past an acceptance that failed it would count twice.
    add("hazards.accept_major", result=Accepted, stand_in=_stand_in_accept, repeatable=False)(accept)
    add("hazards.delist_major", stand_in=_nothing)(delist)
    add("hazards.publicise_delisting", stand_in=_nothing)(publicise_delisting)
    add("hazards.withdraw_listing", stand_in=_nothing)(withdraw)
    add("hazards.listing_state", result=State, stand_in=_stand_in_state)(state)
    add("hazards.reopen", params=ReopenParams, result=Reopened, stand_in=_stand_in_reopen, repeatable=False)(reopen)
