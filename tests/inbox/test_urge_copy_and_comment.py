"""催办, 抄送 and the discussion: for whoever takes part, recorded in the history."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask.testing import FlaskClient

from tests.cast import member

SignIn = Callable[[str], FlaskClient]


def test_who_started_it_urges_and_the_holder_sees_how_often(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal("等着用章")
    assert sign_in("sun").post(f"/tasks/{task}/urges", data={"text": "明天要用"}).status_code == 303
    assert sign_in("sun").post(f"/api/v1/tasks/{task}/urges", json={"text": "还没办"}).json == {"urges": 2}
    page = sign_in("zhao").get(f"/tasks/{task}").text
    assert "催办 2" in page
    assert "明天要用" in page
    assert "等着用章" in sign_in("zhao").get("/tasks?box=claimable&urged=1").text


def test_one_does_not_urge_oneself(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    sign_in("zhao").post(f"/tasks/{task}/claim")
    assert sign_in("zhao").post(f"/tasks/{task}/urges", data={}).status_code == 403
    assert sign_in("deng").post(f"/tasks/{task}/urges", data={}).status_code == 404
    assert sign_in("deng").post(f"/api/v1/tasks/{task}/urges", json={}).status_code == 404


def test_what_is_done_cannot_be_urged(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    sign_in("zhao").post(f"/tasks/{task}/completion", data={"result": "pass", "opinion": "同意"})
    assert sign_in("sun").post(f"/tasks/{task}/urges", data={}).status_code == 409
    assert sign_in("sun").post(f"/api/v1/tasks/{task}/urges", json={}).status_code == 409


def test_a_copy_lets_somebody_read_along(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal("抄送给住建")
    assert sign_in("deng").get(f"/tasks/{task}").status_code == 404
    sent = {"user_ids": [member("deng").id, member("gao").id]}
    assert sign_in("zhao").post(f"/tasks/{task}/copies", data=sent).status_code == 303
    assert "抄送给住建" in sign_in("deng").get("/tasks?box=cc").text
    page = sign_in("deng").get(f"/tasks/{task}").text
    assert "已抄送：" in page
    assert "data-submit" not in page
    again = sign_in("zhao").post(f"/api/v1/tasks/{task}/copies", json=sent)
    assert (again.status_code, again.json) == (201, {"user_ids": []})


def test_a_copy_needs_somebody_one_may_know_of(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    assert sign_in("zhao").post(f"/tasks/{task}/copies", data={}).status_code == 422
    assert sign_in("zhao").post(f"/api/v1/tasks/{task}/copies", json={"user_ids": ["nobody"]}).status_code == 422
    unknown = sign_in("sun").post(f"/api/v1/tasks/{task}/copies", json={"user_ids": [member("chen").id]})
    assert unknown.status_code == 422  # a town knows no enterprise of another town
    assert sign_in("deng").post(f"/tasks/{task}/copies", data={"user_ids": member("gao").id}).status_code == 404
    assert (
        sign_in("deng").post(f"/api/v1/tasks/{task}/copies", json={"user_ids": [member("gao").id]}).status_code == 404
    )


def test_a_remark_with_a_file_stands_in_the_discussion(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, zhao = request_seal(), sign_in("zhao")
    upload = (io.BytesIO(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"), "依据.pdf")
    sent = {"text": "请补充依据", "files__upload": upload}
    answer = zhao.post(f"/tasks/{task}/comments", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 303
    page = sign_in("sun").get(f"/tasks/{task}").text
    assert "请补充依据" in page
    assert "依据.pdf" in page
    made = sign_in("sun").post(f"/api/v1/tasks/{task}/comments", json={"text": "已补充"})
    assert made.status_code == 201
    assert made.json["id"]


def test_a_remark_needs_words_and_a_person_who_sees_the_task(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    page = sign_in("zhao").post(f"/tasks/{task}/comments", data={"text": " "})
    assert page.status_code == 422
    assert sign_in("zhao").post(f"/api/v1/tasks/{task}/comments", json={"text": ""}).status_code == 422
    assert sign_in("deng").post(f"/tasks/{task}/comments", data={"text": "x"}).status_code == 404
    assert sign_in("deng").post(f"/api/v1/tasks/{task}/comments", json={"text": "x"}).status_code == 404


def test_the_same_remark_sent_twice_with_a_key_stands_once(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, zhao = request_seal(), sign_in("zhao")
    for _time in range(2):
        headers = {"Idempotency-Key": f"remark-{task}"}
        zhao.post(f"/api/v1/tasks/{task}/comments", json={"text": "独一无二的意见"}, headers=headers)
    assert zhao.get(f"/tasks/{task}").text.count("独一无二的意见") == 1
