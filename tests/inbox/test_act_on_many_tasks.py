"""Batches: each task for itself, a result per id."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.engine import HumanTask
from tests.cast import member
from tests.holding import Holding

SignIn = Callable[[str], FlaskClient]


def test_chosen_tasks_are_claimed_and_given_back_together(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    tasks, zhao = [request_seal(f"成批 {n}") for n in range(2)], sign_in("zhao")
    answer = zhao.post("/tasks/batches?box=claimable", data={"verb": "claim", "ids": tasks})
    assert answer.headers["Location"] == "/tasks?box=claimable"
    assert "已签收 2 项" in zhao.get(answer.headers["Location"]).text
    zhao.post("/tasks/batches", data={"verb": "unclaim", "ids": tasks})
    assert "已退回待签收 2 项" in zhao.get("/tasks").text


def test_a_program_gets_a_result_for_each(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    mine, taken = request_seal(), request_seal()
    sign_in("liu").post(f"/tasks/{taken}/claim")
    sent = {"verb": "claim", "ids": [mine, taken, "0" * 32]}
    results = sign_in("zhao").post("/api/v1/tasks/batches", json=sent).json
    assert [(r["id"], r["ok"], r["status"]) for r in results] == [
        (mine, True, 200),
        (taken, False, 409),
        ("0" * 32, False, 404),
    ]
    assert "刘洋已签收" in results[1]["detail"]


def test_one_that_somebody_else_holds_stops_none_of_the_others(
    app: Flask, database: str, sign_in: SignIn, request_seal: Callable[..., str], session: Session
) -> None:
    """SQLite has one writer: there the others are held as well, and each is told so."""
    free, held, other = (request_seal() for _one in range(3))
    instance = session.get_one(HumanTask, held).instance_id
    session.rollback()
    zhao, sent = sign_in("zhao"), {"verb": "claim", "ids": [free, held, other]}
    with Holding(app.config["SQLALCHEMY_DATABASE_URI"], instance):
        answer = zhao.post("/api/v1/tasks/batches", json=sent)
    assert answer.status_code == 200
    expected = [503, 503, 503] if database == "sqlite" else [200, 503, 200]
    assert [result["status"] for result in answer.json] == expected
    assert answer.json[1]["code"] == "busy"


def test_what_was_refused_is_named_on_the_page(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    taken, zhao = request_seal("被人先签的"), sign_in("zhao")
    sign_in("liu").post(f"/tasks/{taken}/claim")
    zhao.post("/tasks/batches", data={"verb": "claim", "ids": taken})
    assert "被人先签的：刘洋已签收这项工作" in zhao.get("/tasks").text


def test_many_are_passed_on_with_one_reason(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    tasks, zhao = [request_seal() for _ in range(2)], sign_in("zhao")
    sent = {"verb": "reassign", "ids": tasks, "to": member("liu").id, "reason": "休假"}
    assert [r["ok"] for r in zhao.post("/api/v1/tasks/batches", json=sent).json] == [True, True]
    assert zhao.post("/api/v1/tasks/batches", json=sent | {"reason": ""}).status_code == 422


def test_who_started_them_urges_many(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    tasks, sun = [request_seal() for _ in range(2)], sign_in("sun")
    sun.post("/tasks/batches?box=started", data={"verb": "urge", "ids": tasks})
    assert "已催办 2 项" in sun.get("/tasks?box=started").text


def test_chosen_tasks_are_opened_one_after_another(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    answer = sign_in("zhao").post("/tasks/batches", data={"verb": "open", "ids": task})
    assert answer.headers["Location"] == f"/tasks/{task}"


def test_an_outsiders_batch_finds_nothing(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    sent = {"verb": "claim", "ids": [request_seal()]}
    (result,) = sign_in("deng").post("/api/v1/tasks/batches", json=sent).json
    assert (result["ok"], result["status"]) == (False, 404)


def test_a_batch_repeated_changes_nothing(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    sent = {"verb": "unclaim", "ids": [request_seal()]}
    (result,) = sign_in("zhao").post("/api/v1/tasks/batches", json=sent).json
    assert (result["ok"], result["status"]) == (False, 409)


def test_an_empty_or_unknown_batch_is_refused(sign_in: SignIn) -> None:
    zhao = sign_in("zhao")
    assert zhao.post("/api/v1/tasks/batches", json={"verb": "claim", "ids": []}).status_code == 422
    assert zhao.post("/api/v1/tasks/batches", json={"verb": "complete", "ids": ["x"]}).status_code == 422
    page = zhao.post("/tasks/batches", data={"verb": "claim"})
    assert (page.status_code, "没有选择任何一项" in page.text) == (422, True)


def test_a_batch_without_a_reason_keeps_what_was_chosen(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, other = request_seal(), request_seal()
    sent = {"verb": "reassign", "ids": [task], "to": member("liu").id}
    page = sign_in("zhao").post("/tasks/batches?box=claimable", data=sent)
    assert (page.status_code, "请写明转办原因" in page.text) == (422, True)
    assert f'value="{task}" form="bulk" checked' in page.text
    assert f'value="{other}" form="bulk" checked' not in page.text
    assert f'value="{member("liu").id}" selected' in page.text
