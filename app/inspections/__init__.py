"""Inspections (检查): who inspects whom, by which checklist, what was found, and the record of it."""

from __future__ import annotations

from flask import Flask

from app import web
from app.i18n import lazy_
from app.inspections.checklists.models import Checklist, ChecklistItem
from app.inspections.checklists.shipped import install as install_checklists
from app.inspections.models import Draw, InspectedSubject, Inspection, InspectionItem, InspectionNumber, Inspector
from app.inspections.words import MODES, PURPOSES, STATUSES, UNDONE

__all__ = [
    "MODES",
    "PURPOSES",
    "STATUSES",
    "UNDONE",
    "Checklist",
    "ChecklistItem",
    "Draw",
    "InspectedSubject",
    "Inspection",
    "InspectionItem",
    "InspectionNumber",
    "Inspector",
    "init_app",
    "install_checklists",
]


def init_app(app: Flask) -> None:
    from app.forms import pickers
    from app.inspections import api, facts, service_tasks, task_checks, views
    from app.inspections.checklists import picking

    pickers["checklist"] = picking.PICKER
    engine = app.extensions["duban.engine"]
    service_tasks.init_engine(engine)
    task_checks.init_engine(engine)
    web.event_words.update(_EVENTS)
    views.init_app(app)
    api.init_app(app)
    facts.register()


_EVENTS = {
    "inspections.planned": lazy_("登记检查计划"),
    "inspections.voided": lazy_("作废"),
}
