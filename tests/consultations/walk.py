"""Drive a consultation through its processes by answers, as the people of the cast."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.audit import Actor, AuditRecord
from app.clock import SHANGHAI, FixedClock
from app.consultations import Consultation, Engagement, Expert, ExpertSector, Opinion, Visit, scoring
from app.db import write_transaction
from app.engine import HumanTask, Instance
from tests.cast import CITY, fixed_id, member, org_id
from tests.hazards.walk import Walk as HazardWalk
from tests.hazards.walk import people_the_register, subject_id

# key, name, account of the cast, employer, what is avoided
EXPERTS: tuple[tuple[str, str, str | None, str, list[dict[str, str]]], ...] = (
    ("qin", "秦川", "qin", "", []),
    ("shi", "石磊", None, "望海理工学院", []),
    ("tao", "陶然", None, "望海理工学院", []),
    ("employed", "员工甲", None, "望海市鑫源纺织有限公司", []),
    ("declared", "申报乙", None, "", [{"kind": "subject", "id": subject_id("xinyuan"), "reason": "亲属任职"}]),
    ("named", "集团丙", None, "", [{"kind": "name", "name": "鑫源", "reason": "集团顾问"}]),
    ("grouped", "同集团丁", None, "鑫源控股集团", []),
    ("retired", "停用戊", None, "", []),
    ("chemist", "化工己", None, "", []),
)
LEFT_OUT = ("employed", "declared", "named", "grouped")
FREE = ("qin", "shi", "tao")


def expert_id(key: str) -> str:
    return fixed_id(f"expert-{key}")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def people_the_pool(session: Session, now: dt.datetime) -> None:
    """Subjects, experts, and a group that owns one of the enterprises."""
    from app.accounts import Organisation

    people_the_register(session)
    group = Organisation(
        id=org_id("group"),
        code="group",
        name="鑫源控股集团",
        short_name="鑫源集团",
        kind="enterprise",
        region_code=CITY,
    )
    session.add(group)
    session.flush()
    session.get_one(Organisation, org_id("xinyuan")).parent_id = group.id
    for key, name, account, employer, conflicts in EXPERTS:
        session.add(
            Expert(
                id=expert_id(key),
                name=name,
                search_text=name,
                region_code=CITY,
                organisation=employer,
                user_id=member(account).id if account else None,
                conflicts=conflicts,
                fee_rate_yuan=801,
                active=key != "retired",
                created_at=now,
                updated_at=now,
            )
        )
        session.flush()
        session.add(ExpertSector(expert_id=expert_id(key), sector_code="CHEM" if key == "chemist" else "INDUSTRY"))
    session.flush()


def sheet(scores: list[int], before: list[int] | None = None) -> list[dict[str, Any]]:
    rows = []
    for place, one in enumerate(scoring.dimensions()):
        row: dict[str, Any] = {"dimension": one.code, "weight": one.weight, "score": scores[place], "note": ""}
        if before:
            row["before"] = before[place]
        rows.append(row)
    return rows


BEFORE, AFTER = [60, 50, 40, 60, 70, 50], [80, 80, 90, 80, 80, 70]


class Walk:
    def __init__(self, app: Flask, clock: FixedClock) -> None:
        self.app, self.clock = app, clock
        self.hazards = HazardWalk(app, clock)
        self.engine, self.sessions = app.extensions["duban.engine"], app.extensions["duban.sessions"]

    def actor(self, key: str) -> Actor:
        return self.hazards.actor(key)

    def start(self, *subjects: str, key: str = "wang", **data: Any) -> Consultation:
        given = {
            "topic": "除尘系统粉尘防爆",
            "kind": "monthly",
            "planned_on": "2026-04-15",
            "enterprises": [{"subject_id": subject_id(one)} for one in subjects or ("xinyuan",)],
        } | data
        started = self.engine.start("expert_consultation", given, by=self.actor(key))
        found: Consultation = self.one(Consultation, Consultation.instance_id == started.instance_id)
        return found

    def one(self, model: Any, *conditions: Any) -> Any:
        with self.sessions() as session:
            return session.scalars(sa.select(model).where(*conditions)).one()

    def all(self, model: Any, *conditions: Any) -> list[Any]:
        with self.sessions() as session:
            return list(session.scalars(sa.select(model).where(*conditions).order_by(model.id)))

    def again(self, row: Any) -> Any:
        return self.one(type(row), type(row).id == row.id)

    def visits(self, consultation: Consultation) -> list[Visit]:
        return self.all(Visit, Visit.consultation_id == consultation.id)

    def visit(self, consultation: Consultation) -> Visit:
        found: Visit = self.one(Visit, Visit.consultation_id == consultation.id, Visit.position == 1)
        return found

    def engagements(self, visit: Visit) -> list[Engagement]:
        return self.all(Engagement, Engagement.visit_id == visit.id)

    def engagement(self, visit: Visit, key: str) -> Engagement:
        mine = Engagement.expert_id == expert_id(key)
        found: Engagement = self.one(Engagement, Engagement.visit_id == visit.id, mine)
        return found

    def opinions(self, visit: Visit) -> list[Opinion]:
        return self.all(Opinion, Opinion.visit_id == visit.id, Opinion.status != "draft")

    def task(self, instance_id: str | None, node: str) -> HumanTask:
        found = self.one(
            HumanTask, HumanTask.instance_id == instance_id, HumanTask.node_id == node, HumanTask.status == "open"
        )
        assert isinstance(found, HumanTask)
        return found

    def do(self, instance_id: str | None, node: str, key: str, **answers: Any) -> None:
        """Complete the open task, which must be this step; then what it has put into the outbox."""
        self.engine.complete(self.task(instance_id, node).id, answers, by=self.actor(key))
        self.deliver()

    def deliver(self) -> None:
        self.engine.deliver_all()

    def until(self, text: str) -> None:
        self.engine.advance_to(at(text), self.clock.set)
        self.deliver()

    # -- steps

    def choose(self, consultation: Consultation, *keys: str, count: int = 0, by: str = "zhao") -> None:
        given: dict[str, Any] = {"method": "draw", "draw_count": count}
        if keys:
            given = {"method": "pick", "picked": [expert_id(key) for key in keys]}
        self.do(consultation.instance_id, "choose", by, **given)

    def announce(self, visit: Visit, visit_at: str = "2026-04-15T09:00", by: str = "zhao") -> None:
        self.do(visit.instance_id, "notify", by, visit_at=visit_at, contact="赵明远 13800000000", prepare="隐患台账")

    def acknowledge(self, visit: Visit, by: str = "zhou") -> None:
        self.do(visit.instance_id, "acknowledge", by, received_by="周敏")

    def diagnose(self, visit: Visit, visited_at: str = "2026-04-15T09:00", by: str = "zhao", **more: Any) -> None:
        given = {
            "visited_at": visited_at,
            "site_contact": "周敏",
            "supervisors": [{"person": member("zhao").id}, {"person": member("liu").id}],
            "scores": sheet(BEFORE),
        }
        self.do(visit.instance_id, "diagnose", by, **given | more)

    def hand_in(self, engagement: Engagement, *found: dict[str, Any], by: str = "qin") -> None:
        more = {} if found else {"none_found": True}
        given = {"opinions": list(found), "declared": True} | more
        self.do(self.again(engagement).instance_id, "hand_in", by, **given)

    def convert(self, visit: Visit, *decisions: dict[str, Any], by: str = "zhao") -> None:
        self.do(visit.instance_id, "convert", by, conversions=list(decisions))

    def follow_up(self, visit: Visit, revisited_at: str, by: str = "zhao", **more: Any) -> None:
        given = {
            "revisited_at": revisited_at,
            "revisitors": [{"person": member("zhao").id}, {"person": member("liu").id}],
            "after_scores": sheet(AFTER, BEFORE),
        }
        self.do(visit.instance_id, "follow_up", by, **given | more)

    def diagnosed(self, *keys: str, subjects: tuple[str, ...] = ("xinyuan",)) -> tuple[Consultation, Visit]:
        """A consultation whose first visit has been diagnosed, the experts being asked."""
        consultation = self.start(*subjects)
        self.choose(consultation, *keys or ("qin",))
        visit = self.visit(consultation)
        self.announce(visit)
        if visit.responsible_org_id:
            self.acknowledge(visit)
        self.until("2026-04-15 11:00")
        self.diagnose(visit)
        return self.again(consultation), self.again(visit)

    def audit(self, action: str) -> list[AuditRecord]:
        with self.sessions() as session:
            select = sa.select(AuditRecord).where(AuditRecord.action == action).order_by(AuditRecord.seq)
            return list(session.scalars(select))

    def children(self, instance_id: str | None, key: str) -> list[Instance]:
        return self.all(Instance, Instance.parent_id == instance_id, Instance.definition_key == key)

    def change(self, model: Any, key: str, **values: Any) -> None:
        with self.sessions() as session, write_transaction(session):
            row = session.get_one(model, key)
            for name, value in values.items():
                setattr(row, name, value)


OPINION = {
    "summary": "除尘器未设泄爆装置",
    "location": "2 号车间",
    "severity": "general",
    "basis": "GB 15577",
    "suggestion": "加装泄爆片",
    "photos": [],
}


def decided(opinion: Opinion, decision: str = "accept", **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"opinion": opinion.number, "decision": decision}
    if decision == "accept":
        row |= {"summary": opinion.summary, "grade": opinion.severity}
    return row | more
