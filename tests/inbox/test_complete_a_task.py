"""提交: by form and by program, with what happens next, refusals that keep what was written, and lost races."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.engine import HumanTask, Instance
from app.errors import NotFound
from app.inbox import acts
from tests.holding import Holding

SignIn = Callable[[str], FlaskClient]
PASS = {"result": "pass", "opinion": "材料齐全，同意用印。"}


def test_the_page_says_what_happens_next(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    page = sign_in("zhao").get(f"/tasks/{request_seal()}").text
    assert "同意：提交后进入 <b>归档</b>，市安委办 王建国办理" in page
    assert "4月12日" in page  # P3D from 9 April
    assert "不同意：提交后进入 <b>修改</b>，新港街道 孙强办理" in page


def test_a_submitted_task_leads_to_the_next_item_with_a_green_note(
    sign_in: SignIn, request_seal: Callable[..., str], session: Session
) -> None:
    liu = sign_in("liu")
    first, second = request_seal("第一件"), request_seal("第二件")
    for task in (first, second):
        liu.post(f"/tasks/{task}/claim")
    answer = liu.post(f"/tasks/{first}/completion", data=PASS)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/tasks/{second}"
    assert "已提交，下一步：归档" in liu.get(answer.headers["Location"]).text
    done = session.get_one(HumanTask, first)
    assert (done.status, done.completed_by_name, done.answers) == ("done", "刘洋", PASS | {"papers": []})
    answer = liu.post(f"/tasks/{second}/completion", data=PASS)
    assert answer.headers["Location"] == "/tasks"


def test_a_program_completes_and_is_told_what_began(
    sign_in: SignIn, request_seal: Callable[..., str], session: Session
) -> None:
    task = request_seal()
    answer = sign_in("zhao").post(f"/api/v1/tasks/{task}/completion", json={"answers": PASS})
    assert answer.status_code == 200
    assert (answer.json["ended"], answer.json["late"]) == (False, False)
    (archive,) = answer.json["next"]
    assert (archive["node_id"], archive["role"]) == ("archive", "coordinator")
    last = sign_in("wang").post(f"/api/v1/tasks/{archive['id']}/completion", json={})
    assert last.json["ended"] is True
    assert session.get_one(Instance, answer.json["instance_id"]).status == "ended"


def test_wrong_answers_come_back_with_their_text_kept(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    page = sign_in("zhao").post(f"/tasks/{task}/completion", data={"result": "", "opinion": "写了一半"})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert "写了一半" in page.text
    program = sign_in("zhao").post(f"/api/v1/tasks/{task}/completion", json={"answers": {"opinion": "x", "no": 1}})
    assert program.status_code == 422
    assert set(program.json["errors"]) == {"result", "no"}


def test_a_file_sent_with_the_form_is_attached_without_javascript(
    sign_in: SignIn, request_seal: Callable[..., str], session: Session
) -> None:
    task = request_seal()
    sent = {**PASS, "papers__upload": (io.BytesIO(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"), "a.pdf")}
    answer = sign_in("zhao").post(f"/tasks/{task}/completion", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    done = session.get_one(HumanTask, task)
    assert done.answers and len(done.answers["papers"]) == 1
    assert "a.pdf" in sign_in("sun").get(f"/instances/{done.instance_id}").text


def test_an_outsider_is_told_that_there_is_no_such_task(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    assert sign_in("deng").post(f"/tasks/{task}/completion", data=PASS).status_code == 404
    assert sign_in("deng").post(f"/api/v1/tasks/{task}/completion", json={"answers": PASS}).status_code == 404


def test_who_may_only_look_is_refused(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    assert sign_in("sun").post(f"/tasks/{task}/completion", data=PASS).status_code == 403
    assert "data-submit" not in sign_in("sun").get(f"/tasks/{task}").text


def test_who_comes_second_reads_who_did_it_and_keeps_the_own_text(
    sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task = request_seal()
    sign_in("zhao").post(f"/tasks/{task}/completion", data=PASS)
    late = sign_in("liu").post(f"/tasks/{task}/completion", data={"result": "fail", "opinion": "缺少附件三"})
    assert late.status_code == 409
    assert "赵明远已办理这项工作" in late.text
    assert "4月9日 14:20" in late.text
    assert "缺少附件三" in late.text
    program = sign_in("liu").post(f"/api/v1/tasks/{task}/completion", json={"answers": PASS})
    assert program.status_code == 409
    assert program.json["completed_by"] == "赵明远"
    assert program.json["completed_at"]


def test_while_somebody_else_is_at_work_on_it_one_is_told_so_and_keeps_the_own_text(
    app: Flask, sign_in: SignIn, request_seal: Callable[..., str], session: Session
) -> None:
    task = request_seal()
    url, zhao = app.extensions["duban.settings"].database_url, sign_in("zhao")
    with Holding(url, session.get_one(HumanTask, task).instance_id):
        session.rollback()
        page = zhao.post(f"/tasks/{task}/completion", data=PASS)
        assert page.status_code == 503 and page.headers["Retry-After"] == "1"
        assert "别人或系统正在办理此事项，请稍候再试" in page.text and PASS["opinion"] in page.text
        program = zhao.post(f"/api/v1/tasks/{task}/completion", json={"answers": PASS})
        assert program.status_code == 503 and program.headers["Retry-After"] == "1"
        assert program.get_json(force=True)["detail"] == "别人或系统正在办理此事项，请稍候再试"
    assert session.get_one(HumanTask, task).status == "open"
    session.rollback()
    assert zhao.post(f"/tasks/{task}/completion", data=PASS).status_code == 303


def test_a_step_that_was_returned_says_which_time_this_is(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal("要改一次")
    refused = {"result": "fail", "opinion": "事由不清"}
    answer = sign_in("zhao").post(f"/api/v1/tasks/{task}/completion", json={"answers": refused})
    revise = answer.json["next"][0]["id"]
    assert "要改一次" in sign_in("sun").get("/tasks").text
    again = sign_in("sun").post(f"/api/v1/tasks/{revise}/completion", json={"answers": {"summary": "改过了"}})
    page = sign_in("zhao").get(f"/tasks/{again.json['next'][0]['id']}").text
    assert "第 2 次" in page
    assert "事由不清" in page  # the timeline holds what was said in the first round


def test_whom_it_is_no_longer_offered_to_sees_no_more_than_who_was_faster(
    sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task = request_seal("别人办完的")
    sign_in("zhao").post(f"/tasks/{task}/completion", data=PASS)
    liu = sign_in("liu")
    assert "别人办完的" not in liu.post(f"/tasks/{task}/completion", data=PASS).text
    for path in (f"/tasks/{task}/completion?_step=refresh", f"/tasks/{task}/reassignment", f"/tasks/{task}/copies"):
        assert liu.post(path, data={}).status_code == 404, path
    assert liu.get(f"/tasks/{task}").status_code == 404
    assert liu.post(f"/api/v1/tasks/{task}/comments", json={"text": "x"}).status_code == 404


def test_nobody_who_is_not_signed_in_acts_as_the_system(app: Flask, request_seal: Callable[..., str]) -> None:
    """Sign-in is asked for before any view; should a view forget it, the verb still does nothing."""
    task = request_seal()
    with app.test_request_context("/"), pytest.raises(NotFound):
        acts.complete(task, PASS)
