"""委派, 交回, 拿回, and 撤销 after 转办, 委派 and 抄送: over pages and over the API."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.clock import FixedClock
from app.engine import HumanTask, TaskCopy
from tests.cast import member

SignIn = Callable[[str], FlaskClient]
Seal = Callable[..., str]


def undo(page: str) -> tuple[str, dict[str, Any]]:
    """Where the toast's form leads, and what it sends."""
    toast = page.split('id="toasts"')[1]
    action = re.search(r'action="([^"]+)"', toast)
    assert action, "no undo is offered"
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', toast):
        fields.setdefault(name, []).append(value)
    return action[1].replace("&amp;", "&"), fields


def held_by(session: Session, task: str) -> str:
    session.rollback()
    return session.get_one(HumanTask, task).assignee_name


@pytest.fixture
def task(sign_in: SignIn, request_seal: Seal) -> str:
    """Held by 赵明远."""
    found = request_seal("委派的用印")
    sign_in("zhao").post(f"/tasks/{found}/claim")
    sign_in("zhao").get("/tasks")  # the offer to undo the claim is seen
    return found


def test_a_reassignment_is_undone_by_its_toast(sign_in: SignIn, task: str, session: Session) -> None:
    zhao = sign_in("zhao")
    zhao.post(f"/tasks/{task}/reassignment", data={"to": member("liu").id, "reason": "点错"})
    page = zhao.get("/tasks").text
    assert "已转办：委派的用印" in page
    assert "撤销</button>" not in zhao.get("/tasks").text  # offered once
    url, fields = undo(page)
    assert "已拿回 1 项" in zhao.post(url, data=fields, follow_redirects=True).text
    assert held_by(session, task) == "赵明远"
    assert "从刘洋处拿回" in zhao.get(f"/tasks/{task}").text
    late = zhao.post("/tasks/batches", data={"verb": "take_back", "ids": [task]}, follow_redirects=True).text
    assert "赵明远已签收这项工作" in late


def test_several_are_undone_at_once_and_too_late_none(
    sign_in: SignIn, request_seal: Seal, session: Session, clock: FixedClock
) -> None:
    tasks, zhao = [request_seal("一批之一"), request_seal("一批之二")], sign_in("zhao")
    sent = {"verb": "reassign", "ids": tasks, "to": member("liu").id, "text": "批量"}
    zhao.post("/tasks/batches?box=claimable", data=sent)
    url, fields = undo(zhao.get("/tasks?box=claimable").text)
    zhao.post(url, data=fields)
    assert [held_by(session, task) for task in tasks] == ["", ""]
    zhao.post("/tasks/batches?box=claimable", data=sent)
    clock.set(clock.now() + dt.timedelta(seconds=11))
    assert "撤销</button>" not in zhao.get("/tasks").text


def test_what_was_passed_on_lies_in_a_box_of_its_own(sign_in: SignIn, task: str) -> None:
    zhao = sign_in("zhao")
    zhao.post(f"/tasks/{task}/reassignment", data={"to": member("liu").id, "reason": "出差"})
    assert "委派的用印" in zhao.get("/tasks?box=passed").text
    assert [one["id"] for one in zhao.get("/api/v1/tasks?box=passed").json if one["id"] == task] == [task]
    assert task not in sign_in("liu").get("/tasks?box=passed").text
    assert "拿回" in zhao.get(f"/tasks/{task}").text
    sign_in("liu").put(f"/tasks/{task}/draft", data={"opinion": "看过"})
    assert zhao.post(f"/tasks/{task}/take-back").status_code == 409
    assert zhao.delete(f"/api/v1/tasks/{task}/reassignment").status_code == 409


def test_a_colleague_fills_it_in_and_who_delegated_it_submits(sign_in: SignIn, task: str, session: Session) -> None:
    zhao, liu = sign_in("zhao"), sign_in("liu")
    page = zhao.get(f"/tasks/{task}").text.split('id="f-delegate-to"')[1].split("</select>")[0]
    assert member("liu").id in page
    assert member("deng").id not in page
    assert zhao.post(f"/tasks/{task}/delegation", data={"to": "", "reason": "写好的事由"}).status_code == 422
    told = zhao.post(f"/tasks/{task}/delegation", data={"to": member("deng").id, "reason": "x"})
    assert (told.status_code, "不在可选范围内" in told.text) == (422, True)
    zhao.post(f"/tasks/{task}/delegation", data={"to": member("liu").id, "reason": "请先核对"})
    page = liu.get(f"/tasks/{task}").text
    assert "赵明远委派您填写" in page
    assert "data-submit" not in page
    assert liu.post(f"/tasks/{task}/completion", data={"result": "pass", "opinion": "同意"}).status_code == 403
    assert zhao.post(f"/tasks/{task}/completion", data={"result": "pass", "opinion": "同意"}).status_code == 409
    handed = liu.post(f"/tasks/{task}/hand-back", data={"opinion": "核对无误", "_remark": "缺结论，请定"})
    assert handed.status_code == 303
    assert held_by(session, task) == "赵明远"
    page = zhao.get(f"/tasks/{task}").text
    assert "核对无误" in page
    assert "缺结论，请定" in page
    assert liu.post(f"/tasks/{task}/hand-back", data={}).status_code in (403, 409)
    assert zhao.post(f"/tasks/{task}/completion", data={"result": "pass", "opinion": "同意"}).status_code == 303


def test_a_program_delegates_and_hands_back(sign_in: SignIn, task: str, session: Session) -> None:
    zhao, liu, sent = sign_in("zhao"), sign_in("liu"), {"to": member("liu").id, "reason": "请核对"}
    path = f"/api/v1/tasks/{task}/delegation"
    assert sign_in("deng").post(path, json=sent).status_code == 404
    assert liu.post(path, json=sent | {"to": member("gao").id}).status_code == 409
    assert zhao.post(path, json=sent).json["assignee_name"] == "刘洋"
    assert zhao.post(path, json=sent).status_code == 409
    assert zhao.delete(path, json={}).status_code == 409
    assert liu.delete(path, json={"text": "好了"}).status_code == 200
    assert held_by(session, task) == "赵明远"
    assert zhao.post(path, json=sent).status_code == 200
    assert zhao.delete(f"/api/v1/tasks/{task}/reassignment").json["assignee_name"] == "赵明远"
    assert sign_in("deng").delete(f"/api/v1/tasks/{task}/reassignment").status_code == 404
    assert liu.delete(f"/api/v1/tasks/{task}/reassignment").status_code == 409


def test_a_copy_is_undone_until_it_is_read(sign_in: SignIn, task: str, session: Session) -> None:
    zhao, deng = sign_in("zhao"), sign_in("deng")
    zhao.post(f"/tasks/{task}/copies", data={"user_ids": [member("deng").id]})
    assert deng.get(f"/tasks/{task}").status_code == 200
    url, fields = undo(zhao.get(f"/tasks/{task}").text)
    assert (
        sign_in("liu").delete(f"/api/v1/tasks/{task}/copies", json={"user_ids": [member("deng").id]}).status_code == 409
    )
    assert "已收回给 1 人的抄送" in zhao.post(url, data=fields, follow_redirects=True).text
    assert deng.get(f"/tasks/{task}").status_code == 404
    assert session.query(TaskCopy).filter_by(task_id=task).count() == 0
    zhao.post(f"/tasks/{task}/copies", data={"user_ids": [member("deng").id]})
    deng.post(f"/tasks/{task}/reading")
    sent = {"_method": "DELETE", "user_ids": [member("deng").id]}
    again = zhao.post(f"/tasks/{task}/copies", data=sent, follow_redirects=True).text
    assert "没有可以收回的抄送" in again
    assert deng.get(f"/tasks/{task}").status_code == 200


def test_an_outsider_takes_nothing_back(sign_in: SignIn, task: str) -> None:
    assert sign_in("deng").post(f"/tasks/{task}/take-back").status_code == 404
    assert sign_in("deng").post(f"/tasks/{task}/hand-back", data={}).status_code == 404
    assert sign_in("deng").delete(f"/api/v1/tasks/{task}/copies", json={"user_ids": ["x"]}).status_code == 404
