"""挂牌督办: the list with days left and the next statutory act, and the notice that is printed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Flask, Response, request, url_for

from app import web
from app.accounts import SEPARATED, sector_options
from app.calendars import deadline_view, this_office
from app.clock import local
from app.errors import NotFound
from app.hazards import queries as hazards
from app.hazards.listing import queries
from app.hazards.listing.models import ELEMENTS, LISTING_STATUSES, MajorListing
from app.i18n import _, lazy_

blueprint = Blueprint("hazard_listings", __name__, url_prefix="/listings")
_PAGE = 20
ACT_NAMES = {
    "filing": lazy_("备案"),
    "publicity": lazy_("向社会公布"),
    "acceptance": lazy_("现场验收"),
    "delisting_publicity": lazy_("公布摘牌"),
}


@blueprint.get("")
def index() -> Response:
    session, user, now = web.db.session(), web.current_user(), web.clock().now()
    filters = _filters()
    page = web.paginate(queries.listings(user, filters, now), web.page_number(), _PAGE)
    found = queries.hazards_of(session, page.items)
    return web.render(
        "hazards/listing/_list.html" if web.is_partial() else "hazards/listing/index.html",
        page=page,
        filters=filters,
        link=_link,
        tabs=_tabs(queries.counts(session, user, now), filters),
        hazards=found,
        names=hazards.names_of(session, found.values()),
        tasks=queries.open_tasks(session, [row.instance_id for row in page.items]),
        percent=queries.latest_progress(session, page.items),
        sectors=sector_options(session),
        statuses=LISTING_STATUSES,
        limit=limit_of,
        next_act=next_act,
    )


@blueprint.get("/<hazard_id>/notice")
def notice(hazard_id: str) -> Response:
    """挂牌督办通知书, once the leader has approved; the text for the public stands below it."""
    session = web.db.session()
    listing, hazard = queries.get(session, hazard_id, web.current_user())
    if listing.listed_at is None:
        raise NotFound()
    return web.render(
        "hazards/listing/notice.html",
        listing=listing,
        hazard=hazard,
        names=hazards.names_of(session, [hazard]),
        elements=ELEMENTS,
        day=_day,
    )


def _day(at: dt.datetime) -> str:
    """On paper a day has its year."""
    on = local(at).date()
    return _("%(y)s年%(m)s月%(d)s日", y=on.year, m=on.month, d=on.day)


def card_context(hazard_id: str) -> dict[str, Any]:
    """What the hazard's page shows of its listing; nothing where it has none."""
    session = web.db.session()
    listing = queries.of_hazard(session, hazard_id)
    if listing is None:
        return {"listing": None}
    tasks = queries.open_tasks(session, [listing.instance_id]).get(listing.instance_id, [])
    engine, user = web.engine(), web.current_user()
    return {
        "listing": listing,
        "listing_limit": limit_of(listing),
        "listing_tasks": [t for t in tasks if {"claim", "complete"} & engine.permitted(session, t, user.id)],
        "listing_acts": [
            (ACT_NAMES[name], by, done, _limit(by, listing, done)) for name, by, done in queries.acts(listing)
        ],
        "listing_progress": queries.progress(session, listing),
        "elements": ELEMENTS,
    }


def limit_of(listing: MajorListing) -> Any:
    """The deadline component of the treatment; nothing before it is listed."""
    if listing.due_at is None:
        return None
    return deadline_view(
        this_office(),
        web.clock().now(),
        due_at=listing.due_at,
        amber_at=listing.amber_at,
        started_at=listing.listed_at,
        original_due_at=listing.original_due_at,
        finished_at=listing.finished_at,
    )


def next_act(listing: MajorListing) -> tuple[Any, Any] | None:
    """Its name and its deadline component."""
    found = queries.next_act(listing)
    return (ACT_NAMES[found[0]], _limit(found[1], listing, None)) if found else None


def _limit(by: Any, listing: MajorListing, done: Any) -> Any:
    started = listing.delisted_at if by == listing.delist_publicise_by else listing.applied_at or listing.listed_at
    return deadline_view(
        this_office(), web.clock().now(), due_at=by, amber_at=None, started_at=started, original_due_at=by,
        finished_at=done,
    )  # fmt: skip


def _filters() -> dict[str, str]:
    return {name: request.args.get(name, "") for name in ("status", "sector", "overdue")}


def _link(**changes: Any) -> str:
    merged = {name: value for name, value in {**_filters(), **changes}.items() if value}
    return url_for("hazard_listings.index", **merged)


def _tabs(counts: dict[str, int], filters: dict[str, str]) -> list[tuple[str, Any, int, bool]]:
    tabs: dict[str, tuple[Any, dict[str, Any]]] = {
        "": (lazy_("全部"), {}),
        "open": (lazy_("挂牌中"), {"status": "open"}),
        "overdue": (lazy_("超期"), {"overdue": "1"}),
        "delisted": (lazy_("已摘牌"), {"status": "delisted"}),
    }
    present = {name: value for name, value in filters.items() if value and name != "sector"}
    return [
        (url_for("hazard_listings.index", **chosen), text, counts[key], present == chosen)
        for key, (text, chosen) in tabs.items()
    ]


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    web.menu.add(
        web.MenuItem(
            "business",
            25,
            "hazard_listings.index",
            lazy_("挂牌督办"),
            icon="flag",
            shown=lambda user: any(grant.role not in SEPARATED for grant in user.grants),
        )
    )
