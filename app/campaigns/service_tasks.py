"""What the diagram of a campaign may call: each finds its instance's campaign, writes one step and says what follows.

Every one may be repeated: it looks first, then writes. The stand-ins answer for rehearsals and scenarios from the
process's own data, on the shipped calendar, so that a scenario meets the same instants as the records would.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from app.audit import Actor
from app.calendars import office
from app.campaigns import figures, operations, queries, timetable
from app.campaigns.conditions import Conditions, in_words
from app.campaigns.models import Campaign, CampaignPhase
from app.clock import local
from app.engine import ServiceCall
from app.i18n import _

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]


class Drafted(ma.Schema):
    campaign_id = ma.fields.String()
    campaign_no = ma.fields.String()
    region_code = ma.fields.String()
    owner_org_id = ma.fields.String(allow_none=True)


class Issued(ma.Schema):
    plans = ma.fields.List(ma.fields.Dict())
    phase_count = ma.fields.Integer()
    guard_people = ma.fields.List(ma.fields.String())


class Summarised(ma.Schema):
    summary_rows = ma.fields.List(ma.fields.Dict())
    leftover_rows = ma.fields.List(ma.fields.Dict())


class SeqParams(ma.Schema):
    seq = ma.fields.Integer(required=True, metadata={"description": "第几阶段 / number of the phase"})


class VoidParams(ma.Schema):
    reason = ma.fields.String(load_default="", metadata={"description": "撤销原因 / reason"})


def draft(call: ServiceCall) -> Result:
    """登记总体方案并取号；修改后重报的改写原登记。"""
    by = _who(call, "revise") if "revise" in (call.data.get("completed_by") or {}) else _starter(call)
    campaign = operations.draft(call.session, call.data, instance_id=call.instance_id, by=by, now=call.now)
    call.history("campaigns.drafted", number=campaign.code, text=campaign.code)
    return {
        "campaign_id": campaign.id,
        "campaign_no": campaign.code,
        "region_code": campaign.region_code,
        "owner_org_id": campaign.owner_org_id,
    }


def return_draft(call: ServiceCall) -> None:
    """总体方案退回修改。"""
    operations.return_draft(_campaign(call))


def issue(call: ServiceCall) -> Result:
    """印发：专项行动开始推进，各牵头部门各有一份实施方案待起草。"""
    campaign = _campaign(call)
    by = _who(call, "approve")
    leads = call.data.get("leads") or []
    plans = operations.issue(call.session, campaign, leads, by=by, now=call.now)
    call.history("campaigns.issued", number=campaign.code)
    sectors = queries.sector_names(call.session)
    handed = [
        {
            "plan_id": plan.id,
            "sector_code": plan.sector_code,
            "sector_name": sectors[plan.sector_code].name,
            "lead_org_id": plan.lead_org_id,
        }
        for plan in plans
    ]
    return {"plans": handed, "phase_count": len(_phases(call, campaign)), "guard_people": _guard_people(call)}


def _guard_people(call: ServiceCall) -> list[str]:
    return list(dict.fromkeys(row["person"] for row in call.data.get("guards") or []))


def look(call: ServiceCall, seq: int) -> Result:
    """核对阶段日期：延长过的阶段，按新的日期等候。"""
    return timetable.phase_record(office(call.session), _as_record(_phase(call, seq)), call.now)


def begin_phase(call: ServiceCall, seq: int) -> Result:
    """阶段开始，上一关口的遗留一并带入。"""
    phase = _phase(call, seq)
    operations.begin_phase(call.session, phase, now=call.now)
    call.history("campaigns.phase_began", text=phase.name)
    return look(call, seq)


def _as_record(phase: CampaignPhase) -> Result:
    names = ("seq", "name", "start_on", "end_on", "overlap")
    return {name: getattr(phase, name) for name in names}


def _assessed(call: ServiceCall, conditions: Conditions, seq: int) -> Result:
    campaign, phase = _campaign(call), _phase(call, seq)
    known = look(call, seq)
    if not known["early"]:
        operations.assess(phase)
    found = figures.of_phase(call.session, campaign, phase, call.now)
    holds = conditions.holds(phase.condition, found)
    rows = conditions.rows(phase.condition, found)
    return known | _gate_view(call, phase, figures.as_rows(found), holds) | {"conditions": rows}


def _gate_view(call: ServiceCall, phase: CampaignPhase, rows: list[Result], holds: bool | None) -> Result:
    """What the gate's form shows: figures, the condition and whether it holds, what was carried in, what is left."""
    sectors = queries.sector_names(call.session)
    carried = [
        {"text": row["text"], "sector": sectors[row["sector"]].name if row.get("sector") in sectors else ""}
        for row in phase.carried
    ]
    return {
        "figures": rows,
        "condition": in_words(phase.condition) or _("未设关口条件"),
        "holds": holds,
        "verdict": verdict(phase.condition, holds),
        "carried": carried,
        "extensions": phase.extensions,
        "extended_days": phase.extended_days,
        "extensions_left": max(0, timetable.MOST_EXTENSIONS - phase.extensions),
        "days_left": max(0, timetable.MOST_EXTENDED_DAYS - phase.extended_days),
    }


def verdict(condition: str, holds: bool | None) -> str:
    """How a gate's form says it."""
    if not condition:
        return _("未设关口条件，由评估人判断")
    if holds is None:
        return _("数据不全，条件无法判断")
    return _("符合关口条件") if holds else _("不符合关口条件")


def ask_extension(call: ServiceCall, seq: int) -> None:
    """报批延长：阶段等市领导批示。"""
    operations.ask_extension(_phase(call, seq), call.data)


def decide_extension(call: ServiceCall, seq: int) -> Result:
    """记录延长的批示：同意的，本阶段和以后的关口顺延；不同意的，回到评估。"""
    campaign, phase = _campaign(call), _phase(call, seq)
    if phase.status != "extending":
        return look(call, seq)  # this has been decided: a repeat moves nothing twice
    if call.data.get("extension_decision") != "agree":
        operations.refuse_extension(phase)
        call.history("campaigns.extension_refused", text=phase.name)
        return look(call, seq)
    days = int(call.data.get("extend_days") or 0)
    by = _who(call, f"extension_{seq}")
    operations.extend(call.session, campaign, phase, days, by=by, now=call.now)
    call.history("campaigns.phase_extended", text=phase.name, days=days)
    return look(call, seq)


def pass_gate(call: ServiceCall, seq: int) -> Result:
    """过关：结论与当时的数据一并存下，遗留带入下一阶段。"""
    phase, data = _phase(call, seq), call.data
    view = data["phase"]
    by = _who(call, f"gate_{seq}")
    operations.decide(call.session, phase, data, view["figures"], holds=view["holds"], by=by, now=call.now)
    call.history("campaigns.gate_decided", text=phase.name, result=phase.gate_result)
    return {"result": phase.gate_result, "leftovers": len(phase.leftovers)}


def guarded(call: ServiceCall) -> None:
    """记录包保督导情况。"""
    votes = ((call.data.get("signatures") or {}).get("guard") or {}).get("votes") or []
    operations.guarded(call.session, _campaign(call), call.data.get("guards") or [], votes)


def summarise(call: ServiceCall) -> Result:
    """汇总全期数据和各关口的遗留，供总结使用。"""
    campaign = _campaign(call)
    phases = _phases(call, campaign)
    last = phases[-1] if phases else CampaignPhase(campaign_id=campaign.id, seq=1, leftovers=[], carried=[])
    sectors = queries.sector_names(call.session)
    left = [
        {"text": row["text"], "sector": sectors[row["sector"]].name if row.get("sector") in sectors else ""}
        for row in last.leftovers
    ]
    rows = figures.as_rows(figures.of_phase(call.session, campaign, last, call.now))
    return {"summary_rows": rows, "leftover_rows": left}


def archive(call: ServiceCall) -> None:
    """归档。"""
    campaign = _campaign(call)
    operations.archive(call.session, campaign, call.data, by=_who(call, "summary"), now=call.now)
    call.history("campaigns.archived", number=campaign.code)


def void(call: ServiceCall, reason: str = "") -> None:
    """撤销整个专项行动。"""
    campaign = queries.of_instance(call.session, call.instance_id)
    if campaign is None:
        return  # cancelled before it was entered
    given = reason or str(call.data.get("reason") or "")
    operations.void(call.session, campaign, given, by=call.actor, now=call.now)
    call.history("campaigns.voided", number=campaign.code)


# -- stand-ins: the same answers without records


def _stand_in_draft(call: ServiceCall) -> Result:
    number = f"ZX-{local(call.now).year}-001"
    return {"campaign_id": "0" * 32, "campaign_no": number, "region_code": "", "owner_org_id": "owner"}


def _stand_in_issue(call: ServiceCall) -> Result:
    plans = [
        {"plan_id": row["sector"], "sector_code": row["sector"], "sector_name": row["sector"],
         "lead_org_id": row.get("org") or f"org_{row['sector']}"}
        for row in call.data.get("leads") or []
    ]  # fmt: skip
    return {
        "plans": plans,
        "phase_count": len(call.data.get("phases") or []),
        "guard_people": _guard_people(call),
    }


def _stand_in_look(call: ServiceCall, seq: int) -> Result:
    """The dates of the start form, with what the phase's own record says was granted since."""
    phases = [{"seq": n, **row} for n, row in enumerate(call.data.get("phases") or [], 1)]
    known = call.data.get("phase") or {}
    granted = {name: known.get(name, 0) for name in ("extensions", "extended_days")}
    timetable.moved(phases, seq, granted["extended_days"])
    return timetable.phase_record(office(call.session), phases[seq - 1], call.now) | granted


def _stand_in_assess(call: ServiceCall, seq: int) -> Result:
    record = _stand_in_look(call, seq)
    condition = str(call.data["phases"][seq - 1].get("condition") or "")
    return record | {
        "figures": figures.as_rows({}),
        "condition": condition,
        "conditions": [],
        "holds": None,
        "verdict": verdict(condition, None),
        "carried": [],
        "extensions_left": max(0, timetable.MOST_EXTENSIONS - record["extensions"]),
        "days_left": max(0, timetable.MOST_EXTENDED_DAYS - record["extended_days"]),
    }


def _stand_in_decide(call: ServiceCall, seq: int) -> Result:
    known = dict(call.data["phase"])
    if call.data.get("extension_decision") == "agree":
        known["extensions"] += 1
        known["extended_days"] += int(call.data.get("extend_days") or 0)
    return known


def _stand_in_pass(call: ServiceCall, seq: int) -> Result:
    return {"result": call.data["gate_result"], "leftovers": len(call.data.get("leftovers") or [])}


def _nothing(_call: ServiceCall, **_params: Any) -> None:
    """A stand-in for what only writes a record."""


# -- what they share


def _campaign(call: ServiceCall) -> Campaign:
    found = queries.of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} has entered no campaign")
    return found


def _phases(call: ServiceCall, campaign: Campaign) -> list[CampaignPhase]:
    return queries.phases(call.session, [campaign.id])


def _phase(call: ServiceCall, seq: int) -> CampaignPhase:
    found = queries.phase(call.session, _campaign(call).id, seq)
    if found is None:
        raise LookupError(f"the campaign of instance {call.instance_id} has no phase {seq}")
    return found


def _starter(call: ServiceCall) -> Actor:
    who: Mapping[str, Any] = call.data.get("starter") or {}
    return Actor(who.get("id"), who.get("name") or call.actor.name, who.get("org_id"), who.get("org_name") or "")


def _who(call: ServiceCall, node: str) -> Actor:
    """Who completed the step before; the actor of this turn may be somebody who retried it."""
    done: Mapping[str, Any] = (call.data.get("completed_by") or {}).get(node) or {}
    if not done:
        return call.actor
    return Actor(done["id"], done["name"] or "", done["org_id"], done["org_name"] or "")


def init_engine(engine: Engine) -> None:
    add, conditions = engine.service_task, Conditions(engine)

    def assess(call: ServiceCall, seq: int) -> Result:
        """汇总关口数据、判断关口条件；没有到评估日的，先等候。"""
        return _assessed(call, conditions, seq)

    add("campaigns.draft", result=Drafted, stand_in=_stand_in_draft)(draft)
    add("campaigns.return_draft", stand_in=_nothing)(return_draft)
    add("campaigns.issue", result=Issued, stand_in=_stand_in_issue)(issue)
    add("campaigns.look", params=SeqParams, stand_in=_stand_in_look)(look)
    add("campaigns.begin_phase", params=SeqParams, stand_in=_stand_in_look)(begin_phase)
    add("campaigns.assess", params=SeqParams, stand_in=_stand_in_assess)(assess)
    add("campaigns.ask_extension", params=SeqParams, stand_in=_nothing)(ask_extension)
    add("campaigns.decide_extension", params=SeqParams, stand_in=_stand_in_decide)(decide_extension)
    add("campaigns.pass_gate", params=SeqParams, stand_in=_stand_in_pass)(pass_gate)
    add("campaigns.guarded", stand_in=_nothing)(guarded)
    add("campaigns.summarise", result=Summarised, stand_in=lambda _call: {"summary_rows": [], "leftover_rows": []})(
        summarise
    )
    add("campaigns.archive", stand_in=_nothing)(archive)
    add("campaigns.void", params=VoidParams, stand_in=_nothing)(void)
