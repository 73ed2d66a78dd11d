"""Drive an inspection through its process by answers, as the people of the cast."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app.clock import local
from app.db import write_transaction
from app.engine import HumanTask, Instance
from app.hazards import Hazard
from app.inspections import Checklist, InspectedSubject, Inspection, InspectionItem, answering, queries
from app.inspections.schemas import InspectionAnswerIn, InspectionSiteIn
from tests.cast import member
from tests.hazards.walk import Walk as HazardWalk
from tests.hazards.walk import at, subject_id

__all__ = ["Walk", "at", "subject_id"]


class Walk(HazardWalk):
    """One city's inspections: what people do, and what stands in the database afterwards."""

    def plan(self, key: str = "liu", subjects: tuple[str, ...] = ("xinyuan",), **data: Any) -> Inspection:
        """Plan for today, as this person with a colleague, by the shipped list of workshops."""
        given = {
            "mode": "routine",
            "planned_on": local(self.clock.now()).date().isoformat(),
            "subject_ids": [subject_id(one) for one in subjects],
            "inspectors": [member(key).id, member("zhao" if key != "zhao" else "liu").id],
            "checklist_id": self.checklist().id,
        }
        started = self.engine.start("inspection", given | data, by=self.actor(key), as_form=False)
        return self.inspection(started.instance_id)

    def checklist(self, code: str = "industry_workshop") -> Checklist:
        with self.sessions() as session:
            return session.scalars(sa.select(Checklist).where(Checklist.code == code)).one()

    def inspection(self, instance_id: str) -> Inspection:
        with self.sessions() as session:
            return session.scalars(sa.select(Inspection).where(Inspection.instance_id == instance_id)).one()

    def looked_up(self, inspection: Inspection) -> Inspection:
        return self.inspection(inspection.instance_id)

    def open_step(self, inspection: Inspection) -> HumanTask:
        with self.sessions() as session:
            rows = sa.select(HumanTask).where(
                HumanTask.instance_id == inspection.instance_id, HumanTask.status == "open"
            )
            return session.scalars(rows).one()

    def step(self, inspection: Inspection, node: str, key: str, **answers: Any) -> Inspection:
        task = self.open_step(inspection)
        assert task.node_id == node, f"open is {task.node_id}, not {node}"
        self.engine.complete(task.id, answers, by=self.actor(key))
        return self.looked_up(inspection)

    def arrive(self, inspection: Inspection, key: str = "liu", *others: str) -> Inspection:
        team = [{"person": member(one).id} for one in (key, *(others or ("zhao",)))]
        return self.step(inspection, "arrive", key, arrived_at=self.clock.now().isoformat(), inspectors=team)

    def checks(self, inspection: Inspection) -> list[InspectedSubject]:
        with self.sessions() as session:
            return queries.subjects_of(session, inspection)

    def items(self, inspection: Inspection, position: int = 1) -> list[InspectionItem]:
        with self.sessions() as session:
            subject = queries.subjects_of(session, inspection)[position - 1]
            return queries.items_of(session, [subject.id])[subject.id]

    def answer(
        self, inspection: Inspection, failed: dict[int, dict[str, Any]], key: str = "liu", position: int = 1
    ) -> None:
        """Answer every item of a subject: those named fail with what is said, the rest pass; then sign."""
        subject = self.checks(inspection)[position - 1]
        answers = []
        for item in self.items(inspection, position):
            said = failed.get(item.position)
            photos = {} if said is None else {"photos": [self.photo(key)]}
            result = "compliant" if said is None else "noncompliant"
            answers.append(
                InspectionAnswerIn().load(
                    {"item_id": item.id, "rev": item.rev, "result": result, **photos, **(said or {})}
                )
            )
        site = InspectionSiteIn().load(
            {"served": "signed", "signed_by": "周敏", "signed_title": "安全总监", "evidence": [self.photo(key)]}
        )
        with self.sessions() as session, write_transaction(session):
            row = session.get_one(InspectedSubject, subject.id)
            by, now = self.actor(key), self.clock.now()
            assert {one["status"] for one in answering.save(session, row, answers, by=by, now=now)} <= {"saved", "same"}
            assert answering.save_site(session, row, site, by=by, now=now)["status"] == "saved"

    def inspected(self, failed: dict[int, dict[str, Any]] | None = None, key: str = "liu", **data: Any) -> Inspection:
        """Planned, arrived, answered and recorded."""
        inspection = self.arrive(self.plan(key, **data), key)
        for position in range(1, inspection.subjects + 1):
            self.answer(inspection, failed or {}, key, position)
        done = self.step(inspection, "check", key, conclusion="已检查", violation_found="no")
        self.engine.deliver_all()
        return done

    def hazards_of(self, inspection: Inspection) -> list[Hazard]:
        with self.sessions() as session:
            found = sa.select(Hazard).where(Hazard.inspection_id == inspection.id).order_by(Hazard.number)
            return list(session.scalars(found))

    def instances(self, inspection: Inspection) -> list[Instance]:
        with self.sessions() as session:
            return list(session.scalars(sa.select(Instance).where(Instance.parent_id == inspection.instance_id)))

    def days_later(self, days: int) -> None:
        self.clock.set(self.clock.now() + dt.timedelta(days=days))
