from __future__ import annotations

import pytest

from app.errors import Conflict, Forbidden, Invalid
from tests.hazards.walk import Walk, at


def test_the_order_sets_the_last_day_and_starts_the_first_round(city: Walk) -> None:
    hazard = city.order(city.grade(city.register()))
    assert (hazard.status, hazard.requirements) == ("ordered", ["拆除门锁", "清空通道"])
    assert (hazard.due_at, hazard.ordered_at) == (at("2026-04-24 23:59:59"), city.clock.now())
    (only,) = city.rounds(hazard)
    assert (only.round, only.due_at, only.result) == (1, hazard.due_at, None)


def test_the_registrants_requirement_is_what_the_order_begins_with(city: Walk) -> None:
    hazard = city.grade(city.register(requirement="拆除门锁，改为推杠锁"))
    assert city.task(hazard).data["requirement_rows"] == [{"text": "拆除门锁，改为推杠锁"}]


@pytest.mark.parametrize(
    ("grade", "due_on", "said"),
    [
        ("general", "2026-05-10", "整改期限最长 30 日，不能晚于 5月9日"),
        ("general", "2026-04-08", None),  # refused by the form: before today
        ("major", "2027-04-10", "重大隐患的整改期限最长 1 年，不能晚于 2027年4月9日"),
    ],
)
def test_the_last_day_keeps_the_longest_period(city: Walk, grade: str, due_on: str, said: str | None) -> None:
    hazard = city.grade(city.register(), grade=grade)
    with pytest.raises(Invalid) as refused:
        city.order(hazard, due_on=due_on)
    assert set(refused.value.errors) == {"due_on"}
    assert said is None or refused.value.errors["due_on"] == [said]
    assert city.again(hazard).due_at is None


def test_the_longest_periods_themselves_are_given(city: Walk) -> None:
    for grade, due_on in (("general", "2026-05-09"), ("major", "2027-04-09")):
        hazard = city.order(city.grade(city.register(), grade=grade), due_on=due_on)
        assert hazard.due_at == at(f"{due_on} 23:59:59")


def test_an_order_names_items_and_its_basis(city: Walk) -> None:
    hazard = city.grade(city.register())
    with pytest.raises(Invalid) as refused:
        city.order(hazard, requirements=[], legal_basis="")
    assert set(refused.value.errors) == {"requirements", "legal_basis"}


def test_others_may_not_order_and_nobody_orders_twice(city: Walk) -> None:
    hazard = city.grade(city.register())
    task = city.task(hazard)
    for key in ("sun", "zhou", "deng"):
        with pytest.raises(Forbidden):
            city.order(hazard, key)
    city.order(hazard)
    with pytest.raises(Conflict):
        city.engine.complete(task.id, {}, by=city.actor("zhao"))
