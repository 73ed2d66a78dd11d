"""`Idempotency-Key`: a repeated POST of the API acts once and answers the same."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.db import write_transaction
from app.subjects import Subject
from app.web import IdempotencyKey, owner, sweep_idempotency
from app.web.idempotency import ABANDONED

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


def test_two_at_the_same_instant_act_once_and_read_the_same(app: Flask, sign_in: SignIn, session: Session) -> None:
    """The second waits for the answer to the first."""
    browsers = [sign_in("zhao") for _one in range(6)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda browser: create(browser, "辛影院", "k-at-once"), browsers))
    assert [answer.status_code for answer in answers] == [201] * len(browsers)
    assert len({answer.get_data() for answer in answers}) == 1
    assert count(session, "辛影院") == 1


@pytest.fixture
def left_under_way(sign_in: SignIn, session: Session) -> Callable[..., Any]:
    """`left_under_way("壬影院", acted=False)` → the same request again, after the first one stopped half-way."""

    def again(name: str, **values: Any) -> Any:
        browser = sign_in("zhao")
        create(browser, name, f"k-{name}")
        with write_transaction(session):
            newest = sa.select(IdempotencyKey.id).order_by(IdempotencyKey.created_at.desc()).limit(1)
            here = IdempotencyKey.id == newest.scalar_subquery()
            session.execute(sa.update(IdempotencyKey).where(here).values(status=None, **values))
            if values.get("acted") is False:
                session.execute(sa.delete(Subject).where(Subject.name == name))
        return create(browser, name, f"k-{name}")

    return again


def test_a_request_of_a_process_elsewhere_is_waited_for_half_a_minute(
    left_under_way: Callable[..., Any], session: Session
) -> None:
    long_ago = dt.datetime.now(dt.UTC) - ABANDONED - dt.timedelta(seconds=1)
    elsewhere = {"owner": "another-machine:1:1", "acted": False}
    assert left_under_way("壬影院", **elsewhere).status_code == 409  # perhaps it is still at work
    assert left_under_way("壬影院二", **elsewhere, created_at=long_ago).status_code == 201
    assert count(session, "壬影院二") == 1


def test_a_request_of_this_living_process_is_under_way(left_under_way: Callable[..., Any]) -> None:
    again = left_under_way("壬影院三", acted=False)
    assert again.status_code == 409 and "interrupted" not in again.get_json(force=True)


def test_what_was_left_half_way_by_a_dead_process_may_be_sent_again_at_once(
    left_under_way: Callable[..., Any], session: Session
) -> None:
    assert left_under_way("壬影院四", owner=a_dead_process(), acted=False).status_code == 201
    assert count(session, "壬影院四") == 1


def test_what_a_dead_process_had_committed_is_not_done_again_and_the_caller_is_told(
    left_under_way: Callable[..., Any], session: Session
) -> None:
    again = left_under_way("壬影院五", owner=a_dead_process())
    assert again.status_code == 409 and again.get_json(force=True)["interrupted"] is True
    assert count(session, "壬影院五") == 1


def a_dead_process() -> str:
    """A real one, killed."""
    with subprocess.Popen(["sleep", "60"]) as process:
        name = owner._name(process.pid)
        assert name and not owner.is_dead(name)
        process.kill()
    assert owner.is_dead(name)
    return name


@pytest.mark.parametrize(
    ("fault", "status"),
    [(RuntimeError("the answer could not be written"), 500), (sa.exc.OperationalError("", {}, Exception("gone")), 503)],
)
def test_a_fault_after_something_was_committed_is_not_carried_out_again(
    app: Flask, sign_in: SignIn, session: Session, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    """Also where the database was lost on the way: whether the commit went through is known from the key's row."""
    from app.subjects import api

    browser, name = sign_in("zhao"), f"壬影院{status}"

    def broken(*_words: Any) -> Any:
        raise fault

    monkeypatch.setitem(app.config, "PROPAGATE_FAULTS", False)
    monkeypatch.setattr(api.SubjectOut, "dump", broken)
    assert create(browser, name, f"k-fault-{status}").status_code == status
    monkeypatch.undo()
    again = create(browser, name, f"k-fault-{status}")
    assert again.status_code == 409 and again.get_json(force=True)["interrupted"] is True
    assert count(session, name) == 1


def test_text_with_a_nul_is_stored_without_it(sign_in: SignIn, session: Session) -> None:
    made = create(sign_in("zhao"), "癸\0影院", "k-nul")
    assert made.status_code == 201
    assert count(session, "癸影院") == 1
    assert sign_in("zhao").get("/api/v1/subjects?q=%00癸").status_code == 200
