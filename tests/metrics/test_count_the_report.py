"""Figures of the quarter's report that come from what several kinds of records say of each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import metrics, subjects
from app.accounts import OrganisationSector, Region, Sector, User
from app.campaigns import Campaign
from app.clock import FixedClock
from app.db import write_transaction
from app.hazards import Hazard
from app.inspections import Checklist
from app.inspections.checklists import operations as lists
from app.inspections.checklists.schemas import ChecklistIn
from app.metrics import Question, evaluating
from tests.campaigns.test_propose_a_campaign import MINOR, TWO_SESSIONS
from tests.campaigns.walk import Walk as CampaignWalk
from tests.cast import LONGWAN, member, org_id
from tests.consultations.walk import OPINION, decided, people_the_pool
from tests.consultations.walk import Walk as ConsultationWalk
from tests.hazards.walk import at
from tests.inspections.walk import Walk as InspectionWalk
from tests.metrics.conftest import person

NOW = at("2026-04-15 18:00")
SECTORS = (
    ("CO", "防范一氧化碳", "Carbon monoxide"),
    ("MARINE", "海上安全", "Safety at sea"),
    ("ROAD", "道路交通", "Roads"),
)
HARBOUR, LI, WANG = "990181101201", "990181102201", "990181102202"
MILL = {
    "type": "enterprise", "sector_code": "INDUSTRY", "region_code": HARBOUR, "is_above_scale": True,
    "org_id": org_id("xinyuan"),
}  # fmt: skip
SUBJECTS: tuple[dict[str, Any], ...] = (
    {"name": "渔港社区 12 号", "type": "household", "sector_code": "CO", "region_code": HARBOUR},
    {"name": "渔港社区 15 号", "type": "household", "sector_code": "CO", "region_code": HARBOUR},
    {"name": "王家村 3 号", "type": "household", "sector_code": "CO", "region_code": WANG},
    {"name": "王家村 1 号棚", "type": "greenhouse", "sector_code": "CO", "region_code": WANG},
    {"name": "李家村 8 号棚", "type": "greenhouse", "sector_code": "CO", "region_code": LI},
    {"name": "龙湾镇取暖户", "type": "household", "sector_code": "CO", "region_code": LONGWAN},
    {"name": "望海渔业", "type": "enterprise", "sector_code": "MARINE", "region_code": HARBOUR, "industry_code": "0412"},
    {"name": "海鸥养殖", "type": "enterprise", "sector_code": "MARINE", "region_code": HARBOUR, "industry_code": "A0411"},
    {"name": "望渔 12", "type": "vessel", "sector_code": "MARINE", "region_code": HARBOUR},
    {"name": "海运公司", "type": "enterprise", "sector_code": "MARINE", "region_code": HARBOUR, "industry_code": "5512"},
    # only the first one is a mill and above scale
    {"name": "永固纺织", "industry_code": "C1711", **MILL},
    {"name": "永固铸造", "industry_code": "3391", **MILL},
    {"name": "永固小纺", "industry_code": "1711", **MILL, "is_above_scale": False},
)  # fmt: skip
EXIT, GUARD = 13, 9  # items of the shipped list of workshops
ITEM = {"legal_basis": "《城镇燃气管理条例》"}
Found = Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
NOTHING: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


class City:
    """The cast's city with what the report speaks of, each record made by those who make it."""

    def __init__(self, app: Flask, clock: FixedClock) -> None:
        self.inspections, self.consultations = InspectionWalk(app, clock), ConsultationWalk(app, clock)
        self.campaigns, self.hazards = CampaignWalk(app, clock), self.consultations.hazards
        self.sessions, self.ids = app.extensions["duban.sessions"], dict[str, str]()
        self.asked = dict[str, str]()  # figure → the campaign that it is asked about
        with self.sessions() as session, write_transaction(session):
            people_the_pool(session, clock.now())
            session.add(Region(code=WANG, name="王家村", level="village", parent_code=LONGWAN))
            for code, name, english in SECTORS:
                session.add(Sector(code=code, name=name, name_en=english, lead_org_id=org_id("housing")))
                session.flush()
                session.add(OrganisationSector(org_id=org_id("housing"), sector_code=code))
            user, by = session.get_one(User, member("wang").id), self.inspections.actor("wang")
            for given in SUBJECTS:
                data = subjects.SubjectIn().load(given)
                self.ids[given["name"]] = subjects.create(session, data, user=user, by=by, now=clock.now()).id

    def inspect(self, key: str, found: Found, beside: str = "zhao", **data: Any) -> None:
        """An inspection that `key` heads: of each subject the items put right at once, and those within seven days."""
        walk = self.inspections
        team = [member(one).id for one in (key, beside)]
        plan = walk.plan(key, subject_ids=[self.ids[name] for name in found], inspectors=team, **data)
        plan = walk.arrive(plan, key, beside)
        for position, (at_once, in_days) in enumerate(found.values(), start=1):
            said: dict[int, dict[str, Any]] = {item: {"deadline": "7"} for item in in_days}
            for item in at_once:
                photos = [walk.photo(key)]
                said[item] = {"deadline": "on_site", "measures": "当场改正", "photos_after": photos}
            walk.answer(plan, said, key, position)
        walk.step(plan, "check", key, conclusion="已检查", violation_found="no")
        walk.engine.deliver_all()

    def register(self, name: str, **data: Any) -> Hazard:
        return self.hazards.register("wang", subject_id=self.ids[name], **data)

    def minor(self, name: str, *sectors: str, **data: Any) -> Campaign:
        return self.campaigns.issued(MINOR, name=name, leads=[{"sector": code} for code in sectors], **data)

    def special(self, name: str, start: str, end: str) -> Campaign:
        days = {"start_on": start, "end_on": end}
        phases = [{"name": "值守保障", **days}]
        return self.campaigns.issued(TWO_SESSIONS, name=f"{name}保障", special_period=name, phases=phases, **days)


def carbon_monoxide(city: City) -> None:
    """The committee office samples two villages and a household that is registered with its town only."""
    sample: Found = {
        "渔港社区 12 号": ((EXIT,), (GUARD,)),
        "渔港社区 15 号": NOTHING,
        "李家村 8 号棚": ((EXIT,), ()),
        "龙湾镇取暖户": NOTHING,
    }
    city.inspect("wang", sample, mode="supervisory", sector_code="CO")
    city.inspect("wang", {"渔港社区 12 号": NOTHING}, mode="supervisory", sector_code="CO")
    others: Found = {"王家村 3 号": ((EXIT,), ()), "王家村 1 号棚": NOTHING}
    city.inspect("wang", others, mode="routine", sector_code="CO")
    city.inspect("wang", others, mode="supervisory", sector_code="FIRE")
    taken = {"photos_before": [city.hazards.photo("wang")], "photos_after": [city.hazards.photo("wang")]}
    city.register("渔港社区 15 号", source="patrol", on_site=True, on_site_measures="当场改正", **taken)


def fishery(city: City) -> Campaign:
    campaign = city.minor("渔业生产专项行动", "MARINE", start_on="2026-04-09")
    for name in ("望海渔业", "海鸥养殖", "望渔 12", "海运公司"):
        city.register(name, campaign_id=campaign.id)
    city.register("望海渔业")
    city.register("望海渔业", campaign_id=campaign.id, sector_code="FIRE")
    return campaign


def drink_driving(city: City) -> None:
    days = {"start_on": "2026-04-10", "end_on": "2026-05-10"}
    city.minor("周末夜间酒醉驾专项整治", "ROAD", "INDUSTRY", topic="酒醉驾", **days)
    city.minor("厂区酒醉驾教育", "INDUSTRY", topic="酒醉驾", **days)
    city.minor("春运整治", "ROAD", topic="春运", **days)
    leads = [{"sector": "ROAD"}]
    city.campaigns.propose(MINOR, name="夏夜酒醉驾专项整治", topic="酒醉驾", leads=leads)


def check_items(city: City) -> Campaign:
    """Two issued plans, one still under review, one of another campaign; a list is withdrawn, one gets shorter."""
    campaign, walk = city.minor("查隐患专项", "INDUSTRY", "GAS", "CHEM"), city.campaigns
    named = city.inspections.checklist
    for sector, key, codes in (
        ("INDUSTRY", "zhao", ("industry_workshop", "fire_hot_work")),
        ("GAS", "deng", ("gas_restaurant",)),
        ("CHEM", "zhao", ("chemicals",)),
    ):
        plan, rows = walk.plan(campaign, sector), [{"checklist": named(code).id} for code in codes]
        walk.do(plan.instance_id, "draft", key, content="排查整治到户到点", tasks=[], checklists=rows)
        if sector != "CHEM":
            walk.do(plan.instance_id, "review", "wang", decision="agree")
    other = walk.plan(city.minor("矿山专项", "INDUSTRY"), "INDUSTRY")
    rows = [{"checklist": named("mines").id}]
    walk.do(other.instance_id, "draft", "zhao", content="矿山", tasks=[], checklists=rows)
    walk.do(other.instance_id, "review", "wang", decision="agree")
    with city.sessions() as session, write_transaction(session):
        by, now = city.hazards.actor("wang"), city.hazards.clock.now()
        old, long = (session.get_one(Checklist, named(code).id) for code in ("fire_hot_work", "gas_restaurant"))
        lists.withdraw(session, old, by=by, now=now)
        shorter = lists.new_version(session, long, by=by, now=now)
        head = {name: getattr(shorter, name) for name in lists.HEAD}
        items = [ITEM | {"content": "软管未超期"}, ITEM | {"content": "报警器正常"}]
        lists.save(session, shorter, ChecklistIn().load(head | {"rev": shorter.rev, "items": items}), by=by, now=now)
        lists.publish(session, shorter, by=by, now=now)
    return campaign


def two_sessions(city: City) -> None:
    """In the period a leader heads two inspections and goes along on a third; Spring Festival comes later."""
    city.inspect("lin", {"永固铸造": NOTHING, "永固纺织": ((), (GUARD,))}, mode="unannounced")
    city.inspect("lin", {"望海渔业": ((), (EXIT,))}, mode="guardian")
    city.inspect("liu", {"永固铸造": ((EXIT,), (GUARD,))}, beside="lin", mode="unannounced")
    city.register("永固铸造")


def textile(city: City) -> None:
    walk = city.consultations
    enterprises = [{"subject_id": city.ids[name]} for name in ("永固纺织", "永固铸造", "永固小纺")]
    consultation = walk.start(enterprises=enterprises)
    walk.choose(consultation, "qin", "shi")
    for visit in walk.visits(consultation):
        walk.announce(visit)
        walk.acknowledge(visit)
    walk.until("2026-04-15 11:00")
    for visit in walk.visits(consultation):
        walk.diagnose(visit)
        walk.hand_in(walk.engagement(visit, "qin"), OPINION)
        link = walk.task(walk.engagement(visit, "shi").instance_id, "hand_in_link")
        paper = {"opinions": [], "none_found": True, "declared": True, "paper": [walk.hazards.photo("zhao")]}
        walk.engine.complete(link.id, paper, by=walk.actor("zhao"))
        walk.deliver()
        walk.convert(visit, *[decided(one) for one in walk.opinions(visit)])


@pytest.fixture(scope="module")
def city(app: Flask, clock: FixedClock) -> City:
    city = City(app, clock)
    carbon_monoxide(city)
    city.asked["fishery_hazards_found"] = fishery(city).id
    city.asked["campaign_check_items"] = check_items(city).id
    drink_driving(city)
    city.inspect("lin", {"永固纺织": ((), (GUARD,))}, mode="unannounced")  # before the period
    city.special("全国两会", "2026-04-13", "2026-04-17")
    city.special("春节", "2026-04-14", "2026-04-20")
    city.campaigns.until("2026-04-14 10:00")
    two_sessions(city)
    textile(city)
    return city


FIGURES = {
    "co_villages_sampled": 2,
    "co_households_checked": 3,
    "co_greenhouses_checked": 1,
    "co_problems_found": 3,
    "co_problems_fixed_onsite": 2,
    "fishery_hazards_found": 3,
    "campaign_check_items": 18 + 2,
    "road_dui_campaign_weeks": 4,
    "lianghui_leader_inspections": 2,
    "lianghui_leader_problems": 2,
    "lianghui_dept_inspections": 1,
    "lianghui_dept_hazards": 2,
    "textile_enterprises_inspected": 1,
    "textile_hazards_found": 1,
}


BEFORE = {"campaign": "year", "special": "quarter"}  # windows that a day tells


def question(city: City, key: str) -> Question:
    """The figure's usual one; of a campaign's figures which campaign."""
    campaign = city.asked.get(key, "")
    return Question(period=campaign, given={"campaign": campaign} if campaign else {})


def counted(session: Session, city: City, key: str, who: str) -> metrics.Figure:
    return metrics.figure(session, metrics.catalogue()[key], person(session, who), question(city, key), NOW)


@pytest.mark.parametrize(("key", "value"), FIGURES.items())
def test_a_figure_counts_what_the_report_means_and_opens_those_records(
    city: City, session: Session, key: str, value: int
) -> None:
    found, metric = counted(session, city, key, "wang"), metrics.catalogue()[key]
    assert found.value == value
    rows = evaluating.rows(session, metric, person(session, "wang"), question(city, key), NOW, {})
    assert len(session.execute(rows).all()) == found.count
    if metric.on:
        before = Question(kind=BEFORE.get(metric.usual, metric.usual), at=dt.date(2025, 12, 31))
        assert metrics.figure(session, metric, person(session, "wang"), before, NOW).value == 0


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("ma", {"co_villages_sampled": 1, "co_households_checked": 2, "co_greenhouses_checked": 0,
                "co_problems_found": 2, "co_problems_fixed_onsite": 1, "road_dui_campaign_weeks": 0}),
        ("he", {"co_villages_sampled": 1, "co_households_checked": 1, "co_greenhouses_checked": 1,
                "co_problems_found": 1, "lianghui_dept_hazards": None}),
        ("zhao", {"co_problems_found": 0, "road_dui_campaign_weeks": 0, "campaign_check_items": 18}),
        ("deng", {"co_problems_found": 3, "road_dui_campaign_weeks": 4, "campaign_check_items": 2}),
    ],
)  # fmt: skip
def test_each_counts_what_they_may_see(city: City, session: Session, who: str, seen: dict[str, int | None]) -> None:
    assert {key: counted(session, city, key, who).value for key in seen} == seen


def test_another_period_is_counted_where_it_is_asked_for(city: City, session: Session) -> None:
    festival = next(one for one in city.campaigns.all(Campaign) if one.special_period == "春节")
    metric, wang = metrics.catalogue()["lianghui_leader_problems"], person(session, "wang")
    asked = metrics.figure(session, metric, wang, Question(period=festival.id), NOW)
    assert asked.window is not None and asked.window.text == "春节保障"
    usual = metrics.figure(session, metric, wang, Question(), NOW)
    assert usual.window is not None and usual.window.text == "全国两会保障"


def test_the_form_shows_the_period_that_is_counted(
    city: City, sign_in: Callable[[str], FlaskClient], clock: FixedClock
) -> None:
    clock.set(NOW)
    page = sign_in("wang").get("/metrics/lianghui_leader_problems/rows?window=special").get_data(as_text=True)
    assert "selected>全国两会保障<" in page


def test_the_page_names_the_villages_and_speaks_english(
    city: City, sign_in: Callable[[str], FlaskClient], clock: FixedClock
) -> None:
    clock.set(NOW)
    wang = sign_in("wang")
    villages = wang.get("/metrics/co_villages_sampled/rows").get_data(as_text=True)
    assert "渔港社区" in villages and "李家村" in villages and "督导抽查" in villages
    assert "渔港社区 12 号" in wang.get("/metrics/co_households_checked/rows").get_data(as_text=True)
    wang.set_cookie("lang", "en")
    english = wang.get("/metrics/lianghui_dept_hazards/rows").get_data(as_text=True)
    assert "From an inspection led by a city leader" in english
