from __future__ import annotations

import pytest
from flask import Flask

from app.accounts import User
from app.clock import FixedClock
from app.db import write_transaction
from tests.cast import START, member
from tests.hazards.walk import Walk, people_the_register


@pytest.fixture(scope="module")
def city(app: Flask, clock: FixedClock) -> Walk:
    """The cast's city with some hazards in every state, found on two days of two weeks in two towns."""
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    walk = Walk(app, clock)
    walk.closed(summary="销号", campaign_id="c" * 32)
    walk.failed(walk.to_review(walk.register(summary="两轮", campaign_id="c" * 32)), "2026-05-06")
    walk.register(summary="外镇登记", subject="hongda", key="he", campaign_id="c" * 32)
    walk.do(walk.register(summary="误报"), "grade", "zhao", verdict="invalid", grade_basis="没有")
    walk.grade(walk.register(summary="重大"), grade="major")
    walk.until("2026-04-15 10:00")
    walk.register(summary="下一周")
    walk.closed(summary="下一周销号")
    return walk


@pytest.fixture(autouse=True)
def the_clock_starts_anew(clock: FixedClock) -> None:
    clock.set(START)


def person(session: object, key: str) -> User:
    return session.get_one(User, member(key).id)  # type: ignore[attr-defined, no-any-return]
