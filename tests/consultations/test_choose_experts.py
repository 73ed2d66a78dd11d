"""Who may take part: avoidance in the form, at the check, at the commit; a draw that anybody can repeat."""

from __future__ import annotations

import pytest

from app.consultations import Consultation, Engagement, Expert
from app.consultations.operations import choosing
from app.db import write_transaction
from app.errors import Conflict, Invalid
from app.subjects import draw, drawing_order
from tests.consultations.walk import FREE, LEFT_OUT, Walk, expert_id
from tests.hazards.walk import subject_id


@pytest.mark.parametrize("key", LEFT_OUT)
def test_whoever_must_avoid_the_enterprise_can_neither_be_picked_nor_drawn(city: Walk, key: str) -> None:
    consultation = city.start()
    with pytest.raises(Invalid) as refused:
        city.choose(consultation, key)
    assert "picked" in refused.value.errors
    with pytest.raises(Invalid) as too_many:
        city.choose(consultation, count=len(FREE) + 1)
    assert "draw_count" in too_many.value.errors
    city.choose(consultation, count=len(FREE))
    chosen = {one.expert_id for one in city.engagements(city.visit(consultation))}
    assert chosen == {expert_id(free) for free in FREE}
    frozen = {row["id"]: row["out"] for row in city.again(consultation).candidates}
    assert frozen[expert_id(key)] and not frozen[expert_id("shi")]
    assert expert_id("retired") not in frozen and expert_id("chemist") not in frozen


def test_who_must_avoid_one_enterprise_may_take_part_elsewhere(city: Walk) -> None:
    consultation = city.start("hongda")
    city.choose(consultation, "employed", "declared", "grouped")
    assert len(city.engagements(city.visit(consultation))) == 3


@pytest.mark.parametrize("key", ["retired", "chemist"])
def test_who_is_off_the_pool_or_no_specialist_is_refused(city: Walk, key: str) -> None:
    consultation = city.start()
    with pytest.raises(Invalid):
        city.choose(consultation, key)


def test_a_conflict_declared_after_the_form_was_drawn_is_refused_by_the_check(city: Walk) -> None:
    consultation = city.start()
    city.change(Expert, expert_id("tao"), conflicts=[{"kind": "subject", "id": subject_id("xinyuan")}])
    try:
        with pytest.raises(Invalid) as refused:
            city.choose(consultation, "tao")
        assert "应当回避" in str(refused.value.errors["picked"][0])
    finally:
        city.change(Expert, expert_id("tao"), conflicts=[])


def test_the_rule_is_asked_again_where_the_experts_are_engaged(city: Walk) -> None:
    consultation = city.start()
    by = city.actor("zhao")
    with city.sessions() as session, write_transaction(session):
        found = session.get_one(Consultation, consultation.id)
        with pytest.raises(Invalid):
            choosing.engage(
                session, found, method="pick", count=0, picked=[expert_id("named")], by=by, now=city.clock.now()
            )
    assert city.engagements(city.visit(consultation)) == []


def test_anybody_can_repeat_the_draw_and_a_forged_one_shows(city: Walk) -> None:
    consultation = city.start()
    city.choose(consultation, count=2)
    found = city.again(consultation)
    free = [row["id"] for row in found.candidates if not row["out"]]
    assert len(found.seed) == 32
    assert {one.expert_id for one in city.engagements(city.visit(found))} == set(draw(reversed(free), 2, found.seed))
    assert found.drawn == drawing_order(free, found.seed) and choosing.verified(found)
    city.change(Consultation, found.id, drawn=list(reversed(found.drawn)))
    assert not choosing.verified(city.again(found))


def test_experts_are_chosen_once(city: Walk) -> None:
    consultation = city.start()
    task = city.task(consultation.instance_id, "choose")
    city.choose(consultation, "shi")
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {"method": "pick", "picked": [expert_id("tao")]}, by=city.actor("zhao"))
    assert [one.name for one in city.engagements(city.visit(consultation))] == ["石磊"]


def test_a_topic_is_of_one_sector_and_of_enterprises_the_starter_may_see(city: Walk) -> None:
    for subjects, key in ((("xinyuan", "market"), "wang"), (("xinyuan", "xinyuan"), "wang"), (("xinyuan",), "deng")):
        with pytest.raises(Invalid):
            city.start(*subjects, key=key)


def test_whoever_hands_in_nothing_is_replaced_by_somebody_who_need_not_avoid(city: Walk) -> None:
    _consultation, visit = city.diagnosed("shi")
    asked = city.engagement(visit, "shi")
    city.until("2026-04-22 09:00")
    for wrong in ("named", "shi"):
        given = {"replace_how": "replace", "replacement": expert_id(wrong), "replace_reason": "逾期未交"}
        with pytest.raises(Invalid):
            city.do(asked.instance_id, "replace", "zhao", **given)
    with pytest.raises(Invalid):  # nobody else is there
        city.do(asked.instance_id, "replace", "zhao", replace_how="without", replace_reason="不等")
    given = {"replace_how": "replace", "replacement": expert_id("qin"), "replace_reason": "逾期未交"}
    city.do(asked.instance_id, "replace", "zhao", **given)
    assert city.again(asked).status == "replaced"
    city.hand_in(city.engagement(visit, "qin"))
    assert city.all(Engagement, Engagement.visit_id == visit.id, Engagement.status == "submitted")[0].name == "秦川"
    assert city.task(visit.instance_id, "follow_up").status == "open"
