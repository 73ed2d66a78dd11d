"""转办: to somebody with the same role, with a reason."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.engine import HumanTask
from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def test_the_holder_passes_it_on(sign_in: SignIn, request_seal: Callable[..., str], session: Session) -> None:
    task, zhao = request_seal("转给刘洋"), sign_in("zhao")
    zhao.post(f"/tasks/{task}/claim")
    page = zhao.get(f"/tasks/{task}").text
    assert f'value="{member("liu").id}"' in page
    assert f'value="{member("deng").id}"' not in page.split('id="f-to"')[1].split("</select>")[0]
    answer = zhao.post(f"/tasks/{task}/reassignment", data={"to": member("liu").id, "reason": "出差"})
    assert answer.status_code == 303
    assert session.get_one(HumanTask, task).assignee_name == "刘洋"
    assert "转给刘洋" in sign_in("liu").get("/tasks").text
    assert "出差" in sign_in("liu").get(f"/tasks/{task}").text


def test_a_program_passes_it_on(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    answer = sign_in("zhao").post(f"/api/v1/tasks/{task}/reassignment", json={"to": member("gao").id, "reason": "外出"})
    assert answer.status_code == 200
    assert answer.json["assignee_name"] == "高原"


def test_reason_and_person_must_be_given(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, zhao = request_seal(), sign_in("zhao")
    page = zhao.post(f"/tasks/{task}/reassignment", data={"to": "", "reason": "写好的原因"})
    assert page.status_code == 422
    assert "请选择接办人" in page.text
    assert "写好的原因" in page.text
    page = zhao.post(f"/tasks/{task}/reassignment", data={"to": member("deng").id, "reason": "试试"})
    assert page.status_code == 422
    assert "邓超没有办理这项工作的岗位" in page.text
    assert zhao.post(f"/api/v1/tasks/{task}/reassignment", json={"to": member("liu").id}).status_code == 422


def test_an_outsider_is_told_that_there_is_no_such_task(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, sent = request_seal(), {"to": member("liu").id, "reason": "x"}
    assert sign_in("deng").post(f"/tasks/{task}/reassignment", data=sent).status_code == 404
    assert sign_in("deng").post(f"/api/v1/tasks/{task}/reassignment", json=sent).status_code == 404
    assert sign_in("sun").post(f"/api/v1/tasks/{task}/reassignment", json=sent).status_code == 403


def test_who_has_passed_it_on_cannot_do_so_again(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, sent = request_seal(), {"to": member("liu").id, "reason": "出差"}
    sign_in("zhao").post(f"/tasks/{task}/reassignment", data=sent)
    again = sign_in("zhao").post(f"/tasks/{task}/reassignment", data=sent)
    assert again.status_code == 409
    assert "刘洋已签收这项工作" in again.text
    assert sign_in("zhao").post(f"/api/v1/tasks/{task}/reassignment", json=sent).status_code == 409
