"""One campaign: phases with their gates, sector plans with lights, tasks, leftovers, weekly progress, remarks."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app import files, web
from app.campaigns import operations, queries
from app.campaigns.conditions import in_words
from app.campaigns.figures import actuals
from app.campaigns.models import Campaign, CampaignPhase, CampaignTask
from app.campaigns.views import blueprint
from app.campaigns.views.register import today
from app.errors import NotFound
from app.i18n import _

MOST_WEEKS = 8
LONGEST_NOTE = 500


@blueprint.get("/<campaign_id>")
def show(campaign_id: str) -> Response:
    campaign = queries.get(web.db.session(), campaign_id, web.current_user())
    return page(campaign)


def page(campaign: Campaign, errors: dict[str, list[str]] | None = None, text: str = "") -> Response:
    """The page; with `errors` of a remark it is shown again with what was typed."""
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    tasks = queries.tasks(session, user, campaign_id=campaign.id)
    phases, wall = queries.phases(session, [campaign.id]), queries.matrix(campaign, user, now, session)
    return web.render(
        "campaigns/show.html",
        422 if errors else 200,
        campaign=campaign,
        parent=queries.find(session, campaign.parent_id, user),
        wall=wall,
        phases=phases,
        left=_leftovers(phases, {row.sector_code for row in wall.rows}),
        documents=files.named(session, campaign.document_ids),
        own=_own(campaign),
        follows=queries.follows(session, user, campaign.instance_id),
        note_errors=errors or {},
        note_text=text,
        notes=queries.notes(session, campaign.id, user),
        may_note=campaign.status != "voided",
        **task_rows(tasks),
        **_weeks(campaign),
        **_names(campaign, tasks),
        day=queries.days_of(campaign, today()),
        today=today(),
        in_words=in_words,
    )


def _leftovers(phases: list[CampaignPhase], seen: set[str]) -> list[tuple[CampaignPhase, dict[str, Any]]]:
    """What gates have left over for the campaign as a whole, and for the sectors that the person sees."""
    return [(phase, row) for phase in phases for row in phase.leftovers if not row["sector"] or row["sector"] in seen]


def _own(campaign: Campaign) -> list[Any]:
    """The open steps of the campaign itself that this person can do now."""
    engine, session, user = web.engine(), web.db.session(), web.current_user()
    found = queries.open_tasks(session, [campaign.instance_id]).get(campaign.instance_id, [])
    return [task for task in found if {"claim", "complete"} & engine.permitted(session, task, user.id)]


def task_rows(tasks: list[CampaignTask]) -> dict[str, Any]:
    """Tasks with what they have come to, late ones named."""
    session, now = web.db.session(), web.clock().now()
    done = actuals(session, tasks)
    return {"tasks": tasks, "actual": done, "late_tasks": {task.id for task in tasks if task.overdue(now)}}


def _weeks(campaign: Campaign) -> dict[str, Any]:
    """The latest weeks, each with who reported when: sectors across, weeks down."""
    session, user = web.db.session(), web.current_user()
    reports = queries.progress(session, user, campaign_id=campaign.id)
    weeks = sorted({report.due_on for report in reports}, reverse=True)[:MOST_WEEKS]
    return {"weeks": weeks, "reports": {(report.due_on, report.sector_code): report for report in reports}}


def _names(campaign: Campaign, tasks: list[CampaignTask]) -> dict[str, Any]:
    session = web.db.session()
    orgs = queries.names(session, [campaign.owner_org_id, *(task.org_id for task in tasks)])
    return {"orgs": orgs, "sectors": queries.sector_names(session)}


@blueprint.post("/<campaign_id>/notes")
@web.writes
def add_note(campaign_id: str) -> BaseResponse:
    """A remark on the campaign, or on one sector in one phase that the person sees."""
    session, user = web.db.session(), web.current_user()
    campaign = queries.get(session, campaign_id, user)
    text = request.form.get("text", "").strip()
    if not text or len(text) > LONGEST_NOTE:
        wrong = _("请填写") if not text else _("最多 %(n)s 个字", n=LONGEST_NOTE)
        return page(campaign, {"text": [wrong]}, text)
    sector = request.form.get("sector", "")
    if sector and sector not in {plan.sector_code for plan in queries.plans(session, campaign.id, user)}:
        raise NotFound()
    by, now = web.actor(), web.clock().now()
    operations.add_note(session, campaign, text, sector_code=sector or None, by=by, now=now)
    return web.see_other(url_for("campaigns.show", campaign_id=campaign.id) + "#notes")


def card(campaign_id: str) -> str:
    """The campaign beside a task or an instance about it; nothing for whom may not see it."""
    session, user = web.db.session(), web.current_user()
    campaign = queries.find(session, campaign_id, user)
    if campaign is None:
        return ""
    return render_template(
        "campaigns/_card.html",
        campaign=campaign,
        phases=queries.phases(session, [campaign.id]),
        plans=len(queries.plans(session, campaign.id, user)),
        documents=files.named(session, campaign.document_ids),
        day=queries.days_of(campaign, today()),
        today=today(),
        in_words=in_words,
    )
