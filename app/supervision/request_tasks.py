"""What the extension process (督办延期) calls. The stand-ins answer where nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.audit import Actor
from app.calendars import OfficeCalendar
from app.clock import local
from app.engine import HumanTask, ServiceCall
from app.i18n import _
from app.supervision import operations, queries, requests
from app.supervision.models import SupervisionItem, SupervisionRequest

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]


class Requested(ma.Schema):
    item_id = ma.fields.String()
    request_no = ma.fields.String()
    item_title = ma.fields.String()
    decider = ma.fields.String(metadata={"description": "office 安委办，leader 市领导（第二次起）"})
    office_region = ma.fields.String()
    office_org_id = ma.fields.String(allow_none=True)
    applicant_org_id = ma.fields.String(allow_none=True)


class Effect(ma.Schema):
    took_effect = ma.fields.Boolean(
        metadata={"description": "申请所指的步骤仍在办理 / the step the request is about was still to be done"}
    )
    result = ma.fields.String()


def enter(call: ServiceCall) -> Result:
    """登记督办延期申请；第一次由安委办批，再次由市领导批。"""
    task = call.session.get(HumanTask, call.data["task_id"])
    item = queries.of_instance(call.session, task.instance_id) if task is not None else None
    if task is None or item is None:
        raise LookupError("a request names the task of a supervision item")
    by = _actor(call.data.get("starter") or {}) or call.actor
    found = requests.enter(call.session, item, task, call.data, instance_id=call.instance_id, by=by, now=call.now)
    call.history("supervision.requested", number=found.number, text=found.number)
    return {
        "item_id": item.id,
        "request_no": found.number,
        "item_title": item.title,
        "decider": found.level,
        "office_region": item.region_code,
        "office_org_id": item.office_org_id,
        "applicant_org_id": item.addressee_org_id,
    }


def escalate(call: ServiceCall) -> None:
    """逾期未答复：转市领导答复。不视为同意。"""
    request, _item = _both(call)
    request.level = "leader"
    call.history("supervision.request_escalated")


def extend(engine: Engine, call: ServiceCall) -> Result:
    """批准延期：期限、提醒和阶梯重新起算，原期限留存。"""
    request, item = _both(call)
    opinion, by = str(call.data.get("opinion") or ""), _who(call)
    task = requests.still_due(call.session, request)
    if task is None:
        requests.decide(request, "moot", by=by, now=call.now, opinion=opinion)
        call.history("supervision.request_moot")
        return {"took_effect": False, "result": "moot"}
    due = OfficeCalendar().due(call.session, str(call.data["approved_due_on"]), call.now, str).at
    reason = _("督办延期 %(number)s：%(opinion)s", number=request.number, opinion=opinion)
    engine.extend_inside(call.session, task.id, due, reason, by=by, now=call.now, request=call.instance_id)
    item.extensions += 1
    operations.begin_anew(call.session, item, by=by, now=call.now)
    request.granted_due_at = item.due_at
    requests.decide(request, "granted", by=by, now=call.now, opinion=opinion)
    call.history("supervision.request_granted", text=opinion)
    return {"took_effect": True, "result": "granted"}


def refuse(call: ServiceCall) -> Result:
    """不予批准；原期限不变。"""
    request, _item = _both(call)
    opinion = str(call.data.get("opinion") or "")
    requests.decide(request, "refused", by=_who(call), now=call.now, opinion=opinion)
    call.history("supervision.request_refused", text=opinion)
    return {"took_effect": False, "result": "refused"}


def end(call: ServiceCall) -> None:
    """申请终止：所指督办件已申请办结或撤销，或者申请被撤销。"""
    request = requests.of_instance(call.session, call.instance_id)
    if request is not None and request.status == "open":
        requests.decide(request, "ended", by=call.actor, now=call.now, opinion=str(call.data.get("reason") or ""))


def _both(call: ServiceCall) -> tuple[SupervisionRequest, SupervisionItem]:
    request = requests.of_instance(call.session, call.instance_id)
    if request is None:
        raise LookupError(f"instance {call.instance_id} has entered no request")
    return request, call.session.get_one(SupervisionItem, request.item_id)


def _who(call: ServiceCall) -> Actor:
    done = [
        entry
        for node, entry in (call.data.get("completed_by") or {}).items()
        if node in ("office_approve", "leader_approve")
    ]
    return _actor(max(done, key=lambda entry: str(entry.get("at")))) or call.actor if done else call.actor


def _actor(given: Any) -> Actor | None:
    if not given.get("id"):
        return None
    return Actor(given["id"], given.get("name") or "", given.get("org_id"), given.get("org_name") or "")


def _stand_in_enter(call: ServiceCall) -> Result:
    """`second` in the subject's id: it was extended before."""
    second = "second" in str(call.data.get("subject_id") or "")
    return {
        "item_id": "0" * 32,
        "request_no": f"DB-{local(call.now).year}-0001-1",
        "item_title": str(call.data.get("title") or ""),
        "decider": "leader" if second else "office",
        "office_region": "",
        "office_org_id": "office",
        "applicant_org_id": "department",
    }


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("supervision.request", result=Requested, stand_in=_stand_in_enter)(enter)
    add("supervision.request_escalated", stand_in=lambda _call: None)(escalate)
    granted = {"took_effect": True, "result": "granted"}
    add("supervision.extend", result=Effect, stand_in=lambda _call: granted)(_bound(engine))
    refused = {"took_effect": False, "result": "refused"}
    add("supervision.refuse_request", result=Effect, stand_in=lambda _call: refused)(refuse)
    add("supervision.request_ended", stand_in=lambda _call: None)(end)


def _bound(engine: Engine) -> Any:
    def extend_deadline(call: ServiceCall) -> Result:
        return extend(engine, call)

    extend_deadline.__doc__ = extend.__doc__
    return extend_deadline
