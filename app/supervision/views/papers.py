"""What is printed on A4: the slip or reminder, and the notice of an interview."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response

from app import web
from app.accounts import Organisation
from app.clock import local
from app.errors import NotFound
from app.i18n import _
from app.supervision import queries
from app.supervision.views import blueprint


@blueprint.get("/<item_id>/slip")
def slip(item_id: str) -> Response:
    """督办单 or 提醒函. Before it is issued there is none."""
    session = web.db.session()
    item = queries.get(session, item_id, web.current_user())
    if item.issued_at is None:
        raise NotFound()
    orgs = queries.organisations(session, [item])
    return web.render("supervision/slip.html", item=item, **_heads(orgs, item.addressee_org_id, item.office_org_id))


@blueprint.get("/<item_id>/interviews/<interview_id>/notice")
def notice(item_id: str, interview_id: str) -> Response:
    """约谈通知书."""
    session = web.db.session()
    item = queries.get(session, item_id, web.current_user())
    interview = queries.interview(session, item, interview_id)
    heads = _heads(queries.organisations(session, [item]), item.addressee_org_id, item.office_org_id)
    return web.render("supervision/notice.html", item=item, interview=interview, **heads)


def _day(at: dt.datetime) -> str:
    """On paper a day has its year."""
    on = local(at).date()
    return _("%(y)s年%(m)s月%(d)s日", y=on.year, m=on.month, d=on.day)


def _instant(at: dt.datetime) -> str:
    return f"{_day(at)} {local(at):%H:%M}"


def _heads(orgs: dict[str, Organisation], to: str | None, by: str | None) -> dict[str, Any]:
    return {
        "day": _day,
        "instant": _instant,
        "addressee": orgs[to].name if to in orgs else "",
        "office": orgs[by].name if by in orgs else "",
    }
