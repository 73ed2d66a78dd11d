"""The overall plan: its page, what it refuses, kinds, and what a cancelled campaign takes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.campaigns import Campaign, CampaignTask, SectorPlan
from app.errors import Forbidden, Invalid
from tests.campaigns.walk import ANNUAL, STAFF, Walk
from tests.cast import member, org_id

SignIn = Callable[[str], FlaskClient]
MINOR: Mapping[str, Any] = {
    "name": "装置带“病”运行专题排查",
    "scale": "minor",
    "trigger": "lesson",
    "start_on": "2026-04-13",
    "end_on": "2026-05-15",
    "weekly": False,
    "leads": [{"sector": "CHEM"}],
}
TWO_SESSIONS: Mapping[str, Any] = {
    **MINOR,
    "name": "全国两会期间安全保障",
    "scale": "special_period",
    "trigger": "season",
    "special_period": "全国两会",
    "phases": [{"name": "值守保障", "start_on": "2026-04-13", "end_on": "2026-05-15"}],
    "guards": [{"person": member("lin").id, "focus": "罐区"}],
}


def _phase(name: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "start_on": start, "end_on": end, **more}


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"end_on": "2026-04-01"}, "end_on", "不能早于"),
        ({"phases": []}, "phases", "写明各阶段"),
        ({"phases": [_phase("一", "2026-04-13", "2026-05-29"), _phase("二", "2026-05-18", "2026-06-30")]}, "phases", "压茬"),
        ({"phases": [_phase("一", "2026-05-13", "2026-05-29"), _phase("二", "2026-04-18", "2026-06-30", overlap=True)]}, "phases", "之前"),
        ({"phases": [_phase("一", "2026-04-01", "2026-05-29")]}, "phases", "超出"),
        ({"phases": [_phase("一", "2026-04-13", "2026-05-29", condition="overdu == 0")]}, "phases-0-condition", "overdu"),
        ({"phases": [_phase("一", "2026-04-13", "2026-05-29", condition="overdue ==")]}, "phases-0-condition", "条件无法使用"),
        ({"leads": [{"sector": "GAS"}, {"sector": "GAS"}]}, "leads", "只能有一个"),
        ({"leads": [{"sector": "GAS", "org": org_id("xingang")}]}, "leads-0-org", ""),
        ({"leads": [{"sector": "NONE"}]}, "leads-0-sector", ""),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_work_is_refused_field_by_field(
    city: Walk, changes: Mapping[str, Any], field: str, said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        city.propose(ANNUAL, **changes)
    assert refused.value.errors.keys() == {field}
    assert said in str(refused.value.errors[field])
    assert city.all(Campaign) == []


def test_a_special_period_has_one_phase_and_somebody_who_looks_after_key_units(city: Walk) -> None:
    with pytest.raises(Invalid) as refused:
        city.propose({**TWO_SESSIONS, "guards": [], "phases": []})
    assert refused.value.errors.keys() == {"phases", "guards"}


def test_only_the_committee_office_proposes(city: Walk, sign_in: SignIn) -> None:
    with pytest.raises(Forbidden):
        city.engine.start("special_campaign", dict(MINOR), by=city.actor("zhao"))
    assert sign_in("zhao").get("/campaigns/new").status_code == 403


@pytest.mark.parametrize(("scale", "phases"), [("annual", 3), ("minor", 0), ("special_period", 1)])
def test_the_form_is_filled_with_what_is_usual_for_the_kind(sign_in: SignIn, scale: str, phases: int) -> None:
    shown = sign_in("wang").get(f"/campaigns/new?scale={scale}").get_data(as_text=True)
    assert all(f'name="phases-{n}-name"' in shown for n in range(phases))
    assert f'name="phases-{phases}-name"' not in shown
    assert ('name="guards-0-person"' in shown) is (scale == "special_period")
    assert '<a class="db-link" href="/campaigns/new?scale=minor"' in shown  # from any kind to what is usual for another


def test_the_form_sent_from_its_page_is_put_before_the_leader(city: Walk, sign_in: SignIn) -> None:
    sent = {
        "name": "有限空间专项", "scale": "minor", "trigger": "deploy", "start_on": "2026-04-13",
        "end_on": "2026-05-15", "leads": "", "leads-0-sector": "CHEM", "phases": "",
    }  # fmt: skip
    missing = sign_in("wang").post("/campaigns", data={**sent, "name": ""})
    assert missing.status_code == 422 and "2026-05-15" in missing.get_data(as_text=True)
    answered = sign_in("wang").post("/campaigns", data=sent)
    assert answered.status_code == 303
    campaign = next(one for one in city.all(Campaign) if one.name == "有限空间专项")
    assert answered.headers["Location"].endswith(campaign.id)
    assert city.open(campaign.instance_id) == ["approve"]


def test_a_plan_returned_by_the_leader_is_revised_and_keeps_its_number(city: Walk) -> None:
    campaign = city.propose(MINOR)
    city.do(campaign.instance_id, "approve", "lin", decision="return", opinion="写明排查对象")
    assert city.campaign(campaign.id).status == "revising"
    city.do(campaign.instance_id, "revise", "wang", **{**MINOR, "topic": "全市危化品生产装置"})
    again = city.campaign(campaign.id)
    assert (again.code, again.status, again.topic) == (campaign.code, "approving", "全市危化品生产装置")


def test_a_minor_campaign_does_without_phases_and_ends_on_its_last_day(city: Walk) -> None:
    campaign = city.issued(MINOR)
    assert city.phases(campaign) == []
    plan = city.plan_it(city.plan(campaign, "CHEM"), [])
    city.until("2026-05-15 23:59")
    assert city.open(plan.instance_id) == [] and city.open(campaign.instance_id) == []
    city.until("2026-05-16 00:00")
    city.do(plan.instance_id, "report", STAFF["CHEM"], report_text="零发现，已逐装置确认")
    assert city.open(campaign.instance_id) == ["summary"]


def test_leaders_look_after_key_units_in_a_special_period(city: Walk) -> None:
    given = {**TWO_SESSIONS, "start_on": "2026-05-18", "end_on": "2026-05-29"}
    given["phases"] = [_phase("值守保障", "2026-05-18", "2026-05-29")]
    campaign = city.issued(given)
    assert city.open(campaign.instance_id) == ["guard"]
    city.do(campaign.instance_id, "guard", "lin", guard_report="罐区液位报警已修复")
    guarded = city.campaign(campaign.id).guards
    assert [(row["name"], row["focus"], row["text"]) for row in guarded] == [("林海峰", "罐区", "罐区液位报警已修复")]


def test_a_plan_is_returned_twice_at_most(city: Walk) -> None:
    campaign = city.issued({**MINOR, "start_on": "2026-05-18", "end_on": "2026-06-30"})
    instance = city.plan(campaign, "CHEM").instance_id
    for times in (1, 2):
        city.do(instance, "draft", "zhao", content=f"第 {times} 稿")
        city.do(instance, "review", "wang", decision="return", opinion="任务不具体")
        assert city.plan(campaign, "CHEM").returned == times
    city.do(instance, "draft", "zhao", content="第三稿")
    with pytest.raises(Invalid):
        city.do(instance, "review", "wang", decision="return", opinion="仍不行")
    city.do(instance, "review", "wang", decision="agree", opinion="按意见修改")
    assert city.plan(campaign, "CHEM").status == "running"


def test_a_cancelled_campaign_takes_its_plans_and_open_tasks_with_it(city: Walk) -> None:
    campaign = city.issued({**MINOR, "start_on": "2026-05-18", "end_on": "2026-06-30"})
    task = {"title": "走访", "phase": 1, "to": "towns", "due_on": "2026-06-19"}
    plan = city.plan_it(city.plan(campaign, "CHEM"), [task])
    done, left = city.tasks(plan)
    city.do(done.instance_id, "town_do", "sun", result="已走访")
    city.engine.cancel(campaign.instance_id, "并入其他专项", by=city.actor("wang"))
    city.engine.deliver_all()
    assert city.campaign(campaign.id).status == "voided"
    assert city.all(SectorPlan, id=plan.id)[0].status == "voided"
    assert [city.all(CampaignTask, id=one.id)[0].status for one in (done, left)] == ["done", "voided"]
    assert city.instance(left.instance_id).status == "cancelled"
    with city.sessions() as session:
        numbers = session.scalars(sa.select(Campaign.code).order_by(Campaign.code)).all()
    assert numbers == [f"ZX-2026-{n:03d}" for n in range(1, len(numbers) + 1)]


def test_a_campaign_is_part_of_a_wider_one_that_lasts_as_long(city: Walk, sign_in: SignIn) -> None:
    """Offered is what can contain others; of these it takes one of a wider kind whose days contain its own."""
    annual, minor = city.issued(name="年度行动"), city.issued(MINOR, name="小行动")
    offered = sign_in("wang").get("/forms/options/parent_campaign?q=行动").get_data(as_text=True)
    assert annual.code in offered and minor.code not in offered
    whole = {"start_on": "2026-04-20", "end_on": "2026-05-08", "parent_id": annual.id}
    for changes in ({"parent_id": minor.id}, {"end_on": "2026-12-31"}, {"scale": "annual", "phases": ANNUAL["phases"]}):
        with pytest.raises(Invalid) as refused:
            city.propose(MINOR, **whole | changes)
        assert "parent_id" in refused.value.errors
    assert city.propose(MINOR, name="其中一项", **whole).parent_id == annual.id
