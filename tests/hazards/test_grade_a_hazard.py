from __future__ import annotations

import pytest

from app.errors import Conflict, Forbidden, Invalid
from tests.cast import org_id
from tests.hazards.walk import Walk


def test_the_department_grades_and_the_table_only_suggests(city: Walk) -> None:
    hazard = city.register(summary="涉爆粉尘场所未设置除尘系统")
    data = city.task(hazard).data
    assert (data["suggested_grade"], data["suggested_days"]) == ("major", 60)
    assert "粉尘" in data["suggested_reason"]
    hazard = city.grade(hazard, grade="general", grade_basis="现场核实已设置除尘系统，积尘未清")
    assert (hazard.grade, hazard.status, hazard.graded_by_name) == ("general", "graded", "赵明远")
    assert city.task(hazard).data["due_on_default"] == "2026-06-08"  # 60 days, as suggested


@pytest.mark.parametrize(
    ("given", "grade"),
    [
        ({"summary": "灭火器过期"}, "general"),
        ({"summary": "灭火器过期", "grade_suggestion": "major"}, "major"),
        ({"summary": "有限空间作业未审批"}, "major"),
        ({"summary": "涉爆粉尘已清扫"}, "general"),
        (
            {"summary": "塔吊力矩限制器失效", "sector_code": "CONSTRUCTION", "supervising_org_id": org_id("emergency")},
            "major",
        ),
        ({"summary": "安全出口锁闭", "subject": "market"}, "major"),
        ({"summary": "门店堆物", "description": "安全出口被封堵", "subject": "market"}, "major"),
    ],
)
def test_the_suggestion_follows_words_sector_and_registrant(city: Walk, given: dict[str, str], grade: str) -> None:
    assert city.task(city.register(**given)).data["suggested_grade"] == grade


def test_others_may_not_grade(city: Walk) -> None:
    hazard = city.register("sun")
    for key in ("sun", "zhou", "he", "deng", "wang"):
        with pytest.raises(Forbidden):
            city.grade(hazard, key)
    assert city.again(hazard).status == "registered"


def test_it_is_graded_once(city: Walk) -> None:
    hazard = city.register()
    task = city.task(hazard)
    city.grade(hazard)
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {}, by=city.actor("zhao"))


def test_a_major_hazard_is_never_put_right_on_the_spot(city: Walk) -> None:
    photos = {"photos_before": [city.photo("zhao")], "photos_after": [city.photo("zhao")]}
    hazard = city.register(on_site=True, on_site_measures="已拆除", **photos)
    with pytest.raises(Invalid) as refused:
        city.grade(hazard, grade="major", rectify_mode="on_site")
    assert refused.value.errors == {"rectify_mode": ["重大隐患不能按当场整改办理，应当下达指令"]}


def test_without_photos_it_cannot_count_as_put_right_on_the_spot(city: Walk) -> None:
    with pytest.raises(Invalid) as refused:
        city.grade(city.register(), rectify_mode="on_site")
    assert refused.value.errors == {"rectify_mode": ["登记时没有整改前后的照片，不能按当场整改办理"]}


def test_what_was_put_right_on_the_spot_goes_straight_to_re_inspection(city: Walk) -> None:
    photos = {"photos_before": [city.photo("zhao")], "photos_after": [city.photo("zhao")]}
    hazard = city.register(on_site=True, on_site_measures="已拆除", **photos)
    hazard = city.grade(hazard, rectify_mode="on_site")
    assert (hazard.status, hazard.rectify_mode, city.task(hazard).node_id) == ("reviewing", "on_site", "review")
    (only,) = city.rounds(hazard)
    assert (only.measures, only.photos_after, only.submitted_by_id) == ("已拆除", photos["photos_after"], None)
    # Whoever found it may look again: it is the enterprise that rectified (domain 3.2).
    assert city.close(city.review(hazard)).status == "closed"


def test_what_is_unfounded_ends_and_keeps_its_number(city: Walk) -> None:
    hazard = city.register()
    answers = {"verdict": "invalid", "grade_basis": "现场没有这个问题"}
    hazard = city.do(hazard, "grade", "zhao", **answers)
    assert (hazard.status, hazard.void_reason) == ("voided", "现场没有这个问题")
    assert city.events(hazard, "instance.ended")


def test_the_town_handles_general_hazards_of_its_own(city: Walk) -> None:
    hazard = city.grade(city.register("he", "kiln"), handled_by="town")
    task = city.task(hazard)
    assert (task.node_id, task.role, task.org_id) == ("town_order", "town_staff", org_id("longwan"))
    with pytest.raises(Forbidden):
        city.order(hazard, "sun", "town_order")
    hazard = city.order(hazard, "he", "town_order")
    hazard = city.do(hazard, "proxy_receive", "he", receipt_result="signed", received_by="李老板")
    hazard = city.rectify(hazard, "he", "proxy_rectify")
    with pytest.raises(Invalid) as refused:  # one town clerk records; another re-inspects
        city.review(hazard, "he", "town_review", inspectors=[{"person": city.actor("he").id}])
    assert "提交整改的人不能自己复查" in refused.value.errors["inspectors"]
