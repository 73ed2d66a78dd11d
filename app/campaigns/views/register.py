"""The list of campaigns, running ones first."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from app import web
from app.campaigns import queries
from app.campaigns.models import SCALES, STATUSES, Campaign, CampaignPhase
from app.campaigns.views import blueprint
from app.clock import local
from app.i18n import _

_PAGE = 20
FILTERS = ("q", "scale", "status")


@blueprint.get("")
def index() -> Response:
    session, user = web.db.session(), web.current_user()
    filters = filters_now()
    page = web.paginate(queries.campaigns(user, filters), web.page_number(), _PAGE)
    return web.render(
        "campaigns/_list.html" if web.is_partial() else "campaigns/index.html",
        page=page,
        filters=filters,
        link=link,
        tabs=_tabs(queries.counts(session, user), filters),
        scales=SCALES,
        may_start=user.has("coordinator"),
        **rows_context(page.items),
    )


def rows_context(rows: list[Campaign]) -> dict[str, Any]:
    """What a row needs beside the record: its phases, how many plans the person sees, whose it is."""
    session, user = web.db.session(), web.current_user()
    ids = [row.id for row in rows]
    phases: dict[str, list[CampaignPhase]] = {}
    for phase in queries.phases(session, ids):
        phases.setdefault(phase.campaign_id, []).append(phase)
    return {
        "phases": phases,
        "plans": queries.plan_counts(session, ids, user),
        "orgs": queries.names(session, [row.owner_org_id for row in rows]),
        "today": today(),
        "days_of": queries.days_of,
        "gate_of": gate_of,
    }


def gate_of(phases: list[CampaignPhase]) -> tuple[CampaignPhase, int] | None:
    """The gate that is next: the first phase that has begun and not passed, with the days left to its end."""
    current = next((phase for phase in phases if not phase.decided), None)
    return None if current is None else (current, (current.end_on - today()).days)


def today() -> Any:
    return local(web.clock().now()).date()


def _tabs(counts: dict[str, int], filters: dict[str, str]) -> list[tuple[str, str, int, bool]]:
    tabs = {"": _("全部"), **{key: str(STATUSES[key]) for key in ("running", "approving", "archived")}}
    return [(link(status=key), text, counts.get(key, 0), filters["status"] == key) for key, text in tabs.items()]


def filters_now() -> dict[str, str]:
    return {name: request.args.get(name, "")[:60] for name in FILTERS}


def link(**changes: Any) -> str:
    """The list with one filter changed; an empty value drops it, and every change goes back to page 1."""
    endpoint = changes.pop("_endpoint", "campaigns.index")
    merged = {name: value for name, value in {**filters_now(), **changes}.items() if value}
    return url_for(endpoint, **merged)
