"""The process of a whole consultation: topic, experts, report, evaluation and fee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.clock import local
from app.consultations import queries
from app.consultations.models import METHODS, Consultation
from app.consultations.operations import choosing
from app.consultations.operations import consultations as operations
from app.consultations.service_tasks.shared import Result, VoidParams, nothing, who
from app.engine import ServiceCall

if TYPE_CHECKING:
    from app.engine import Engine


class Registered(ma.Schema):
    consultation_id = ma.fields.String()
    consultation_no = ma.fields.String()
    region_code = ma.fields.String(allow_none=True)
    sector_code = ma.fields.String()
    supervising_org_id = ma.fields.String()
    enterprise_names = ma.fields.String()
    candidates = ma.fields.List(ma.fields.Dict())


class Chosen(ma.Schema):
    expert_names = ma.fields.String()
    visits = ma.fields.List(ma.fields.Dict())


class Visited(ma.Schema):
    figures = ma.fields.Dict()


class Reported(ma.Schema):
    fee_rows = ma.fields.List(ma.fields.Dict())


class Evaluated(ma.Schema):
    fee_yuan = ma.fields.Integer()


def register(call: ServiceCall) -> Result:
    """登记会诊并取号。"""
    by = call.actor
    found = operations.register(call.session, call.data, instance_id=call.instance_id, by=by, now=call.now)
    visits = queries.visits_of(call.session, found.id)
    subjects = choosing.subjects_of(call.session, visits)
    names = {subject.id: subject.name for subject in subjects}
    call.history("consultations.registered", number=found.number, text=found.number)
    return {
        "consultation_id": found.id,
        "consultation_no": found.number,
        "region_code": found.region_code,
        "sector_code": found.sector_code,
        "supervising_org_id": found.supervising_org_id,
        "enterprise_names": "、".join(names[visit.subject_id] for visit in visits),
        "candidates": choosing.options(call.session, found.sector_code, subjects),
    }


def engage(call: ServiceCall) -> Result:
    """聘请专家：抽取或选定，再次核对回避。"""
    found = _consultation(call)
    rows = choosing.engage(
        call.session,
        found,
        method=str(call.data.get("method") or "pick"),
        count=int(call.data.get("draw_count") or 0),
        picked=list(call.data.get("picked") or []),
        by=who(call, "choose"),
        now=call.now,
    )
    names = "、".join(dict.fromkeys(row.name for row in rows))
    call.history("consultations.experts_chosen", text=f"{METHODS[found.method]}：{names}")
    visits = queries.visits_of(call.session, found.id)
    return {"expert_names": names, "visits": [{"visit_id": visit.id, "visit_no": visit.number} for visit in visits]}


def visits_over(call: ServiceCall) -> Result:
    """各企业会诊、复诊均已完成，汇总数字。"""
    found = _consultation(call)
    operations.visits_over(found, now=call.now)
    return {"figures": queries.figures(call.session, found)}


def report(call: ServiceCall) -> Result:
    """记录会诊报告。"""
    found = _consultation(call)
    operations.report(call.session, found, call.data, by=who(call, "report"), now=call.now)
    return {"fee_rows": operations.fee_rows(call.session, found)}


def evaluate(call: ServiceCall) -> Result:
    """记录专家评价和拟付费用。"""
    rows = call.data.get("evaluations") or []
    fee = operations.evaluate(call.session, _consultation(call), rows, by=who(call, "evaluate"), now=call.now)
    return {"fee_yuan": fee}


def close(call: ServiceCall) -> None:
    """费用批准，会诊办结。"""
    found = _consultation(call)
    operations.close(call.session, found, by=who(call, "approve_fee"), now=call.now)
    call.history("consultations.closed", number=found.number)


def void(call: ServiceCall, reason: str = "") -> None:
    """撤销会诊。"""
    found = queries.of_instance(call.session, call.instance_id)
    if found is None or found.status in ("done", "voided"):
        return
    said = reason or str(call.data.get("reason") or "")
    operations.void(call.session, found, said, by=call.actor, now=call.now)
    call.history("consultations.voided", number=found.number)


def _consultation(call: ServiceCall) -> Consultation:
    found = queries.of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} has registered no consultation")
    return found


# -- stand-ins: the same answers without records


def _stand_in_register(call: ServiceCall) -> Result:
    names = [str(row["subject_id"]) for row in call.data["enterprises"]]
    return {
        "consultation_id": "0" * 32,
        "consultation_no": f"HZ-{local(call.now).year}-0001",
        "region_code": "",
        "sector_code": "INDUSTRY",
        "supervising_org_id": "department",
        "enterprise_names": "、".join(names),
        "candidates": [{"value": f"expert_{n}", "label": f"专家 {n}"} for n in (1, 2, 3)],
    }


def _stand_in_engage(call: ServiceCall) -> Result:
    picked = call.data.get("picked") or [f"expert_{n + 1}" for n in range(int(call.data.get("draw_count") or 0))]
    names = [str(row["subject_id"]) for row in call.data["enterprises"]]
    return {"expert_names": "、".join(picked), "visits": [{"visit_id": name, "visit_no": name} for name in names]}


def _stand_in_figures(_call: ServiceCall) -> Result:
    return {"figures": {}}


def _stand_in_report(_call: ServiceCall) -> Result:
    row: dict[str, Any] = {"expert": "专家 1", "expert_id": "expert_1", "times": 1, "rate": 800, "fee": 800}
    return {"fee_rows": [{**row, "rating": None, "evaluation": ""}]}


def _stand_in_evaluate(call: ServiceCall) -> Result:
    return {"fee_yuan": sum(int(row.get("fee") or 0) for row in call.data.get("evaluations") or [])}


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("consultations.register", result=Registered, stand_in=_stand_in_register)(register)
    # Sent back past a draw the same people would not be drawn again.
    add("consultations.engage", result=Chosen, stand_in=_stand_in_engage, repeatable=False)(engage)
    add("consultations.visits_over", result=Visited, stand_in=_stand_in_figures)(visits_over)
    add("consultations.report", result=Reported, stand_in=_stand_in_report)(report)
    add("consultations.evaluate", result=Evaluated, stand_in=_stand_in_evaluate)(evaluate)
    add("consultations.close", stand_in=nothing)(close)
    add("consultations.void", params=VoidParams, stand_in=nothing)(void)
