"""Drive supervision by answers, as the people of the cast; hazards that run late beside it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.engine import HumanTask, Instance
from app.hazards import Hazard
from app.supervision.models import (
    Instruction,
    Interview,
    SupervisionCircular,
    SupervisionFeedback,
    SupervisionItem,
    SupervisionRequest,
    SupervisionRung,
)
from tests.cast import org_id
from tests.hazards.walk import Walk as HazardWalk

# Who answers for which organisation of the cast.
STAFF = {"emergency": ("dept", "zhao"), "xingang": ("town", "sun"), "xinyuan": ("ent", "wu")}


class Walk(HazardWalk):
    def decide(self, *orgs: str, due_on: str = "2026-04-30", level: str = "2") -> list[SupervisionItem]:
        """A meeting decided something for each of these; the slips, in order."""
        rows = [
            {
                "title": f"第 {n} 项决定",
                "content": "按期落实",
                "addressee_org_id": org_id(org),
                "due_on": due_on,
                "slip_level": level,
            }
            for n, org in enumerate(orgs, 1)
        ]
        data = {"source": "meeting", "basis": "市政府第 5 次常务会议", "items": rows}
        before = {item.id for item in self.items()}
        self.engine.start("supervision_decisions", data, by=self.actor("wang"), as_form=True)
        self.engine.deliver_all()
        return [item for item in self.items() if item.id not in before]

    def items(self) -> list[SupervisionItem]:
        with self.sessions() as session:
            return list(session.scalars(sa.select(SupervisionItem).order_by(SupervisionItem.number)))

    def items_of(self, hazard: Hazard) -> list[SupervisionItem]:
        return [item for item in self.items() if item.matter_id == hazard.id]

    def anew(self, item: SupervisionItem) -> SupervisionItem:
        with self.sessions() as session:
            return session.get_one(SupervisionItem, item.id)

    def open_of(self, item: SupervisionItem) -> dict[str, HumanTask]:
        """Its open tasks by step."""
        with self.sessions() as session:
            select = sa.select(HumanTask).where(HumanTask.instance_id == item.instance_id, HumanTask.status == "open")
            return {task.node_id: task for task in session.scalars(select)}

    def step(self, item: SupervisionItem, node: str, key: str, **answers: Any) -> SupervisionItem:
        """Complete this open step of it as this person."""
        self.engine.complete(self.open_of(item)[node].id, answers, by=self.actor(key))
        self.engine.deliver_all()
        return self.anew(item)

    def issue(self, item: SupervisionItem, org: str = "emergency", **answers: Any) -> SupervisionItem:
        given = {"verdict": "issue", "title": item.title, "content": "查明原因，限期办结", "due_on": "2026-05-15"}
        given |= {"addressee_org_id": org_id(org), "slip_level": "2"}
        return self.step(item, "draft", "wang", **given | answers)

    def receive_slip(self, item: SupervisionItem, org: str = "emergency") -> SupervisionItem:
        short, key = STAFF[org]
        return self.step(item, f"receive_{short}", key, received_by=key)

    def feed_back(self, item: SupervisionItem, org: str = "emergency", kind: str = "final") -> SupervisionItem:
        short, key = STAFF[org]
        return self.step(item, f"handle_{short}", key, feedback_kind=kind, feedback="已落实")

    def end(self, item: SupervisionItem) -> SupervisionItem:
        return self.step(item, "review", "wang", review_result="done", review_opinion="同意办结")

    def of(self, model: Any, item: SupervisionItem) -> list[Any]:
        with self.sessions() as session:
            return list(session.scalars(sa.select(model).where(model.item_id == item.id).order_by(model.id)))

    def rungs(self, item: SupervisionItem) -> list[tuple[int, int]]:
        """(round of the clock, level), in the order climbed."""
        return [(rung.clock_round, rung.level) for rung in self.of(SupervisionRung, item)]

    def interview(self, item: SupervisionItem) -> Interview:
        found: Interview = self.of(Interview, item)[-1]
        return found

    def started_by(self, instance_id: str) -> list[Instance]:
        select = sa.select(Instance).where(Instance.parent_id == instance_id).order_by(Instance.started_at)
        with self.sessions() as session:
            return list(session.scalars(select))


def open_task(city: Walk, instance_id: str, node: str) -> HumanTask:
    """The open task of this step of any instance."""
    with city.sessions() as session:
        select = sa.select(HumanTask).where(HumanTask.instance_id == instance_id, HumanTask.status == "open")
        return session.scalars(select.where(HumanTask.node_id == node)).one()


__all__ = ["Instruction", "SupervisionCircular", "SupervisionFeedback", "SupervisionRequest", "Walk", "open_task"]
