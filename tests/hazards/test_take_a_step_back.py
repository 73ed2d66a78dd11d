"""退回 and 撤回 of a hazard's steps: the record goes back with the work, and forward again."""

from __future__ import annotations

import pytest

from app.errors import Conflict, Forbidden
from tests.hazards.walk import Walk


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
