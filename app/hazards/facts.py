"""The rows that metrics may count: one a hazard, with what it may be counted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session

from app.hazards.models import CATEGORIES, GRADES, MODES, SOURCES, STATUSES, Hazard, HazardRound
from app.hazards.request_models import KINDS, OUTCOMES, REQUEST_STATUSES, HazardRequest
from app.i18n import lazy_
from app.metrics import Column, Source, industry_division, register, town_of
from app.subjects import Subject, fishery


def hazard_rows() -> sa.Select[Any]:
    """Every hazard that was one (voided ones are left out), unscoped: whoever counts narrows by `visible`.

    `rectified_at` is the submission that passed; `on_time` compares it with the first order's last day (domain 3.7).
    """
    passed = (
        sa.select(HazardRound.submitted_at)
        .where(HazardRound.hazard_id == Hazard.id, HazardRound.result == "passed")
        .correlate(Hazard)
        .scalar_subquery()
    )
    on_time = sa.case((Hazard.original_due_at.is_(None), passed.is_not(None)), else_=passed <= Hazard.original_due_at)
    columns: list[Any] = [
        Hazard.id,
        Hazard.number,
        Hazard.subject_id,
        Hazard.region_code,
        Hazard.sector_code,
        Hazard.supervising_org_id,
        Hazard.grade,
        Hazard.category,
        Hazard.source,
        Hazard.rectify_mode,
        Hazard.campaign_id,
        Hazard.plan_id,
        Hazard.inspection_id,
        Hazard.consultation_id,
        Hazard.status,
        Hazard.round,
        Hazard.found_at,
        Hazard.due_at,
        Hazard.original_due_at,
        Hazard.extensions,
        Hazard.closed_at,
        passed.label("rectified_at"),
        on_time.label("on_time"),
        Hazard.prior_hazard_id.is_not(None).label("recurred"),
    ]
    return sa.select(*columns).where(Hazard.status != "voided")


def request_rows() -> sa.Select[Any]:
    """Every request about a rectification, with what it may be counted by; unscoped like the hazards."""
    request = HazardRequest
    in_time = sa.and_(request.decided_at.is_not(None), request.decided_at <= request.reply_due_at)
    columns: list[Any] = [
        request.id,
        request.hazard_id,
        Hazard.region_code,
        Hazard.sector_code,
        Hazard.supervising_org_id,
        Hazard.grade,
        request.kind,
        request.status,
        request.outcome,
        request.level,
        request.late,
        request.escalations,
        request.requested_at,
        request.decided_at,
        in_time.label("answered_in_time"),
    ]
    return sa.select(*columns).join(Hazard, Hazard.id == request.hazard_id)


def register_sources() -> None:
    """What figures may be counted from hazards and from the requests about them."""
    register(
        Source(
            key="hazards",
            model=Hazard,
            label=lazy_("隐患"),
            columns=_hazard_columns(),
            only=(Hazard.status != "voided",),
            shown=("number", "summary", "subject_id", "town", "sector_code", "grade", "status", "found_at"),
            group=(
                "town", "sector_code", "supervising_org_id", "grade", "category", "source", "status", "campaign_id",
                "rectify_mode",
            ),
            order="found_at",
            link=lambda row: url_for("hazards.show", hazard_id=row["id"]),
        )
    )  # fmt: skip
    register(
        Source(
            key="hazard_requests",
            model=HazardRequest,
            label=lazy_("整改申请"),
            columns=_request_columns(),
            joins=((Hazard, Hazard.id == HazardRequest.hazard_id),),
            scope=Hazard,
            shown=("hazard_number", "kind", "town", "sector_code", "status", "outcome", "requested_at", "decided_at"),
            group=("town", "sector_code", "supervising_org_id", "kind", "outcome"),
            order="requested_at",
            link=_request_link,
        )
    )


def _hazard_columns() -> tuple[Column, ...]:
    known = {column.key: column for column in hazard_rows().selected_columns}
    return (
        Column("number", "text", Hazard.number, lazy_("编号")),
        Column("summary", "text", Hazard.summary, lazy_("隐患")),
        Column("subject_id", "text", Hazard.subject_id, lazy_("监管对象"), names=subject_names),
        Column("region_code", "region", Hazard.region_code, lazy_("所在区域")),
        Column("town", "town", town_of(Hazard.region_code), lazy_("属地")),
        Column("sector_code", "sector", Hazard.sector_code, lazy_("领域")),
        Column("supervising_org_id", "organisation", Hazard.supervising_org_id, lazy_("监管单位")),
        Column("grade", "text", Hazard.grade, lazy_("等级"), words=GRADES),
        Column("category", "text", Hazard.category, lazy_("类别"), words=CATEGORIES),
        Column("source", "text", Hazard.source, lazy_("来源"), words=SOURCES),
        Column("rectify_mode", "text", Hazard.rectify_mode, lazy_("整改方式"), words=MODES),
        Column("status", "text", Hazard.status, lazy_("状态"), words=STATUSES),
        Column("campaign_id", "text", Hazard.campaign_id, lazy_("专项行动")),
        Column("plan_id", "text", Hazard.plan_id, lazy_("实施方案")),
        Column("inspection_id", "text", Hazard.inspection_id, lazy_("检查")),
        Column("consultation_id", "text", Hazard.consultation_id, lazy_("安全会诊")),
        Column("round", "number", Hazard.round, lazy_("整改轮次")),
        Column("extensions", "number", Hazard.extensions, lazy_("延期次数")),
        Column("found_at", "instant", Hazard.found_at, lazy_("发现时间")),
        Column("ordered_at", "instant", Hazard.ordered_at, lazy_("下达时间")),
        Column("due_at", "instant", Hazard.due_at, lazy_("整改期限")),
        Column("rectified_at", "instant", known["rectified_at"], lazy_("整改完成时间")),
        Column("closed_at", "instant", Hazard.closed_at, lazy_("销号时间")),
        Column("on_time", "flag", known["on_time"], lazy_("按期整改")),
        Column("recurred", "flag", Hazard.prior_hazard_id.is_not(None), lazy_("反弹")),
        Column("subject_is_key", "flag", _of_subject(Subject.is_key), lazy_("重点企业")),
        Column("subject_is_above_scale", "flag", _of_subject(Subject.is_above_scale), lazy_("规上企业")),
        Column("subject_industry", "text", _of_subject(Subject.industry_code), lazy_("行业")),
        Column("subject_division", "text", _of_subject(industry_division(Subject.industry_code)), lazy_("行业大类")),
        Column("subject_fishery", "flag", _of_subject(fishery()), lazy_("渔业")),
    )


def _request_columns() -> tuple[Column, ...]:
    request = HazardRequest
    in_time = sa.and_(request.decided_at.is_not(None), request.decided_at <= request.reply_due_at)
    return (
        Column("hazard_number", "text", Hazard.number, lazy_("隐患编号")),
        Column("town", "town", town_of(Hazard.region_code), lazy_("属地")),
        Column("sector_code", "sector", Hazard.sector_code, lazy_("领域")),
        Column("supervising_org_id", "organisation", Hazard.supervising_org_id, lazy_("监管单位")),
        Column("grade", "text", Hazard.grade, lazy_("等级"), words=GRADES),
        Column("kind", "text", request.kind, lazy_("申请事项"), words=KINDS),
        Column("status", "text", request.status, lazy_("状态"), words=REQUEST_STATUSES),
        Column("outcome", "text", request.outcome, lazy_("结果"), words=OUTCOMES),
        Column("late", "flag", request.late, lazy_("逾期提出")),
        Column("requested_at", "instant", request.requested_at, lazy_("申请时间")),
        Column("decided_at", "instant", request.decided_at, lazy_("答复时间")),
        Column("answered_in_time", "flag", in_time, lazy_("按期答复")),
    )


def _of_subject(column: Any) -> Any:
    """What is known of the subject; a sub-query, so that only figures that ask for it pay for it."""
    return sa.select(column).where(Subject.id == Hazard.subject_id).correlate(Hazard).scalar_subquery()


def subject_names(session: Session, keys: list[str]) -> dict[str, str]:
    """Names of subjects that rows already seen are about."""
    return {
        row.id: row.name for row in session.execute(sa.select(Subject.id, Subject.name).where(Subject.id.in_(keys)))
    }


def _request_link(row: Mapping[str, Any]) -> str:
    return url_for("hazards.index", q=row["hazard_number"])
