"""The rows that metrics may count: supervised matters, interviews, circulars, instructions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import url_for

from app.i18n import lazy_
from app.metrics import Column, Source, register, town_of
from app.supervision.models import (
    LEVELS,
    SOURCES,
    STATUSES,
    Instruction,
    Interview,
    SupervisionCircular,
    SupervisionItem,
)

_LEVELS = {str(level): name for level, name in LEVELS.items()}


def register_sources() -> None:
    """What figures may be counted from supervision. Drafts count as such; who may see an item may count it."""
    register(
        Source(
            key="supervision_items",
            model=SupervisionItem,
            label=lazy_("督办件"),
            columns=_item_columns(),
            shown=("number", "title", "addressee_org_id", "source", "level", "status", "issued_at", "due_at"),
            group=("addressee_org_id", "source", "level", "status", "town"),
            order="opened_at",
            link=lambda row: url_for("supervision.show", item_id=row["id"]),
        )
    )
    register(
        _of_item(
            "interviews", Interview, lazy_("约谈"), _interview_columns(), ("number", "addressee_org_id"), "held_at"
        )
    )
    register(
        _of_item("circulars", SupervisionCircular, lazy_("通报"), _circular_columns(), ("title", "number"), "issued_at")
    )
    register(
        _of_item("instructions", Instruction, lazy_("批示"), _instruction_columns(), ("leader_name", "number"), "at")
    )


def _of_item(
    key: str, model: Any, label: Any, columns: tuple[Column, ...], shown: tuple[str, ...], order: str
) -> Source:
    """A source whose rows belong to an item: seen by whoever sees it, read on its page."""
    return Source(
        key=key,
        model=model,
        label=label,
        columns=(*_common(), *columns),
        joins=((SupervisionItem, SupervisionItem.id == model.item_id),),
        scope=SupervisionItem,
        shown=(*shown, order),
        order=order,
        group=("addressee_org_id", "source"),
        link=_item_link,
    )


def _item_link(row: Mapping[str, Any]) -> str | None:
    return url_for("supervision.index", q=row["number"])


def _common() -> tuple[Column, ...]:
    item = SupervisionItem
    return (
        Column("number", "text", item.number, lazy_("编号")),
        Column("item_title", "text", item.title, lazy_("督办事项")),
        Column("source", "text", item.source, lazy_("来源"), words=SOURCES),
        Column("addressee_org_id", "organisation", item.addressee_org_id, lazy_("承办单位")),
        Column("sector_code", "sector", item.sector_code, lazy_("领域")),
        Column("campaign_id", "text", item.campaign_id, lazy_("专项行动")),
    )


def _item_columns() -> tuple[Column, ...]:
    item = SupervisionItem
    answered = sa.and_(item.answered_at.is_not(None), item.answered_at <= item.due_at)
    return (
        Column("number", "text", item.number, lazy_("编号")),
        Column("title", "text", item.title, lazy_("督办事项")),
        Column("source", "text", item.source, lazy_("来源"), words=SOURCES),
        Column("status", "text", item.status, lazy_("状态"), words=STATUSES),
        Column("level", "text", sa.cast(item.level, sa.String), lazy_("督办级别"), words=_LEVELS),
        Column("addressee_org_id", "organisation", item.addressee_org_id, lazy_("承办单位")),
        Column("sector_code", "sector", item.sector_code, lazy_("领域")),
        Column("region_code", "region", item.region_code, lazy_("所在区域")),
        Column("town", "town", town_of(item.region_code), lazy_("属地")),
        Column("campaign_id", "text", item.campaign_id, lazy_("专项行动")),
        Column("matter_kind", "text", item.matter_kind, lazy_("事项种类")),
        Column("extensions", "number", item.extensions, lazy_("延期次数")),
        Column("answered_in_time", "flag", answered, lazy_("按期反馈")),
        Column("opened_at", "instant", item.opened_at, lazy_("建件时间")),
        Column("issued_at", "instant", item.issued_at, lazy_("下达时间")),
        Column("due_at", "instant", item.due_at, lazy_("办结期限")),
        Column("answered_at", "instant", item.answered_at, lazy_("反馈时间")),
        Column("ended_at", "instant", item.ended_at, lazy_("办结时间")),
    )


def _interview_columns() -> tuple[Column, ...]:
    return (
        Column("decided_at", "instant", Interview.decided_at, lazy_("确定时间")),
        Column("held_at", "instant", Interview.held_at, lazy_("谈话时间")),
        Column("feedback_at", "instant", Interview.feedback_at, lazy_("反馈时间")),
    )


def _circular_columns() -> tuple[Column, ...]:
    return (
        Column("title", "text", SupervisionCircular.title, lazy_("标题")),
        Column("issued_at", "instant", SupervisionCircular.issued_at, lazy_("通报时间")),
    )


def _instruction_columns() -> tuple[Column, ...]:
    return (
        Column("leader_name", "text", Instruction.leader_name, lazy_("批示领导")),
        Column("at", "instant", Instruction.at, lazy_("批示时间")),
    )
