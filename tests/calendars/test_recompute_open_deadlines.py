"""A deadline counted on estimated days says so; when the year becomes official it is counted anew, and only then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.calendars import deadline_of
from app.clock import SHANGHAI, FixedClock
from app.db import write_transaction
from app.engine import HumanTask, Timer
from tests.calendars.test_import_a_year import send
from tests.cast import START
from tests.hazards.walk import Walk, people_the_register

# The first week of 2027, which no notice has announced yet: Monday to Friday until one does.
NOTICE = "日期,类型,名称\n2027-01-01 至 2027-01-08,休,元旦\n2027-01-09,班,元旦调休上班\n"


@pytest.fixture(scope="module")
def city(app: Flask, clock: FixedClock) -> Iterator[Walk]:
    clock.set(dt.datetime(2026, 12, 31, 15, 0, tzinfo=SHANGHAI))
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    yield Walk(app, clock)
    clock.set(START)


def test_importing_the_year_moves_what_was_counted_on_its_estimated_days(
    city: Walk, sign_in: Callable[[str], FlaskClient]
) -> None:
    before = city.task(city.register("sun"))
    assert before.due_at is not None and before.due_basis is not None
    assert before.due_at.astimezone(SHANGHAI).year == 2027 and before.due_basis["estimated"]
    with city.app.test_request_context("/"):
        assert deadline_of(before).estimated
    assert "预估" in sign_in("zhao").get(f"/tasks/{before.id}").text

    root = sign_in("root")
    assert send(root, NOTICE, confirm="1").status_code == 303
    assert "已导入 2027 年，重算期限 1 项" in root.get("/admin/calendar?year=2027").text

    with city.sessions() as session:
        after = session.get_one(HumanTask, before.id)
        assert after.due_at is not None and after.due_at > before.due_at
        assert after.due_basis is not None and not after.due_basis["estimated"]
        timers = session.scalars(sa.select(Timer.due_at).where(Timer.task_id == before.id, Timer.kind == "overdue"))
        assert set(timers) == {after.due_at}
    assert "预估" not in sign_in("zhao").get(f"/tasks/{before.id}").text.split("db-top-end")[1]


def test_importing_the_same_again_moves_nothing(city: Walk, sign_in: Callable[[str], FlaskClient]) -> None:
    task = city.task(city.register("sun"))
    send(sign_in("root"), NOTICE, confirm="1")
    with city.sessions() as session:
        assert session.get_one(HumanTask, task.id).due_at == task.due_at
