"""退回 and 撤回 of a hazard's steps: the record goes back with the work, and forward again."""

from __future__ import annotations

import pytest

from app.audit import SYSTEM
from app.errors import Conflict, Forbidden
from tests.hazards.walk import Walk, at


def test_a_submission_is_taken_back_while_nobody_re_inspects(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    task = city.task(hazard)
    hazard = city.rectify(hazard)
    assert hazard.status == "reviewing"
    city.engine.withdraw(task.id, "照片传错", by=city.actor("zhou"))
    hazard = city.again(hazard)
    assert (hazard.status, hazard.submitted_at, city.task(hazard).node_id) == ("rectifying", None, "rectify")
    assert city.rounds(hazard)[0].submitted_at is None
    hazard = city.close(city.review(city.rectify(hazard)))
    assert (hazard.status, hazard.round) == ("closed", 1)


def test_taking_back_what_was_late_asks_nobody_again_who_was_asked_already(city: Walk) -> None:
    """Due on 24 April; the first two rungs (3 and 7 work days) are behind it, the third is still to come."""
    hazard = city.receive(city.order(city.grade(city.register())))
    task = city.task(hazard)
    city.until("2026-05-09 12:00")
    asked = len(city.referrals(hazard))
    assert asked == 2
    hazard = city.rectify(hazard)
    city.engine.withdraw(task.id, "照片传错", by=city.actor("zhou"))
    city.until("2026-05-09 13:00")
    assert len(city.referrals(hazard)) == asked
    city.until("2026-05-25 12:00")
    assert len(city.referrals(hazard)) == asked + 1


def test_more_time_that_was_granted_outlives_a_withdrawal(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    task = city.task(hazard)
    city.engine.extend(task.id, at("2026-05-10 23:59:59"), "已批准延期", by=SYSTEM)
    assert city.task(hazard).due_at == at("2026-05-10 23:59:59")
    hazard = city.rectify(hazard)
    city.engine.withdraw(task.id, "照片传错", by=city.actor("zhou"))
    assert city.task(hazard).due_at == at("2026-05-10 23:59:59")
    assert city.again(hazard).due_at == at("2026-05-10 23:59:59")


def test_what_is_being_re_inspected_is_not_taken_back(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    task = city.task(hazard)
    hazard = city.rectify(hazard)
    city.engine.claim(city.task(hazard).id, by=city.actor("zhao"))
    with pytest.raises(Conflict):
        city.engine.withdraw(task.id, "照片传错", by=city.actor("zhou"))
    with pytest.raises(Forbidden):
        city.engine.withdraw(task.id, "别人的", by=city.actor("wu"))
    assert city.again(hazard).status == "reviewing"


def test_the_order_is_returned_to_the_grading(city: Walk) -> None:
    hazard = city.grade(city.register())
    city.engine.send_back(city.task(hazard).id, "grade", "等级有误", by=city.actor("liu"))
    assert city.again(hazard).status == "registered"
    hazard = city.grade(hazard, grade="major")
    assert (hazard.status, hazard.grade) == ("graded", "major")
    with pytest.raises(Forbidden):
        city.engine.send_back(city.task(hazard).id, "grade", "x", by=city.actor("deng"))
