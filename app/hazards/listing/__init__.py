"""Listed supervision of major hazards (挂牌督办): plan, listing, monthly progress, acceptance, delisting, publicity."""

from __future__ import annotations

from flask import Flask

from app import web
from app.hazards.listing.models import LISTING_OPEN, LISTING_STATUSES, ListingProgress, MajorListing
from app.i18n import lazy_

__all__ = ["LISTING_OPEN", "LISTING_STATUSES", "ListingProgress", "MajorListing", "init_app"]


def init_app(app: Flask) -> None:
    from app.hazards.listing import facts, service_tasks, task_checks, views

    engine = app.extensions["duban.engine"]
    service_tasks.init_engine(engine)
    task_checks.init_engine(engine)
    web.event_words.update(_EVENTS)
    facts.register_sources()
    views.init_app(app)


_EVENTS = {
    "hazards.major_reported": lazy_("报告建档"),
    "hazards.listed": lazy_("挂牌"),
    "hazards.acceptance_applied": lazy_("申请验收"),
    "hazards.acceptance_failed": lazy_("验收不合格，退回整改"),
    "hazards.delisted": lazy_("摘牌"),
}
