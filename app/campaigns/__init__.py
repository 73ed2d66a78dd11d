"""Special campaigns (专项行动): phases and their gates, sector plans, checklists, tasks to towns, progress."""

from __future__ import annotations

from flask import Flask

from app import web
from app.campaigns.matrix import Cell, Gate, Matrix, SectorRow, matrix
from app.campaigns.models import (
    Campaign,
    CampaignNote,
    CampaignPhase,
    CampaignProgress,
    CampaignTask,
    SectorPlan,
)
from app.i18n import lazy_

__all__ = [
    "Campaign",
    "CampaignNote",
    "CampaignPhase",
    "CampaignProgress",
    "CampaignTask",
    "Cell",
    "Gate",
    "Matrix",
    "SectorPlan",
    "SectorRow",
    "init_app",
    "matrix",
]


def init_app(app: Flask) -> None:
    from app.campaigns import api, facts, gate_builder, pickers, plan_tasks, service_tasks, task_checks, views
    from app.campaigns.conditions import Conditions

    engine = app.extensions["duban.engine"]
    service_tasks.init_engine(engine)
    plan_tasks.init_engine(engine)
    task_checks.init_engine(engine)
    web.event_words.update(_EVENTS)
    facts.register()
    pickers.register()
    gate_builder.register(Conditions(engine))
    views.init_app(app)
    api.init_app(app)


_EVENTS = {
    "campaigns.drafted": lazy_("登记总体方案"),
    "campaigns.issued": lazy_("印发总体方案"),
    "campaigns.phase_began": lazy_("阶段开始"),
    "campaigns.gate_decided": lazy_("关口评估"),
    "campaigns.phase_extended": lazy_("延长阶段"),
    "campaigns.extension_refused": lazy_("未同意延长"),
    "campaigns.archived": lazy_("归档"),
    "campaigns.voided": lazy_("撤销"),
    "campaigns.plan_returned": lazy_("退回实施方案"),
    "campaigns.plan_approved": lazy_("印发实施方案"),
    "campaigns.progress_missed": lazy_("缺报进度"),
    "campaigns.plan_ended": lazy_("报送总结"),
    "campaigns.task_finished": lazy_("完成任务"),
}
