"""One visit: for the department, the town, the enterprise and its experts, each with what is theirs to see."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, render_template, url_for

from app import files, web
from app.accounts import region_path
from app.consultations import access, queries
from app.consultations.expert_models import Engagement
from app.consultations.models import Visit
from app.consultations.operations import links
from app.consultations.views import blueprint
from app.consultations.views.record import permitted
from app.errors import NotFound
from app.i18n import _


@blueprint.get("/visits/<visit_id>")
def visit(visit_id: str) -> Response:
    return _page(_visit(visit_id))


def _visit(visit_id: str) -> Visit:
    return queries.visit(web.db.session(), visit_id, web.current_user(), web.clock().now())


def _page(found: Visit, new_link: dict[str, str] | None = None) -> Response:
    engagements = queries.engagements(web.db.session(), visit_id=found.id)
    instances = [found.instance_id, *(one.instance_id for one in engagements)]
    return web.render(
        "consultations/visit.html",
        **_facts(found, engagements),
        tasks=permitted(instances),
        new_link=new_link,
        may_link=access.of_supervisor(web.current_user(), found),
    )


def _facts(found: Visit, engagements: list[Engagement]) -> dict[str, Any]:
    session, user = web.db.session(), web.current_user()
    sheet: dict[str, dict[str, Any]] = {}
    for line in queries.diagnoses(session, [found.id]):
        sheet.setdefault(line.code, {})[line.stage] = line
    shown = access.seen_opinions(session, user, found, engagements)
    return {
        "visit": found,
        "whole": queries.find(session, found.consultation_id, user),
        "topic": queries.topics_of(session, [found.consultation_id])[found.consultation_id],
        "engagements": [one for one in engagements if one.status != "replaced" or access.sees_undecided(user, found)],
        "opinions": shown,
        "photos": {one.id: files.named(session, one.photos) for one in shown} if _inside(found, engagements) else {},
        "site_photos": files.named(session, found.photos),
        "hazards": queries.hazards_of(session, [found]),
        "sheet": sheet,
        "names": queries.names_of(session, [found.subject_id], [found.supervising_org_id, found.town_org_id]),
        "region_name": region_path(session, found.region_code),
        "mine": [one for one in engagements if one.user_id == user.id],
    }


def _inside(found: Visit, engagements: list[Engagement]) -> bool:
    """Whether the person may open the photos of opinions, which lie where they were handed in."""
    user = web.current_user()
    return access.sees_undecided(user, found) or any(one.user_id == user.id for one in engagements)


@blueprint.post("/visits/<visit_id>/experts/<engagement_id>/link")
def issue_link(visit_id: str, engagement_id: str) -> Response:
    """A new link for an outside expert, shown this once."""
    found = _visit(visit_id)
    access.require(access.of_supervisor(web.current_user(), found))
    token, name = _issue(visit_id, engagement_id)
    web.refresh()
    url = url_for("consultation_link.show", token=token, _external=True)
    return _page(_visit(visit_id), {"url": url, "name": name})


@web.writes
def _issue(visit_id: str, engagement_id: str) -> tuple[str, str]:
    engagement = _engagement(visit_id, engagement_id)
    token = links.issue(web.db.session(), engagement, by=web.actor(), now=web.clock().now())
    return token, engagement.name


@blueprint.post("/visits/<visit_id>/experts/<engagement_id>/link/revocation")
def revoke_link(visit_id: str, engagement_id: str) -> Response:
    found = _visit(visit_id)
    access.require(access.of_supervisor(web.current_user(), found))
    flash(_("链接已失效") if _revoke(visit_id, engagement_id) else _("没有可用的链接"))
    return web.see_other(url_for("consultations.visit", visit_id=visit_id))


@web.writes
def _revoke(visit_id: str, engagement_id: str) -> int:
    engagement = _engagement(visit_id, engagement_id)
    return links.revoke_all(web.db.session(), engagement, by=web.actor(), now=web.clock().now())


def _engagement(visit_id: str, engagement_id: str) -> Engagement:
    found = web.db.session().get(Engagement, engagement_id)
    if found is None or found.visit_id != visit_id:
        raise NotFound()
    return found


def card(visit_id: str) -> str:
    """The visit beside a task about it; nothing for whom may not see it."""
    session = web.db.session()
    found = queries.find_visit(session, visit_id, web.current_user(), web.clock().now())
    if found is None:
        return ""
    return render_template(
        "consultations/_visit_card.html", **_facts(found, queries.engagements(session, visit_id=found.id))
    )
