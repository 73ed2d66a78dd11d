"""The rows that figures may count: the supervised subjects."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import url_for

from app.i18n import lazy_
from app.metrics import Column, Source, industry_division, register, town_of
from app.subjects.models import STATUSES, TYPES, Subject

FISHERY = "04"  # GB/T 4754-2017: 渔业


def fishery() -> Any:
    """Whether a subject is of the fishing industry: by its code, or as a fishing boat, which seldom has one."""
    return sa.or_(Subject.type == "vessel", industry_division(Subject.industry_code) == FISHERY)


def register_sources() -> None:
    register(
        Source(
            key="subjects",
            model=Subject,
            label=lazy_("监管对象"),
            columns=(
                Column("name", "text", Subject.name, lazy_("名称")),
                Column("type", "text", Subject.type, lazy_("类型"), words=TYPES),
                Column("sector_code", "sector", Subject.sector_code, lazy_("领域")),
                Column("town", "town", town_of(Subject.region_code), lazy_("属地")),
                Column("supervising_org_id", "organisation", Subject.supervising_org_id, lazy_("监管单位")),
                Column("industry_code", "text", Subject.industry_code, lazy_("行业")),
                Column("division", "text", industry_division(Subject.industry_code), lazy_("行业大类")),
                Column("fishery", "flag", fishery(), lazy_("渔业")),
                Column("is_key", "flag", Subject.is_key, lazy_("重点")),
                Column("is_above_scale", "flag", Subject.is_above_scale, lazy_("规上")),
                Column("is_high_risk", "flag", Subject.is_high_risk, lazy_("高危")),
                Column("status", "text", Subject.status, lazy_("状态"), words=STATUSES),
                Column("created_at", "instant", Subject.created_at, lazy_("登记时间")),
            ),
            shown=("name", "type", "sector_code", "town", "status"),
            group=("type", "sector_code", "town", "status"),
            order="created_at",
            link=lambda row: url_for("subjects.show", subject_id=row["id"]),
        )
    )
