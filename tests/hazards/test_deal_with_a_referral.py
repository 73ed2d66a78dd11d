from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.engine import HumanTask
from app.errors import Conflict, Forbidden
from tests.hazards.walk import Walk, at

SignIn = Callable[[str], FlaskClient]


def test_the_office_deals_with_each_rung_and_the_hazards_page_shows_it(city: Walk, sign_in: SignIn) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-29 09:00")
    (referral,) = city.referrals(hazard)
    assert (referral.title, referral.status) == ("督办1级：鑫源纺织有限公司：2 号车间安全出口上锁", "running")
    with city.sessions() as session:
        task = session.scalars(sa.select(HumanTask).where(HumanTask.instance_id == referral.id)).one()
    assert (task.role, task.org_id, task.due_at) == ("coordinator", None, at("2026-05-07 17:30"))

    answers = {"measure": "slip", "opinion": "下发督办单，3 日内反馈"}
    for key in ("zhao", "sun", "zhou"):
        with pytest.raises(Forbidden):
            city.engine.complete(task.id, answers, by=city.actor(key))
    assert city.engine.complete(task.id, answers, by=city.actor("wang")).ended
    with pytest.raises(Conflict):
        city.engine.complete(task.id, answers, by=city.actor("wang"))

    for key in ("wang", "zhao", "sun"):
        assert "已处置" in sign_in(key).get(f"/hazards/{hazard.id}").get_data(as_text=True)
    # How the office deals with the enterprise is not the enterprise's to read.
    assert "督办交办" not in sign_in("zhou").get(f"/hazards/{hazard.id}").get_data(as_text=True)


def test_a_rung_is_not_climbed_twice(city: Walk) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-05-20 09:00")
    assert len(city.referrals(hazard)) == 3
    for _again in range(3):
        city.engine.run_due_timers()
    assert len(city.referrals(hazard)) == 3


def test_voiding_the_hazard_ends_its_referrals(city: Walk, sign_in: SignIn) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-29 09:00")
    sign_in("wang").post(f"/api/v1/hazards/{hazard.id}/voiding", json={"reason": "误报"})
    assert [r.status for r in city.referrals(hazard)] == ["cancelled"]
