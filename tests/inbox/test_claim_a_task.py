"""签收: from the list, from the task, by program; given back and taken back."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

SignIn = Callable[[str], FlaskClient]


def test_a_candidate_claims_from_the_list_and_may_take_it_back_at_once(
    sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task = request_seal("借章去签合同")
    zhao = sign_in("zhao")
    assert "借章去签合同" in zhao.get("/tasks?box=claimable").text
    answer = zhao.post(f"/tasks/{task}/claim?box=claimable", data={"then": "list"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/tasks?box=claimable"
    page = zhao.get("/tasks?box=claimable").text
    assert "已签收：借章去签合同" in page
    assert "撤销" in page
    assert "借章去签合同" in zhao.get("/tasks").text
    assert zhao.post("/tasks/batches", data={"verb": "unclaim", "ids": task}).status_code == 303
    assert "借章去签合同" in sign_in("liu").get("/tasks?box=claimable").text


def test_the_offer_to_take_it_back_is_made_once(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    zhao = sign_in("zhao")
    zhao.post(f"/tasks/{request_seal('只问一次')}/claim", data={"then": "list"})
    assert "撤销</button>" in zhao.get("/tasks").text
    assert "撤销</button>" not in zhao.get("/tasks").text


def test_a_candidate_claims_by_program(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    answer = sign_in("zhao").post(f"/api/v1/tasks/{task}/claim")
    assert answer.status_code == 200
    assert answer.json["assignee_name"] == "赵明远"
    assert "unclaim" in answer.json["permitted"]
    released = sign_in("zhao").delete(f"/api/v1/tasks/{task}/claim")
    assert released.status_code == 200
    assert released.json["assignee_id"] is None


def test_an_outsider_is_told_that_there_is_no_such_task(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    for who in ("deng", "he", "zhou", "root"):
        assert sign_in(who).post(f"/tasks/{task}/claim").status_code == 404
        assert sign_in(who).post(f"/api/v1/tasks/{task}/claim").status_code == 404
        assert sign_in(who).delete(f"/api/v1/tasks/{task}/claim").status_code == 404


def test_who_started_it_may_look_but_not_claim(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    assert sign_in("sun").get(f"/tasks/{task}").status_code == 200
    assert sign_in("sun").post(f"/tasks/{task}/claim").status_code == 403
    assert sign_in("sun").post(f"/api/v1/tasks/{task}/claim").status_code == 403


def test_a_second_claim_names_who_was_faster(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    sign_in("zhao").post(f"/tasks/{task}/claim")
    page = sign_in("liu").post(f"/tasks/{task}/claim")
    assert page.status_code == 409
    assert "赵明远已签收这项工作" in page.text
    program = sign_in("liu").post(f"/api/v1/tasks/{task}/claim")
    assert program.status_code == 409
    assert program.json["holder"] == "赵明远"
    assert program.json["code"] == "conflict"


def test_giving_back_what_one_does_not_hold_is_refused(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    assert sign_in("liu").post(f"/tasks/{task}/claim", data={"_method": "DELETE"}).status_code == 409
    sign_in("zhao").post(f"/tasks/{task}/claim")
    assert sign_in("liu").delete(f"/api/v1/tasks/{task}/claim").status_code == 409
