"""One sector plan with what is still missing, its tasks and its weeks; one task."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template

from app import files, forms, web
from app.campaigns import queries
from app.campaigns.models import METRICS, Campaign, CampaignTask, SectorPlan
from app.campaigns.views import blueprint
from app.campaigns.views.record import task_rows
from app.campaigns.views.register import today
from app.errors import NotFound
from app.i18n import bilingual, lazy_

MISSING = {
    "content": lazy_("还没有写实施方案"),
    "checklists": lazy_("还没有选检查清单"),
    "approval": lazy_("还没有经安委办审核印发"),
    "tasks": lazy_("还没有分解任务"),
    "progress": lazy_("上一周没有报进度"),
}


@blueprint.get("/plans/<plan_id>")
def plan(plan_id: str) -> Response:
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    found = queries.get_plan(session, plan_id, user)
    campaign = session.get_one(Campaign, found.campaign_id)
    tasks = queries.tasks(session, user, plan_id=found.id)
    wall = queries.matrix(campaign, user, now, session)
    return web.render(
        "campaigns/plan.html",
        **_facts(found),
        wall=wall,
        row=next((row for row in wall.rows if row.plan_id == found.id), None),
        missing=[MISSING[word] for word in queries.missing(session, found)],
        reports=queries.progress(session, user, plan_id=found.id),
        sectors=queries.sector_names(session),
        today=today(),
        own=_own(found.instance_id),
        follows=queries.follows(session, user, found.instance_id),
        orgs=queries.names(session, [*found.co_org_ids, *(task.org_id for task in tasks), found.lead_org_id]),
        **task_rows(tasks),
    )


def _facts(found: SectorPlan) -> dict[str, Any]:
    session, user = web.db.session(), web.current_user()
    sector = queries.sector_names(session)[found.sector_code]
    campaign = session.get_one(Campaign, found.campaign_id)
    return {
        "plan": found,
        "campaign": campaign,
        "campaign_seen": queries.find(session, campaign.id, user) is not None,
        "sector_name": bilingual(sector.name, sector.name_en),
        "lead": queries.names(session, [found.lead_org_id])[found.lead_org_id],
        "documents": files.named(session, found.document_ids),
        "checklists": [(key, _checklist(key)) for key in found.checklist_ids],
    }


def _checklist(key: str) -> str:
    """What the slice that owns checklists calls it; its id where there is no such slice."""
    picker = forms.pickers.get("checklist")
    return (forms.Picker(*picker).label(web.db.session(), key) if picker else "") or key


def _own(instance_id: str | None) -> list[Any]:
    """The open steps that this person can do now."""
    engine, session, user = web.engine(), web.db.session(), web.current_user()
    found = queries.open_tasks(session, [instance_id]).get(instance_id or "", [])
    return [task for task in found if {"claim", "complete"} & engine.permitted(session, task, user.id)]


@blueprint.get("/tasks/<task_id>")
def task(task_id: str) -> Response:
    found = queries.get_task(web.db.session(), task_id, web.current_user())
    return web.render("campaigns/task.html", **_task_facts(found), own=_own(found.instance_id))


def _task_facts(found: CampaignTask) -> dict[str, Any]:
    session, user = web.db.session(), web.current_user()
    sector = queries.sector_names(session)[found.sector_code]
    try:
        plan_seen = queries.get_plan(session, found.plan_id, user)
    except NotFound:
        plan_seen = None  # a town sees its task, not the department's plan
    return {
        "task": found,
        "campaign": queries.get(session, found.campaign_id, user),
        "plan": plan_seen,
        "phase": queries.phase(session, found.campaign_id, found.phase_seq),
        "sector_name": bilingual(sector.name, sector.name_en),
        "orgs": queries.names(session, [found.org_id, found.lead_org_id]),
        "metric_name": METRICS.get(found.metric, ""),
        **task_rows([found]),
    }


def plan_card(plan_id: str) -> str:
    """The plan beside a task about it; nothing for whom may not see it."""
    try:
        found = queries.get_plan(web.db.session(), plan_id, web.current_user())
    except NotFound:
        return ""
    return render_template("campaigns/_plan_card.html", **_facts(found))


def task_card(task_id: str) -> str:
    try:
        found = queries.get_task(web.db.session(), task_id, web.current_user())
    except NotFound:
        return ""
    return render_template("campaigns/_task_card.html", **_task_facts(found))
