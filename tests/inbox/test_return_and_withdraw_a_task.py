"""退回 and 撤回 on the page: who may, where to, with what reason, and what the list and the history say afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import SYSTEM, Actor
from app.engine import Engine, HumanTask
from tests.inbox.processes import package

SignIn = Callable[[str], FlaskClient]
KEY = "seal_with_return"
PASS = {"result": "pass", "opinion": "同意"}
FAIL = {"result": "fail", "opinion": "事由不清"}


@pytest.fixture(scope="module")
def start(engine: Engine, actor: Callable[[str], Actor]) -> Callable[[str], str]:
    """`start("借章")` → the review task, which may be returned and withdrawn."""
    words = {"allow": "claim, reassign, cc, urge, comment, return, withdraw"}
    engine.deploy(package(KEY, **words), by=SYSTEM, publish=True)

    def begin(summary: str) -> str:
        return engine.start(KEY, {"summary": summary, "pages": 2}, by=actor("sun")).tasks[0]

    return begin


def open_task(session: Session, task_id: str) -> HumanTask:
    session.rollback()
    instance = session.get_one(HumanTask, task_id).instance_id
    return session.scalars(
        sa.select(HumanTask).where(HumanTask.instance_id == instance, HumanTask.status == "open")
    ).one()


def refused_once(sign_in: SignIn, start: Callable[[str], str], session: Session) -> HumanTask:
    """Reviewed, refused and revised: the second review, which can be returned to the revision."""
    task = start("要退回的")
    assert sign_in("zhao").post(f"/tasks/{task}/completion", data=FAIL).status_code == 303
    revise = open_task(session, task)
    assert sign_in("sun").post(f"/tasks/{revise.id}/completion", data={"summary": "写清楚了"}).status_code == 303
    return open_task(session, task)


def test_it_is_returned_to_an_earlier_step_with_a_reason(
    sign_in: SignIn, start: Callable[[str], str], session: Session
) -> None:
    second, zhao = refused_once(sign_in, start, session), sign_in("zhao")
    page = zhao.get(f"/tasks/{second.id}").text
    assert 'value="revise"' in page.split('id="return"')[1].split("</details>")[0]
    answer = zhao.post(f"/tasks/{second.id}/return", data={"to": "revise", "reason": "仍不清楚"})
    assert answer.status_code == 303
    again = open_task(session, second.id)
    assert again.node_id == "revise"
    assert session.get_one(HumanTask, second.id).status == "returned"
    sun = sign_in("sun")
    assert "退回 1" in sun.get("/tasks").text
    page = sun.get(f"/tasks/{again.id}").text
    assert "退回到修改" in page
    assert "仍不清楚" in page
    assert "已退回" in zhao.get(f"/tasks/{second.id}").text


def test_the_step_and_the_reason_must_be_given(sign_in: SignIn, start: Callable[[str], str], session: Session) -> None:
    second, zhao = refused_once(sign_in, start, session), sign_in("zhao")
    page = zhao.post(f"/tasks/{second.id}/return", data={"to": "revise", "reason": ""})
    assert page.status_code == 422
    assert "请写明退回原因" in page.text
    page = zhao.post(f"/tasks/{second.id}/return", data={"to": "archive", "reason": "试试"})
    assert page.status_code == 422
    assert "不能退回到这一步" in page.text
    assert 'value="试试"' in page.text


def test_outsiders_return_nothing_and_nobody_twice(
    sign_in: SignIn, start: Callable[[str], str], session: Session
) -> None:
    second, sent = refused_once(sign_in, start, session), {"to": "revise", "reason": "不清楚"}
    assert sign_in("deng").post(f"/tasks/{second.id}/return", data=sent).status_code == 404
    assert sign_in("sun").post(f"/tasks/{second.id}/return", data=sent).status_code == 403
    assert sign_in("zhao").post(f"/tasks/{second.id}/return", data=sent).status_code == 303
    page = sign_in("zhao").post(f"/tasks/{second.id}/return", data=sent)
    assert page.status_code == 409
    assert "赵明远已将这项工作退回" in page.text
    assert "不清楚" in page.text.split('id="kept"')[1]  # what was typed is there to be copied


def test_what_nobody_has_touched_is_taken_back(sign_in: SignIn, start: Callable[[str], str], session: Session) -> None:
    task, zhao = start("撤回"), sign_in("zhao")
    zhao.post(f"/tasks/{task}/completion", data=PASS)
    assert 'id="withdraw"' in zhao.get(f"/tasks/{task}").text
    assert zhao.post(f"/tasks/{task}/withdrawal", data={"reason": ""}).status_code == 422
    answer = zhao.post(f"/tasks/{task}/withdrawal", data={"reason": "结论写错"})
    assert answer.status_code == 303
    again = open_task(session, task)
    assert answer.location.endswith(f"/tasks/{again.id}")
    page = zhao.get(answer.location).text
    assert PASS["opinion"] in page  # what was answered stands in the form again
    assert "结论写错" in page
    assert zhao.post(f"/tasks/{task}/withdrawal", data={"reason": "再撤"}).status_code == 409


def test_what_went_on_cannot_be_taken_back_and_not_by_others(
    sign_in: SignIn, start: Callable[[str], str], session: Session
) -> None:
    task, zhao = start("已签收"), sign_in("zhao")
    zhao.post(f"/tasks/{task}/completion", data=PASS)
    assert sign_in("deng").post(f"/tasks/{task}/withdrawal", data={"reason": "x"}).status_code == 404
    assert sign_in("sun").post(f"/tasks/{task}/withdrawal", data={"reason": "x"}).status_code == 403
    sign_in("wang").post(f"/tasks/{open_task(session, task).id}/claim")
    page = zhao.post(f"/tasks/{task}/withdrawal", data={"reason": "晚了"})
    assert page.status_code == 409
    assert "不能撤回" in page.text
    assert 'id="withdraw"' not in zhao.get(f"/tasks/{task}").text


def test_where_the_process_does_not_allow_it_neither_is_offered(
    sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task, zhao = request_seal("不许退回"), sign_in("zhao")
    assert 'id="return"' not in zhao.get(f"/tasks/{task}").text
    assert zhao.post(f"/tasks/{task}/return", data={"to": "revise", "reason": "x"}).status_code == 403
    zhao.post(f"/tasks/{task}/completion", data=PASS)
    assert zhao.post(f"/tasks/{task}/withdrawal", data={"reason": "x"}).status_code == 403
