"""One annual campaign in virtual time: three sectors, two towns, gates, an extension, an overlap, summary and archive.

At five dates the wall is counted again from the records.
"""

from __future__ import annotations

import datetime as dt

import pytest

from app.accounts import User
from app.campaigns import Campaign, CampaignTask, SectorPlan, matrix
from app.db import write_transaction
from app.errors import Invalid
from app.hazards import Hazard
from tests.campaigns.walk import Walk, at
from tests.cast import member, org_id
from tests.dashboards.agreement import assert_the_wall_agrees
from tests.hazards.walk import Walk as HazardWalk
from tests.hazards.walk import people_the_register

TASKS = [
    {"title": "企业自查表收齐", "phase": 1, "to": "towns", "due_on": "2026-05-15", "target": 20},
    {"title": "联合检查", "phase": 2, "to": "one", "org": org_id("emergency"), "due_on": "2026-06-19"},
]


def test_a_campaign_runs_from_the_overall_plan_to_its_archive(city: Walk) -> None:
    campaign = city.issued()
    assert (campaign.code, campaign.status) == ("ZX-2026-001", "running")
    plans = [_planned(city, campaign, sector) for sector in ("INDUSTRY", "CONSTRUCTION", "GAS")]
    hazards, found = HazardWalk(city.app, city.clock), _found(city, campaign)
    _the_wall_agrees(city, campaign)
    _first_weeks(city, campaign, plans)
    hazards.rectify(hazards.receive(found[0]))
    _the_wall_agrees(city, campaign)
    _first_gate_is_extended(city, campaign, plans)
    _the_wall_agrees(city, campaign)
    _second_gate_leaves_something(city, campaign)
    _the_wall_agrees(city, campaign)
    _third_gate_and_archive(city, campaign, plans)
    _the_wall_agrees(city, campaign)


def _found(city: Walk, campaign: Campaign) -> list[Hazard]:
    """The campaign finds four hazards, one of another time lies beside them: two are ordered, and fall due."""
    with city.sessions() as session, write_transaction(session):
        people_the_register(session)
    walk = HazardWalk(city.app, city.clock)
    walk.register(summary="不属于本次行动")
    found = [walk.register(summary=f"第 {n} 项", campaign_id=campaign.id) for n in range(1, 5)]
    return [walk.order(walk.grade(one)) for one in found[:2]]


def _the_wall_agrees(city: Walk, campaign: Campaign) -> None:
    with city.sessions() as session:
        for who in ("lin", "zhao"):
            user = session.get_one(User, member(who).id)
            assert_the_wall_agrees(session, user, city.clock.now(), campaign.id)
            assert_the_wall_agrees(session, user, city.clock.now())


def _planned(city: Walk, campaign: Campaign, sector: str) -> SectorPlan:
    """The plan of one sector is drafted, agreed to and handed out: to two towns and one department."""
    plan = city.plan_it(city.plan(campaign, sector), TASKS if sector != "GAS" else TASKS[:1])
    assert plan.status == "running"
    assert plan.co_org_ids == ([org_id("emergency")] if sector == "CONSTRUCTION" else [])
    towns = [task.org_id for task in city.tasks(plan) if task.phase_seq == 1]
    assert towns == [org_id("xingang"), org_id("longwan")]
    assert all(city.open(task.instance_id) in (["town_do"], ["dept_do"]) for task in city.tasks(plan))
    return plan


def _first_weeks(city: Walk, campaign: Campaign, plans: list[SectorPlan]) -> None:
    """A report in time, one that is late, one that never comes; a town does its task, another is late."""
    industry, construction, gas = plans
    city.until("2026-04-16 09:00")
    assert city.open(industry.instance_id) == ["progress"]
    city.report(industry, 10)
    city.report(construction, 5)
    city.until("2026-04-20 10:00")
    city.report(gas, 5)
    assert [row.late for row in city.progress(gas)] == [True]
    city.until("2026-04-29 10:00")  # the week of the 24th: nobody reported by two work days after it
    assert [row.missed for row in city.progress(industry)] == [False, True]
    first = city.tasks(industry)[0]
    city.do(first.instance_id, "town_do", "sun", actual=20, result="20 家全部收齐")
    done = city.all(CampaignTask, id=first.id)[0]
    assert (done.status, done.actual, done.late) == ("done", 20, False)
    with city.sessions() as session:
        wall = matrix(session.get_one(Campaign, campaign.id), None, city.clock.now(), session)
    row = next(row for row in wall.rows if row.sector_code == "INDUSTRY")
    assert row.cells[0].percent == 50  # one town of two
    assert (row.cells[1].state, row.cells[2].state) == ("none", "none")


def _first_gate_is_extended(city: Walk, campaign: Campaign, plans: list[SectorPlan]) -> None:
    """压茬: the second phase begins while the first gate is open; the first one is extended by ten days."""
    city.until("2026-05-18 00:01")
    assert [phase.status for phase in city.phases(campaign)] == ["running", "running", "planned"]
    city.until("2026-05-22 09:00")
    for plan in plans:
        assert "self_review" in city.open(plan.instance_id)
        who = "zhao" if plan.sector_code == "INDUSTRY" else "deng"
        city.do(plan.instance_id, "self_review", who, review_level="mostly", review_text="尚余数户")
    city.until("2026-05-26 08:30")  # three work days before 29 May
    task = city.task(campaign.instance_id, "gate_1")
    assert task.due_at == at("2026-05-29 23:59:59")
    with pytest.raises(Invalid) as refused:
        city.do(campaign.instance_id, "gate_1", "wang", gate_result="extend", extend_days=31, gate_note="不够")
    assert "extend_days" in refused.value.errors
    city.do(campaign.instance_id, "gate_1", "wang", gate_result="extend", extend_days=10, gate_note="两镇未收齐")
    assert city.phases(campaign)[0].status == "extending"
    city.do(campaign.instance_id, "extension_1", "lin", extension_decision="agree")
    first, second, third = city.phases(campaign)
    assert (first.end_on, first.original_end_on) == (dt.date(2026, 6, 8), dt.date(2026, 5, 29))
    assert (second.start_on, second.end_on) == (dt.date(2026, 5, 18), dt.date(2026, 7, 10))
    assert (third.start_on, third.end_on) == (dt.date(2026, 7, 11), dt.date(2026, 8, 10))
    assert (first.extensions, first.extended_days) == (1, 10)
    assert city.campaign(campaign.id).end_on == dt.date(2026, 8, 10)
    assert city.open(campaign.instance_id) == []
    city.until("2026-06-03 08:30")  # three work days before 8 June
    city.do(campaign.instance_id, "gate_1", "wang", gate_result="pass")
    passed = city.phases(campaign)[0]
    assert (passed.status, passed.holds, passed.gate_by_name) == ("passed", True, "王建国")
    assert {row["name"]: row["value"] for row in passed.figures}["plans_missing"] == "0"


def _second_gate_leaves_something(city: Walk, campaign: Campaign) -> None:
    """有条件通过: what is left is carried into the third phase, which begins on its moved day."""
    city.until("2026-07-07 08:30")  # three work days before 10 July: the moved gate
    with pytest.raises(Invalid) as refused:
        city.do(campaign.instance_id, "gate_2", "wang", gate_result="conditional")
    assert "leftovers" in refused.value.errors
    left = [{"text": "2 家未改造", "sector": "GAS"}]
    city.do(campaign.instance_id, "gate_2", "wang", gate_result="conditional", leftovers=left)
    assert city.phases(campaign)[2].status == "planned"
    city.until("2026-07-11 00:01")
    third = city.phases(campaign)[2]
    assert (third.status, third.carried) == ("running", [{"text": "2 家未改造", "sector": "GAS", "from": 2}])


def _third_gate_and_archive(city: Walk, campaign: Campaign, plans: list[SectorPlan]) -> None:
    city.until("2026-08-05 08:30")
    city.do(campaign.instance_id, "gate_3", "wang", gate_result="pass")
    assert city.open(campaign.instance_id) == []  # the departments have not reported yet
    for plan in plans:
        who = "zhao" if plan.sector_code == "INDUSTRY" else "deng"
        while "report" not in city.open(plan.instance_id):
            if "self_review" in city.open(plan.instance_id):
                city.do(plan.instance_id, "self_review", who, review_level="done", review_text="完成")
            else:
                city.until(f"{city.clock.now().astimezone(at('2026-01-01').tzinfo) + dt.timedelta(1):%Y-%m-%d %H:%M}")
        city.do(plan.instance_id, "report", who, report_text="本领域完成")
    city.do(campaign.instance_id, "summary", "wang", summary="转入常态化监管")
    ended = city.campaign(campaign.id)
    assert (ended.status, ended.summary) == ("archived", "转入常态化监管")
    assert city.instance(campaign.instance_id).status == "ended"
    assert {plan.status for plan in city.all(SectorPlan, campaign_id=campaign.id)} == {"ended"}
