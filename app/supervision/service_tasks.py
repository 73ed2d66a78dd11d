"""What diagrams may call: each finds its instance's item, writes one step and says what the process goes on with.

Every one may be repeated: it runs in the engine's transaction and looks first. The stand-ins answer for rehearsals and
scenarios, where nothing is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.accounts import Organisation
from app.audit import Actor
from app.calendars import OfficeCalendar
from app.clock import local
from app.engine import HumanTask, ServiceCall, afterwards
from app.i18n import _
from app.supervision import ladder, measures, operations, queries, requests
from app.supervision.models import SupervisionItem

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]
HANDLING = frozenset({"handle_dept", "handle_town", "handle_ent"})
DEFAULT_TERM = "office_5d"


class Opened(ma.Schema):
    """The item's own data, complete: later steps need not ask whether something was given."""

    outcome = ma.fields.String(metadata={"description": "joined 并入、opened 拟办、ready 要素齐全"})
    item_id = ma.fields.String()
    item_no = ma.fields.String()
    open_instance_id = ma.fields.String()
    asked_level = ma.fields.Integer()
    source = ma.fields.String()
    title = ma.fields.String()
    content = ma.fields.String()
    due_on = ma.fields.String(allow_none=True)
    due_on_default = ma.fields.String()
    slip_level = ma.fields.String()
    planned_org_id = ma.fields.String(allow_none=True)
    addressee_org_id = ma.fields.String(allow_none=True)
    office_org_id = ma.fields.String()
    office_region = ma.fields.String()
    issued_to = ma.fields.String(allow_none=True)


class HandedOut(ma.Schema):
    slips = ma.fields.Integer()


class Issued(ma.Schema):
    addressee_kind = ma.fields.String(metadata={"description": "department、town、enterprise"})
    issued_to = ma.fields.String()
    office_region = ma.fields.String()
    climb_on = ma.fields.Boolean()
    asked_level = ma.fields.Integer()


class Answered(ma.Schema):
    due_on = ma.fields.String()


class Reviewed(ma.Schema):
    due_on = ma.fields.String()
    review_result = ma.fields.String()


class Climbed(ma.Schema):
    climbs_interview = ma.fields.Boolean()
    climbs_circular = ma.fields.Boolean()
    climbs_leader = ma.fields.Boolean()
    hold_by = ma.fields.String()
    addressee_org_id = ma.fields.String(allow_none=True)
    addressee_kind = ma.fields.String()
    interview_reason = ma.fields.String()
    circular_title = ma.fields.String()


def open_item(call: ServiceCall) -> Result:
    """建件编号；同一事项已有在办督办件的并入，按阶梯升级。

    A rung says what is late (what the engine tells of its task), an instruction its text; a decision is `complete`.
    """
    data, level = call.data, int(call.data["asked_level"])
    already = queries.of_instance(call.session, call.instance_id)
    if already is None and (found := _same_matter(call)) is not None:
        return _join(call, found, level)
    given = _given(data)
    item = operations.open_item(call.session, given, instance_id=call.instance_id, by=_starter(call), now=call.now)
    if text := data.get("instruction"):
        measures.instruct(call.session, item, str(text), by=_starter(call), now=call.now)
    operations.ask(item, level)
    call.history("supervision.opened", number=item.number, text=item.number)
    return _opened(call, item, given, level, "ready" if data.get("complete") else "opened")


def _same_matter(call: ServiceCall) -> SupervisionItem | None:
    """What a late task is about: an item itself, or a matter that has an open one."""
    data = call.data
    if not data.get("task_id"):
        return None
    if data.get("subject_kind") == "supervision":
        return queries.held(call.session, str(data.get("subject_id")))
    return queries.open_of_matter(call.session, _matter_key(data))


def _matter_key(data: Mapping[str, Any]) -> str:
    if data.get("subject_id"):
        return f"{data.get('subject_kind')}:{data['subject_id']}"
    return f"instance:{data.get('instance_id_of_origin')}"


def _join(call: ServiceCall, item: SupervisionItem, level: int) -> Result:
    """Ask the open item for a higher rung. A matter that got more time since begins its ladder anew first."""
    due_at = operations.instant(call.data.get("due_at"))
    own = call.data.get("subject_kind") == "supervision"
    if not own and item.is_open and due_at and item.origin_due_at and due_at > item.origin_due_at:
        operations.begin_anew(call.session, item, by=call.actor, now=call.now)
        item.origin_due_at = due_at
    if item.is_open:
        operations.ask(item, level)
    call.history("supervision.joined", number=item.number, text=item.number)
    return _opened(call, item, {"due_on": None}, level, "joined")


def _given(data: Mapping[str, Any]) -> Result:
    """What a late task, a decision or an instruction says, in the words of an item."""
    late = bool(data.get("task_id"))
    org = data.get("supervising_org_id") if late else data.get("addressee_org_id")
    source = ("hazard" if data.get("subject_kind") == "hazard" else "overdue") if late else data.get("source")
    return {
        "source": source or "overdue",
        "title": data.get("title") or "",
        "content": data.get("content") or (_late_text(data) if late else ""),
        "basis": data.get("basis") or "",
        "org_id": org,
        "due_on": data.get("due_on"),
        "sector_code": data.get("sector_code"),
        "campaign_id": data.get("campaign_id"),
        "matter_kind": data.get("subject_kind") if late else data.get("matter_kind"),
        "matter_id": data.get("subject_id") if late else data.get("matter_id"),
        "matter_no": (data.get("subject_business_key") if late else data.get("matter_no")) or "",
        "matter_key": _matter_key(data) if late else None,
        "task_id": data.get("task_id"),
        "step": data.get("task_name") or "",
        "origin_instance_id": data.get("instance_id_of_origin"),
        "origin_due_at": data.get("due_at") if late else None,
        "request_key": data.get("request_key"),
    }


def _late_text(data: Mapping[str, Any]) -> str:
    due = operations.instant(data.get("due_at"))
    day = f"{local(due).year}年{local(due).month}月{local(due).day}日" if due else ""
    return _(
        "“%(step)s”应于 %(day)s 前完成，至今没有办结。请查明原因，落实责任，限期办结并反馈。",
        step=data.get("task_name") or "",
        day=day,
    )


def hand_out(call: ServiceCall) -> Result:
    """一事一单：每一项启动一个督办流程。Once this is committed, each once."""
    by = _starter(call)
    who = {"id": by.id, "name": by.name, "org_id": by.org_id, "org_name": by.org_name}
    rows = call.data["items"]
    for n, row in enumerate(rows, 1):
        told = {name: call.data.get(name) for name in ("source", "basis")} | dict(row)
        told |= {"complete": True, "asked": int(row["slip_level"])}
        key = f"supervision:{call.instance_id}:{n}"
        payload = {"process": "supervision", "data": told, "business_key": key, "actor": who}
        afterwards(call.session, "instance.start", f"start:{key}", payload, call.now)
    return {"slips": len(rows)}


def _opened(call: ServiceCall, item: SupervisionItem, given: Mapping[str, Any], level: int, outcome: str) -> Result:
    office = queries.office_of(call.session)
    default = given.get("due_on") or _on(OfficeCalendar().due(call.session, DEFAULT_TERM, call.now, str).at)
    return {
        "outcome": outcome,
        "item_id": item.id,
        "item_no": item.number,
        "open_instance_id": item.instance_id,
        "asked_level": level,
        "source": item.source,
        "title": item.title,
        "content": item.content,
        "due_on": given.get("due_on"),
        "due_on_default": default,
        "slip_level": str(min(level, ladder.SLIP)),
        "planned_org_id": item.planned_org_id,
        "addressee_org_id": item.planned_org_id if outcome == "ready" else None,
        "office_org_id": office.id,
        "office_region": queries.region_of(office),
        "issued_to": None,
    }


def issue(call: ServiceCall) -> Result:
    """下达督办单，开始计时；承办单位从此可见。"""
    item = _item(call)
    by = _who(call, "draft") if "draft" in (call.data.get("completed_by") or {}) else _starter(call)
    operations.issue(call.session, item, call.data, by=by, now=call.now)
    call.history("supervision.issued", number=item.number, text=item.level_name)
    return {
        "addressee_kind": queries.kind_of(call.session.get_one(Organisation, item.addressee_org_id or "")),
        "issued_to": item.addressee_org_id,
        "office_region": item.region_code,
        "climb_on": item.target > item.level,
        "asked_level": item.target,
    }


def decline(call: ServiceCall) -> None:
    """不予督办，记明理由。"""
    reason = str(call.data.get("decline_reason") or "")
    operations.decline(call.session, _item(call), reason, by=_who(call, "draft"), now=call.now)
    call.history("supervision.declined", text=reason)


def receive(call: ServiceCall) -> None:
    """记录签收。"""
    by = _who(call, "receive_dept", "receive_town", "receive_ent")
    operations.receive(_item(call), by=by, now=call.now)


def answer(call: ServiceCall) -> Result:
    """记录一次反馈；申请办结的转复核。"""
    item, by = _item(call), _who(call, *HANDLING)
    key = f"{call.instance_id}:{item.round}:{call.data['feedback_kind']}:{_when(call, *HANDLING)}"
    found = operations.answer(call.session, item, call.data, key=key, by=by, now=call.now)
    if found.kind == "final":
        requests.end_open(call.session, item, _("已申请办结，延期申请自动终止"), by=by, now=call.now)
    return {"due_on": _on(item.due_at or call.now)}


def review(call: ServiceCall) -> Result:
    """记录复核：办结，或者退办进入下一轮。"""
    item = _item(call)
    ended = operations.review(call.session, item, call.data, by=_who(call, "review"), now=call.now)
    call.history("supervision.ended" if ended else "supervision.sent_back", number=item.number)
    return {"due_on": _on(item.due_at or call.now), "review_result": "done" if ended else "back"}


def climb(call: ServiceCall) -> Result:
    """登记升级：每级一次，只升不降。下达之前要求的级别，下达之后才升。"""
    item = _item(call)
    rungs = operations.climb(call.session, item, by=call.actor, now=call.now) if item.issued_at and item.is_open else []
    if rungs:
        call.history("supervision.climbed", level=item.level, text=item.level_name)
    hold_by = call.now
    if ladder.INTERVIEW in rungs:
        hold_by = measures.decide_interview(call.session, item, now=call.now).hold_by
    org = call.session.get(Organisation, item.addressee_org_id) if item.addressee_org_id else None
    return {
        "climbs_interview": ladder.INTERVIEW in rungs,
        "climbs_circular": ladder.CIRCULAR in rungs,
        "climbs_leader": ladder.LEADER in rungs,
        "hold_by": local(hold_by).isoformat(),
        "addressee_org_id": item.addressee_org_id,
        "addressee_kind": queries.kind_of(org) if org else "department",
        "interview_reason": _("%(title)s，经督办仍未落实", title=item.title),
        "circular_title": _("关于%(org)s未按期落实督办事项的通报", org=org.name if org else ""),
    }


def begin_anew(call: ServiceCall) -> None:
    """事项延期获批：阶梯重新起算，已升的级别留存。What a rung of the new clock has said already is not done twice."""
    item, day = _item(call), str(call.data.get("extended_to") or "")
    known = _on(item.origin_due_at) if item.origin_due_at else ""
    if not item.is_open or not day or day <= known:
        return
    operations.begin_anew(call.session, item, by=call.actor, now=call.now)
    item.origin_due_at = OfficeCalendar().due(call.session, day, call.now, str).at
    call.history("supervision.began_anew")


def notice_interview(call: ServiceCall) -> None:
    """记录约谈通知。"""
    measures.notice(call.session, _item(call), call.data, by=_who(call, "interview_notice"), now=call.now)


def hold_interview(call: ServiceCall) -> None:
    """记录约谈谈话，开始书面反馈的期限。"""
    measures.hold(call.session, _item(call), call.data, by=_who(call, "interview_talk"), now=call.now)


def answer_interview(call: ServiceCall) -> None:
    """记录约谈后的书面反馈。"""
    by = _who(call, "answer_dept", "answer_town", "answer_ent")
    measures.answer(call.session, _item(call), call.data, by=by, now=call.now)


def circulate(call: ServiceCall) -> None:
    """记录通报。"""
    measures.circulate(call.session, _item(call), call.data, by=_who(call, "circular"), now=call.now)


def instruct(call: ServiceCall) -> None:
    """记录市领导批示。"""
    text = str(call.data["instruction"])
    measures.instruct(call.session, _item(call), text, by=_who(call, "leader_view"), now=call.now)


def withdraw(call: ServiceCall) -> None:
    """撤销督办：流程被撤销。"""
    item = queries.of_instance(call.session, call.instance_id)
    if item is None or not item.is_open:
        return  # it was about another item, or is over already
    reason = str(call.data.get("reason") or "")
    operations.withdraw(call.session, item, reason, by=call.actor, now=call.now)
    requests.end_open(call.session, item, _("督办已撤销，延期申请自动终止"), by=call.actor, now=call.now)
    call.history("supervision.withdrawn", number=item.number)


def follow_clock(call: ServiceCall) -> None:
    """办理步骤的期限变更、计时中止或恢复：督办件随之更新。"""
    task = call.session.get(HumanTask, str(call.data["task_id"]), populate_existing=True)
    item = queries.of_instance(call.session, call.instance_id)
    if task is not None and item is not None and task.node_id in HANDLING:
        operations.follow_clock(call.session, item, task, now=call.now)


# -- what they share


def _item(call: ServiceCall) -> SupervisionItem:
    known = queries.of_instance(call.session, call.instance_id)
    found = queries.held(call.session, known.id) if known is not None else None
    if found is None:
        raise LookupError(f"instance {call.instance_id} has opened no item")
    return found


def _starter(call: ServiceCall) -> Actor:
    given = call.data.get("starter") or {}
    if not given.get("id"):
        return call.actor
    return Actor(given["id"], given.get("name") or "", given.get("org_id"), given.get("org_name") or "")


def _last(call: ServiceCall, *nodes: str) -> Mapping[str, Any] | None:
    done = [entry for node, entry in (call.data.get("completed_by") or {}).items() if node in nodes]
    return max(done, key=lambda entry: str(entry.get("at"))) if done else None


def _who(call: ServiceCall, *nodes: str) -> Actor:
    """Who completed the step before; the actor of this turn may be somebody who retried it."""
    last = _last(call, *nodes)
    if last is None:
        return call.actor
    return Actor(last["id"], last["name"] or "", last["org_id"], last["org_name"] or "")


def _when(call: ServiceCall, *nodes: str) -> str:
    last = _last(call, *nodes)
    return str(last["at"]) if last else call.now.isoformat()


def _on(at: dt.datetime) -> str:
    return local(at).date().isoformat()


# -- stand-ins: the same answers without records


def _stand_in_open(call: ServiceCall) -> Result:
    """Words in the subject's id say what it is like: `joined` (an item is open already)."""
    data = call.data
    joined, complete = "joined" in str(data.get("subject_id") or ""), bool(data.get("complete"))
    given, level = _given(data), int(data["asked_level"])
    return {
        "outcome": "joined" if joined else "ready" if complete else "opened",
        "item_id": "0" * 32,
        "item_no": f"DB-{local(call.now).year}-0001",
        "open_instance_id": "another" if joined else call.instance_id,
        "asked_level": level,
        "source": given["source"],
        "title": given["title"],
        "content": given["content"],
        "due_on": given["due_on"],
        "due_on_default": given["due_on"] or _on(call.now + dt.timedelta(7)),
        "slip_level": str(min(level, ladder.SLIP)),
        "planned_org_id": given["org_id"],
        "addressee_org_id": given["org_id"] if complete else None,
        "office_org_id": "office",
        "office_region": "",
        "issued_to": None,
    }


def _stand_in_issue(call: ServiceCall) -> Result:
    org, level = str(call.data["addressee_org_id"]), int(call.data["asked_level"])
    kind = "town" if "town" in org else "enterprise" if "enterprise" in org else "department"
    return {
        "addressee_kind": kind,
        "issued_to": org,
        "office_region": "",
        "climb_on": level > ladder.SLIP,
        "asked_level": level,
    }


def _stand_in_climb(call: ServiceCall) -> Result:
    """Every rung above the slip that is asked for, as if none had been climbed."""
    asked = int(call.data.get("asked_for") or 0)
    return {
        "climbs_interview": asked >= ladder.INTERVIEW,
        "climbs_circular": asked >= ladder.CIRCULAR,
        "climbs_leader": asked >= ladder.LEADER,
        "hold_by": local(call.now + dt.timedelta(7)).isoformat(),
        "addressee_org_id": call.data.get("addressee_org_id"),
        "addressee_kind": call.data.get("addressee_kind") or "department",
        "interview_reason": "",
        "circular_title": "",
    }


def _stand_in_review(call: ServiceCall) -> Result:
    given = call.data.get("new_due_on") or call.data["due_on"]
    return {"due_on": given, "review_result": call.data["review_result"]}


def _nothing(_call: ServiceCall, **_params: Any) -> None:
    """A stand-in for what only writes a record."""


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("supervision.open", result=Opened, stand_in=_stand_in_open)(open_item)
    add("supervision.hand_out", result=HandedOut, stand_in=lambda call: {"slips": len(call.data["items"])})(hand_out)
    add("supervision.issue", result=Issued, stand_in=_stand_in_issue)(issue)
    add("supervision.decline", stand_in=_nothing)(decline)
    add("supervision.receive", stand_in=_nothing)(receive)
    add("supervision.answer", result=Answered, stand_in=lambda call: {"due_on": call.data["due_on"]})(answer)
    # Sent back past a review it would begin one more round.
    add("supervision.review", result=Reviewed, stand_in=_stand_in_review, repeatable=False)(review)
    add("supervision.climb", result=Climbed, stand_in=_stand_in_climb, repeatable=False)(climb)
    add("supervision.begin_anew", stand_in=_nothing, repeatable=False)(begin_anew)
    add("supervision.notice_interview", stand_in=_nothing)(notice_interview)
    add("supervision.hold_interview", stand_in=_nothing)(hold_interview)
    add("supervision.answer_interview", stand_in=_nothing)(answer_interview)
    add("supervision.circulate", stand_in=_nothing)(circulate)
    add("supervision.instruct", stand_in=_nothing)(instruct)
    add("supervision.withdraw", stand_in=_nothing)(withdraw)
    add("supervision.follow_clock", stand_in=_nothing)(follow_clock)
