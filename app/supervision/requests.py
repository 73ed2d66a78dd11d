"""The addressee asks for more time (督办延期). Called by service tasks; none of it commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.engine import HumanTask, afterwards
from app.supervision.models import SupervisionItem, SupervisionRequest

Data = Mapping[str, Any]
BY_THE_OFFICE = 1  # extensions that the office may grant; further ones are a leader's


def of_instance(session: Session, instance_id: str) -> SupervisionRequest | None:
    return session.scalar(sa.select(SupervisionRequest).where(SupervisionRequest.instance_id == instance_id))


def of_item(session: Session, item: SupervisionItem) -> list[SupervisionRequest]:
    select = sa.select(SupervisionRequest).where(SupervisionRequest.item_id == item.id)
    return list(session.scalars(select.order_by(SupervisionRequest.requested_at.desc())))


def enter(
    session: Session,
    item: SupervisionItem,
    task: HumanTask,
    data: Data,
    *,
    instance_id: str,
    by: Actor,
    now: dt.datetime,
) -> SupervisionRequest:
    """Put the request on record. Repeating it for the same instance finds what was entered."""
    if found := of_instance(session, instance_id):
        return found
    earlier = session.scalar(sa.select(sa.func.count()).where(SupervisionRequest.item_id == item.id)) or 0
    request = SupervisionRequest(
        item_id=item.id,
        instance_id=instance_id,
        task_id=task.id,
        number=f"{item.number}-{earlier + 1}",
        level="leader" if item.extensions >= BY_THE_OFFICE else "office",
        reason=str(data["reason"]),
        progress=str(data.get("progress") or ""),
        asked_on=str(data["new_due_on"]),
        due_before=item.due_at,
        requested_at=now,
        requested_by_id=by.id,
        requested_by_name=by.name,
    )
    session.add(request)
    session.flush()
    record(session, now, by, "supervision.requested", "supervision", item.id, number=request.number)
    return request


def still_due(session: Session, request: SupervisionRequest) -> HumanTask | None:
    """The step it is about, if it is still to be done."""
    task = session.get(HumanTask, request.task_id)
    return task if task is not None and task.status == "open" else None


def decide(request: SupervisionRequest, status: str, *, by: Actor, now: dt.datetime, opinion: str = "") -> None:
    request.status, request.opinion, request.decided_at, request.decided_by_name = status, opinion, now, by.name


def end_open(session: Session, item: SupervisionItem, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """What no longer has anything to decide about ends, once this is committed."""
    select = sa.select(SupervisionRequest).where(
        SupervisionRequest.item_id == item.id, SupervisionRequest.status == "open"
    )
    who = {"id": by.id, "name": by.name, "org_id": by.org_id, "org_name": by.org_name}
    for request in session.scalars(select):
        payload = {"instance_id": request.instance_id, "reason": reason, "actor": who}
        afterwards(session, "instance.cancel", f"cancel:supervision_request:{request.id}", payload, now)
