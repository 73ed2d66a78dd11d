"""Drive the listed supervision of a major hazard by answers, as the people of the cast."""

from __future__ import annotations

import io
from typing import Any

import sqlalchemy as sa

from app import files
from app.db import write_transaction
from app.engine import HumanTask
from app.hazards import Hazard
from app.hazards.listing import ListingProgress, MajorListing
from tests.hazards.walk import Walk

PLAN = {
    "plan_goals": "消除涉爆粉尘隐患",
    "plan_measures": "更换除尘系统",
    "plan_resources": "经费 20 万元",
    "plan_people": "周敏",
    "plan_schedule": "三个月",
    "plan_safety": "停用并监护",
}
EXPERTS = [{"name": "秦川", "organisation": "专家组"}, {"name": "方明", "organisation": "专家组"}]


class Listing:
    """One hazard that is listed, and what is done about it."""

    def __init__(self, city: Walk, hazard: Hazard) -> None:
        self.city, self.hazard = city, hazard

    @property
    def row(self) -> MajorListing:
        with self.city.sessions() as session:
            return session.scalars(sa.select(MajorListing).where(MajorListing.hazard_id == self.hazard.id)).one()

    @property
    def tasks(self) -> dict[str, HumanTask]:
        with self.city.sessions() as session:
            select = sa.select(HumanTask).where(
                HumanTask.instance_id == self.row.instance_id, HumanTask.status == "open"
            )
            return {task.node_id: task for task in session.scalars(select)}

    def progress(self) -> list[ListingProgress]:
        with self.city.sessions() as session:
            select = sa.select(ListingProgress).where(ListingProgress.listing_id == self.row.id)
            return list(session.scalars(select.order_by(ListingProgress.at)))

    def do(self, node: str, key: str, **answers: Any) -> MajorListing:
        self.city.engine.complete(self.tasks[node].id, answers, by=self.city.actor(key))
        self.city.engine.deliver_all()
        return self.row

    def verify(self, **answers: Any) -> MajorListing:
        given: dict[str, Any] = {
            "verified": "list",
            "verify_opinion": "符合判定标准",
            "interim_measures": "停用除尘系统",
        }
        return self.do("verify", "wang", **given | {"stopped": False, "reported_superior": True} | answers)

    def plan(self) -> MajorListing:
        self.do("plan", "zhou", **PLAN, plan_funds_yuan=200000)
        return self.do("review_plan", "zhao", plan_verdict="fit", plan_opinion="可行", proposed_due_on="2026-09-30")

    def approve(self, due_on: str = "2026-09-30") -> MajorListing:
        return self.do("approve", "lin", listing_verdict="approve", listing_due_on=due_on)

    def list(self, due_on: str = "2026-09-30", **answers: Any) -> MajorListing:
        """Everything up to the listing, at once."""
        self.verify(**answers)
        self.plan()
        return self.approve(due_on)

    def tell_the_public(self) -> MajorListing:
        self.do("file", "wang", filed_to="上级安委办")
        return self.do("publicise", "wang", media="望海日报", publicity_text="挂牌督办")

    def document(self, key: str) -> str:
        """A file that this person has handed in and not used yet."""
        prepared = files.prepare(io.BytesIO("验收意见".encode()), "opinion.txt", photo=False)
        with self.city.sessions() as session, write_transaction(session):
            return files.keep(session, prepared, by=self.city.actor(key), now=self.city.clock.now()).id

    def accept(self, key: str = "zhao", **answers: Any) -> MajorListing:
        given: dict[str, Any] = {"accepted_on": "2026-04-09", "experts": EXPERTS, "acceptance_result": "passed"}
        given |= {"acceptance_opinion": "符合方案", "acceptance_files": [self.document(key)]}
        return self.do("accept", key, **given | answers)

    def delist(self) -> MajorListing:
        self.do("audit", "wang", audit_verdict="agree", audit_opinion="同意摘牌")
        return self.do("approve_delisting", "lin", delisting_verdict="approve")


def listed(city: Walk, **data: Any) -> Listing:
    """A hazard that was just graded major, with its listing reported."""
    hazard = city.grade(city.register(**data), grade="major", grade_basis="符合判定标准")
    city.engine.deliver_all()
    return Listing(city, hazard)
