"""Who sees what of a campaign, and what its pages say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.campaigns import Campaign, CampaignTask, SectorPlan
from app.campaigns.models import CampaignPhase
from app.db import write_transaction
from tests.campaigns.walk import Walk
from tests.cast import org_id

SignIn = Callable[[str], FlaskClient]
TOWNS = {"title": "走访沿街商户", "phase": 1, "to": "towns", "due_on": "2026-05-15", "target": 20}
ONE_TOWN = {"title": "锅炉房排查", "phase": 1, "to": "one", "org": org_id("xingang"), "due_on": "2026-05-15"}


@pytest.fixture(scope="module")
def campaign(city: Walk) -> Campaign:
    """Running, with the gas sector's plan issued and the others in draft."""
    campaign = city.issued()
    city.plan_it(city.plan(campaign, "GAS"), [TOWNS, ONE_TOWN])
    return campaign


@pytest.fixture(scope="module")
def gas(city: Walk, campaign: Campaign) -> SectorPlan:
    return city.plan(campaign, "GAS")


@pytest.fixture(scope="module")
def secret(city: Walk) -> Campaign:
    """Issued to another department only, with no task for any town."""
    return city.issued(name="粉尘涉爆专项", leads=[{"sector": "INDUSTRY"}], weekly=False)


def _page(client: FlaskClient, path: str, status: int = 200, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == status, response.get_data(as_text=True)[:500]
    return str(response.get_data(as_text=True))


@pytest.mark.parametrize("key", ["lin", "wang"])
def test_leaders_and_the_committee_office_see_every_campaign_and_plan(
    sign_in: SignIn, campaign: Campaign, secret: Campaign, gas: SectorPlan, key: str
) -> None:
    listed = _page(sign_in(key), "/campaigns")
    assert campaign.name in listed and secret.name in listed
    shown = _page(sign_in(key), f"/campaigns/{campaign.id}")
    assert all(text in shown for text in ("工贸", "建筑施工", "城乡燃气", "排查攻坚", "走访沿街商户"))
    assert "排查整治到户到点" in _page(sign_in(key), f"/campaigns/plans/{gas.id}")


def test_a_department_sees_its_own_sectors_only(
    city: Walk, sign_in: SignIn, campaign: Campaign, secret: Campaign, gas: SectorPlan
) -> None:
    deng = sign_in("deng")
    assert secret.name not in _page(deng, "/campaigns")
    _page(deng, f"/campaigns/{secret.id}", 404)
    shown = _page(deng, f"/campaigns/{campaign.id}")
    assert "城乡燃气" in shown and "工贸" not in shown
    _page(deng, f"/campaigns/plans/{gas.id}")
    _page(deng, f"/campaigns/plans/{city.plan(campaign, 'INDUSTRY').id}", 404)


def test_a_town_sees_its_own_tasks_and_no_plan(
    city: Walk, sign_in: SignIn, campaign: Campaign, secret: Campaign, gas: SectorPlan
) -> None:
    tasks = {task.org_id: task for task in city.tasks(gas) if task.title == "走访沿街商户"}
    he = sign_in("he")
    shown = _page(he, f"/campaigns/{campaign.id}")
    assert "走访沿街商户" in shown and "锅炉房排查" not in shown and "城乡燃气实施方案" not in shown
    _page(he, f"/campaigns/tasks/{tasks[org_id('longwan')].id}")
    _page(he, f"/campaigns/tasks/{tasks[org_id('xingang')].id}", 404)
    _page(he, f"/campaigns/plans/{gas.id}", 404)
    _page(he, f"/campaigns/{secret.id}", 404)


@pytest.mark.parametrize("key", ["zhou", "qin", "root"])
def test_enterprises_experts_and_administrators_see_nothing(
    city: Walk, sign_in: SignIn, campaign: Campaign, gas: SectorPlan, key: str
) -> None:
    client = sign_in(key)
    assert campaign.name not in _page(client, "/campaigns")
    assert campaign.name not in _page(client, "/campaigns/export.csv")
    for path in (
        f"/campaigns/{campaign.id}",
        f"/campaigns/plans/{gas.id}",
        f"/campaigns/tasks/{city.tasks(gas)[0].id}",
    ):
        _page(client, path, 404)
    assert 'href="/campaigns"' not in _page(client, "/help/keys")


def test_an_export_holds_what_its_reader_sees(sign_in: SignIn, campaign: Campaign) -> None:
    assert "锅炉房排查" in _page(sign_in("deng"), f"/campaigns/{campaign.id}/export.csv")
    mine = _page(sign_in("he"), f"/campaigns/{campaign.id}/export.csv")
    assert "走访沿街商户" in mine and "锅炉房排查" not in mine
    assert sign_in("lin").get(f"/campaigns/{campaign.id}/export.xlsx").status_code == 200
    assert sign_in("lin").get(f"/campaigns/{campaign.id}/export.pdf").status_code == 404


def test_a_remark_on_a_sector_is_seen_by_those_who_see_the_sector(
    city: Walk, sign_in: SignIn, campaign: Campaign
) -> None:
    path = f"/campaigns/{campaign.id}/notes"
    assert sign_in("wang").post(path, data={"text": "全市通报一次"}).status_code == 303
    assert sign_in("wang").post(path, data={"text": "燃气进度偏慢", "sector": "GAS"}).status_code == 303
    assert sign_in("wang").post(path, data={"text": "工贸可作示范", "sector": "INDUSTRY"}).status_code == 303
    shown = _page(sign_in("deng"), f"/campaigns/{campaign.id}")
    assert "全市通报一次" in shown and "燃气进度偏慢" in shown and "工贸可作示范" not in shown
    refused = sign_in("deng").post(path, data={"text": "  "})
    assert refused.status_code == 422 and "请填写" in refused.get_data(as_text=True)
    assert sign_in("deng").post(path, data={"text": "越界", "sector": "INDUSTRY"}).status_code == 404
    assert sign_in("zhou").post(path, data={"text": "越界"}).status_code == 404


@pytest.mark.parametrize("who", ["wang", "deng", "he"])
def test_the_flow_is_shown_to_those_only_who_may_open_it(sign_in: SignIn, campaign: Campaign, who: str) -> None:
    client, path = sign_in(who), f"/instances/{campaign.instance_id}/strip"
    opens = client.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"}).status_code == 200
    assert (path in _page(client, f"/campaigns/{campaign.id}")) is opens is (who == "wang")


def test_a_plan_says_what_is_missing(city: Walk, sign_in: SignIn, campaign: Campaign) -> None:
    draft = _page(sign_in("zhao"), f"/campaigns/plans/{city.plan(campaign, 'INDUSTRY').id}")
    assert "还没有写实施方案" in draft and "还没有经安委办审核印发" in draft
    issued = _page(sign_in("deng"), f"/campaigns/plans/{city.plan(campaign, 'GAS').id}")
    assert "还没有写实施方案" not in issued and "还没有选检查清单" in issued


def test_the_record_stands_beside_the_task_about_it(city: Walk, sign_in: SignIn, campaign: Campaign) -> None:
    step = city.task(city.plan(campaign, "CONSTRUCTION").instance_id, "draft")
    shown = _page(sign_in("deng"), f"/tasks/{step.id}")
    assert "查问题、除隐患、防事故" in shown and 'id="plan-card"' in shown
    task: Any = next(one for one in city.all(CampaignTask, org_id=org_id("longwan")))
    assert 'id="campaign-task-card"' in _page(sign_in("he"), f"/tasks/{city.task(task.instance_id, 'town_do').id}")


def test_what_a_gate_leaves_over_is_read_by_those_who_see_its_sector(
    city: Walk, sign_in: SignIn, campaign: Campaign
) -> None:
    left = [
        {"text": "除尘改造未验收", "sector": "INDUSTRY"},
        {"text": "软管未换完", "sector": "GAS"},
        {"text": "台账不齐", "sector": ""},
    ]
    with city.sessions() as session, write_transaction(session):
        session.get_one(CampaignPhase, city.phases(campaign)[0].id).leftovers = left
    read = {
        key: [row["text"] for row in left if row["text"] in _page(sign_in(key), f"/campaigns/{campaign.id}")]
        for key in ("wang", "deng", "he")
    }
    assert read == {"wang": [row["text"] for row in left], "deng": ["软管未换完", "台账不齐"], "he": ["台账不齐"]}


def test_the_weekly_reports_can_be_told_apart_by_whether_they_came_in_time(
    city: Walk, sign_in: SignIn, campaign: Campaign, gas: SectorPlan
) -> None:
    """Each group of the figure opens as many rows as it counts, the one that is not so as well."""
    city.until("2026-05-30 10:00")
    wang, figure = sign_in("wang"), "/metrics/campaign_reports_on_time/rows?window=all"
    grouped = _page(wang, f"{figure}&by=on_time")
    assert "on_time=0" in grouped and ">否<" in grouped and "on_time=1" not in grouped
    rows = _page(wang, f"{figure}&on_time=0")
    assert "没有这样的记录" not in rows
    assert "没有这样的记录" in _page(wang, f"{figure}&on_time=1")


def test_the_api_tells_each_what_they_may_see(
    city: Walk, sign_in: SignIn, campaign: Campaign, secret: Campaign, gas: SectorPlan
) -> None:
    def told(key: str, path: str = "", status: int = 200) -> Any:
        response = sign_in(key).get(f"/api/v1/campaigns{path}")
        assert response.status_code == status
        return response.get_json()

    assert {campaign.id, secret.id} <= {row["id"] for row in told("lin", "?per_page=100")}
    assert secret.id not in {row["id"] for row in told("deng", "?per_page=100")}
    assert {row["status"] for row in told("lin", "?status=running&per_page=100")} == {"running"}
    told("deng", f"/{secret.id}", 404)
    told("he", f"/{secret.id}/wall", 404)
    told("zhou", f"/{campaign.id}/wall", 403)
    shown = told("deng", f"/{campaign.id}")
    assert {plan["sector_code"] for plan in shown["plans"]} == {"GAS", "CONSTRUCTION"}
    assert shown["phases"][0]["name"] == "排查攻坚"
    assert [task["title"] for task in told("he", f"/{campaign.id}")["tasks"]] == ["走访沿街商户"]
    wall = told("deng", f"/{campaign.id}/wall")
    sectors = {row["sector_code"]: row for row in wall["sectors"]}
    assert set(sectors) == {"GAS", "CONSTRUCTION"}
    assert sectors["GAS"]["cells"][0]["tasks"] == len(city.tasks(gas))
    assert wall["figures"]["found"] == 0
