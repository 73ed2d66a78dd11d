"""The rows that metrics may count: a visit a row (家次), with what it may be counted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session, aliased

from app import metrics
from app.accounts import Organisation
from app.i18n import lazy_
from app.inspections.checklists.models import Checklist, ChecklistItem
from app.inspections.models import InspectedSubject, Inspection, Inspector
from app.inspections.words import MODES, PURPOSES, STATUSES
from app.metrics import Column, Source, town_of, village_of
from app.subjects import TYPES, Subject

RESULTS = {"compliant": lazy_("未发现问题"), "noncompliant": lazy_("有不符合项")}


def _subject_names(session: Session, keys: list[str]) -> Mapping[str, str]:
    found = session.execute(sa.select(Subject.id, Subject.name).where(Subject.id.in_(keys)))
    return {key: name for key, name in found}


def _link(row: Mapping[str, Any]) -> str | None:
    """By the number, which is shown: the list finds it."""
    return url_for("inspections.index", q=row["number"]) if row.get("number") else None


def _type() -> Any:
    """What kind of subject it is; a sub-query, so that only figures that ask for it pay for it."""
    kind = sa.select(Subject.type).where(Subject.id == InspectedSubject.subject_id)
    return kind.correlate(InspectedSubject).scalar_subquery()


def _led_by_city(inspection_id: Any, of: Any) -> Any:
    """Whether the team's head came from the city government, as the team stood then: grants change, this does not."""
    heads = sa.select(Inspector.id).join(Organisation, Organisation.id == Inspector.org_id)
    of_the_city = heads.where(Inspector.role == "leader", Organisation.kind == "city_gov")
    return of_the_city.where(Inspector.inspection_id == inspection_id).correlate(of).exists()


def _of_hazards(source: Source) -> tuple[Column, ...]:
    """By which inspection a hazard was found, where it was found by one: they count as hazards, and say so here."""
    found_by = source.named("inspection_id").expression
    mode = sa.select(Inspection.mode).where(Inspection.id == found_by).correlate(source.model).scalar_subquery()
    return (
        Column("inspection_mode", "text", mode, lazy_("检查方式"), words=MODES),
        Column("led_by_city", "flag", _led_by_city(found_by, source.model), lazy_("市级领导带队检查")),
    )


def _of_plans(source: Source) -> tuple[Column, ...]:
    """How many items the lists have that a sector plan names: each list in its present version, none withdrawn."""
    named, present = aliased(Checklist), aliased(Checklist)
    chosen = source.named("checklist_ids").expression.contains(named.id)
    series = sa.select(named.series_id).where(chosen).correlate(source.model)
    items = (
        sa.select(sa.func.count(ChecklistItem.id))
        .join(present, present.id == ChecklistItem.checklist_id)
        .where(present.status == "published", present.series_id.in_(series))
        .correlate(source.model)
        .scalar_subquery()
    )
    return (Column("check_items", "number", items, lazy_("检查内容（项）")),)


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
                Column("subject_type", "text", _type(), lazy_("对象类型"), words=TYPES),
                Column("mode", "text", Inspection.mode, lazy_("方式"), words=MODES),
                Column("purpose", "text", Inspection.purpose, lazy_("时期"), words=PURPOSES),
                Column("topic", "text", Inspection.topic, lazy_("主题")),
                Column("campaign_id", "text", Inspection.campaign_id, lazy_("专项行动")),
                Column("plan_id", "text", Inspection.plan_id, lazy_("实施方案")),
                Column("sector_code", "sector", InspectedSubject.sector_code, lazy_("领域")),
                Column("region_code", "region", InspectedSubject.region_code, lazy_("属地")),
                Column("town", "town", town_of(InspectedSubject.region_code), lazy_("镇街")),
                Column("village", "region", village_of(InspectedSubject.region_code), lazy_("村居")),
                Column("org_id", "organisation", Inspection.org_id, lazy_("检查单位")),
                Column("led_by_city", "flag", _led_by_city(Inspection.id, Inspection), lazy_("市级领导带队")),
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
    metrics.extend("hazards", _of_hazards)
    metrics.extend("sector_plans", _of_plans)
