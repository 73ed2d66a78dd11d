"""One hazard: its page, and the card that other pages show."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template

from app import files, web
from app.accounts import region_path
from app.errors import NotFound
from app.hazards import access, queries, requests
from app.hazards.listing.views import card_context
from app.hazards.models import CATEGORIES, SOURCES, Hazard
from app.hazards.views import blueprint
from app.hazards.views.register import limit_of, mine


@blueprint.get("/<hazard_id>")
def show(hazard_id: str) -> Response:
    return page(queries.get(web.db.session(), hazard_id, web.current_user()))


def page(hazard: Hazard, errors: dict[str, Any] | None = None, values: dict[str, Any] | None = None) -> Response:
    """The page; with `errors` of an act it is shown again with what was typed."""
    session, user = web.db.session(), web.current_user()
    return web.render(
        "hazards/show.html",
        422 if errors else 200,
        **_facts(hazard),
        rounds=_rounds(hazard),
        tasks=mine(queries.open_tasks(session, [hazard.instance_id]).get(hazard.instance_id, [])),
        prior=queries.find(session, hazard.prior_hazard_id, user),
        recurrences=queries.recurrences(session, hazard, user),
        referrals=queries.referrals(session, hazard, user),
        requests=requests.of_hazard(session, hazard),
        words={"categories": CATEGORIES, "sources": SOURCES},
        **card_context(hazard.id),
        may={
            "correct": access.may_correct(user, hazard),
            "void": access.may_void(user, hazard),
            "recur": access.may_register_recurrence(user, hazard),
        },
        errors=errors or {},
        values=values or {},
    )


def _facts(hazard: Hazard) -> dict[str, Any]:
    session = web.db.session()
    return {
        "hazard": hazard,
        "names": queries.names_of(session, [hazard]),
        "region_name": region_path(session, hazard.region_code),
        "limit": limit_of(hazard),
        "photos_before": files.named(session, hazard.photos_before),
    }


def _rounds(hazard: Hazard) -> list[tuple[Any, list[Any], list[Any]]]:
    """Each round with its photos from afterwards and those of the re-inspection, newest first."""
    session = web.db.session()
    found = queries.rounds(session, hazard)
    return [(r, files.named(session, r.photos_after), files.named(session, r.photos_review)) for r in reversed(found)]


def card(hazard_id: str) -> str:
    """The hazard beside a task or an instance about it; nothing for whom may not see it."""
    session = web.db.session()
    try:
        hazard = queries.get(session, hazard_id, web.current_user())
    except NotFound:
        return ""
    rounds = queries.rounds(session, hazard)
    after = next((r.photos_after for r in reversed(rounds) if r.photos_after), [])
    return render_template("hazards/_card.html", **_facts(hazard), photos_after=files.named(session, after))
