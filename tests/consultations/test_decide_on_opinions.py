"""Experts advise, the department decides: who may convert, what becomes a hazard, who confirms and who approves."""

from __future__ import annotations

from typing import Any

import pytest

from app.consultations import Expert
from app.db import write_transaction
from app.errors import Conflict, Forbidden, Invalid
from app.files import named
from app.hazards import Hazard
from tests.cast import member
from tests.consultations.walk import BEFORE, OPINION, Walk, decided, expert_id, sheet


def _opined(city: Walk, **more: Any) -> Any:
    _consultation, visit = city.diagnosed("qin")
    photo = city.hazards.photo("qin")
    second = OPINION | {"summary": "积尘未清扫"}
    city.hand_in(city.engagement(visit, "qin"), OPINION | {"photos": [photo]} | more, second)
    return visit


def _hazards(city: Walk, visit: Any) -> list[Hazard]:
    return city.all(Hazard, Hazard.external_no.startswith(f"{visit.number}-"))


def test_an_accepted_opinion_becomes_one_hazard_with_its_photo(city: Walk) -> None:
    visit = _opined(city)
    one, two = city.opinions(visit)
    task = city.task(visit.instance_id, "convert")
    rows = [decided(one, summary="除尘器无泄爆装置"), decided(two, "reject", reason="已当场清扫")]
    city.convert(visit, *rows)
    (hazard,) = _hazards(city, visit)
    assert (hazard.summary, hazard.external_no) == ("除尘器无泄爆装置", one.number)
    assert hazard.consultation_id == visit.consultation_id and hazard.subject_id == visit.subject_id
    with city.sessions() as session:
        (copy,) = named(session, hazard.photos_before)
        (mine,) = named(session, one.photos)
        assert copy.id != mine.id and copy.sha256 == mine.sha256 and copy.instance_id == hazard.instance_id
    assert [row.status for row in city.opinions(visit)] == ["converted", "rejected"]
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {"conversions": rows}, by=city.actor("zhao"))
    assert len(_hazards(city, visit)) == 1


def test_an_expert_can_never_decide(city: Walk) -> None:
    visit = _opined(city)
    task = city.task(visit.instance_id, "convert")
    rows = {"conversions": [decided(one) for one in city.opinions(visit)]}
    with pytest.raises(Forbidden):
        city.engine.complete(task.id, rows, by=city.actor("qin"))
    # Nor whoever is department staff and in the pool at the same time.
    city.change(Expert, expert_id("tao"), user_id=member("zhao").id)
    try:
        with pytest.raises(Invalid) as refused:
            city.engine.complete(task.id, rows, by=city.actor("zhao"))
        assert "没有执法权" in str(refused.value.errors["_"][0])
    finally:
        city.change(Expert, expert_id("tao"), user_id=None)
    assert _hazards(city, visit) == []


@pytest.mark.parametrize(
    "rows",
    [
        lambda one, two: [decided(one), decided(two, "reject", reason="　")],
        lambda one, two: [decided(one, "merge", merged_into=two.number), decided(two, "reject", reason="重复")],
        lambda one, two: [decided(one, "merge", merged_into=one.number), decided(two)],
        lambda one, two: [decided(one), {"opinion": two.number}],
        lambda one, two: [decided(one, summary=" "), decided(two)],
    ],
)
def test_every_opinion_is_decided_with_reasons(city: Walk, rows: Any) -> None:
    visit = _opined(city)
    with pytest.raises(Invalid):
        city.convert(visit, *rows(*city.opinions(visit)))
    assert _hazards(city, visit) == []


@pytest.mark.parametrize(("decision", "suggested"), [("confirm", "major"), ("general", "general")])
def test_a_major_one_is_confirmed_by_another_person(city: Walk, decision: str, suggested: str) -> None:
    visit = _opined(city, severity="major")
    one, two = city.opinions(visit)
    city.convert(visit, decided(one), decided(two, "reject", reason="已清扫"), by="gao")
    given = {"major_decision": decision, "major_opinion": "对照判定标准"}
    assert _hazards(city, visit) == []
    with pytest.raises(Invalid):
        city.do(visit.instance_id, "confirm_major", "gao", **given)
    with city.sessions() as session, write_transaction(session):
        from app.accounts import Grant

        session.merge(Grant(user_id=member("liu").id, role="dept_admin", org_id=member("liu").org_id))
    city.do(visit.instance_id, "confirm_major", "liu", **given)
    assert city.opinions(visit)[0].grade == suggested
    assert len(_hazards(city, visit)) == 1
    with city.sessions() as session:
        assert city.engine.data(session, _hazards(city, visit)[0].instance_id)["grade_suggestion"] == suggested


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"supervisors": [{"person": member("zhao").id}] * 2}, "supervisors"),
        ({"scores": [*sheet(BEFORE)[:-1], {"dimension": "emergency", "weight": 15, "score": None}]}, "scores-5-score"),
        ({"visited_at": "2026-04-13T09:00"}, "visited_at"),
    ],
)
def test_a_visit_is_recorded_by_two_supervisors_with_every_score_in_time(
    city: Walk, more: dict[str, Any], field: str
) -> None:
    consultation = city.start()
    city.choose(consultation, "qin")
    visit = city.visit(consultation)
    city.announce(visit)
    city.acknowledge(visit)
    city.until("2026-04-15 11:00")
    with pytest.raises(Invalid) as refused:
        city.diagnose(visit, **more)
    assert field in refused.value.errors
    assert city.again(visit).score_before is None


def test_the_fee_is_approved_by_somebody_else_and_begins_the_last_thirty_days(city: Walk) -> None:
    consultation, visit = city.diagnosed("qin")
    city.hand_in(city.engagement(visit, "qin"))
    city.follow_up(visit, "2026-04-15T11:00")
    city.do(consultation.instance_id, "report", "zhao", summary="会诊 1 家", common_problems="无")
    given = [{"expert_id": expert_id("qin"), "fee": 801, "rating": 4}]
    city.do(consultation.instance_id, "evaluate", "zhao", evaluations=given)
    with pytest.raises(Forbidden):
        city.do(consultation.instance_id, "approve_fee", "zhao", fee_decision="agree")
    with pytest.raises(Invalid):
        city.do(consultation.instance_id, "approve_fee", "wang", fee_decision="return")
    city.do(consultation.instance_id, "approve_fee", "wang", fee_decision="agree")
    done = city.again(consultation)
    assert (done.status, done.fee_yuan, done.fee_approved_by_id) == ("done", 801, member("wang").id)
    until = city.engagement(visit, "qin").access_until
    assert until is not None and (until - done.closed_at).days == 30
