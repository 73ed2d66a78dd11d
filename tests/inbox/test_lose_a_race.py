"""Two people complete the same task: the second reads who was faster, what they answered, and keeps the own text."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from tests.holding import Holding

SignIn = Callable[[str], FlaskClient]
FIRST = {"result": "pass", "opinion": "先提交的意见"}
SECOND = {"result": "fail", "opinion": "晚了一步的意见"}


def test_the_page_shows_both_beside_each_other_and_keeps_the_own_one(
    sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task, liu = request_seal("同时办理"), sign_in("liu")
    assert sign_in("zhao").post(f"/tasks/{task}/completion", data=FIRST).status_code == 303
    page = liu.post(f"/tasks/{task}/completion", data=SECOND)
    assert page.status_code == 409
    assert "赵明远已办理这项工作" in page.text
    assert "晚了一步的意见" in page.text.split('id="kept"')[1]
    gao = sign_in("gao")
    page = gao.post(f"/tasks/{task}/completion", data=SECOND)
    assert page.status_code == 409


def test_whoever_sees_the_task_reads_what_the_other_answered_also_after_a_reload(
    sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task, zhao, wang = request_seal("同时归档"), sign_in("zhao"), sign_in("zhao")
    assert zhao.post(f"/tasks/{task}/completion", data=FIRST).status_code == 303
    page = wang.post(f"/tasks/{task}/completion", data=SECOND)  # the same person, in another window
    assert page.status_code == 409
    both = page.text.split('class="db-pair"')[1]
    assert both.index("晚了一步的意见") < both.index("赵明远提交的内容") < both.index("先提交的意见")
    assert "晚了一步的意见" in wang.get(f"/tasks/{task}").text
    assert "晚了一步的意见" not in zhao.get(f"/tasks/{task}").text


def test_a_program_gets_its_answers_back_with_who_and_when(sign_in: SignIn, request_seal: Callable[..., str]) -> None:
    task = request_seal("程序提交")
    sign_in("zhao").post(f"/tasks/{task}/completion", data=FIRST)
    told = sign_in("liu").post(f"/api/v1/tasks/{task}/completion", json={"answers": SECOND})
    problem = told.get_json(force=True)
    assert told.status_code == 409
    assert (problem["completed_by"], problem["submitted"]) == ("赵明远", SECOND)
    assert problem["completed_at"]


def test_while_others_hold_the_matter_the_page_offers_to_send_it_once_more(
    app: Flask, sign_in: SignIn, request_seal: Callable[..., str]
) -> None:
    task, zhao, sun = request_seal("占用中"), sign_in("zhao"), sign_in("sun")
    instance = zhao.get(f"/api/v1/tasks/{task}").json["instance_id"]
    with Holding(app.extensions["duban.settings"].database_url, instance):
        sent = {"text": "请今日办理", "_once": "key-of-this-form"}
        page = sun.post(f"/tasks/{task}/urges", data=sent)
        assert page.status_code == 503
        assert "再试一次" in page.text
        for name, value in sent.items():
            assert f'name="{name}" value="{value}"' in page.text
    assert sun.post(f"/tasks/{task}/urges", data=sent).status_code == 303
