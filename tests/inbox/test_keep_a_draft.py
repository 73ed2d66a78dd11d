"""暂存: by script every few seconds, by button, by program; only its writer sees it."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

SignIn = Callable[[str], FlaskClient]


def test_the_script_saves_and_is_told_the_servers_time(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, zhao = request_seal(), sign_in("zhao")
    saved = zhao.put(f"/tasks/{task}/draft", data={"opinion": "先记一笔"})
    assert (saved.status_code, saved.json) == (200, {"saved": "14:20"})
    page = zhao.get(f"/tasks/{task}").text
    assert "先记一笔" in page
    assert "已自动保存 14:20" in page


def test_a_button_saves_without_javascript(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, zhao = request_seal(), sign_in("zhao")
    answer = zhao.post(f"/tasks/{task}/draft", data={"opinion": "写到这里"})
    assert answer.status_code == 303
    assert "写到这里" in zhao.get(answer.headers["Location"]).text


def test_a_program_saves_and_reads_its_draft_again(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task, zhao = request_seal(), sign_in("zhao")
    assert zhao.put(f"/api/v1/tasks/{task}/draft", json={"answers": {"opinion": "草稿"}}).status_code == 204
    assert zhao.get(f"/api/v1/tasks/{task}").json["draft"] == {"opinion": "草稿"}


def test_nobody_else_sees_a_draft(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    sign_in("zhao").put(f"/api/v1/tasks/{task}/draft", json={"answers": {"opinion": "只有我知道"}})
    assert sign_in("liu").get(f"/api/v1/tasks/{task}").json["draft"] is None
    assert "只有我知道" not in sign_in("liu").get(f"/tasks/{task}").text


def test_an_outsider_is_told_that_there_is_no_such_task(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal()
    assert sign_in("deng").put(f"/tasks/{task}/draft", data={"opinion": "x"}).status_code == 404
    assert sign_in("deng").put(f"/api/v1/tasks/{task}/draft", json={"answers": {}}).status_code == 404
    assert sign_in("sun").put(f"/api/v1/tasks/{task}/draft", json={"answers": {}}).status_code == 403


def test_what_is_done_takes_no_draft_and_the_text_is_not_lost(
    sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task = request_seal()
    sign_in("zhao").post(f"/tasks/{task}/completion", data={"result": "pass", "opinion": "同意"})
    assert sign_in("liu").put(f"/tasks/{task}/draft", data={"opinion": "晚了"}).status_code == 409
    late = sign_in("liu").post(f"/tasks/{task}/draft", data={"opinion": "晚了一步的意见"})
    assert late.status_code == 409
    assert "晚了一步的意见" in late.text
