"""`/healthz` tells monitors whether to worry, strangers one word; `/healthz/metrics` the figures."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.audit import SYSTEM
from app.clock import FixedClock
from app.config import Settings
from app.db import new_id, write_transaction
from app.engine import WorkerBeat
from tests.first_release import LEFT_AT

TOKEN = "a token for the monitor"


@pytest.fixture
def city(old_city: Callable[[], Settings], open_city: Callable[[Settings], Flask]) -> Flask:
    return open_city(old_city())


def ask(app: Flask, path: str = "/healthz", **headers: str) -> Any:
    with app.test_client() as client:
        return client.get(path, headers=headers)


def beat(app: Flask, *, ago: float = 0, busy: float | None = None, stopped: bool = False) -> None:
    at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago)
    row = WorkerBeat(
        id=new_id(),
        name="test:1",
        started_at=at,
        beat_at=at,
        busy_since=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=busy) if busy else None,
        stopped_at=at if stopped else None,
    )
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        session.add(row)


def test_all_is_well_with_a_worker_that_beats(city: Flask) -> None:
    beat(city)
    answer = ask(city)
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["workers"] == 1


@pytest.mark.one_database
def test_a_stranger_learns_one_word(city: Flask) -> None:
    """Through a proxy, from elsewhere, or without the token where there is one."""
    beat(city, ago=300)
    assert ask(city, **{"X-Forwarded-For": "10.1.2.3"}).json == {"status": "failed"}
    with city.test_client() as client:
        assert client.get("/healthz", environ_base={"REMOTE_ADDR": "10.1.2.3"}).json == {"status": "failed"}
        assert client.get("/healthz/metrics", environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 404
    assert ask(city, "/healthz/metrics", **{"X-Forwarded-For": "10.1.2.3"}).status_code == 404


def test_with_a_token_it_is_asked_for_on_this_machine_too(
    old_city: Callable[[], Settings], open_city: Callable[[Settings], Flask]
) -> None:
    city = open_city(replace(old_city(), metrics_token=TOKEN))
    assert ask(city).json == {"status": "ok"}
    assert ask(city, "/healthz/metrics").status_code == 404
    assert ask(city, "/healthz/metrics", Authorization="Bearer another").status_code == 404
    answer = ask(city, "/healthz/metrics", Authorization=f"Bearer {TOKEN}", **{"X-Forwarded-For": "10.1.2.3"})
    assert answer.status_code == 200
    assert ask(city, Authorization=f"Bearer {TOKEN}").json["problems"] == []


@pytest.mark.one_database
def test_a_worker_that_fell_silent_is_a_failure_but_not_the_webs(city: Flask) -> None:
    beat(city, ago=90)
    answer = ask(city)
    assert answer.status_code == 503
    assert "no worker has been heard of" in answer.json["problems"][0]
    assert ask(city, "/healthz?of=web").status_code == 200


@pytest.mark.one_database
def test_one_of_two_workers_is_enough(city: Flask) -> None:
    beat(city, ago=90)
    beat(city)
    assert ask(city).status_code == 200


@pytest.mark.one_database
def test_a_batch_that_hangs_is_a_failure(city: Flask) -> None:
    beat(city, busy=3600)
    answer = ask(city)
    assert (answer.status_code, answer.json["status"]) == (503, "failed")


def test_what_is_overdue_without_any_worker_is_a_failure(city: Flask, clock: FixedClock) -> None:
    beat(city, ago=90, stopped=True)
    with city.app_context():
        city.extensions["duban.engine"].deliver_all()
    assert ask(city).status_code == 200
    clock.set(LEFT_AT + dt.timedelta(days=3))
    answer = ask(city)
    assert answer.status_code == 503
    assert answer.json["timers_due"] > 0
    assert answer.json["timer_lag_seconds"] > 300


@pytest.mark.one_database
def test_a_hold_is_no_failure_and_is_said(city: Flask, clock: FixedClock) -> None:
    engine = city.extensions["duban.engine"]
    with engine.sessions() as session, write_transaction(session):
        engine.hold(session, "test", by=SYSTEM)
    clock.set(LEFT_AT + dt.timedelta(days=3))
    answer = ask(city)
    assert (answer.status_code, answer.json["status"], answer.json["held"]) == (200, "held", True)


def test_a_schema_that_is_not_the_newest_is_a_failure(city: Flask) -> None:
    with city.extensions["duban.sessions"]() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        session.commit()
    assert ask(city).status_code == 503
    assert ask(city, "/healthz?of=web").status_code == 503


@pytest.mark.one_database
def test_a_database_that_is_not_there_is_a_failure_and_nothing_else_is_told(
    old_city: Callable[[], Settings], open_city: Callable[[Settings], Flask]
) -> None:
    settings = old_city()
    city = open_city(settings)
    city.extensions["duban.sessions"].kw["bind"].dispose()
    (settings.home / "duban.sqlite").unlink()
    (settings.home / "duban.sqlite").mkdir()
    answer = ask(city)
    assert answer.status_code == 503
    assert str(settings.home) not in answer.text


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_the_figures_are_what_the_database_holds(city: Flask, clock: FixedClock) -> None:
    beat(city)
    text = ask(city, "/healthz/metrics").text
    for name, count in (
        ("duban_tasks_open", 36),
        ('duban_instances{status="suspended"}', 2),
        ('duban_instances{status="quarantined"}', 1),
        ('duban_outbox{state="waiting"}', 5),
        ('duban_outbox{state="failed"}', 1),
        ('duban_incidents_open{kind="expression"}', 1),
        ("duban_workers_live", 1),
        ("duban_held", 0),
    ):
        assert value(text, name) == count, name
    clock.set(LEFT_AT + dt.timedelta(days=3))
    later = ask(city, "/healthz/metrics").text
    assert value(later, "duban_timers_due") > 0
    assert value(later, "duban_timer_lag_seconds") > 3600


def test_requests_refusals_and_turns_are_counted(city: Flask) -> None:
    def figures() -> str:
        return str(ask(city, "/healthz/metrics").text)

    name = 'duban_request_seconds_count{endpoint="security.login",method="GET"}'
    ask(city, "/login")
    before = figures()
    ask(city, "/login")
    ask(city, "/api/v1/tasks")
    city.extensions["duban.engine"].start("long_waits", {"divisor": 4, "supervising_org_id": None}, by=SYSTEM)
    after = figures()
    assert value(after, name) == value(before, name) + 1
    assert value(after, 'duban_requests_refused_total{status="401"}') >= 1
    assert value(after, 'duban_turn_seconds_count{outcome="done",verb="start"}') >= 1
