"""Expert consultations (安全会诊): experts, diagnoses with scores, opinions and what became of them."""

from __future__ import annotations

from flask import Flask

from app import web
from app.consultations.expert_models import Engagement, Expert, ExpertSector, LinkAttempt, Opinion, VisitLink
from app.consultations.models import Consultation, ConsultationNumber, Diagnosis, Visit
from app.i18n import lazy_

__all__ = [
    "Consultation",
    "ConsultationNumber",
    "Diagnosis",
    "Engagement",
    "Expert",
    "ExpertSector",
    "LinkAttempt",
    "Opinion",
    "Visit",
    "VisitLink",
    "init_app",
]


def init_app(app: Flask) -> None:
    from app.consultations import api, facts, picking, service_tasks, views
    from app.forms import pickers

    pickers["expert"] = picking.PICKER
    service_tasks.init_engine(app.extensions["duban.engine"])
    web.event_words.update(_EVENTS)
    facts.register_sources()
    views.init_app(app)
    api.init_app(app)


_EVENTS = {
    "consultations.registered": lazy_("登记编号"),
    "consultations.experts_chosen": lazy_("聘请专家"),
    "consultations.opinions_handed_in": lazy_("提交意见"),
    "consultations.expert_replaced": lazy_("更换专家"),
    "consultations.expert_excused": lazy_("不再等待意见"),
    "consultations.converted": lazy_("转为隐患"),
    "consultations.closed": lazy_("会诊办结"),
    "consultations.voided": lazy_("撤销会诊"),
}
