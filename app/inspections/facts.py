"""The rows that metrics may count: a visit a row (家次), with what it may be counted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session

from app import metrics
from app.i18n import lazy_
from app.inspections.models import InspectedSubject, Inspection
from app.inspections.words import MODES, PURPOSES, STATUSES
from app.metrics import Column, Source, town_of
from app.subjects import Subject

RESULTS = {"compliant": lazy_("未发现问题"), "noncompliant": lazy_("有不符合项")}


def _subject_names(session: Session, keys: list[str]) -> Mapping[str, str]:
    found = session.execute(sa.select(Subject.id, Subject.name).where(Subject.id.in_(keys)))
    return {key: name for key, name in found}


def _link(row: Mapping[str, Any]) -> str | None:
    """By the number, which is shown: the list finds it."""
    return url_for("inspections.index", q=row["number"]) if row.get("number") else None


def register() -> None:
    """家次 counts visits, 家 distinct subjects of them, 检查组 distinct teams. Only what has been carried out."""
    metrics.register(
        Source(
            key="inspected_subjects",
            model=InspectedSubject,
            label=lazy_("检查"),
            joins=((Inspection, Inspection.id == InspectedSubject.inspection_id),),
            only=(Inspection.status == "done",),
            columns=(
                Column("inspection_id", "text", Inspection.id, lazy_("检查")),
                Column("number", "text", Inspection.number, lazy_("编号")),
                Column("subject_id", "text", InspectedSubject.subject_id, lazy_("被检对象"), names=_subject_names),
                Column("mode", "text", Inspection.mode, lazy_("方式"), words=MODES),
                Column("purpose", "text", Inspection.purpose, lazy_("时期"), words=PURPOSES),
                Column("topic", "text", Inspection.topic, lazy_("主题")),
                Column("campaign_id", "text", Inspection.campaign_id, lazy_("专项行动")),
                Column("plan_id", "text", Inspection.plan_id, lazy_("实施方案")),
                Column("sector_code", "sector", InspectedSubject.sector_code, lazy_("领域")),
                Column("region_code", "region", InspectedSubject.region_code, lazy_("属地")),
                Column("town", "town", town_of(InspectedSubject.region_code), lazy_("镇街")),
                Column("org_id", "organisation", Inspection.org_id, lazy_("检查单位")),
                Column("team_key", "text", Inspection.team_key, lazy_("检查组")),
                Column("status", "text", Inspection.status, lazy_("状态"), words=STATUSES),
                Column("result", "text", InspectedSubject.result, lazy_("结果"), words=RESULTS),
                Column("findings", "number", InspectedSubject.findings, lazy_("隐患（项）")),
                Column("drawn", "flag", InspectedSubject.drawn, lazy_("随机抽取")),
                Column("recorded_late", "flag", Inspection.recorded_late, lazy_("逾期录入")),
                Column("signed", "flag", InspectedSubject.served == "signed", lazy_("现场签字")),
                Column("offence", "flag", Inspection.violation != "", lazy_("涉嫌违法")),
                Column("inspected_at", "instant", InspectedSubject.inspected_at, lazy_("检查时间")),
            ),
            shown=("number", "subject_id", "mode", "sector_code", "town", "org_id", "findings", "inspected_at"),
            order="inspected_at",
            link=_link,
            group=("sector_code", "town", "org_id", "mode"),
        )
    )
