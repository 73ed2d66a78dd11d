"""Publication (发布): new versions, rolling back and retiring take effect when a second person has agreed."""

from __future__ import annotations

from flask import Flask

from app import web
from app.designer.publishing.models import Publication
from app.i18n import lazy_

__all__ = ["Publication", "init_app"]

_EVENTS = {
    "publications.submitted": lazy_("提交发布申请"),
    "publications.approved": lazy_("批准发布"),
    "publications.refused": lazy_("退回修改"),
    "publications.published": lazy_("已生效"),
    "publications.overtaken": lazy_("现行版本已变，没有生效"),
    "publications.withdrawn": lazy_("撤回发布申请"),
}


def init_app(app: Flask) -> None:
    from app.designer.publishing import service_tasks, task_checks, views

    engine = app.extensions["duban.engine"]
    service_tasks.init_engine(engine)
    task_checks.init_engine(engine)
    web.event_words.update(_EVENTS)
    views.init_app(app)
