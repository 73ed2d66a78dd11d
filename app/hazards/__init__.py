"""Hazards (隐患): the register, and what the rectification process writes into it."""

from __future__ import annotations

from flask import Flask

from app import web
from app.hazards.counters import behind
from app.hazards.models import (
    CATEGORIES,
    GRADES,
    MODES,
    OPEN,
    SOURCES,
    STATUSES,
    Hazard,
    HazardDraft,
    HazardNumber,
    HazardRound,
)
from app.hazards.request_models import KINDS, OUTCOMES, REQUEST_STATUSES, HazardRequest
from app.hazards.tally import Standing, fold, standings
from app.hazards.tally import differences as tally_differences
from app.i18n import lazy_

__all__ = [
    "CATEGORIES",
    "GRADES",
    "KINDS",
    "MODES",
    "OPEN",
    "OUTCOMES",
    "REQUEST_STATUSES",
    "SOURCES",
    "STATUSES",
    "Hazard",
    "HazardDraft",
    "HazardNumber",
    "HazardRequest",
    "HazardRound",
    "Standing",
    "behind",
    "fold",
    "init_app",
    "standings",
    "tally_differences",
]


def init_app(app: Flask) -> None:
    from app.hazards import api, facts, ledger, listing, request_tasks, service_tasks, tally, task_checks, views

    engine = app.extensions["duban.engine"]
    service_tasks.init_engine(engine)
    task_checks.init_engine(engine)
    request_tasks.init_engine(engine)
    web.event_words.update(_EVENTS)
    views.init_app(app)
    ledger.init_app(app)
    listing.init_app(app)
    facts.register_sources()
    tally.init()
    api.init_app(app)


_EVENTS = {
    "hazards.registered": lazy_("登记编号"),
    "hazards.ordered": lazy_("接续台账"),
    "hazards.rectified_on_site": lazy_("当场整改"),
    "hazards.returned": lazy_("退回复查"),
    "hazards.closed": lazy_("登记销号"),
    "hazards.voided": lazy_("作废"),
    "hazards.corrected": lazy_("更正登记"),
    "hazards.requested": lazy_("登记申请"),
    "hazards.request_escalated": lazy_("逾期未答复，转上级答复"),
    "hazards.request_granted": lazy_("准予申请"),
    "hazards.request_refused": lazy_("不予批准"),
    "hazards.request_moot": lazy_("未作变更"),
}
