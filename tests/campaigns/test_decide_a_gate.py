"""Gates: conditions over figures, extensions within their limits, the ladder to the leader, what a town may not do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from app.campaigns import Campaign
from app.engine import HumanTask, Instance
from app.errors import Forbidden, Invalid
from tests.campaigns.walk import Walk

ONE: dict[str, Any] = {
    "name": "集中整治",
    "scale": "monthly",
    "trigger": "season",
    "start_on": "2026-04-13",
    "end_on": "2026-05-29",
    "weekly": False,
    "phases": [{"name": "整治", "start_on": "2026-04-13", "end_on": "2026-05-29", "condition": "plans_missing == 0"}],
    "leads": [{"sector": "GAS"}],
}


@pytest.fixture(scope="module")
def campaign(city: Walk) -> Campaign:
    """Its one plan is never issued, so its gate's condition does not hold."""
    campaign = city.issued(ONE)
    city.until("2026-05-26 08:30")
    return campaign


def test_a_gate_is_assessed_with_figures_and_the_verdict_on_its_condition(city: Walk, campaign: Campaign) -> None:
    task = city.task(campaign.instance_id, "gate_1")
    with city.sessions() as session:
        phase = city.engine.data(session, campaign.instance_id)["phase"]
    assert (task.role, phase["verdict"], phase["holds"]) == ("coordinator", "不符合关口条件", False)
    assert {row["name"]: row["value"] for row in phase["figures"]}["plans_missing"] == "1"
    with pytest.raises(Invalid) as refused:
        city.do(campaign.instance_id, "gate_1", "wang", gate_result="pass")
    assert "gate_note" in refused.value.errors
    with pytest.raises(Forbidden):
        city.do(campaign.instance_id, "gate_1", "deng", gate_result="pass", gate_note="部门自己过关")


def test_a_phase_is_extended_twice_and_by_thirty_days_at_most(city: Walk, campaign: Campaign) -> None:
    for days, end in ((20, dt.date(2026, 6, 18)), (10, dt.date(2026, 6, 28))):
        city.do(campaign.instance_id, "gate_1", "wang", gate_result="extend", extend_days=days, gate_note="方案未印发")
        city.do(campaign.instance_id, "extension_1", "lin", extension_decision="agree")
        assert city.phases(campaign)[0].end_on == end
        city.until(f"{end - dt.timedelta(4):%Y-%m-%d} 08:30")
        city.until(f"{end:%Y-%m-%d} 12:00")
    with pytest.raises(Invalid) as refused:
        city.do(campaign.instance_id, "gate_1", "wang", gate_result="extend", extend_days=1, gate_note="再延")
    assert "gate_result" in refused.value.errors


def test_a_gate_that_nobody_assesses_is_put_before_the_leader(city: Walk, campaign: Campaign) -> None:
    city.until("2026-07-01 08:30")  # three work days after Sunday, 28 June
    with city.sessions() as session:
        raised = session.scalars(sa.select(Instance).where(Instance.definition_key == "campaign_overdue")).one()
        task = session.scalars(sa.select(HumanTask).where(HumanTask.instance_id == raised.id)).one()
    assert (task.role, task.node_id, raised.parent_id) == ("leader", "instruct", campaign.instance_id)
    city.do(raised.id, "instruct", "lin", instruction="两个工作日内报评估结果")


def test_a_refused_extension_brings_the_gate_back(city: Walk) -> None:
    dates = {"start_on": "2026-07-06", "end_on": "2026-08-28"}
    campaign = city.issued({**ONE, **dates, "phases": [{"name": "整治", **dates}]})
    city.until("2026-08-25 08:30")
    city.do(campaign.instance_id, "gate_1", "wang", gate_result="extend", extend_days=5, gate_note="夜间检查不足")
    city.do(campaign.instance_id, "extension_1", "lin", extension_decision="refuse", extension_opinion="按期评估")
    phase = city.phases(campaign)[0]
    assert (phase.status, phase.end_on, phase.extensions) == ("assessing", dt.date(2026, 8, 28), 0)
    assert city.open(campaign.instance_id) == ["gate_1"]


def test_tasks_that_have_not_reached_anybody_end_with_their_plan(city: Walk) -> None:
    """A plan is withdrawn before its tasks were handed out: none of them stays open for the next gate."""
    dates = {"start_on": "2026-09-07", "end_on": "2026-10-30"}
    campaign = city.issued({**ONE, **dates, "phases": [{"name": "整治", **dates}]})
    plan = city.plan(campaign, "GAS")
    tasks = [{"title": "走访商户", "phase": 1, "to": "towns", "due_on": "2026-10-15"}]
    city.do(plan.instance_id, "draft", "deng", content="排查", tasks=tasks)
    review = city.task(plan.instance_id, "review")
    city.engine.complete(review.id, {"decision": "agree"}, by=city.actor("wang"))
    assert {task.status for task in city.tasks(plan)} == {"open"}
    city.engine.cancel(plan.instance_id or "", "改由其他部门牵头", by=city.actor("root"))
    city.engine.deliver_all()
    assert {task.status for task in city.tasks(plan)} == {"voided"}
