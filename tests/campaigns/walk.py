"""Play campaigns as the people of the cast: what they do, and what stands in the database afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.audit import Actor
from app.campaigns import Campaign, CampaignPhase, CampaignProgress, CampaignTask, SectorPlan
from app.clock import SHANGHAI, FixedClock
from app.engine import HumanTask, Incident, Instance
from tests import cast
from tests.cast import member, org_id

ANNUAL: Mapping[str, Any] = {
    "name": "查问题、除隐患、防事故",
    "scale": "annual",
    "trigger": "deploy",
    "start_on": "2026-04-13",
    "end_on": "2026-07-31",
    "weekly": True,
    "phases": [
        {"name": "排查攻坚", "start_on": "2026-04-13", "end_on": "2026-05-29", "condition": "plans_missing == 0"},
        {"name": "全面整治", "start_on": "2026-05-18", "end_on": "2026-06-30", "overlap": True},
        {"name": "总结验收", "start_on": "2026-07-01", "end_on": "2026-07-31"},
    ],
    "leads": [{"sector": "INDUSTRY"}, {"sector": "CONSTRUCTION"}, {"sector": "GAS"}],
}
STAFF = {"INDUSTRY": "zhao", "CHEM": "zhao", "CONSTRUCTION": "deng", "GAS": "deng"}


def at(text: str) -> dt.datetime:
    """`2026-04-10 08:30` on the office's clock."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class Walk:
    def __init__(self, app: Flask, clock: FixedClock) -> None:
        self.app, self.clock = app, clock
        self.engine = app.extensions["duban.engine"]
        self.sessions = app.extensions["duban.sessions"]

    def actor(self, key: str) -> Actor:
        person = member(key)
        org = next(o for o in cast.ORGS if org_id(o[0]) == person.org_id)
        return Actor(id=person.id, name=person.name, org_id=person.org_id, org_name=org[2])

    def propose(self, given: Mapping[str, Any] = ANNUAL, **more: Any) -> Campaign:
        """The committee office fills the start form in."""
        started = self.engine.start("special_campaign", {**given, **more}, by=self.actor("wang"))
        return self.campaign(started.subject_id)

    def issued(self, given: Mapping[str, Any] = ANNUAL, **more: Any) -> Campaign:
        campaign = self.propose(given, **more)
        self.do(campaign.instance_id, "approve", "lin", decision="agree")
        self.engine.deliver_all()
        return self.campaign(campaign.id)

    def campaign(self, campaign_id: str) -> Campaign:
        with self.sessions() as session:
            return session.get_one(Campaign, campaign_id)

    def phases(self, campaign: Campaign) -> list[CampaignPhase]:
        return self.all(CampaignPhase, campaign_id=campaign.id, order=CampaignPhase.seq)

    def plan(self, campaign: Campaign, sector: str) -> SectorPlan:
        return self.all(SectorPlan, campaign_id=campaign.id, sector_code=sector)[0]

    def tasks(self, plan: SectorPlan) -> list[CampaignTask]:
        return self.all(CampaignTask, plan_id=plan.id, order=CampaignTask.seq)

    def progress(self, plan: SectorPlan) -> list[CampaignProgress]:
        return self.all(CampaignProgress, plan_id=plan.id, order=CampaignProgress.due_on)

    def all(self, model: Any, *, order: Any = None, **equal: Any) -> list[Any]:
        select = sa.select(model).filter_by(**equal)
        with self.sessions() as session:
            return list(session.scalars(select if order is None else select.order_by(order)))

    def open(self, instance_id: str | None) -> list[str]:
        return sorted(task.node_id for task in self.all(HumanTask, instance_id=instance_id, status="open"))

    def task(self, instance_id: str | None, node: str) -> HumanTask:
        found = self.all(HumanTask, instance_id=instance_id, node_id=node, status="open")
        assert len(found) == 1, f"open are {self.open(instance_id)}, not one {node}; {self.incidents()}"
        return found[0]

    def do(self, instance_id: str | None, node: str, key: str, **answers: Any) -> None:
        self.engine.complete(self.task(instance_id, node).id, answers, by=self.actor(key))
        self.engine.deliver_all()

    def until(self, text: str) -> None:
        """The clock goes on, and everything fires at its own instant."""
        self.engine.advance_to(at(text), self.clock.set)
        assert self.incidents() == []

    def incidents(self) -> list[str]:
        with self.sessions() as session:
            return list(session.scalars(sa.select(Incident.message).where(Incident.resolved_at.is_(None))))

    def instance(self, instance_id: str | None) -> Instance:
        with self.sessions() as session:
            return session.get_one(Instance, instance_id)

    def plan_it(self, plan: SectorPlan, tasks: list[dict[str, Any]], content: str = "排查整治到户到点") -> SectorPlan:
        """The lead department drafts, the committee office agrees, the tasks are handed out."""
        key = STAFF[plan.sector_code]
        self.do(plan.instance_id, "draft", key, content=content, tasks=tasks)
        self.do(plan.instance_id, "review", "wang", decision="agree")
        return self.all(SectorPlan, id=plan.id)[0]

    def report(self, plan: SectorPlan, percent: int = 50, text: str = "按计划推进") -> None:
        key, task = STAFF[plan.sector_code], self.task(plan.instance_id, "progress")
        del task
        self.do(plan.instance_id, "progress", key, percent=percent, progress=text)
