"""退回 and 撤回 by a program: to the steps that are offered, with a reason, by those who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.engine import Engine, HumanTask
from tests.cast import member
from tests.inbox.processes import package

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(scope="module")
def begin(engine: Engine, actor: Callable[[str], Actor]) -> Callable[[], str]:
    """A seal request whose review may be returned and withdrawn; the id of the review task."""
    engine.deploy(package("seal_back", allow="claim, comment, return, withdraw"), by=SYSTEM)

    def start() -> str:
        return engine.start("seal_back", {"summary": "借用公章", "pages": 2}, by=actor("sun")).tasks[0]

    return start


@pytest.fixture
def second_review(begin: Callable[[], str], engine: Engine, actor: Callable[[str], Actor]) -> str:
    """Refused once, revised, and back at the review."""
    refused = engine.complete(begin(), {"result": "fail", "opinion": "缺页数"}, by=actor("zhao"))
    revised = engine.complete(refused.next[0].id, {"summary": "借用公章两枚"}, by=actor("sun"))
    return revised.next[0].id


def test_a_program_sees_where_to_and_returns_it(sign_in: SignIn, second_review: str, session: Session) -> None:
    zhao = sign_in("zhao")
    shown = zhao.get(f"/api/v1/tasks/{second_review}").json
    assert "return" in shown["permitted"]
    (target,) = shown["return_targets"]
    assert (target["node_id"], target["name"], target["completed_by"]) == ("revise", "修改", member("sun").name)
    answer = zhao.post(f"/api/v1/tasks/{second_review}/return", json={"to": "revise", "reason": "仍缺页数"})
    assert answer.status_code == 200
    (anew,) = answer.json["tasks"]
    task = session.get_one(HumanTask, anew)
    assert (task.node_id, task.assignee_id) == ("revise", member("sun").id)
    assert sign_in("sun").get(f"/api/v1/tasks/{anew}").json["draft"] == {"summary": "借用公章两枚"}
    assert 'value="借用公章两枚"' in sign_in("sun").get(f"/tasks/{anew}").text
    assert session.get_one(HumanTask, second_review).status == "returned"


def test_its_new_holder_is_told_why(sign_in: SignIn, second_review: str, engine: Engine) -> None:
    sign_in("zhao").post(f"/api/v1/tasks/{second_review}/return", json={"to": "revise", "reason": "盖章处不清"})
    engine.deliver_all()
    page = sign_in("sun").get("/notifications").text
    assert f"{member('zhao').name}退回：修改" in page
    assert "盖章处不清" in page


def test_reason_and_step_must_be_given_and_be_one_that_is_offered(sign_in: SignIn, second_review: str) -> None:
    zhao, path = sign_in("zhao"), f"/api/v1/tasks/{second_review}/return"
    assert zhao.post(path, json={"to": "revise"}).status_code == 422
    assert zhao.post(path, json={"to": "revise", "reason": " "}).status_code == 422
    assert zhao.post(path, json={"to": "archive", "reason": "x"}).status_code == 422
    assert zhao.post(path, json={"reason": "x"}).status_code == 422


def test_an_outsider_is_told_that_there_is_no_such_task(sign_in: SignIn, second_review: str) -> None:
    path, sent = f"/api/v1/tasks/{second_review}/return", {"to": "revise", "reason": "x"}
    assert sign_in("deng").post(path, json=sent).status_code == 404
    assert sign_in("sun").post(path, json=sent).status_code == 403
    assert sign_in("sun").get(f"/api/v1/tasks/{second_review}").json["return_targets"] == []


def test_what_was_returned_cannot_be_returned_again(sign_in: SignIn, second_review: str) -> None:
    zhao, path, sent = sign_in("zhao"), f"/api/v1/tasks/{second_review}/return", {"to": "revise", "reason": "x"}
    assert zhao.post(path, json=sent).status_code == 200
    again = zhao.post(path, json=sent)
    assert again.status_code == 409
    assert again.json["status"] == "returned" or "退回" in again.json["detail"]


def reviewed(begin: Callable[[], str], sign_in: SignIn) -> str:
    task = begin()
    answers = {"answers": {"result": "pass", "opinion": "同意用印"}}
    assert sign_in("zhao").post(f"/api/v1/tasks/{task}/completion", json=answers).status_code == 200
    return task


def test_a_program_takes_back_what_it_did(sign_in: SignIn, begin: Callable[[], str], session: Session) -> None:
    task, zhao = reviewed(begin, sign_in), sign_in("zhao")
    assert "withdraw" in zhao.get(f"/api/v1/tasks/{task}").json["permitted"]
    answer = zhao.post(f"/api/v1/tasks/{task}/withdrawal", json={"reason": "选错结论"})
    assert answer.status_code == 200
    anew = zhao.get(f"/api/v1/tasks/{answer.json['tasks'][0]}").json
    assert (anew["node_id"], anew["draft"]) == ("review", {"result": "pass", "opinion": "同意用印", "papers": []})
    assert session.get_one(HumanTask, task).status == "withdrawn"
    assert zhao.post(f"/api/v1/tasks/{task}/withdrawal", json={"reason": "再次"}).status_code == 409


def test_others_cannot_take_it_back(sign_in: SignIn, begin: Callable[[], str]) -> None:
    task = reviewed(begin, sign_in)
    assert sign_in("deng").post(f"/api/v1/tasks/{task}/withdrawal", json={"reason": "x"}).status_code == 404
    assert sign_in("sun").post(f"/api/v1/tasks/{task}/withdrawal", json={"reason": "x"}).status_code == 403
    assert sign_in("zhao").post(f"/api/v1/tasks/{task}/withdrawal", json={}).status_code == 422
