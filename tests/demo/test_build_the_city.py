"""The demo city: 12 towns, 24 offices, 40 enterprises, 120 people, and a year's work of theirs, all of it really run."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app, demo, web
from app.accounts import ROLES, Grant, Organisation, Region, Sector, User
from app.campaigns import Campaign, CampaignPhase, CampaignProgress, CampaignTask, SectorPlan
from app.clock import SHANGHAI, FixedClock
from app.consultations import Consultation, Expert, Visit
from app.db import Base
from app.demo.inspecting import CHECKS, EVERYDAY
from app.engine import History, HumanTask, Incident, Instance, Timer
from app.hazards import Hazard, HazardRequest
from app.hazards.listing.models import MajorListing
from app.inspections import Draw, Inspection
from app.setup import install
from app.subjects import Subject
from app.supervision.models import SupervisionItem
from tests import conftest

# A Sunday before office hours, with seconds, as a real clock has them: what was found "today" was found minutes ago.
TODAY = dt.datetime(2026, 4, 12, 8, 47, 31, 250_000, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    home: Path = tmp_path_factory.mktemp("demo")
    app = create_app(conftest._settings(home), FixedClock(TODAY))
    with app.app_context():
        Base.metadata.create_all(app.extensions["duban.sessions"].kw["bind"])
        install(app)
        demo.build(app)
        yield app
        app.extensions["duban.sessions"].kw["bind"].dispose()


def count(model: type, **values: object) -> int:
    return web.db.session.query(model).filter_by(**values).count()


def test_places_offices_enterprises_and_people_are_as_many_as_promised(city: Flask) -> None:
    assert (count(Region, level="town"), count(Region, level="village")) == (12, 48)
    assert count(Sector) == 12  # eleven have a lead department, the newest trade has none yet
    offices = web.db.session.query(Organisation).filter(
        Organisation.kind.in_(("city_gov", "awc_office", "sector_dept", "town"))
    )
    assert offices.count() == 24
    assert (count(Subject), count(User)) == (41, 120)
    assert count(Hazard) > 60


def test_every_role_is_held_and_nobody_holds_two_administrations(city: Flask) -> None:
    held = {grant.role for grant in web.db.session.query(Grant)}
    assert held == set(ROLES)
    for user in web.db.session.query(User):
        assert len({grant.role for grant in user.grants} & {"admin", "security_admin", "audit_admin"}) <= 1


def test_hazards_stand_in_every_state_and_only_what_nobody_leads_went_wrong(city: Flask) -> None:
    states = collections.Counter(hazard.status for hazard in web.db.session.query(Hazard))
    assert set(states) == {"registered", "graded", "ordered", "rectifying", "reviewing", "verified", "closed", "voided"}
    stuck = web.db.session.query(Incident).filter(Incident.resolved_at.is_(None)).one()
    hazard = web.db.session.query(Hazard).filter_by(instance_id=stuck.instance_id).one()
    assert (hazard.sector_code, hazard.supervising_org_id, stuck.kind) == ("LOWALT", None, "address")
    assert count(Instance, status="suspended", definition_key="hazard_rectification") == 1
    assert any(hazard.overdue(TODAY) for hazard in web.db.session.query(Hazard))
    assert any(hazard.round == 2 for hazard in web.db.session.query(Hazard))
    fired = {timer.kind for timer in web.db.session.query(Timer).filter_by(state="fired")}
    assert {"remind", "overdue", "ladder"} <= fired


def test_histories_are_real_and_whole_and_end_before_now(city: Flask) -> None:
    with city.extensions["duban.sessions"]() as session:
        assert list(web.engine().verify_all(session)) == []
    assert web.db.session.query(History).filter(History.at > TODAY).count() == 0
    for instance in web.db.session.query(Instance).filter_by(definition_key="hazard_rectification", status="ended"):
        events = [line.event for line in web.db.session.query(History).filter_by(instance_id=instance.id)]
        assert "hazards.closed" in events


def test_the_clock_is_the_real_one_again_and_waiting_timers_lie_ahead(city: Flask) -> None:
    assert web.clock().now() == TODAY
    assert web.engine().clock.now() == TODAY
    assert web.db.session.query(Timer).filter(Timer.state == "waiting", Timer.due_at < TODAY).count() == 0


def test_the_people_on_the_sign_in_page_have_something_to_do(city: Flask) -> None:
    shown = {account.username for account in demo.accounts()}
    assert {"sunqiang", "zhaomingyuan", "zhoumin", "wangjianguo", "linhaifeng"} <= shown
    for username in ("zhaomingyuan", "zhoumin", "wangjianguo"):
        person = web.db.session.query(User).filter_by(username=username).one()
        assert web.db.session.query(HumanTask).filter_by(assignee_id=person.id, status="open").count() > 0


def test_time_was_asked_for_granted_and_refused_a_clock_stands_and_work_was_returned(city: Flask) -> None:
    requests = collections.Counter(request.status for request in web.db.session.query(HazardRequest))
    assert requests == {"open": 2, "granted": 2, "refused": 1}
    extended = web.db.session.query(HumanTask).filter(HumanTask.extensions > 0, HumanTask.status == "open").all()
    assert extended  # by a request, or by the listing of a major hazard
    assert all(task.due_at > task.original_due_at for task in extended)
    paused = web.db.session.query(Hazard).filter(Hazard.paused_at.is_not(None)).all()
    assert [hazard.status for hazard in paused] == ["rectifying"]
    assert count(HumanTask, definition_key="hazard_rectification", status="returned") == 1


def test_the_annual_campaign_is_in_its_second_phase_with_a_late_plan_and_leftovers(city: Flask) -> None:
    scales = collections.Counter(campaign.scale for campaign in web.db.session.query(Campaign))
    assert scales == {"annual": 1, "monthly": 1, "minor": 1, "special_period": 1}
    annual = web.db.session.query(Campaign).filter_by(scale="annual").one()
    phases = web.db.session.query(CampaignPhase).filter_by(campaign_id=annual.id).order_by(CampaignPhase.seq).all()
    assert [phase.gate_result for phase in phases] == ["conditional", "", ""]
    assert phases[0].leftovers
    assert phases[1].status == "running"
    plans = web.db.session.query(SectorPlan).filter_by(campaign_id=annual.id).all()
    assert len(plans) == 11
    assert [plan.sector_code for plan in plans if plan.approved_at is None] == ["TOURISM"]
    assert any(report.missed for report in web.db.session.query(CampaignProgress))
    assert {task.status for task in web.db.session.query(CampaignTask)} == {"open", "done"}
    assert web.db.session.query(Campaign).filter_by(scale="monthly").one().status == "archived"


def test_inspections_were_made_in_many_ways_and_one_is_still_a_secret(city: Flask) -> None:
    inspections = web.db.session.query(Inspection).all()
    assert {one.status for one in inspections} == {"planned", "concealed", "executing", "done"}
    assert {"random", "unannounced", "joint", "special", "look_back"} <= {one.mode for one in inspections}
    assert len(inspections) == len(CHECKS) + EVERYDAY >= 50
    assert count(Draw) == 4
    assert any(one.sampled for one in inspections)
    born = web.db.session.query(Hazard).filter(Hazard.inspection_id.is_not(None)).all()
    assert len(born) == sum(one.findings for one in inspections) > 0
    assert any(hazard.campaign_id and hazard.plan_id for hazard in born)


def test_consultations_stand_in_different_states_and_one_is_over_with_better_scores(city: Flask) -> None:
    assert count(Expert) == 30
    assert count(Consultation) == 12
    assert len({one.status for one in web.db.session.query(Consultation)}) >= 3
    done = web.db.session.query(Consultation).filter_by(status="done").order_by(Consultation.number).first()
    assert done.fee_yuan and done.report
    for visit in web.db.session.query(Visit).filter_by(consultation_id=done.id):
        assert visit.score_after > visit.score_before
    assert web.db.session.query(Hazard).filter_by(consultation_id=done.id).count() > 0


def test_matters_are_supervised_at_several_levels_and_major_hazards_are_listed(city: Flask) -> None:
    items = web.db.session.query(SupervisionItem).all()
    assert {"leader", "meeting", "hazard"} <= {item.source for item in items}
    assert len({item.level for item in items if item.is_open}) >= 3
    assert count(MajorListing) == 8
