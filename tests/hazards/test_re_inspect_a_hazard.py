from __future__ import annotations

from typing import Any

import pytest

from app.errors import Conflict, Forbidden, Invalid
from tests.cast import member
from tests.hazards.walk import Walk, at


def _refused(city: Walk, hazard: Any, **answers: Any) -> dict[str, list[Any]]:
    with pytest.raises(Invalid) as refused:
        city.review(hazard, **answers)
    return refused.value.errors


def test_all_items_passed_lead_to_the_close_out(city: Walk) -> None:
    hazard = city.review(city.to_review(city.register()))
    (only,) = city.rounds(hazard)
    assert (hazard.status, only.result, only.inspector_names) == ("verified", "passed", ["赵明远", "刘洋"])
    assert city.task(hazard).node_id == "close"


def test_one_failed_item_begins_a_round_with_a_limit_of_its_own(city: Walk) -> None:
    hazard = city.failed(city.to_review(city.register()), "2026-05-06")
    assert (hazard.status, hazard.round, hazard.requirements) == ("rectifying", 2, ["拆除门锁"])
    assert (hazard.due_at, hazard.original_due_at) == (at("2026-05-06 23:59:59"), at("2026-04-24 23:59:59"))
    task = city.task(hazard)
    assert (task.node_id, task.due_at) == ("rectify", at("2026-05-06 23:59:59"))
    hazard = city.rectify(hazard)
    assert city.task(hazard).data["review_items"] == [{"requirement": "拆除门锁", "result": None, "note": ""}]


def test_a_failure_needs_a_new_last_day_within_the_longest_period(city: Walk) -> None:
    hazard = city.to_review(city.register())
    failed = [
        {"requirement": "拆除门锁", "result": "failed", "note": "仍上锁"},
        {"requirement": "清空通道", "result": "passed"},
    ]
    assert _refused(city, hazard, conclusions=failed) == {"new_due_on": ["有不合格项，写明新的整改期限"]}
    errors = _refused(city, hazard, conclusions=failed, new_due_on="2026-05-30")
    assert errors == {"new_due_on": ["整改期限最长 30 日，不能晚于 5月9日"]}


def test_every_item_gets_a_conclusion(city: Walk) -> None:
    hazard = city.to_review(city.register())
    errors = _refused(city, hazard, conclusions=[{"requirement": "拆除门锁", "result": "passed"}])
    assert errors == {"conclusions-1-result": ["请选择"]}


def test_conclusions_in_another_order_stay_with_their_items(city: Walk) -> None:
    hazard = city.to_review(city.register())
    swapped = [
        {"requirement": "清空通道", "result": "failed", "note": "仍堆放"},
        {"requirement": "拆除门锁", "result": "passed"},
    ]
    hazard = city.review(hazard, conclusions=swapped, new_due_on="2026-05-06")
    assert hazard.requirements == ["清空通道"]


def test_departments_come_in_twos(city: Walk) -> None:
    hazard = city.to_review(city.register())
    alone = [{"person": member("zhao").id}]
    assert _refused(city, hazard, inspectors=alone) == {"inspectors": ["不少于 2 项"]}
    assert _refused(city, hazard, inspectors=alone * 2) == {"inspectors": ["复查人员不少于 2 名"]}


def test_the_side_that_rectified_may_not_take_part(city: Walk) -> None:
    hazard = city.to_review(city.register())
    with_them = [{"person": member("zhao").id}, {"person": member("zhou").id}]
    assert "inspectors" in "".join(_refused(city, hazard, inspectors=with_them))
    for key in ("zhou", "wu", "chen", "sun"):
        with pytest.raises(Forbidden):
            city.review(hazard, key)


def test_the_opinion_is_written_signed_and_served(city: Walk) -> None:
    hazard = city.to_review(city.register())
    errors = _refused(city, hazard, opinion="", opinion_signed=False, served="signed", served_to="")
    assert set(errors) == {"opinion", "opinion_signed", "served_to"}


def test_a_visit_on_the_spot_is_shown_by_photos(city: Walk) -> None:
    hazard = city.to_review(city.register())
    assert set(_refused(city, hazard, review_method="on_site")) == {"photos_review"}
    hazard = city.review(hazard, review_method="on_site", photos_review=[city.photo("zhao")])
    assert hazard.status == "verified"


def test_fire_hazards_are_re_inspected_within_three_work_days(city: Walk) -> None:
    hazard = city.order(city.grade(city.register("zhao", "market")))
    hazard = city.do(hazard, "proxy_receive", "sun", receipt_result="signed", received_by="刘经理")
    hazard = city.rectify(hazard, "sun", "proxy_rectify")
    task = city.task(hazard)
    assert (task.node_id, task.due_at) == ("fire_review", at("2026-04-14 23:59:59"))
    assert (task.due_basis or {})["rule"] == "fire_reinspection_3d"
    assert city.review(hazard, node="fire_review").status == "verified"


def test_others_are_re_inspected_within_ten_days(city: Walk) -> None:
    hazard = city.to_review(city.register())
    assert city.task(hazard).due_at == at("2026-04-19 23:59:59")


def test_it_is_re_inspected_once_a_round(city: Walk) -> None:
    hazard = city.to_review(city.register())
    task = city.task(hazard)
    city.review(hazard)
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {}, by=city.actor("zhao"))
