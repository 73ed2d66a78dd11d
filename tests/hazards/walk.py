"""Drive a hazard through its process by answers, as the people of the cast."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from app import files
from app.audit import SYSTEM, Actor
from app.clock import SHANGHAI, FixedClock
from app.db import write_transaction
from app.engine import History, HumanTask, Instance
from app.hazards import Hazard, HazardRound
from app.subjects import Subject
from tests import cast
from tests.cast import LONGWAN, XINGANG, member, org_id

SUBJECTS = (  # key, name, region, sector, own organisation
    ("xinyuan", "鑫源纺织有限公司", "990181101201", "INDUSTRY", "xinyuan"),
    ("hongda", "宏达铸件有限公司", "990181102201", "INDUSTRY", "hongda"),
    ("market", "新港水产批发市场", "990181101201", "FIRE", None),
    ("kiln", "李家村旧砖厂", "990181102201", "INDUSTRY", None),
)
TOWNS = {XINGANG: "xingang", LONGWAN: "longwan"}


def people_the_register(session: Session) -> None:
    """Subjects of the cast's city, and the fire sector with the emergency department in its lead."""
    from app.accounts.models import OrganisationSector, Sector

    now = cast.START.astimezone(dt.UTC)
    lead = org_id("emergency")
    session.add(Sector(code="FIRE", name="消防", name_en="Fire", position=9, lead_org_id=lead))
    session.flush()
    session.add(OrganisationSector(org_id=lead, sector_code="FIRE"))
    for key, name, region, sector, own in SUBJECTS:
        session.add(
            Subject(
                id=subject_id(key),
                type="enterprise",
                name=name,
                name_key=name,
                search_text=name,
                region_code=region,
                sector_code=sector,
                org_id=org_id(own) if own else None,
                supervising_org_id=lead,
                town_org_id=org_id(TOWNS[region[:9] + "000"]),
                created_at=now,
                updated_at=now,
            )
        )
    session.flush()


def subject_id(key: str) -> str:
    return cast.fixed_id(f"subject-{key}")


def at(text: str) -> dt.datetime:
    """`2026-04-10 08:30` on the office's clock."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class Walk:
    """One city's hazards, seen from outside: what people do, and what stands in the database afterwards."""

    def __init__(self, app: Flask, clock: FixedClock) -> None:
        self.app, self.clock = app, clock
        self.engine = app.extensions["duban.engine"]
        self.sessions = app.extensions["duban.sessions"]

    def actor(self, key: str) -> Actor:
        person = member(key)
        org = next(o for o in cast.ORGS if org_id(o[0]) == person.org_id)
        return Actor(id=person.id, name=person.name, org_id=person.org_id, org_name=org[2])

    def photo(self, key: str) -> str:
        """A photo that this person has taken and not used yet."""
        out = io.BytesIO()
        Image.new("RGB", (64, 48), (120, 130, 140)).save(out, "JPEG")
        prepared = files.prepare(io.BytesIO(out.getvalue()), "scene.jpg", photo=True)
        with self.sessions() as session, write_transaction(session):
            return files.keep(session, prepared, by=self.actor(key), now=self.clock.now()).id

    def register(self, key: str = "zhao", subject: str = "xinyuan", **data: Any) -> Hazard:
        """Register as this person (None: the system); returns the record."""
        given = {"subject_id": subject_id(subject), "summary": "2 号车间安全出口上锁"} | data
        by = self.actor(key) if key else SYSTEM
        started = self.engine.start("hazard_rectification", given, by=by, as_form=False)
        return self.hazard(started.instance_id)

    def hazard(self, instance_id: str) -> Hazard:
        with self.sessions() as session:
            return session.scalars(sa.select(Hazard).where(Hazard.instance_id == instance_id)).one()

    def again(self, hazard: Hazard) -> Hazard:
        return self.hazard(hazard.instance_id)

    def task(self, hazard: Hazard) -> HumanTask:
        """The one open task."""
        with self.sessions() as session:
            open_ones = sa.select(HumanTask).where(
                HumanTask.instance_id == hazard.instance_id, HumanTask.status == "open"
            )
            return session.scalars(open_ones).one()

    def do(self, hazard: Hazard, node: str, key: str, **answers: Any) -> Hazard:
        """Complete the open task, which must be this step, as this person."""
        task = self.task(hazard)
        assert task.node_id == node, f"open is {task.node_id}, not {node}"
        self.engine.complete(task.id, answers, by=self.actor(key))
        return self.again(hazard)

    def grade(self, hazard: Hazard, key: str = "zhao", **answers: Any) -> Hazard:
        given = {"verdict": "valid", "grade": "general", "grade_basis": "能够立即整改", "rectify_mode": "limited"}
        hidden = ("handled_by",) if answers.get("grade") == "major" or not hazard.town_org_id else ()
        given |= {} if hidden else {"handled_by": "department"}
        return self.do(hazard, "grade", key, **given | answers)

    def order(self, hazard: Hazard, key: str = "zhao", node: str = "order", **answers: Any) -> Hazard:
        given = {"requirements": [{"text": "拆除门锁"}, {"text": "清空通道"}], "due_on": "2026-04-24"}
        return self.do(hazard, node, key, **given | {"legal_basis": "《安全生产法》"} | answers)

    def receive(self, hazard: Hazard, key: str = "zhou") -> Hazard:
        return self.do(hazard, "receive", key, received_by="周敏")

    def rectify(self, hazard: Hazard, key: str = "zhou", node: str = "rectify", **answers: Any) -> Hazard:
        given = {"measures": "已拆除", "responsible_person": "周敏", "photos_after": [self.photo(key)]}
        return self.do(hazard, node, key, **given | answers)

    def review(self, hazard: Hazard, key: str = "zhao", node: str = "review", **answers: Any) -> Hazard:
        given: dict[str, Any] = {
            "review_method": "documents",
            "inspectors": [{"person": member("zhao").id}, {"person": member("liu").id}],
            "conclusions": [{"requirement": text, "result": "passed"} for text in hazard.requirements],
            "opinion": "逐项核对，均已整改",
            "served": "signed",
            "served_to": "周敏",
            "opinion_signed": True,
        }
        return self.do(hazard, node, key, **given | answers)

    def failed(self, hazard: Hazard, new_due_on: str, key: str = "zhao", node: str = "review") -> Hazard:
        """A re-inspection whose first item failed."""
        first, *rest = hazard.requirements
        conclusions = [{"requirement": first, "result": "failed", "note": "仍上锁"}]
        conclusions += [{"requirement": text, "result": "passed"} for text in rest]
        return self.review(hazard, key, node, conclusions=conclusions, new_due_on=new_due_on)

    def close(self, hazard: Hazard, key: str = "zhao", node: str = "close") -> Hazard:
        return self.do(hazard, node, key, close_opinion="同意销号")

    def to_review(self, hazard: Hazard) -> Hazard:
        """Everything before the re-inspection, done at once."""
        return self.rectify(self.receive(self.order(self.grade(hazard))))

    def closed(self, **data: Any) -> Hazard:
        return self.close(self.review(self.to_review(self.register(**data))))

    def until(self, text: str) -> None:
        """Drive the clock there; what becomes due on the way happens at its own instant."""
        self.engine.advance_to(at(text), self.clock.set)

    def events(self, hazard: Hazard, *names: str) -> list[tuple[str, dt.datetime, dict[str, Any]]]:
        """What the history tells, in order: (event, instant, data)."""
        select = sa.select(History).where(History.instance_id == hazard.instance_id).order_by(History.seq)
        with self.sessions() as session:
            lines = session.scalars(select.where(History.event.in_(names)) if names else select).all()
        return [(line.event, line.at, line.data) for line in lines]

    def rounds(self, hazard: Hazard) -> list[HazardRound]:
        select = sa.select(HazardRound).where(HazardRound.hazard_id == hazard.id).order_by(HazardRound.round)
        with self.sessions() as session:
            return list(session.scalars(select))

    def referrals(self, hazard: Hazard) -> list[Instance]:
        select = sa.select(Instance).where(Instance.parent_id == hazard.instance_id).order_by(Instance.started_at)
        with self.sessions() as session:
            return list(session.scalars(select))
