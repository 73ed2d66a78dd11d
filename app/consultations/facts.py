"""The rows that figures may count: visits (enterprises), experts × visits (人次), opinions and what became of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import url_for

from app.consultations.expert_models import CHOSEN, ENGAGEMENTS, OPINIONS, SEVERITIES, Engagement, Opinion
from app.consultations.models import KINDS, STATUSES, VISIT_STATUSES, Consultation, Visit
from app.i18n import lazy_
from app.metrics import Column, Source, industry_division, register, town_of
from app.subjects import Subject

_OF_VISIT = ((Consultation, Consultation.id == Visit.consultation_id), (Subject, Subject.id == Visit.subject_id))


def register_sources() -> None:
    for source in (_visits(), _experts(), _opinions()):
        register(source)


def _names(session: Any, keys: list[str]) -> dict[str, str]:
    """Names of enterprises that rows already seen are about."""
    rows = session.execute(sa.select(Subject.id, Subject.name).where(Subject.id.in_(keys)))
    return {row.id: row.name for row in rows}


def _shared() -> tuple[Column, ...]:
    """What every row knows by its visit."""
    return (
        Column("visit_id", "text", Visit.id, lazy_("企业会诊")),
        Column("visit_number", "text", Visit.number, lazy_("会诊编号")),
        Column("consultation_id", "text", Visit.consultation_id, lazy_("安全会诊")),
        Column("topic", "text", Consultation.topic, lazy_("会诊主题")),
        Column("kind", "text", Consultation.kind, lazy_("类型"), words=KINDS),
        Column("consultation_status", "text", Consultation.status, lazy_("会诊状态"), words=STATUSES),
        Column("visit_status", "text", Visit.status, lazy_("企业会诊状态"), words=VISIT_STATUSES),
        Column("campaign_id", "text", Consultation.campaign_id, lazy_("专项行动")),
        Column("plan_id", "text", Consultation.plan_id, lazy_("实施方案")),
        Column("subject_id", "text", Visit.subject_id, lazy_("监管对象"), names=_names),
        Column("subject_is_key", "flag", Subject.is_key, lazy_("重点企业")),
        Column("subject_is_above_scale", "flag", Subject.is_above_scale, lazy_("规上企业")),
        Column("subject_division", "text", industry_division(Subject.industry_code), lazy_("行业大类")),
        Column("region_code", "region", Visit.region_code, lazy_("所在区域")),
        Column("town", "town", town_of(Visit.region_code), lazy_("属地")),
        Column("sector_code", "sector", Visit.sector_code, lazy_("领域")),
        Column("supervising_org_id", "organisation", Visit.supervising_org_id, lazy_("监管单位")),
        Column("visited_at", "instant", Visit.visited_at, lazy_("会诊时间")),
    )


_GROUPS = ("town", "sector_code", "supervising_org_id", "kind")


def _link(row: Any) -> str:
    return url_for("consultations.visit", visit_id=row["visit_id"])


def _visits() -> Source:
    return Source(
        key="consultation_visits",
        model=Visit,
        label=lazy_("会诊企业"),
        columns=(
            *_shared(),
            Column("score_before", "number", Visit.score_before, lazy_("会诊得分")),
            Column("score_after", "number", Visit.score_after, lazy_("复诊得分")),
            Column("gain", "number", Visit.score_after - Visit.score_before, lazy_("提高")),
            Column("revisited_at", "instant", Visit.revisited_at, lazy_("复诊时间")),
        ),
        joins=_OF_VISIT,
        only=(Visit.visited_at.is_not(None), Visit.status != "voided"),
        shown=(
            "visit_id",
            "visit_number",
            "subject_id",
            "topic",
            "sector_code",
            "visited_at",
            "score_before",
            "score_after",
        ),
        group=_GROUPS,
        order="visited_at",
        link=_link,
    )


def _experts() -> Source:
    """One an expert at a visit: three experts at two enterprises are six person-times."""
    return Source(
        key="consultation_experts",
        model=Engagement,
        label=lazy_("会诊专家人次"),
        columns=(
            *_shared(),
            Column("expert_id", "text", Engagement.expert_id, lazy_("专家编号")),
            Column("expert", "text", Engagement.name, lazy_("专家")),
            Column("chosen", "text", Engagement.chosen, lazy_("选聘方式"), words=CHOSEN),
            Column("status", "text", Engagement.status, lazy_("状态"), words=ENGAGEMENTS),
            Column("fee_yuan", "number", Engagement.fee_yuan, lazy_("费用（元）")),
            Column("rating", "number", Engagement.rating, lazy_("评价")),
            Column("submitted_at", "instant", Engagement.submitted_at, lazy_("提交意见时间")),
        ),
        joins=((Visit, Visit.id == Engagement.visit_id), *_OF_VISIT),
        only=(Visit.visited_at.is_not(None), Visit.status != "voided", Engagement.status == "submitted"),
        scope=Visit,
        shown=("visit_id", "visit_number", "expert", "subject_id", "topic", "chosen", "visited_at"),
        group=(*_GROUPS, "chosen"),
        order="visited_at",
        link=_link,
    )


def _opinions() -> Source:
    """Opinions that the department has decided about; before that they are the expert's own."""
    return Source(
        key="consultation_opinions",
        model=Opinion,
        label=lazy_("专家意见"),
        columns=(
            *_shared(),
            Column("number", "text", Opinion.number, lazy_("编号")),
            Column("summary", "text", Opinion.summary, lazy_("问题")),
            Column("severity", "text", Opinion.severity, lazy_("专家建议等级"), words=SEVERITIES),
            Column("status", "text", Opinion.status, lazy_("状态"), words=OPINIONS),
            Column("decided_at", "instant", Opinion.decided_at, lazy_("转化时间")),
        ),
        joins=((Visit, Visit.id == Opinion.visit_id), *_OF_VISIT),
        only=(Visit.status != "voided", Opinion.status.in_(("converted", "merged", "rejected"))),
        scope=Visit,
        shown=("visit_id", "number", "summary", "subject_id", "severity", "status", "decided_at"),
        group=(*_GROUPS, "status"),
        order="decided_at",
        link=_link,
    )
