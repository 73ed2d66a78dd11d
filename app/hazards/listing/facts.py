"""The rows that metrics may count of listed supervision: one a listing, with its statutory acts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import url_for

from app.hazards.listing.models import LISTING_STATUSES, MajorListing
from app.hazards.models import Hazard
from app.i18n import lazy_
from app.metrics import Column, Source, register, town_of

_RESULTS = {"passed": lazy_("合格"), "failed": lazy_("不合格")}


def register_sources() -> None:
    register(
        Source(
            key="major_listings",
            model=MajorListing,
            label=lazy_("挂牌督办"),
            columns=_columns(),
            joins=((Hazard, Hazard.id == MajorListing.hazard_id),),
            shown=("number", "hazard_number", "summary", "town", "sector_code", "status", "listed_at", "due_at"),
            group=("town", "sector_code", "supervising_org_id", "status"),
            order="reported_at",
            link=lambda row: url_for("hazards.index", q=row["hazard_number"]),
        )
    )


def _columns() -> tuple[Column, ...]:
    row = MajorListing
    return (
        Column("number", "text", row.number, lazy_("挂牌编号")),
        Column("hazard_number", "text", Hazard.number, lazy_("隐患编号")),
        Column("summary", "text", Hazard.summary, lazy_("隐患")),
        Column("status", "text", row.status, lazy_("状态"), words=LISTING_STATUSES),
        Column("sector_code", "sector", row.sector_code, lazy_("领域")),
        Column("region_code", "region", row.region_code, lazy_("所在区域")),
        Column("town", "town", town_of(row.region_code), lazy_("属地")),
        Column("supervising_org_id", "organisation", row.supervising_org_id, lazy_("监管单位")),
        Column("acceptance_result", "text", row.acceptance_result, lazy_("验收结论"), words=_RESULTS),
        Column("failures", "number", row.failures, lazy_("验收不合格次数")),
        Column("filed_in_time", "flag", _in_time(row.filed_at, row.file_by), lazy_("按期备案")),
        Column("publicised_in_time", "flag", _in_time(row.publicised_at, row.publicise_by), lazy_("按期公布")),
        Column("reported_at", "instant", row.reported_at, lazy_("报告时间")),
        Column("listed_at", "instant", row.listed_at, lazy_("挂牌时间")),
        Column("due_at", "instant", row.due_at, lazy_("治理期限")),
        Column("accepted_at", "instant", row.accepted_at, lazy_("验收时间")),
        Column("delisted_at", "instant", row.delisted_at, lazy_("摘牌时间")),
    )


def _in_time(done: Any, by: Any) -> sa.ColumnElement[bool]:
    return sa.and_(done.is_not(None), done <= by)
