"""From the plan to the hazards: what is stored, who may, what is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from app.clock import local
from app.errors import Conflict, Forbidden, Invalid
from tests.cast import member
from tests.inspections.walk import Walk, at

EXIT, GUARD, PERMIT = 13, 9, 12  # items of the shipped list of workshops


def test_each_failed_item_becomes_a_hazard_that_names_its_inspection(city: Walk) -> None:
    on_spot = {"deadline": "on_site", "measures": "当场打开", "photos_after": [city.photo("liu")]}
    failed = {EXIT: on_spot, GUARD: {"deadline": "7"}, PERMIT: {"deadline": "15", "finding": "电焊无审批"}}
    inspection = city.inspected(failed, campaign_id="camp" * 8)
    assert (inspection.status, inspection.findings, inspection.number[:8]) == ("done", 3, "JC-2026-")
    hazards = {one.summary: one for one in city.hazards_of(inspection)}
    assert len(hazards) == 3
    exit_, guard, permit = (
        hazards["安全出口锁闭，疏散通道被占用"],
        hazards["机械传动部位缺少防护罩或者联锁失效"],
        hazards["电焊无审批"],
    )
    assert exit_.status == "registered"  # the department still verifies it
    assert (guard.status, guard.grade) == ("rectifying", "general")
    assert guard.due_at is not None and local(guard.due_at).date() == dt.date(2026, 4, 16)
    assert (guard.legal_basis, guard.requirements) == ("《安全生产法》第三十六条", ["安装并固定防护罩，恢复联锁装置"])
    assert {one.campaign_id for one in hazards.values()} == {"camp" * 8}
    assert {one.source for one in hazards.values()} == {"campaign"}
    assert permit.found_by == "刘洋、赵明远"
    assert len(exit_.photos_before) == 1
    assert city.open_step(inspection).node_id == "serve"


def test_recording_again_is_told_that_it_is_done(city: Walk) -> None:
    inspection = city.arrive(city.plan())
    city.answer(inspection, {})
    task = city.open_step(inspection)
    answers = {"conclusion": "未发现问题", "violation_found": "no"}
    city.engine.complete(task.id, answers, by=city.actor("liu"))
    with pytest.raises(Conflict):
        city.engine.complete(task.id, answers, by=city.actor("liu"))
    assert city.looked_up(inspection).findings == 0


def test_one_inspector_is_too_few(city: Walk) -> None:
    task = city.open_step(city.plan())
    alone = [{"person": member("liu").id}]
    with pytest.raises(Invalid) as refused:
        city.engine.complete(
            task.id, {"arrived_at": city.clock.now().isoformat(), "inspectors": alone}, by=city.actor("liu")
        )
    assert "inspectors" in refused.value.errors


def test_only_the_leader_of_the_team_acts(city: Walk) -> None:
    task = city.open_step(city.plan())
    for key in ("deng", "he", "zhou", "root"):
        with pytest.raises((Forbidden, Conflict)):
            city.engine.complete(task.id, {}, by=city.actor(key))


def test_what_is_missing_is_said_item_by_item(city: Walk) -> None:
    inspection = city.arrive(city.plan())
    task = city.open_step(inspection)
    with pytest.raises(Invalid) as refused:
        city.engine.complete(task.id, {"violation_found": "no"}, by=city.actor("liu"))
    said = "".join(str(text) for text in refused.value.errors["conclusion"])
    assert "还有 18 项没有结论" in said and "没有现场签字" in said and "须有现场照片或者定位" in said


def test_a_refused_signature_is_noted(city: Walk) -> None:
    inspection = city.arrive(city.plan())
    city.answer(inspection, {})
    from app.db import write_transaction
    from app.inspections import InspectedSubject

    with city.sessions() as session, write_transaction(session):
        row = session.get_one(InspectedSubject, city.checks(inspection)[0].id)
        row.served, row.signed_by = "refused", ""
    task, answers = city.open_step(inspection), {"violation_found": "no"}
    with pytest.raises(Invalid) as refused:
        city.engine.complete(task.id, answers, by=city.actor("liu"))
    assert "没有注明未签字的情况" in str(refused.value.errors["conclusion"][0])
    with city.sessions() as session, write_transaction(session):
        session.get_one(InspectedSubject, row.id).refused_reason = "负责人拒绝签字，两名检查人员见证"
    city.engine.complete(task.id, answers, by=city.actor("liu"))
    assert city.looked_up(inspection).status == "done"


def test_it_is_recorded_the_same_or_the_next_day(city: Walk) -> None:
    inspection = city.arrive(city.plan())
    task = city.open_step(inspection)
    assert task.due_at is not None and local(task.due_at).date() == dt.date(2026, 4, 10)
    city.answer(inspection, {})
    city.clock.set(at("2026-04-11 09:00"))
    done = city.step(inspection, "check", "liu", conclusion="补录", violation_found="no")
    assert done.recorded_late


def test_not_carried_out_it_climbs_the_ladder(city: Walk) -> None:
    inspection = city.plan()
    city.clock.set(at("2026-04-14 18:00"))  # three work days after Thursday the 9th
    city.engine.run_due_timers()
    started = city.instances(inspection)
    assert [one.definition_key for one in started] == ["supervision"]


def test_an_offence_goes_to_the_department_and_is_recorded(city: Walk) -> None:
    inspection = city.arrive(city.plan())
    city.answer(inspection, {EXIT: {"deadline": "3"}})
    city.step(inspection, "check", "liu", conclusion="", violation_found="yes", violation="多次锁闭安全出口")
    city.step(inspection, "serve", "liu", order_served="signed", served_to="周敏")
    done = city.step(inspection, "refer", "gao", referral="filed", referral_note="立案查处")
    assert (done.violation, done.referral, done.order_served) == ("多次锁闭安全出口", "filed", "signed")
    assert done.referred_at is not None
