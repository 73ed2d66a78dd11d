"""Supervision (督办): slips, feedback, the ladder from a reminder to a leader, instructions."""

from __future__ import annotations

from flask import Flask

from app import web
from app.i18n import lazy_


def init_app(app: Flask) -> None:
    from app.supervision import api, facts, request_tasks, service_tasks, task_checks, views

    engine = app.extensions["duban.engine"]
    service_tasks.init_engine(engine)
    task_checks.init_engine(engine)
    request_tasks.init_engine(engine)
    web.event_words.update(_EVENTS)
    facts.register_sources()
    views.init_app(app)
    api.init_app(app)


_EVENTS = {
    "supervision.opened": lazy_("建件编号"),
    "supervision.joined": lazy_("并入在办督办件"),
    "supervision.issued": lazy_("下达"),
    "supervision.declined": lazy_("不予督办"),
    "supervision.ended": lazy_("办结"),
    "supervision.sent_back": lazy_("退办"),
    "supervision.climbed": lazy_("升级"),
    "supervision.began_anew": lazy_("阶梯重新起算"),
    "supervision.withdrawn": lazy_("撤销督办"),
    "supervision.requested": lazy_("登记延期申请"),
    "supervision.request_escalated": lazy_("逾期未答复，转市领导答复"),
    "supervision.request_granted": lazy_("准予延期"),
    "supervision.request_refused": lazy_("不予延期"),
    "supervision.request_moot": lazy_("未作变更"),
}
