"""The process of one visit: announced, diagnosed, opinions turned into hazards, followed up."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.clock import local
from app.consultations import queries, scoring
from app.consultations.models import Consultation, Visit
from app.consultations.operations import opinions, visits
from app.consultations.service_tasks.shared import Result, VoidParams, due, nothing, who
from app.engine import ServiceCall
from app.subjects import Subject

if TYPE_CHECKING:
    from app.engine import Engine

RECORD = "visit_record_1d"
Scores = list[dict[str, Any]]


class VisitParams(ma.Schema):
    visit_id = ma.fields.String(required=True, metadata={"description": "会诊对象 / visit"})


class Opened(ma.Schema):
    """What the visit is about, complete: later steps need not ask whether something was given."""

    visit_no = ma.fields.String()
    consultation_id = ma.fields.String()
    consultation_no = ma.fields.String()
    topic = ma.fields.String()
    subject_id = ma.fields.String()
    subject_name = ma.fields.String()
    region_code = ma.fields.String()
    sector_code = ma.fields.String()
    supervising_org_id = ma.fields.String()
    town_org_id = ma.fields.String(allow_none=True)
    responsible_org_id = ma.fields.String(allow_none=True)
    has_account = ma.fields.Boolean()
    expert_names = ma.fields.String()
    visit_at_default = ma.fields.String()
    score_rows = ma.fields.List(ma.fields.Dict())


class Announced(ma.Schema):
    record_due = ma.fields.String()


class Diagnosed(ma.Schema):
    engagements = ma.fields.List(ma.fields.Dict())
    score_before = ma.fields.Float()


class Gathered(ma.Schema):
    opinion_rows = ma.fields.List(ma.fields.Dict())
    opinion_options = ma.fields.List(ma.fields.Dict())


class ConvertParams(ma.Schema):
    majors = ma.fields.Boolean(
        load_default=False, metadata={"description": "重大是否经负责人确认 / majors confirmed by the head"}
    )


class Converted(ma.Schema):
    accepted = ma.fields.List(ma.fields.Dict())
    after_rows = ma.fields.List(ma.fields.Dict())


class Followed(ma.Schema):
    score_after = ma.fields.Float()


def begin(call: ServiceCall, visit_id: str) -> Result:
    """开始一家企业的会诊。"""
    visit = call.session.get_one(Visit, visit_id)
    visits.begin(visit, call.instance_id, now=call.now)
    consultation = call.session.get_one(Consultation, visit.consultation_id)
    people = queries.taking_part(call.session, visit.id)
    return {
        "visit_no": visit.number,
        "consultation_id": consultation.id,
        "consultation_no": consultation.number,
        "topic": consultation.topic,
        "subject_id": visit.subject_id,
        "subject_name": call.session.get_one(Subject, visit.subject_id).name,
        "region_code": visit.region_code,
        "sector_code": visit.sector_code,
        "supervising_org_id": visit.supervising_org_id,
        "town_org_id": visit.town_org_id,
        "responsible_org_id": visit.responsible_org_id,
        "has_account": visit.responsible_org_id is not None,
        "expert_names": "、".join(one.name for one in people),
        "visit_at_default": _morning(consultation.planned_on),
        "score_rows": scoring.blank_rows(),
    }


def _morning(day: dt.date) -> str:
    return f"{day.isoformat()}T09:00:00+08:00"


def announce(call: ServiceCall) -> Result:
    """记录会诊通知；记录的时限自会诊之时起算。"""
    visits.announce(call.session, _visit(call), call.data, by=who(call, "notify"), now=call.now)
    return _record_due(call)


def _record_due(call: ServiceCall) -> Result:
    return {"record_due": due(call, RECORD, dt.datetime.fromisoformat(call.data["visit_at"]))}


def acknowledge(call: ServiceCall) -> None:
    """记录企业已知悉。"""
    visits.acknowledge(_visit(call), call.data, now=call.now)


def diagnose(call: ServiceCall) -> Result:
    """记录现场诊断打分。"""
    visit = _visit(call)
    visits.diagnose(call.session, visit, call.data, by=who(call, "diagnose"), now=call.now)
    people = queries.taking_part(call.session, visit.id)
    asked = [{"engagement_id": one.id, "visited_at": call.data["visited_at"]} for one in people]
    return {"engagements": asked, "score_before": visit.score_before}


def gather(call: ServiceCall) -> Result:
    """汇总专家意见。"""
    visit = _visit(call)
    opinions.all_in(visit, now=call.now)
    rows = opinions.conversion_rows(call.session, visit)
    return {"opinion_rows": rows, "opinion_options": _options(rows)}


def _options(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"value": row["opinion"], "label": f"{row['opinion']}　{row['summary']}"} for row in rows]


def convert(call: ServiceCall, majors: bool = False) -> Result:
    """监管部门正式转化：采纳的逐条转为隐患。"""
    visit = _visit(call)
    rows = call.data.get("conversions") or []
    by = who(call, "convert")
    accepted = opinions.convert(call.session, visit, rows, majors=majors, by=by, now=call.now)
    call.history("consultations.converted", text=str(len(accepted)))
    return {"accepted": accepted, "after_rows": visits.after_rows(call.session, visit)}


def follow_up(call: ServiceCall) -> Result:
    """记录复诊打分，前后对比。"""
    visit = _visit(call)
    visits.follow_up(call.session, visit, call.data, by=who(call, "follow_up"), now=call.now)
    return {"score_after": visit.score_after}


def void(call: ServiceCall, reason: str = "") -> None:
    """撤销一家企业的会诊。"""
    found = queries.visit_of_instance(call.session, call.instance_id)
    if found is None or found.status in ("done", "voided"):
        return
    visits.void(call.session, found, reason or str(call.data.get("reason") or ""), by=call.actor, now=call.now)


def _visit(call: ServiceCall) -> Visit:
    found = queries.visit_of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} is no visit's")
    return found


# -- stand-ins


def _stand_in_begin(call: ServiceCall, visit_id: str) -> Result:
    """Words in the visit's id say what it is like: `no_account`, `nothing_found`."""
    year = local(call.now).year
    return {
        "visit_no": f"HZ-{year}-0001-1",
        "consultation_id": "0" * 32,
        "consultation_no": f"HZ-{year}-0001",
        "topic": "粉尘防爆",
        "subject_id": visit_id,
        "subject_name": visit_id,
        "region_code": "",
        "sector_code": "INDUSTRY",
        "supervising_org_id": "department",
        "town_org_id": "town",
        "responsible_org_id": None if "no_account" in visit_id else "enterprise",
        "has_account": "no_account" not in visit_id,
        "expert_names": "专家 1",
        "visit_at_default": _morning(local(call.now).date()),
        "score_rows": scoring.blank_rows(),
    }


def _stand_in_diagnose(call: ServiceCall) -> Result:
    asked = [{"engagement_id": "expert_1", "visited_at": call.data["visited_at"]}]
    return {"engagements": asked, "score_before": _total(call.data["scores"])}


def _stand_in_gather(call: ServiceCall) -> Result:
    row = {"opinion": f"{call.data['visit_no']}-01", "expert": "专家 1", "finding": "除尘器未泄爆", "severity": "major"}
    row |= {"summary": "除尘器未泄爆", "grade": "major"}
    rows = [{**row, "decision": None, "merged_into": None, "reason": ""}]
    rows = [] if "nothing_found" in call.data["subject_id"] else rows
    return {"opinion_rows": rows, "opinion_options": _options(rows)}


def _stand_in_convert(call: ServiceCall, majors: bool = False) -> Result:
    taken = [row for row in call.data.get("conversions") or [] if row["decision"] == "accept"]
    accepted = [
        {
            "subject_id": call.data["subject_id"],
            "summary": row["summary"],
            "source": "consultation",
            "grade_suggestion": row["grade"] if majors else "general",
            "external_no": row["opinion"],
        }
        for row in taken
    ]
    before = {row["dimension"]: row["score"] for row in call.data["scores"]}
    after = [{**row, "before": before[row["dimension"]]} for row in scoring.blank_rows()]
    return {"accepted": accepted, "after_rows": after}


def _stand_in_follow_up(call: ServiceCall) -> Result:
    return {"score_after": _total(call.data["after_scores"])}


def _total(rows: Scores) -> float:
    return scoring.total(rows)


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("consultations.begin_visit", params=VisitParams, result=Opened, stand_in=_stand_in_begin)(begin)
    add("consultations.announce", result=Announced, stand_in=_record_due)(announce)
    add("consultations.acknowledge", stand_in=nothing)(acknowledge)
    # Experts have begun on it.
    add("consultations.diagnose", result=Diagnosed, stand_in=_stand_in_diagnose, repeatable=False)(diagnose)
    add("consultations.gather", result=Gathered, stand_in=_stand_in_gather)(gather)
    # Hazards have been made of it.
    add("consultations.convert", params=ConvertParams, result=Converted, stand_in=_stand_in_convert, repeatable=False)(
        convert
    )
    add("consultations.void_visit", params=VoidParams, stand_in=nothing)(void)
    add("consultations.follow_up", result=Followed, stand_in=_stand_in_follow_up)(follow_up)
