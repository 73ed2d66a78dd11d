from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.accounts import User
from tests.cast import member
from tests.dashboards.agreement import assert_the_wall_agrees
from tests.hazards.walk import Walk, at


@pytest.mark.parametrize("who", ["lin", "zhao", "deng", "ma", "he"])
@pytest.mark.parametrize("when", ["2026-04-09 18:00", "2026-04-15 18:00", "2026-05-20 10:00"])
def test_at_any_moment_for_anybody(city: Walk, session: Session, who: str, when: str) -> None:
    user = session.get_one(User, member(who).id)
    assert_the_wall_agrees(session, user, at(when))


def test_after_hazards_have_fallen_due(city: Walk, session: Session) -> None:
    user = session.get_one(User, member("lin").id)
    city.clock.set(at("2026-04-16 09:00"))
    city.order(city.grade(city.register(summary="逾期未改")))
    assert_the_wall_agrees(session, user, at("2026-04-20 09:00"))
    assert_the_wall_agrees(session, user, at("2026-05-20 09:00"))
