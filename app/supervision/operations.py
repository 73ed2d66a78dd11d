"""What each step of the process writes. Called by service tasks, inside the engine's transaction; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts import Organisation
from app.audit import Actor, record
from app.calendars import OfficeCalendar
from app.clock import local
from app.db import insert_or
from app.engine import HumanTask
from app.supervision import ladder, queries
from app.supervision.models import (
    SOURCES,
    SupervisionFeedback,
    SupervisionItem,
    SupervisionNumber,
    SupervisionRung,
)

Data = Mapping[str, Any]


def open_item(session: Session, data: Data, *, instance_id: str, by: Actor, now: dt.datetime) -> SupervisionItem:
    """Enter the matter and give it the next number of the year. Repeated for one instance it finds what it entered.

    `data` has `title`, and where known `source`, `content`, `requirement`, `basis`, `org_id` (whom the office may
    address), `sector_code`, `campaign_id`, the matter (`matter_kind`, `matter_id`, `matter_no`, `matter_key`) and its
    late step (`task_id`, `step`, `origin_instance_id`, `origin_due_at`), and `request_key`.
    """
    if found := queries.of_instance(session, instance_id):
        return found
    office = queries.office_of(session)
    source = str(data.get("source") or "overdue")
    item = SupervisionItem(
        number=_next_number(session, local(now).year),
        instance_id=instance_id,
        source=source if source in SOURCES else "overdue",
        title=str(data["title"])[:200],
        content=str(data.get("content") or ""),
        requirement=str(data.get("requirement") or ""),
        basis=str(data.get("basis") or ""),
        office_org_id=office.id,
        planned_org_id=_known(session, data.get("org_id")),
        region_code=queries.region_of(office),
        sector_code=data.get("sector_code"),
        campaign_id=data.get("campaign_id"),
        matter_kind=data.get("matter_kind"),
        matter_id=data.get("matter_id"),
        matter_no=str(data.get("matter_no") or ""),
        origin_task_id=data.get("task_id"),
        origin_instance_id=data.get("origin_instance_id"),
        origin_step=str(data.get("step") or ""),
        origin_due_at=instant(data.get("origin_due_at")),
        open_key=data.get("matter_key"),
        opened_at=now,
        opened_by_id=by.id,
        opened_by_name=by.name,
        request_key=data.get("request_key"),
        updated_at=now,
    )
    item.search_text = queries.search_text(item)
    session.add(item)
    session.flush()
    record(session, now, by, "supervision.opened", "supervision", item.id, number=item.number, source=item.source)
    return item


def _next_number(session: Session, year: int) -> str:
    """DB-2026-0001. The row is locked until the transaction ends: two at once wait, one that fails leaves no gap."""
    first = insert_or(session, SupervisionNumber).values(year=year, last=1)
    next_one = first.on_conflict_do_update(
        index_elements=[SupervisionNumber.year], set_={"last": SupervisionNumber.last + 1}
    )
    last = session.scalar(next_one.returning(SupervisionNumber.last)) or 0
    return f"DB-{year}-{last:04d}"


def _known(session: Session, org_id: Any) -> str | None:
    return org_id if org_id and session.get(Organisation, org_id) else None


def instant(text: Any) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if isinstance(text, str) and text else text or None


def issue(session: Session, item: SupervisionItem, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """下达: from here on the addressee sees it. `data` is what the drafting form gave."""
    addressee = session.get_one(Organisation, str(data["addressee_org_id"]))
    item.title = str(data.get("title") or item.title)[:200]
    item.content, item.requirement = str(data["content"]), str(data.get("requirement") or "")
    item.addressee_org_id = item.planned_org_id = addressee.id
    if addressee.kind == "town" and addressee.region_code:
        item.region_code = addressee.region_code
    item.colour = str(data.get("colour") or "")
    item.issued_at, item.issued_by_name, item.status, item.updated_at = now, by.name, "issued", now
    set_due(session, item, str(data["due_on"]), now)
    item.original_due_at = item.original_due_at or item.due_at
    item.search_text = queries.search_text(item)
    ask(item, int(data.get("slip_level") or ladder.SLIP))
    climb(session, item, up_to=ladder.SLIP, by=by, now=now)
    record(session, now, by, "supervision.issued", "supervision", item.id, number=item.number, to=addressee.id)


def set_due(session: Session, item: SupervisionItem, due_on: str, now: dt.datetime) -> None:
    due = OfficeCalendar().due(session, due_on, now, str)
    item.due_at, item.amber_at = due.at, due.amber_at


def ask(item: SupervisionItem, level: int) -> None:
    item.target = ladder.ask(_ladder(item), level).target


def climb(
    session: Session, item: SupervisionItem, *, by: Actor, now: dt.datetime, up_to: int = ladder.TOP
) -> list[int]:
    """Climb to what is asked for, as far as `up_to`; each rung goes on record once. The rungs climbed."""
    stand = _ladder(item)
    after, rungs = ladder.climb(ladder.Ladder(stand.level, min(stand.target, up_to), stand.clock_round))
    for level in rungs:
        session.add(
            SupervisionRung(item_id=item.id, clock_round=stand.clock_round, level=level, at=now, by_name=by.name)
        )
    if rungs:
        item.level, item.updated_at = after.level, now
        item.colour = (
            "red" if after.level > ladder.SLIP else "yellow" if stand.level and item.colour == "blue" else item.colour
        )
        session.flush()
        record(session, now, by, "supervision.climbed", "supervision", item.id, rungs=rungs, round=stand.clock_round)
    return rungs


def begin_anew(session: Session, item: SupervisionItem, *, by: Actor, now: dt.datetime) -> None:
    """An extension was approved: the ladder begins anew; what was climbed stays on record."""
    after = ladder.begin_anew(_ladder(item))
    item.level, item.target, item.clock_round, item.updated_at = after.level, after.target, after.clock_round, now
    session.flush()
    record(session, now, by, "supervision.began_anew", "supervision", item.id, round=item.clock_round)


def _ladder(item: SupervisionItem) -> ladder.Ladder:
    return ladder.Ladder(item.level or 0, item.target or 0, item.clock_round or 0)


def decline(session: Session, item: SupervisionItem, reason: str, *, by: Actor, now: dt.datetime) -> None:
    item.status, item.conclusion = "declined", reason
    _over(item, by, now)
    record(session, now, by, "supervision.declined", "supervision", item.id, reason=reason)


def receive(item: SupervisionItem, *, by: Actor, now: dt.datetime) -> None:
    item.received_at, item.received_by_name = now, by.name
    item.status, item.updated_at = "handling", now


def answer(
    session: Session, item: SupervisionItem, data: Data, *, key: str, by: Actor, now: dt.datetime
) -> SupervisionFeedback:
    """One feedback of the addressee; `key` names the step it was given in, so that a repeat finds it."""
    found = session.scalar(sa.select(SupervisionFeedback).where(SupervisionFeedback.answer_key == key))
    if found is None:
        found = SupervisionFeedback(item_id=item.id, answer_key=key, round=item.round)
        session.add(found)
    found.kind, found.content = str(data["feedback_kind"]), str(data["feedback"])
    found.attachments = list(data.get("feedback_files") or [])
    found.at, found.due_at, found.by_id, found.by_name, found.org_id = now, item.due_at, by.id, by.name, by.org_id
    item.updated_at = now
    if found.kind == "final":
        item.status, item.answered_at, item.paused_at, item.pause_reason = "reviewing", now, None, ""
    session.flush()
    return found


def review(session: Session, item: SupervisionItem, data: Data, *, by: Actor, now: dt.datetime) -> bool:
    """办结 or 退办. Sent back begins the next round, with a last day of its own where given. Whether it ended."""
    last = queries.last_feedback(session, item)
    done = data.get("review_result") == "done"
    if last is not None:
        last.result, last.opinion = "done" if done else "back", str(data.get("review_opinion") or "")
        last.reviewed_at, last.reviewed_by_name = now, by.name
    if done:
        item.status, item.conclusion = "ended", str(data.get("review_opinion") or "")
        _over(item, by, now)
        record(session, now, by, "supervision.ended", "supervision", item.id, number=item.number)
        return True
    item.round += 1
    item.status, item.answered_at, item.updated_at = "handling", None, now
    if data.get("new_due_on"):
        set_due(session, item, str(data["new_due_on"]), now)
    session.flush()
    return False


def withdraw(session: Session, item: SupervisionItem, reason: str, *, by: Actor, now: dt.datetime) -> None:
    """The process was cancelled: the matter is no longer supervised. The number stays used."""
    item.status, item.conclusion = "withdrawn", reason
    _over(item, by, now)
    record(session, now, by, "supervision.withdrawn", "supervision", item.id, number=item.number, reason=reason)


def _over(item: SupervisionItem, by: Actor, now: dt.datetime) -> None:
    """The matter may be taken up anew."""
    item.ended_at, item.ended_by_name, item.open_key = now, by.name, None
    item.paused_at, item.pause_reason, item.updated_at = None, "", now


def follow_clock(session: Session, item: SupervisionItem, task: HumanTask, *, now: dt.datetime) -> None:
    """The record follows the clock of the addressee's step: due instant, stop and going on."""
    item.due_at, item.amber_at = task.due_at, task.amber_at
    item.paused_at, item.pause_reason, item.updated_at = task.paused_at, task.pause_reason or "", now
    session.flush()
