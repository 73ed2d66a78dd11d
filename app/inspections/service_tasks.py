"""What diagrams may call. Each may be repeated: it finds its instance's inspection and sets what the step decided.

The stand-ins answer for rehearsals and scenarios, where nothing is stored.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.audit import Actor
from app.clock import local
from app.engine import ServiceCall
from app.inspections import queries, recording
from app.inspections.models import Inspection
from app.inspections.planning import operations
from app.inspections.schemas import InspectionPlanData, concealed

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]


class Planned(ma.Schema):
    inspection_id = ma.fields.String()
    inspection_no = ma.fields.String()
    inspection_title = ma.fields.String()
    inspecting_org_id = ma.fields.String()
    leader_id = ma.fields.String(allow_none=True)
    planned_on = ma.fields.String()
    mode = ma.fields.String()
    concealed = ma.fields.Boolean()
    subject_count = ma.fields.Integer()
    team_rows = ma.fields.List(ma.fields.Dict())
    open_region_code = ma.fields.String()
    open_sector_code = ma.fields.String()


class Begun(ma.Schema):
    concealed = ma.fields.Boolean()


class Recorded(ma.Schema):
    inspection_title = ma.fields.String()
    open_region_code = ma.fields.String()
    open_sector_code = ma.fields.String()
    recorded_late = ma.fields.Boolean()
    findings = ma.fields.List(ma.fields.Dict())
    finding_count = ma.fields.Integer()
    has_findings = ma.fields.Boolean()
    needs_order = ma.fields.Boolean()
    family = ma.fields.String()
    violation_found = ma.fields.String()
    supervising_org_id = ma.fields.String()


class Sampled(ma.Schema):
    sampled = ma.fields.Boolean()


class SampleParams(ma.Schema):
    percent = ma.fields.Integer(load_default=10, metadata={"description": "抽检比例（%） / share to sample, percent"})


class VoidParams(ma.Schema):
    reason = ma.fields.String(load_default="", metadata={"description": "作废原因 / reason"})


def plan(call: ServiceCall) -> Result:
    """登记检查计划并取号；双随机的在此抽取。All is read from the instance's data (InspectionPlanIn)."""
    data = InspectionPlanData().load(dict(call.data))
    found = operations.plan(call.session, data, instance_id=call.instance_id, by=call.actor, now=call.now)
    call.history("inspections.planned", number=found.number, text=found.number)
    team = queries.team_of(call.session, found.id)
    return {
        "inspection_id": found.id,
        "inspection_no": found.number,
        "inspecting_org_id": found.org_id,
        "leader_id": found.leader_id,
        "planned_on": found.planned_on.isoformat(),
        "mode": found.mode,
        "concealed": found.status == "concealed",
        "subject_count": found.subjects,
        "team_rows": [{"person": one.user_id} for one in team],
        **_opened(call, found),
    }


def _opened(call: ServiceCall, found: Inspection) -> Result:
    """What inboxes and lists of instances may tell of it at this point."""
    return {
        "inspection_title": recording.title_of(call.session, found),
        "open_region_code": found.open_region_code,
        "open_sector_code": found.open_sector_code,
    }


def begin(call: ServiceCall) -> Result:
    """记录到场：实到人员和时间。"""
    found = _inspection(call)
    recording.begin(call.session, found, call.data, by=_who(call, "arrive"), now=call.now)
    return {"concealed": not found.open_sector_code}


def record(call: ServiceCall) -> Result:
    """记录检查结果，公开检查；取出逐条隐患。"""
    found, by = queries.held(call.session, _inspection(call).id), _who(call, "check")
    recording.complete(call.session, found, call.data, by=by, now=call.now)
    rows = recording.findings(call.session, found, now=call.now)
    decided = recording.decided(call.session, found, rows)
    return {**_opened(call, found), **decided, "finding_count": len(rows), "recorded_late": found.recorded_late}


def sample(call: ServiceCall, percent: int = 10) -> Result:
    """零发现检查按比例抽检。"""
    return {"sampled": recording.sample(call.session, _inspection(call), percent, now=call.now)}


def second_look(call: ServiceCall) -> None:
    """记录抽检结论。"""
    recording.looked_again(call.session, _inspection(call), call.data, by=_who(call, "second_look"), now=call.now)


def serve(call: ServiceCall) -> None:
    """记录文书送达。"""
    by = _who(call, "serve", "fire_serve")
    recording.served(call.session, _inspection(call), call.data, by=by, now=call.now)


def refer(call: ServiceCall) -> None:
    """记录涉嫌违法行为的移送处理。"""
    recording.referred(call.session, _inspection(call), call.data, by=_who(call, "refer"), now=call.now)


def void(call: ServiceCall, reason: str = "") -> None:
    """作废：撤销检查计划。"""
    found = queries.of_instance(call.session, call.instance_id)
    if found is None:
        return  # cancelled before it was planned: there is nothing to void
    said = reason or str(call.data.get("reason") or "")
    recording.void(call.session, found, said, by=call.actor, now=call.now)
    call.history("inspections.voided", number=found.number)


# -- stand-ins: the same answers without records


def _stand_in_plan(call: ServiceCall) -> Result:
    """The starter leads; the mode decides whether it is concealed."""
    data = InspectionPlanData().load(dict(call.data))
    hidden, number = concealed(data["mode"]), f"JC-{local(call.now).year}-0001"
    return {
        "inspection_id": "0" * 32,
        "inspection_no": number,
        "inspection_title": number,
        "inspecting_org_id": data["inspecting_org_id"] or call.actor.org_id or "department",
        "leader_id": data["leader_id"] or next(iter(data["inspectors"]), None) or call.actor.id,
        "planned_on": data["planned_on"].isoformat(),
        "mode": data["mode"],
        "concealed": hidden,
        "subject_count": len(data["subject_ids"]) or data["draw_count"],
        "team_rows": [{"person": one} for one in data["inspectors"]],
        "open_region_code": "",
        "open_sector_code": "" if hidden else data["sector_code"],
    }


def _stand_in_begin(call: ServiceCall) -> Result:
    return {"concealed": call.data["concealed"]}


def _stand_in_record(call: ServiceCall) -> Result:
    """A rehearsal has no checklist: each line of the conclusion that begins with 不符合 is a finding.

    One that says 当场 was put right on the spot; an organisation with `fire` in its name is the fire brigade.
    """
    lines = [line.strip() for line in str(call.data.get("conclusion") or "").splitlines()]
    rows = [{"summary": line, "on_site": "当场" in line} for line in lines if line.startswith("不符合")]
    return {
        "inspection_title": call.data["inspection_title"],
        "open_region_code": "",
        "open_sector_code": str(call.data.get("sector_code") or ""),
        "recorded_late": False,
        "findings": rows,
        "finding_count": len(rows),
        "has_findings": bool(rows),
        "needs_order": any(not row["on_site"] for row in rows),
        "family": "fire" if "fire" in str(call.data["inspecting_org_id"]) else "enforcement",
        "violation_found": str(call.data.get("violation_found") or "no"),
        "supervising_org_id": "department",
    }


def _stand_in_sample(call: ServiceCall, percent: int = 10) -> Result:
    lot = int(hashlib.sha256(str(call.data["inspection_no"]).encode()).hexdigest()[:8], 16) % 100
    return {"sampled": lot < percent}


def _nothing(_call: ServiceCall, **_params: Any) -> None:
    """A stand-in for what only writes a record."""


# -- what they share


def _inspection(call: ServiceCall) -> Inspection:
    found = queries.of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} has planned no inspection")
    return found


def _who(call: ServiceCall, *nodes: str) -> Actor:
    """Who completed the step before; the actor of this turn may be somebody who retried it."""
    done = [entry for node, entry in (call.data.get("completed_by") or {}).items() if node in nodes]
    if not done:
        return call.actor
    last = max(done, key=lambda entry: dt.datetime.fromisoformat(str(entry["at"])))
    return Actor(id=last["id"], name=last["name"] or "", org_id=last["org_id"], org_name=last["org_name"] or "")


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("inspections.plan", result=Planned, stand_in=_stand_in_plan)(plan)
    add("inspections.begin", result=Begun, stand_in=_stand_in_begin)(begin)
    # Work returned past it would have disclosed the inspection, and its hazards would begin anew.
    add("inspections.record", result=Recorded, stand_in=_stand_in_record, repeatable=False)(record)
    add("inspections.sample", params=SampleParams, result=Sampled, stand_in=_stand_in_sample)(sample)
    add("inspections.second_look", stand_in=_nothing)(second_look)
    add("inspections.serve", stand_in=_nothing)(serve)
    add("inspections.refer", stand_in=_nothing)(refer)
    add("inspections.void", params=VoidParams, stand_in=_nothing)(void)
