"""The process that asks one expert for the opinions on one visit; who hands in nothing is replaced."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import marshmallow as ma

from app.consultations.expert_models import Engagement
from app.consultations.models import Visit
from app.consultations.operations import choosing, links, opinions
from app.consultations.service_tasks.shared import Result, after, due, nothing, who
from app.engine import ServiceCall
from app.i18n import _
from app.subjects import Subject

if TYPE_CHECKING:
    from app.engine import Engine

RULE, PATIENCE = "expert_opinion_3d", "+2 work_days"


class AskParams(ma.Schema):
    engagement_id = ma.fields.String(required=True, metadata={"description": "聘请 / engagement"})
    visited_at = ma.fields.String(required=True, metadata={"description": "会诊时间 / time of the visit"})


class Asked(ma.Schema):
    consultation_id = ma.fields.String()
    visit_id = ma.fields.String()
    visit_no = ma.fields.String()
    subject_name = ma.fields.String()
    region_code = ma.fields.String()
    sector_code = ma.fields.String()
    supervising_org_id = ma.fields.String()
    engagement_id = ma.fields.String()
    expert_name = ma.fields.String()
    expert_user_id = ma.fields.String(allow_none=True)
    has_account = ma.fields.Boolean()
    opinions_due = ma.fields.String()
    replace_at = ma.fields.String()
    replacements = ma.fields.List(ma.fields.Dict())


class HandedIn(ma.Schema):
    opinion_count = ma.fields.Integer()


def ask(call: ServiceCall, engagement_id: str, visited_at: str) -> Result:
    """请专家提交意见：会诊后 3 个工作日。"""
    return _asked(call, call.session.get_one(Engagement, engagement_id), dt.datetime.fromisoformat(visited_at))


def _asked(call: ServiceCall, engagement: Engagement, start: dt.datetime) -> Result:
    visit = call.session.get_one(Visit, engagement.visit_id)
    terms = _terms(call, start)
    engagement.instance_id, engagement.due_at = call.instance_id, dt.datetime.fromisoformat(terms["opinions_due"])
    call.session.flush()
    return {
        "consultation_id": visit.consultation_id,
        "visit_id": visit.id,
        "visit_no": visit.number,
        "subject_name": call.session.get_one(Subject, visit.subject_id).name,
        "region_code": visit.region_code,
        "sector_code": visit.sector_code,
        "supervising_org_id": visit.supervising_org_id,
        "engagement_id": engagement.id,
        "expert_name": engagement.name,
        "expert_user_id": engagement.user_id,
        "has_account": engagement.user_id is not None,
        "replacements": choosing.replacements(call.session, visit),
        **terms,
    }


def _terms(call: ServiceCall, start: dt.datetime) -> Result:
    last = due(call, RULE, start)
    return {"opinions_due": last, "replace_at": after(call, PATIENCE, last)}


def hand_in(call: ServiceCall) -> Result:
    """登记专家提交的意见。"""
    engagement = call.session.get_one(Engagement, call.data["engagement_id"])
    by = who(call, "hand_in", "hand_in_link")
    rows = call.data.get("opinions") or []
    how = _how(call, engagement)
    found = opinions.hand_in(call.session, engagement, rows, how=how, by=by, now=call.now)
    links.handed_in(call.session, engagement, by_link=how == "link", by=by, now=call.now)
    call.history("consultations.opinions_handed_in", text=_("%(n)s 条", n=len(found)))
    return {"opinion_count": len(found)}


def _how(call: ServiceCall, engagement: Engagement) -> str:
    if engagement.user_id is not None:
        return "account"
    return "paper" if call.data.get("paper") else "link"


def replace(call: ServiceCall) -> Result:
    """更换未交意见的专家，新聘专家重新计时。"""
    engagement = call.session.get_one(Engagement, call.data["engagement_id"])
    by, reason = who(call, "replace"), str(call.data.get("replace_reason") or "")
    links.revoke_all(call.session, engagement, by=by, now=call.now)
    chosen = str(call.data["replacement"])
    found = choosing.replace(call.session, engagement, chosen, reason, by=by, now=call.now)
    call.history("consultations.expert_replaced", text=f"{engagement.name} → {found.name}")
    return _asked(call, found, call.now)


def excuse(call: ServiceCall) -> None:
    """不再等待这位专家的意见。"""
    engagement = call.session.get_one(Engagement, call.data["engagement_id"])
    by, reason = who(call, "replace"), str(call.data.get("replace_reason") or "")
    links.revoke_all(call.session, engagement, by=by, now=call.now)
    choosing.excuse(call.session, engagement, reason, by=by, now=call.now)
    call.history("consultations.expert_excused", text=engagement.name)


def cancelled(call: ServiceCall) -> None:
    """撤销时不再等待意见，链接失效。"""
    engagement = call.session.get(Engagement, str(call.data.get("engagement_id") or ""))
    if engagement is None or engagement.status != "engaged":
        return
    links.revoke_all(call.session, engagement, by=call.actor, now=call.now)
    choosing.excuse(call.session, engagement, str(call.data.get("reason") or ""), by=call.actor, now=call.now)


# -- stand-ins


def _stand_in_ask(call: ServiceCall, engagement_id: str, visited_at: str) -> Result:
    """The word `outside` in the engagement's id means an expert without an account."""
    return _stands_for(call, engagement_id, dt.datetime.fromisoformat(visited_at))


def _stands_for(call: ServiceCall, expert: str, start: dt.datetime) -> Result:
    return {
        "consultation_id": "0" * 32,
        "visit_id": "0" * 32,
        "visit_no": "HZ-2026-0001-1",
        "subject_name": "enterprise",
        "region_code": "",
        "sector_code": "INDUSTRY",
        "supervising_org_id": "department",
        "engagement_id": expert,
        "expert_name": expert,
        "expert_user_id": None if "outside" in expert else expert,
        "has_account": "outside" not in expert,
        "replacements": [{"value": f"expert_{n}", "label": f"专家 {n}"} for n in (2, 3)],
        **_terms(call, start),
    }


def _stand_in_replace(call: ServiceCall) -> Result:
    return _stands_for(call, str(call.data["replacement"]), call.now)


def _stand_in_hand_in(call: ServiceCall) -> Result:
    return {"opinion_count": len(call.data.get("opinions") or [])}


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("consultations.ask_expert", params=AskParams, result=Asked, stand_in=_stand_in_ask)(ask)
    add("consultations.hand_in", result=HandedIn, stand_in=_stand_in_hand_in)(hand_in)
    # Whoever was replaced does not come back.
    add("consultations.replace_expert", result=Asked, stand_in=_stand_in_replace, repeatable=False)(replace)
    add("consultations.excuse_expert", stand_in=nothing)(excuse)
    add("consultations.opinion_cancelled", stand_in=nothing)(cancelled)
