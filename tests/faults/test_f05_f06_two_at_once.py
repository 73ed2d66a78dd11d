"""F5: two people finish one task. F6: one person sends the same thing twice."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.audit import Actor
from app.engine import Engine, History, Instance
from app.engine.running import checkout as turns
from app.engine.running.acts.complete import Complete
from app.engine.running.projections.saving import save
from tests.inbox.processes import KEY

SignIn = Callable[[str], FlaskClient]
ROUNDS = {"sqlite": 140, "postgresql": 60}
OPINIONS = {"zhao": "材料齐全，同意", "liu": "我也看过，同意"}
NAMES = {"zhao": "赵明远", "liu": "刘洋"}


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def completions(engine: Engine, task_id: str) -> int:
    with engine.sessions() as session:
        lines = sa.select(sa.func.count()).where(History.event == "task.completed", History.task_id == task_id)
        return session.scalar(lines) or 0


def at_once(pool: ThreadPoolExecutor, *acts: Callable[[], Any]) -> list[Any]:
    line = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        line.wait()
        return act()

    return list(pool.map(run, acts))


# -- F5


def test_f5_two_people_complete_one_task_200_rounds_one_200_one_409_that_says_who_and_when_and_keeps_the_input(
    database: str, engine: Engine, request_seal: Callable[..., str], sign_in: SignIn, pool: ThreadPoolExecutor
) -> None:
    browsers = {key: sign_in(key) for key in NAMES}
    won: Counter[str] = Counter()

    def send(key: str, task: str) -> Callable[[], Any]:
        answers = {"result": "pass", "opinion": OPINIONS[key]}
        return lambda: browsers[key].post(f"/api/v1/tasks/{task}/completion", json={"answers": answers})

    for number in range(ROUNDS[database]):
        task = request_seal()
        order = sorted(NAMES, reverse=bool(number % 2))
        answers = dict(zip(order, at_once(pool, *(send(key, task) for key in order)), strict=True))
        winner, loser = sorted(order, key=lambda key: answers[key].status_code)
        assert (answers[winner].status_code, answers[loser].status_code) == (200, 409), f"round {number}"
        told = answers[loser].get_json(force=True)
        assert told["completed_by"] == NAMES[winner]
        assert NAMES[winner] in told["detail"]
        assert told["completed_at"]
        assert told["submitted"] == {"result": "pass", "opinion": OPINIONS[loser]}
        assert completions(engine, task) == 1
        won[winner] += 1
    assert won["zhao"] > 3, won
    assert won["liu"] > 3, won


def test_f5_the_page_of_who_was_slower_says_by_whom_and_when_it_was_done_and_shows_what_was_typed(
    request_seal: Callable[..., str], sign_in: SignIn
) -> None:
    task = request_seal()
    first, second = sign_in("zhao"), sign_in("liu")
    drawn = second.get(f"/tasks/{task}").text
    first.post(f"/tasks/{task}/completion", data={"result": "pass", "opinion": OPINIONS["zhao"]})
    sent = {"_once": once(drawn), "result": "fail", "opinion": "慢了一步的意见"}
    page = second.post(f"/tasks/{task}/completion", data=sent)
    assert page.status_code == 409
    assert NAMES["zhao"] in page.text
    assert re.search(r"14:20", page.text)
    assert "慢了一步的意见" in page.text


def test_f5_control_without_the_revision_both_complete_it(
    engine: Engine, request_seal: Callable[..., str], actor: Callable[[str], Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load, run, save, as two naive servers would do it side by side."""
    task = request_seal()
    act = Complete(actor("liu"), task, {"result": "pass", "opinion": OPINIONS["liu"]})
    monkeypatch.setattr(Complete, "commit", without_looking_again)
    with engine.sessions() as session:
        turn = act.open(engine, session)
        turn.run(act.begin)
        engine.complete(task, {"result": "pass", "opinion": OPINIONS["zhao"]}, by=actor("zhao"))
        monkeypatch.setattr(turns, "take_revision", lambda _turn: None)
        with turns.write_transaction(session):
            turns.complete_turn(turn, act, save)
    assert completions(engine, task) == 2


def without_looking_again(act: Complete, turn: turns.Turn) -> None:
    turn.happened("task.completed", task_id=act.task_id)


# -- F6


def once(page: str) -> str:
    found = re.search(r'name="_once" value="([^"]+)"', page)
    assert found
    return found[1]


def test_f6_the_same_request_twice_at_once_is_one_transition_and_an_identical_answer(
    engine: Engine, request_seal: Callable[..., str], sign_in: SignIn, pool: ThreadPoolExecutor
) -> None:
    zhao = [sign_in("zhao"), sign_in("zhao")]
    for number in range(20):
        task = request_seal()

        def send(browser: FlaskClient, task: str = task, number: int = number) -> Any:
            answers = {"answers": {"result": "pass", "opinion": "同意"}}
            key = {"Idempotency-Key": f"twice-{number}"}
            return browser.post(f"/api/v1/tasks/{task}/completion", json=answers, headers=key)

        found = at_once(pool, *(lambda one=one: send(one) for one in zhao))
        assert [one.status_code for one in found] == [200, 200]
        assert found[0].get_data() == found[1].get_data()
        assert sorted("Idempotent-Replayed" in one.headers for one in found) == [False, True]
        assert completions(engine, task) == 1


def test_f6_a_form_sent_twice_at_once_is_one_transition_and_leads_to_the_same_place(
    engine: Engine, request_seal: Callable[..., str], sign_in: SignIn, pool: ThreadPoolExecutor
) -> None:
    zhao = [sign_in("zhao"), sign_in("zhao")]
    for _number in range(8):
        task = request_seal()
        sent = {"_once": once(zhao[0].get(f"/tasks/{task}").text), "result": "pass", "opinion": "同意"}
        found = at_once(pool, *(partial(one.post, f"/tasks/{task}/completion", data=sent) for one in zhao))
        assert [one.status_code for one in found] == [303, 303]
        assert found[0].location == found[1].location
        assert completions(engine, task) == 1


def test_f6_control_without_a_key_the_same_request_twice_is_two_transitions(
    app: Flask, engine: Engine, sign_in: SignIn
) -> None:
    body = {"definition": KEY, "data": {"summary": "没有钥匙", "pages": 1}}
    answers = [sign_in("sun").post("/api/v1/instances", json=body) for _time in range(2)]
    assert answers[0].get_data() != answers[1].get_data()
    with engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Instance.title == "没有钥匙")) == 2
