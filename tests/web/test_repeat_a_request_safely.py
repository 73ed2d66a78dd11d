"""`Idempotency-Key`: a repeated POST of the API acts once and answers the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.subjects import Subject
from app.web import IdempotencyKey, sweep_idempotency

SignIn = Callable[[str], FlaskClient]


def subject(name: str) -> dict[str, object]:
    return {"type": "venue", "name": name, "region_code": "990181101201", "sector_code": "INDUSTRY"}


def create(browser: FlaskClient, name: str, key: str):  # type: ignore[no-untyped-def]
    return browser.post("/api/v1/subjects", json=subject(name), headers={"Idempotency-Key": key})


def count(session: Session, name: str) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(Subject).where(Subject.name == name)) or 0


def test_the_second_time_nothing_happens_and_the_answer_is_the_first(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("zhao")
    first, second = create(browser, "海滨剧场", "k-1"), create(browser, "海滨剧场", "k-1")
    assert first.status_code == second.status_code == 201
    assert first.get_data() == second.get_data()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert count(session, "海滨剧场") == 1


def test_a_refusal_is_repeated_too(sign_in: SignIn) -> None:
    browser = sign_in("zhao")
    assert create(browser, "", "k-2").status_code == create(browser, "", "k-2").status_code == 422


def test_the_same_key_for_something_else_is_a_conflict(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("zhao")
    create(browser, "甲影院", "k-3")
    other = create(browser, "乙影院", "k-3")
    assert other.status_code == 409 and other.content_type == "application/problem+json"
    assert count(session, "乙影院") == 0


def test_two_people_may_use_the_same_key(sign_in: SignIn, session: Session) -> None:
    assert create(sign_in("zhao"), "丙影院", "k-4").status_code == 201
    assert create(sign_in("sun"), "丁影院", "k-4").status_code == 201
    assert count(session, "丁影院") == 1


def test_a_key_of_two_hundred_and_one_characters_is_refused(sign_in: SignIn) -> None:
    assert create(sign_in("zhao"), "戊影院", "k" * 201).status_code == 422


def test_after_a_day_a_key_is_forgotten(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("zhao")
    create(browser, "己影院", "k-5")
    with write_transaction(session):
        past = dt.datetime.now(dt.UTC) - dt.timedelta(days=1, seconds=1)
        session.execute(sa.update(IdempotencyKey).values(created_at=past))
    with write_transaction(session):
        sweep_idempotency(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(IdempotencyKey)) == 0
    session.rollback()
    assert create(browser, "己影院", "k-5").status_code == 201
    assert count(session, "己影院") == 2


def test_without_a_key_every_request_acts(sign_in: SignIn, session: Session) -> None:
    browser = sign_in("zhao")
    for _ in range(2):
        assert browser.post("/api/v1/subjects", json=subject("庚影院")).status_code == 201
    assert count(session, "庚影院") == 2
