"""What the diagrams of a sector plan and of its tasks may call. As in service_tasks.py, each may be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import marshmallow as ma
import sqlalchemy as sa

from app.accounts import Organisation
from app.audit import Actor
from app.calendars import office
from app.campaigns import figures, plans, queries, timetable
from app.campaigns.models import METRICS, Campaign, CampaignPhase, CampaignProgress, CampaignTask, SectorPlan
from app.clock import local
from app.engine import ServiceCall, afterwards
from app.i18n import _

if TYPE_CHECKING:
    from app.engine import Engine

Result = dict[str, Any]
MOST_ROWS = 50  # tasks that a week's report asks about; a form holds no more rows


class Opened(ma.Schema):
    campaign_no = ma.fields.String()
    campaign_name = ma.fields.String()
    region_code = ma.fields.String()
    phase_options = ma.fields.List(ma.fields.Dict())
    review_options = ma.fields.List(ma.fields.Dict())
    started_on = ma.fields.String()
    last_day = ma.fields.String()


class Returnable(ma.Schema):
    review_options = ma.fields.List(ma.fields.Dict())
    returned = ma.fields.Integer()


class Approved(ma.Schema):
    handed = ma.fields.List(ma.fields.Dict())


class VoidParams(ma.Schema):
    reason = ma.fields.String(load_default="", metadata={"description": "撤销原因 / reason"})


def open_plan(call: ServiceCall) -> Result:
    """把流程与实施方案接上，备好起草所需的内容。"""
    plan = _plan_by_id(call)
    plan.instance_id = call.instance_id
    campaign = call.session.get_one(Campaign, plan.campaign_id)
    phases = queries.phases(call.session, [campaign.id])
    return {
        "campaign_no": campaign.code,
        "campaign_name": campaign.name,
        "region_code": plan.region_code,
        "phase_options": _phase_options([{"seq": p.seq, "name": p.name} for p in phases]),
        "review_options": review_options(plan.returned),
        "started_on": local(call.now).date().isoformat(),
        "last_day": campaign.end_on.isoformat(),
    }


def _phase_options(phases: list[Result]) -> list[Result]:
    options = [{"value": row["seq"], "label": row["name"]} for row in phases]
    return options or [{"value": 1, "label": {"zh": "全程", "en": "Throughout"}}]


def review_options(returned: int) -> list[Result]:
    """A plan is returned twice at most: then it is agreed to, with the changes that the office asks for."""
    agree = {"value": "agree", "label": {"zh": "同意印发", "en": "Agree, issue"}, "tone": "green"}
    back = {"value": "return", "label": {"zh": "退回修改", "en": "Return for changes"}, "tone": "red"}
    return [agree] if returned >= plans.MOST_RETURNS else [agree, back]


def submit_plan(call: ServiceCall) -> Result:
    """记录送审的实施方案。"""
    plan = _plan(call)
    plans.submit(call.session, plan, call.data, by=_who(call, "draft"), now=call.now)
    return {"review_options": review_options(plan.returned), "returned": plan.returned}


def return_plan(call: ServiceCall) -> Result:
    """退回修改，并记一次。"""
    plan = _plan(call)
    plans.give_back(call.session, plan, call.data, by=_who(call, "review"), now=call.now)
    call.history("campaigns.plan_returned", times=plan.returned)
    return {"review_options": review_options(plan.returned), "returned": plan.returned}


def approve_plan(call: ServiceCall) -> Result:
    """印发实施方案，把任务分解到镇街和配合部门。"""
    plan = _plan(call)
    tasks = plans.approve(call.session, plan, call.data, by=_who(call, "review"), now=call.now)
    call.history("campaigns.plan_approved", tasks=len(tasks))
    kinds = _kinds(call, tasks)
    return {"handed": [_handed(task, kinds[task.org_id]) for task in tasks]}


def _kinds(call: ServiceCall, tasks: list[CampaignTask]) -> dict[str, str]:
    ids = {task.org_id for task in tasks}
    rows = call.session.execute(sa.select(Organisation.id, Organisation.kind).where(Organisation.id.in_(ids)))
    return {key: kind for key, kind in rows}


def _handed(task: CampaignTask, kind: str) -> Result:
    """What a task's own process starts with."""
    return {
        "campaign_task_id": task.id,
        "task_title": task.title,
        "task_org_id": task.org_id,
        "for_town": kind == "town",
        "task_region_code": task.region_code,
        "task_due_on": task.due_on.isoformat(),
        "task_target": task.target,
        "task_metric": str(METRICS.get(task.metric, "")) if task.metric else "",
    }


def next_report(call: ServiceCall) -> Result:
    """排下一次进度：每周最后一个工作日下班前报，提前一个工作日出现在待办。"""
    plan = _plan(call)
    campaign = call.session.get_one(Campaign, plan.campaign_id)
    last = call.session.scalar(
        sa.select(sa.func.max(CampaignProgress.due_on)).where(CampaignProgress.plan_id == plan.id)
    )
    after = last or timetable.first_week_after(local(plan.approved_at or call.now).date(), campaign.start_on)
    calendar = office(call.session)
    report = timetable.next_report(calendar, after, campaign.end_on, call.now, weekly=campaign.weekly)
    return report | _about_tasks(call, plan, queries.phases(call.session, [campaign.id]))


def _about_tasks(call: ServiceCall, plan: SectorPlan, phases: list[CampaignPhase]) -> Result:
    """The rows of the week's form: each open task with its target and what it has come to."""
    phase = next((p.seq for p in reversed(phases) if p.status not in ("planned",) and not p.decided), 1)
    mine = sa.select(CampaignTask).where(CampaignTask.plan_id == plan.id, CampaignTask.status == "open")
    tasks = list(call.session.scalars(mine.order_by(CampaignTask.phase_seq, CampaignTask.seq)))[:MOST_ROWS]
    actual, orgs = figures.actuals(call.session, tasks), queries.names(call.session, [t.org_id for t in tasks])
    rows = [
        {"title": t.title, "org": orgs[t.org_id].short_name, "target": t.target, "actual": actual[t.id]} for t in tasks
    ]
    return {"phase": phase, "task_ids": [t.id for t in tasks], "rows": rows}


def report_progress(call: ServiceCall) -> None:
    """记录本周进度；过了报送时间的记迟报。"""
    plans.report_progress(call.session, _plan(call), call.data, by=_who(call, "progress"), now=call.now)


def miss_progress(call: ServiceCall) -> None:
    """本周没有报进度，记缺报。"""
    plan = _plan(call)
    plans.miss_progress(call.session, plan, call.data["report"], by=call.actor, now=call.now)
    call.history("campaigns.progress_missed", text=call.data["report"]["due_on"])


def next_review(call: ServiceCall) -> Result:
    """排下一个阶段的自评：阶段结束前 5 个工作日开始，关口评估前交。"""
    plan = _plan(call)
    rows = [
        {"seq": p.seq, "name": p.name, "end_on": p.end_on} for p in queries.phases(call.session, [plan.campaign_id])
    ]
    return timetable.next_review(office(call.session), rows, len(plan.self_assessment), call.now)


def self_review(call: ServiceCall) -> None:
    """记录阶段自评。"""
    plans.self_review(call.session, _plan(call), call.data, by=_who(call, "self_review"), now=call.now)


def end_plan(call: ServiceCall) -> None:
    """记录报送的总结，实施方案结束。"""
    plans.end(call.session, _plan(call), call.data, by=_who(call, "report"), now=call.now)
    call.history("campaigns.plan_ended")


def void_plan(call: ServiceCall, reason: str = "") -> None:
    """撤销实施方案。"""
    plan = queries.plan_of_instance(call.session, call.instance_id)
    if plan is None:
        return
    given = reason or str(call.data.get("reason") or "") or _("实施方案已撤销")
    plans.void(call.session, plan, by=call.actor, now=call.now, reason=given)
    _cancel_tasks(call, plan, given)


def _cancel_tasks(call: ServiceCall, plan: SectorPlan, reason: str) -> None:
    """Tasks that were handed out run by themselves, so nothing ends them but this; the others never begin."""
    waiting = sa.select(CampaignTask).where(CampaignTask.plan_id == plan.id, CampaignTask.instance_id.is_(None))
    for task in call.session.scalars(waiting):
        plans.void_task(call.session, task, by=call.actor, now=call.now, reason=reason)
    open_ones = sa.select(CampaignTask.instance_id).where(
        CampaignTask.plan_id == plan.id, CampaignTask.done_at.is_(None), CampaignTask.instance_id.is_not(None)
    )
    by = call.actor
    actor = {"id": by.id, "name": by.name, "org_id": by.org_id, "org_name": by.org_name}
    for instance_id in call.session.scalars(open_ones):
        payload = {"instance_id": instance_id, "reason": reason, "actor": actor}
        afterwards(call.session, "instance.cancel", f"campaign-task-{instance_id}", payload, call.now)


def start_task(call: ServiceCall) -> None:
    """把流程与任务接上。"""
    _task_by_id(call).instance_id = call.instance_id


def finish_task(call: ServiceCall) -> None:
    """记录完成情况。"""
    plans.finish_task(call.session, _task(call), call.data, by=_who(call, "town_do", "dept_do"), now=call.now)
    call.history("campaigns.task_finished")


def void_task(call: ServiceCall, reason: str = "") -> None:
    """撤销任务。"""
    task = queries.task_of_instance(call.session, call.instance_id)
    if task is not None:
        given = reason or str(call.data.get("reason") or "")
        plans.void_task(call.session, task, by=call.actor, now=call.now, reason=given)


# -- stand-ins


def _stand_in_open(call: ServiceCall) -> Result:
    data = call.data
    return {
        "campaign_no": data.get("campaign_no") or "ZX-0001",
        "campaign_name": data.get("campaign_name") or "",
        "region_code": data.get("region_code") or "",
        "phase_options": _phase_options([{"seq": n, **row} for n, row in enumerate(data.get("phases") or [], 1)]),
        "review_options": review_options(0),
        "started_on": local(call.now).date().isoformat(),
        "last_day": data["end_on"],
    }


def _stand_in_submit(call: ServiceCall) -> Result:
    returned = int(call.data.get("returned") or 0)
    return {"review_options": review_options(returned), "returned": returned}


def _stand_in_return(call: ServiceCall) -> Result:
    returned = int(call.data.get("returned") or 0) + 1
    return {"review_options": review_options(returned), "returned": returned}


def _stand_in_approve(call: ServiceCall) -> Result:
    rows = call.data.get("tasks") or []
    return {
        "handed": [
            {"campaign_task_id": str(n), "task_title": row["title"], "task_org_id": row.get("org") or "town",
             "for_town": row["to"] == "towns", "task_region_code": "", "task_due_on": row["due_on"],
             "task_target": row.get("target") or 0, "task_metric": ""}
            for n, row in enumerate(rows, 1)
        ]
    }  # fmt: skip


def _stand_in_next_report(call: ServiceCall) -> Result:
    """What was waited for is looked at again; what was reported or missed is behind."""
    data, known = call.data, call.data.get("report") or {}
    begun = timetable.first_week_after(timetable.day(data["started_on"]), timetable.day(data["start_on"]))
    after = known.get("after") or begun.isoformat()
    if known and not known["early"]:
        after = known["due_on"]
    end_on, weekly = timetable.day(data["end_on"]), bool(data.get("weekly"))
    report = timetable.next_report(office(call.session), timetable.day(after), end_on, call.now, weekly=weekly)
    return report | {"after": after, "phase": 1, "task_ids": [], "rows": []}


def _stand_in_next_review(call: ServiceCall) -> Result:
    known = call.data.get("own_review") or {}
    done = int(known.get("seq", 0)) - (1 if known.get("early") else 0)
    phases = [{"seq": n, **row} for n, row in enumerate(call.data.get("phases") or [], 1)]
    return timetable.next_review(office(call.session), phases, done, call.now)


def _nothing(_call: ServiceCall, **_params: Any) -> None:
    """A stand-in for what only writes a record."""


# -- what they share


def _plan_by_id(call: ServiceCall) -> SectorPlan:
    return call.session.get_one(SectorPlan, call.data["plan_id"])


def _plan(call: ServiceCall) -> SectorPlan:
    found = queries.plan_of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} has opened no sector plan")
    return found


def _task_by_id(call: ServiceCall) -> CampaignTask:
    return call.session.get_one(CampaignTask, call.data["campaign_task_id"])


def _task(call: ServiceCall) -> CampaignTask:
    found = queries.task_of_instance(call.session, call.instance_id)
    if found is None:
        raise LookupError(f"instance {call.instance_id} is no campaign task's")
    return found


def _who(call: ServiceCall, *nodes: str) -> Actor:
    """Who completed the step before; the actor of this turn may be somebody who retried it."""
    done: Mapping[str, Any] = call.data.get("completed_by") or {}
    found = [done[node] for node in nodes if node in done]
    if not found:
        return call.actor
    last = max(found, key=lambda entry: str(entry.get("at")))
    return Actor(last["id"], last["name"] or "", last["org_id"], last["org_name"] or "")


def init_engine(engine: Engine) -> None:
    add = engine.service_task
    add("campaigns.open_plan", result=Opened, stand_in=_stand_in_open)(open_plan)
    add("campaigns.submit_plan", result=Returnable, stand_in=_stand_in_submit)(submit_plan)
    # Sent back past it, one return would count twice.
    add("campaigns.return_plan", result=Returnable, stand_in=_stand_in_return, repeatable=False)(return_plan)
    add("campaigns.approve_plan", result=Approved, stand_in=_stand_in_approve)(approve_plan)
    add("campaigns.next_report", stand_in=_stand_in_next_report)(next_report)
    add("campaigns.report_progress", stand_in=_nothing)(report_progress)
    add("campaigns.miss_progress", stand_in=_nothing)(miss_progress)
    add("campaigns.next_review", stand_in=_stand_in_next_review)(next_review)
    add("campaigns.self_review", stand_in=_nothing)(self_review)
    add("campaigns.end_plan", stand_in=_nothing)(end_plan)
    add("campaigns.void_plan", params=VoidParams, stand_in=_nothing)(void_plan)
    add("campaigns.start_task", stand_in=_nothing)(start_task)
    add("campaigns.finish_task", stand_in=_nothing)(finish_task)
    add("campaigns.void_task", params=VoidParams, stand_in=_nothing)(void_task)
