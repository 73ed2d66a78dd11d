"""What the request process (整改申请) calls: its service tasks and the checks of its steps.

The stand-ins answer for rehearsals and scenarios, where nothing is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.audit import Actor
from app.calendars import OfficeCalendar, day_text
from app.clock import local
from app.engine import HumanTask, ServiceCall, TaskCheck
from app.hazards import queries, requests
from app.hazards.models import RECTIFYING, Hazard
from app.hazards.request_models import KINDS, HazardRequest
from app.i18n import _
from app.subjects import Subject

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]
Errors = dict[str, list[str]]
APPROVALS = ("dept_approve", "office_approve", "leader_approve")
SUPERIOR = {"department": "office", "office": "leader", "leader": "leader"}
LONG_TERM = "P1Y"


class Requested(ma.Schema):
    """What the request is about, complete: later steps need not ask whether something was given."""

    hazard_id = ma.fields.String()
    hazard_no = ma.fields.String()
    request_no = ma.fields.String()
    subject_name = ma.fields.String()
    summary = ma.fields.String()
    grade = ma.fields.String()
    extensions = ma.fields.Integer()
    due_on = ma.fields.String(allow_none=True)
    new_due_on = ma.fields.String(allow_none=True)
    interim_measures = ma.fields.String()
    explanation = ma.fields.String()
    region_code = ma.fields.String()
    sector_code = ma.fields.String()
    supervising_org_id = ma.fields.String(allow_none=True)
    responsible_org_id = ma.fields.String(allow_none=True)
    town_org_id = ma.fields.String(allow_none=True)
    reviewed_by = ma.fields.String()


def _rule(zh: str, en: str, **options: Any) -> ma.fields.String:
    """A parameter that names a limit of app/calendars/rules.toml."""
    return ma.fields.String(metadata={"description": f"{zh}（期限规则） / rule: {en}"}, **options)


class TermParams(ma.Schema):
    ask_before = _rule("应在期满前多久申请，空为期满前", "how long before the last day", load_default="")
    review_within = _rule("初审期限", "limit of the review", required=True)
    reply_within = _rule("答复期限", "limit of the answer", required=True)
    department_extensions = ma.fields.Integer(
        load_default=1, metadata={"description": "部门可批延期次数 / extensions that a department may grant"}
    )


class Terms(ma.Schema):
    late = ma.fields.Boolean()
    explained = ma.fields.Boolean()
    level = ma.fields.String()
    review_due = ma.fields.String()
    reply_due = ma.fields.String()


class EscalationParams(ma.Schema):
    reply_within = _rule("答复期限", "limit of the answer", required=True)


class Escalated(ma.Schema):
    level = ma.fields.String()
    reply_due = ma.fields.String()


class Effect(ma.Schema):
    took_effect = ma.fields.Boolean(
        metadata={"description": "申请所指的步骤仍在办理 / the step the request is about was still to be done"}
    )
    result = ma.fields.String()


def enter(call: ServiceCall) -> Result:
    """登记整改申请。All is read from the instance's data: the form, and what the step's task handed over."""
    task = call.session.get(HumanTask, call.data["task_id"])
    hazard = queries.of_instance(call.session, task.instance_id) if task is not None else None
    if task is None or hazard is None:
        raise LookupError("a request names the task of a hazard")
    by = _starter(call)
    request = requests.enter(call.session, hazard, task, call.data, instance_id=call.instance_id, by=by, now=call.now)
    call.history("hazards.requested", number=request.number, text=str(KINDS[request.kind]))
    subject = call.session.get_one(Subject, hazard.subject_id)
    return {
        "hazard_id": hazard.id,
        "hazard_no": hazard.number,
        "request_no": request.number,
        "subject_name": subject.name,
        "summary": hazard.summary,
        "grade": hazard.grade or "general",
        "extensions": hazard.extensions,
        "due_on": local(hazard.due_at).date().isoformat() if hazard.due_at else None,
        "region_code": hazard.region_code,
        "sector_code": hazard.sector_code,
        "supervising_org_id": hazard.supervising_org_id,
        "responsible_org_id": hazard.responsible_org_id,
        "town_org_id": hazard.town_org_id,
        "reviewed_by": _reviewer(hazard, by),
        **_given(call.data),
    }


def _given(data: Mapping[str, Any]) -> Result:
    return {
        "new_due_on": data.get("new_due_on"),
        "interim_measures": data.get("interim_measures") or "",
        "explanation": data.get("explanation") or "",
    }


def _reviewer(hazard: Hazard, by: Actor) -> str:
    """Whoever handles the case looks at it first, unless it is they who ask (on behalf of an enterprise)."""
    town = hazard.town_org_id is not None and by.org_id != hazard.town_org_id
    return "town" if town and (hazard.handled_by == "town" or by.org_id == hazard.supervising_org_id) else "officer"


def set_terms(call: ServiceCall, **rules: Any) -> Result:
    """按规则算出申请是否逾期、由谁答复、何时答复。"""
    request, hazard = _both(call)
    found = requests.terms(call.session, hazard, request.kind, rules, call.now)
    request.late, request.level, request.reply_due_at = found.late, found.level, found.reply_due_at
    return {
        "late": found.late,
        "explained": bool(request.explanation.strip()),
        "level": found.level,
        "review_due": local(found.review_due_at).isoformat(),
        "reply_due": local(found.reply_due_at).isoformat(),
    }


def escalate(call: ServiceCall, reply_within: str) -> Result:
    """逾期未答复：转上级答复。不视为同意。"""
    request, _hazard = _both(call)
    request.level = SUPERIOR[str(call.data["level"])]
    request.escalations += 1
    due = OfficeCalendar().due(call.session, reply_within, call.now, str).at
    call.history("hazards.request_escalated", level_of=request.level)
    return {"level": request.level, "reply_due": local(due).isoformat()}


def refuse(call: ServiceCall) -> Result:
    """不予批准；原期限不变。"""
    request, _hazard = _both(call)
    opinion = str(call.data.get("opinion") or "")
    if call.data.get("decision") != "refuse":
        opinion = _("已过申请期限，没有提交情况说明，不予受理")
    requests.decide(request, "refused", by=_who(call), now=call.now, opinion=opinion)
    call.history("hazards.request_refused", text=opinion)
    return {"took_effect": False, "result": "refused"}


def _granted(call: ServiceCall) -> tuple[HazardRequest, Hazard, HumanTask | None]:
    """The request with what it is about; without a task where nothing is left to change, which is put on record."""
    request, hazard = _both(call)
    task = requests.still_due(call.session, request)
    if task is None:
        opinion = str(call.data.get("opinion") or "")
        requests.decide(request, "moot", by=_who(call), now=call.now, opinion=opinion)
        call.history("hazards.request_moot", text=_("申请所指的步骤已办结或已撤销，未作变更"))
    return request, hazard, task


def _done(call: ServiceCall, request: HazardRequest, outcome: str) -> Result:
    opinion = str(call.data.get("opinion") or "")
    requests.decide(request, "granted", by=_who(call), now=call.now, opinion=opinion, outcome=outcome)
    call.history("hazards.request_granted", outcome=outcome, text=request.outcome_name)
    return {"took_effect": True, "result": outcome}


_MOOT: Result = {"took_effect": False, "result": "moot"}


def extend_deadline(engine: Engine, call: ServiceCall) -> Result:
    """批准延期：整改步骤的期限、提醒和阶梯重新起算，原期限留存。"""
    request, hazard, task = _granted(call)
    if task is None:
        return _MOOT
    by = _who(call)
    due = OfficeCalendar().due(call.session, str(call.data["approved_due_on"]), call.now, str).at
    opinion = _opinion(call)
    reason = _("%(kind)s %(number)s：%(opinion)s", kind=request.kind_name, number=request.number, opinion=opinion)
    before, where = hazard.due_at, call.instance_id
    engine.extend_inside(call.session, task.id, due, reason, by=by, now=call.now, request=where)
    requests.extended(call.session, hazard, before, by=by, now=call.now)
    request.granted_due_at = hazard.due_at
    return _done(call, request, "long_term" if request.kind == "infeasible" else "extended")


def uphold(call: ServiceCall) -> Result:
    """异议成立：撤销隐患，留痕。"""
    request, hazard = _both(call)
    if not hazard.is_open:
        _granted_nothing(call, request)
        return _MOOT
    result = _done(call, request, "revoked")
    requests.revoke(call.session, hazard, request, by=_who(call), now=call.now)
    return result


def _granted_nothing(call: ServiceCall, request: HazardRequest) -> None:
    requests.decide(request, "moot", by=_who(call), now=call.now, opinion=_opinion(call))
    call.history("hazards.request_moot", text=_("申请所指的隐患已销号或已作废，未作变更"))


def stop_clock(engine: Engine, call: ServiceCall) -> Result:
    """停产停用：整改计时中止，由承办人恢复。"""
    request, _hazard, task = _granted(call)
    if task is None:
        return _MOOT
    by = _who(call)
    reason = _("停产停用（%(number)s）：%(opinion)s", number=request.number, opinion=_opinion(call))
    engine.pause_inside(call.session, task.id, reason, by=by)
    return _done(call, request, "shutdown")


def hand_over(call: ServiceCall) -> Result:
    """移送：交安委办督办交办。"""
    request, hazard, task = _granted(call)
    if task is None:
        return _MOOT
    title = str(call.data.get("title") or hazard.summary)
    requests.hand_over(call.session, hazard, request, title, by=_who(call), now=call.now)
    return _done(call, request, "transfer")


def end(call: ServiceCall) -> None:
    """申请终止：所指隐患已提交整改、销号或作废，或者申请被撤销。"""
    request = requests.of_instance(call.session, call.instance_id)
    if request is not None and request.status == "open":
        requests.decide(request, "ended", by=call.actor, now=call.now, opinion=str(call.data.get("reason") or ""))


def follow(call: ServiceCall) -> None:
    """整改步骤的期限变更、计时中止或恢复：隐患登记随之更新。"""
    task = call.session.get(HumanTask, str(call.data["task_id"]), populate_existing=True)
    hazard = queries.of_instance(call.session, call.instance_id)
    if task is not None and hazard is not None and RECTIFYING & {task.node_id}:
        requests.follow_clock(call.session, hazard, task, now=call.now)


# -- checks


def may_ask(check: TaskCheck) -> Errors:
    """The step is still to be done, nothing of the kind is being decided, and more time means a later day."""
    task = check.session.get(HumanTask, str(check.data.get("task_id") or ""))
    hazard = queries.of_instance(check.session, task.instance_id) if task is not None else None
    if task is None or hazard is None or task.status != "open":
        return {"_": [_("申请所指的步骤已经办结或者撤销")]}
    kind = str(check.answers.get("kind"))
    if any(requests.blocks(check.session, one) for one in requests.open_of(check.session, hazard, [kind])):
        return {"kind": [_("同类申请正在办理，答复后才能再次申请")]}
    asked = str(check.answers.get("new_due_on") or "")
    if kind == "extension" and hazard.due_at and asked <= local(hazard.due_at).date().isoformat():
        day = day_text(local(hazard.due_at).date(), local(check.now).date())
        return {"new_due_on": [_("应晚于现在的期限 %(day)s", day=day)]}
    return {}


def not_applicant(check: TaskCheck) -> Errors:
    """申请人与审查人、批准人分离."""
    starter = (check.data.get("starter") or {}).get("id")
    if check.actor.id is not None and check.actor.id == starter:
        return {"_": [_("申请人不能审查、批准自己的申请，应由他人办理")]}
    return {}


def decision(check: TaskCheck) -> Errors:
    """A new last day lies after the present one and within the longest period (long-term plans: one year)."""
    day = str(check.answers.get("approved_due_on") or "")
    if check.answers.get("decision") != "agree":
        return {}
    if check.answers.get("outcome") == "shutdown":
        return _stoppable(check)
    if not day:
        return {}
    today = local(check.now).date()
    due_on = _present_last_day(check)
    if day <= max(due_on, today.isoformat()):
        return {"approved_due_on": [_("新的期限应晚于现在的期限，也应晚于今日")]}
    latest = _latest(check, due_on)
    if day > latest.isoformat():
        return {"approved_due_on": [_("不能晚于 %(day)s", day=day_text(latest, today))]}
    return {}


def _stoppable(check: TaskCheck) -> Errors:
    """A clock that has run out, or stands already, cannot be stopped."""
    task = check.session.get(HumanTask, str(check.data.get("task_id") or ""))
    if task is None or task.status != "open" or task.due_at is None:
        return {}
    if task.paused_at is not None:
        return {"outcome": [_("整改计时已经中止")]}
    if task.due_at <= check.now:
        return {"outcome": [_("整改已超期，不能中止计时，可以转长期治理或者移送")]}
    return {}


def _present_last_day(check: TaskCheck) -> str:
    """The clock may have stood since the request was made: what counts is the last day as it is now."""
    task = check.session.get(HumanTask, str(check.data.get("task_id") or ""), populate_existing=True)
    asked = str(check.data.get("due_on") or "")
    return max(asked, local(task.due_at).date().isoformat()) if task is not None and task.due_at else asked


def _latest(check: TaskCheck, due_on: str) -> dt.date:
    """Counted from the present last day, or from today where that has passed; a long-term plan from today."""
    start, office = check.now, OfficeCalendar()
    if check.data.get("kind") == "infeasible":
        return local(office.due(check.session, LONG_TERM, start, str).at).date()
    if due_on:
        start = max(start, office.due(check.session, due_on, start, str).at)
    return local(office.due(check.session, str(check.data["longest"]), start, str).at).date()


# -- what they share


def _both(call: ServiceCall) -> tuple[HazardRequest, Hazard]:
    request = requests.of_instance(call.session, call.instance_id)
    if request is None:
        raise LookupError(f"instance {call.instance_id} has entered no request")
    return request, call.session.get_one(Hazard, request.hazard_id)


def _starter(call: ServiceCall) -> Actor:
    given = call.data.get("starter") or {}
    return Actor(given.get("id"), given.get("name") or "", given.get("org_id"), given.get("org_name") or "")


def _who(call: ServiceCall) -> Actor:
    """Who decided; the system where the rules did."""
    done = [entry for node, entry in (call.data.get("completed_by") or {}).items() if node in APPROVALS]
    if not done:
        return call.actor
    last = max(done, key=lambda entry: str(entry.get("at")))
    return Actor(last["id"], last["name"] or "", last["org_id"], last["org_name"] or "")


def _opinion(call: ServiceCall) -> str:
    return str(call.data.get("opinion") or "")


# -- stand-ins


def _stand_in_enter(call: ServiceCall) -> Result:
    """Words in the subject's id say what it is like: `major`, `second`, `town`, `over` (closed meanwhile)."""
    like = str(call.data.get("subject_id") or "")
    due_at = call.data.get("due_at")
    return {
        "hazard_id": "0" * 32,
        "hazard_no": f"YH-{local(call.now).year}-0001",
        "request_no": f"YH-{local(call.now).year}-0001-1",
        "subject_name": "示例企业",
        "summary": "示例隐患",
        "grade": "major" if "major" in like else "general",
        "extensions": 1 if "second" in like else 0,
        "due_on": str(due_at)[:10] if due_at else None,
        "region_code": str(call.data.get("region_code") or ""),
        "sector_code": str(call.data.get("sector_code") or ""),
        "supervising_org_id": "department",
        "responsible_org_id": "enterprise",
        "town_org_id": "town",
        "reviewed_by": "town" if "town" in like else "officer",
        **_given(call.data),
    }


def _stand_in_terms(call: ServiceCall, **rules: Any) -> Result:
    office, data = OfficeCalendar(), call.data
    due = office.due(call.session, str(data["due_on"]), call.now, str).at if data.get("due_on") else None
    hazard = Hazard(grade=data["grade"], extensions=data["extensions"], due_at=due)
    found = requests.terms(call.session, hazard, str(data["kind"]), rules, call.now)
    return {
        "late": found.late,
        "explained": bool(data["explanation"]),
        "level": found.level,
        "review_due": local(found.review_due_at).isoformat(),
        "reply_due": local(found.reply_due_at).isoformat(),
    }


def _stand_in_escalate(call: ServiceCall, reply_within: str) -> Result:
    due = OfficeCalendar().due(call.session, reply_within, call.now, str).at
    return {"level": SUPERIOR[str(call.data["level"])], "reply_due": local(due).isoformat()}


def _takes_effect(call: ServiceCall) -> Result:
    return _MOOT if "over" in str(call.data.get("subject_id") or "") else {"took_effect": True, "result": "granted"}


def _refuses(_call: ServiceCall) -> Result:
    return {"took_effect": False, "result": "refused"}


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("hazards.request", result=Requested, stand_in=_stand_in_enter)(enter)
    add("hazards.request_terms", params=TermParams, result=Terms, stand_in=_stand_in_terms)(set_terms)
    add("hazards.request_escalated", params=EscalationParams, result=Escalated, stand_in=_stand_in_escalate)(escalate)
    add("hazards.refuse_request", result=Effect, stand_in=_refuses)(refuse)
    add("hazards.extend_deadline", result=Effect, stand_in=_takes_effect)(lambda call: extend_deadline(engine, call))
    add("hazards.uphold_appeal", result=Effect, stand_in=_takes_effect)(uphold)
    add("hazards.stop_clock", result=Effect, stand_in=_takes_effect)(lambda call: stop_clock(engine, call))
    add("hazards.hand_over", result=Effect, stand_in=_takes_effect)(hand_over)
    add("hazards.follow_clock", stand_in=lambda _call: None)(follow)
    add("hazards.request_ended", stand_in=lambda _call: None)(end)
    checks: dict[str, Any] = {
        "hazards.request_allowed": may_ask,
        "hazards.not_applicant": not_applicant,
        "hazards.request_decision": decision,
    }
    for name, function in checks.items():
        engine.task_check(name)(function)
