"""Starting a campaign: the overall plan, filled in beforehand by its kind; minor and special periods are kinds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from app import forms, web
from app.accounts import Sector, requires
from app.campaigns.models import SCALES
from app.campaigns.views import blueprint
from app.campaigns.views.register import today
from app.errors import Conflict, Invalid, NotFound
from app.i18n import _

PROCESS = "special_campaign"
# Kind → days it usually lasts, and its phases as (name, share of the days, condition).
_CLOSING = "rectified_rate >= 0.9 and overdue == 0"
_KINDS: Mapping[str, tuple[int, tuple[tuple[str, float, str], ...]]] = {
    "annual": (
        163,
        (("排查攻坚", 0.45, "plans_missing == 0"), ("全面整治", 0.82, _CLOSING), ("总结验收", 1.0, "overdue == 0")),
    ),
    "monthly": (28, (("集中整治", 1.0, _CLOSING),)),
    "minor": (28, ()),
    "special_period": (14, (("值守保障", 1.0, "overdue == 0"),)),
    "overall": (365, (("部署推进", 0.9, "plans_missing == 0"), ("总结验收", 1.0, "overdue == 0"))),
}


@blueprint.get("/new")
@requires("coordinator")
def new() -> Response:
    """The form with what is usual for the kind: `?scale=annual`, `minor`, `special_period` …"""
    scale = request.args.get("scale", "annual")
    return _page(defaults(scale if scale in _KINDS else "annual"))


def defaults(scale: str) -> dict[str, Any]:
    """What is usual: it begins next Monday, its phases share its days, every sector with a lead takes part."""
    days, phases = _KINDS[scale]
    first = today() + dt.timedelta(7 - today().weekday())
    last = first + dt.timedelta(days - 1)
    rows, begins = [], first
    for name, share, condition in phases:
        ends = first + dt.timedelta(round(days * share) - 1)
        rows.append({"name": name, "start_on": begins.isoformat(), "end_on": ends.isoformat(), "condition": condition})
        begins = ends + dt.timedelta(1)
    return {
        "scale": scale,
        "trigger": "season" if scale == "special_period" else "deploy",
        "start_on": first.isoformat(),
        "end_on": last.isoformat(),
        "weekly": scale in ("overall", "annual"),
        "phases": rows,
        "leads": [{"sector": code} for code in _sectors()] if scale in ("overall", "annual") else [{}],
        "guards": [{}] if scale == "special_period" else [],
    }


def _sectors() -> list[str]:
    """The sectors at work that have a lead department."""
    select = sa.select(Sector.code).where(Sector.active, Sector.lead_org_id.is_not(None))
    return list(web.db.session.scalars(select.order_by(Sector.position, Sector.code)))


@blueprint.post("")
@requires("coordinator")
def create() -> BaseResponse:
    got = forms.receive(_form())
    if got.step or got.errors:
        return _page(got.answers, got.errors, got.searches)
    web.refresh()
    try:
        started = web.engine().start(PROCESS, got.answers, by=web.actor())
    except Invalid as wrong:
        return _page(got.answers, wrong.errors, got.searches)
    except Conflict as twice:
        return _page(got.answers, {"_": [twice.detail]}, got.searches)
    web.refresh()
    flash(_("总体方案已送审签"))
    return web.see_other(url_for("campaigns.show", campaign_id=started.subject_id))


def unsent_in_words(sent: MultiDict[str, str]) -> list[forms.Shown]:
    """What was filled in when the session ended."""
    form = _form()
    return forms.shown_answers(form, forms.read(form, sent), web.db.session())


def _form() -> dict[str, Any]:
    """The start form of the published process: page, inbox and check read the same file."""
    loaded = web.engine().published(web.db.session(), PROCESS)
    form = loaded.form(loaded.manifest.get("start_form")) if loaded else None
    if form is None:
        raise NotFound()
    return form


def _page(
    values: Mapping[str, Any], errors: Mapping[str, Any] | None = None, searches: Mapping[str, str] | None = None
) -> Response:
    web.refresh()
    session, user = web.db.session(), web.current_user()
    bound = forms.bind(_form(), values, errors, session=session, user=user, searches=searches)
    kinds = [(scale, str(SCALES[scale]), url_for("campaigns.new", scale=scale)) for scale in _KINDS]
    template = "campaigns/_form.html" if web.is_partial() else "campaigns/new.html"
    scale = values.get("scale")
    return web.render(template, 422 if errors else 200, form=bound, errors=errors or {}, kinds=kinds, scale=scale)
