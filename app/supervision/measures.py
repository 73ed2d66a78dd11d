"""What is done on the higher rungs: interview, circular, a leader's word. Called by service tasks; none commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit import Actor, record
from app.calendars import OfficeCalendar
from app.supervision.models import Instruction, Interview, SupervisionCircular, SupervisionItem

Data = Mapping[str, Any]
HOLD_BY, ANSWER_BY = "interview_7d", "interview_feedback_5d"


def decide_interview(session: Session, item: SupervisionItem, *, now: dt.datetime) -> Interview:
    """约谈 is decided on; it is held within a week. Repeated in one round of the ladder it finds what it decided."""
    found = interview_of(session, item)
    if found is None:
        hold_by = OfficeCalendar().due(session, HOLD_BY, now, str).at
        found = Interview(item_id=item.id, clock_round=item.clock_round, decided_at=now, hold_by=hold_by)
        session.add(found)
        session.flush()
    return found


def interview_of(session: Session, item: SupervisionItem) -> Interview | None:
    """The latest one: a later round of the ladder may decide on another."""
    select = sa.select(Interview).where(Interview.item_id == item.id, Interview.clock_round == item.clock_round)
    return session.scalar(select)


def latest_interview(session: Session, item: SupervisionItem) -> Interview | None:
    select = sa.select(Interview).where(Interview.item_id == item.id).order_by(Interview.decided_at.desc())
    return session.scalars(select).first()


def notice(session: Session, item: SupervisionItem, data: Data, *, by: Actor, now: dt.datetime) -> Interview:
    interview = _latest(session, item)
    interview.reason = str(data.get("interview_reason") or "")
    interview.talk_at = dt.datetime.fromisoformat(str(data["talk_at"]))
    interview.place, interview.chair = str(data["talk_place"]), str(data["talk_chair"])
    interview.persons = str(data["talk_persons"])
    interview.noticed_at, interview.noticed_by_name = now, by.name
    item.updated_at = now
    record(
        session, now, by, "supervision.interview_noticed", "supervision", item.id, talk=interview.talk_at.isoformat()
    )
    return interview


def hold(session: Session, item: SupervisionItem, data: Data, *, by: Actor, now: dt.datetime) -> Interview:
    """The talk took place: minutes, and the five work days in which the addressee answers in writing."""
    interview = _latest(session, item)
    interview.held_at = dt.datetime.fromisoformat(str(data["held_at"])) if data.get("held_at") else now
    interview.attendees, interview.minutes = str(data["attendees"]), str(data["minutes"])
    interview.requirements = str(data.get("talk_requirements") or "")
    interview.feedback_due_at = OfficeCalendar().due(session, ANSWER_BY, now, str).at
    item.updated_at = now
    record(session, now, by, "supervision.interview_held", "supervision", item.id)
    return interview


def answer(session: Session, item: SupervisionItem, data: Data, *, by: Actor, now: dt.datetime) -> None:
    interview = _latest(session, item)
    interview.feedback, interview.feedback_at, interview.feedback_by_name = str(data["answer"]), now, by.name
    item.updated_at = now
    session.flush()


def _latest(session: Session, item: SupervisionItem) -> Interview:
    found = latest_interview(session, item)
    if found is None:
        raise LookupError(f"{item.number} has no interview")
    return found


def circulate(session: Session, item: SupervisionItem, data: Data, *, by: Actor, now: dt.datetime) -> None:
    """通报. Once in a round of the ladder."""
    same = sa.select(SupervisionCircular).where(
        SupervisionCircular.item_id == item.id, SupervisionCircular.clock_round == item.clock_round
    )
    found = session.scalar(same) or SupervisionCircular(item_id=item.id, clock_round=item.clock_round)
    found.title, found.body = str(data["circular_title"]), str(data["circular_body"])
    found.recipients, found.issued_at, found.by_name = str(data.get("circular_recipients") or ""), now, by.name
    session.add(found)
    item.updated_at = now
    session.flush()
    record(session, now, by, "supervision.circulated", "supervision", item.id, title=found.title)


def instruct(session: Session, item: SupervisionItem, text: str, *, by: Actor, now: dt.datetime) -> None:
    """批示: a leader's word on the item. The same word of the same person in one round is entered once."""
    same = sa.select(Instruction.id).where(
        Instruction.item_id == item.id,
        Instruction.leader_id == by.id,
        Instruction.clock_round == item.clock_round,
        Instruction.text == text,
    )
    if session.scalar(same) is not None:
        return
    session.add(
        Instruction(
            item_id=item.id,
            clock_round=item.clock_round,
            text=text,
            at=now,
            leader_id=by.id,
            leader_name=by.name,
            subject_kind=item.matter_kind,
            subject_id=item.matter_id,
        )
    )
    item.updated_at = now
    session.flush()
    record(session, now, by, "supervision.instructed", "supervision", item.id, text=text)
