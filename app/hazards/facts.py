"""The rows that metrics may count: one a hazard, with what it may be counted by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.hazards.models import Hazard, HazardRound
from app.hazards.request_models import HazardRequest


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
