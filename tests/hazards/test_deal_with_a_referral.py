from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.engine import HumanTask
from app.errors import Conflict, Forbidden
from tests.cast import org_id
from tests.hazards.walk import Walk, at

SignIn = Callable[[str], FlaskClient]
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_the_office_deals_with_each_rung_and_the_hazards_page_shows_it(city: Walk, sign_in: SignIn) -> None:
    hazard = city.receive(city.order(city.grade(city.register())))
    city.until("2026-04-29 09:00")
    (rung,) = city.referrals(hazard)
    assert (rung.definition_key, rung.title, rung.status) == (
        "supervision",
        "鑫源纺织有限公司：2 号车间安全出口上锁",
        "running",
    )
    with city.sessions() as session:
        task = session.scalars(sa.select(HumanTask).where(HumanTask.instance_id == rung.id)).one()
    assert (task.node_id, task.role, task.org_id, task.due_at) == ("draft", "coordinator", None, at("2026-04-30 17:30"))

    answers = {"verdict": "issue", "title": "督促整改", "content": "限期办结", "due_on": "2026-05-15"}
    answers |= {"addressee_org_id": org_id("emergency"), "slip_level": "2"}
    for key in ("zhao", "sun", "zhou"):
        with pytest.raises(Forbidden):
            city.engine.complete(task.id, answers, by=city.actor(key))
    about = f"/supervision?matter={hazard.id}"
    for key in ("zhao", "sun", "zhou"):  # how the office deals with it is not theirs to read beforehand
        assert "没有督办件" in sign_in(key).get(about, headers=PARTIAL).get_data(as_text=True)
    city.engine.complete(task.id, answers, by=city.actor("wang"))
    with pytest.raises(Conflict):
        city.engine.complete(task.id, answers, by=city.actor("wang"))

    for key in ("wang", "zhao"):
        assert about in sign_in(key).get(f"/hazards/{hazard.id}").get_data(as_text=True)
        assert "督促整改" in sign_in(key).get(about, headers=PARTIAL).get_data(as_text=True)
    for key in ("sun", "zhou"):  # the slip is the department's
        assert "没有督办件" in sign_in(key).get(about, headers=PARTIAL).get_data(as_text=True)


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
