"""申请延期, 中止计时, 恢复计时 as pages and programs offer them; the deadline shows what was decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.clock import FixedClock
from app.db import write_transaction
from app.engine import HumanTask
from app.hazards import Hazard
from tests.cast import START
from tests.hazards.walk import Walk, people_the_register

SignIn = Callable[[str], FlaskClient]
ASKED: dict[str, Any] = {
    "kind": "extension",
    "new_due_on": "2026-05-15",
    "reason": "锁具到货推迟",
    "progress": "通道已清空",
    "interim_measures": "出口专人值守",
}


@pytest.fixture(scope="module")
def city(app: Flask, clock: FixedClock) -> Walk:
    with app.extensions["duban.sessions"]() as session, write_transaction(session):
        people_the_register(session)
    return Walk(app, clock)


@pytest.fixture
def task(city: Walk, clock: FixedClock) -> Iterator[str]:
    """The rectification, due on 24 April; held by nobody yet."""
    clock.set(START)
    hazard = city.receive(city.order(city.grade(city.register())))
    yield city.task(hazard).id
    clock.set(START)


def hazard_of(session: Session, task_id: str) -> Hazard:
    session.rollback()
    instance = session.get_one(HumanTask, task_id).instance_id
    return session.scalars(sa.select(Hazard).where(Hazard.instance_id == instance)).one()


def test_the_form_comes_when_it_is_asked_for_and_also_as_a_page(sign_in: SignIn, task: str) -> None:
    zhou = sign_in("zhou")
    assert 'name="interim_measures"' not in zhou.get(f"/tasks/{task}").text
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    fragment = zhou.get(f"/tasks/{task}/extension-requests", headers=partial).text
    assert 'name="interim_measures"' in fragment
    assert "<html" not in fragment
    answer = zhou.get(f"/tasks/{task}/extension-requests")
    assert answer.status_code == 303
    assert 'name="interim_measures"' in zhou.get(answer.location.split("#")[0]).text
    appeal = zhou.post(
        f"/tasks/{task}/extension-requests?_step=refresh", data={"kind": "appeal", "reason": "不是"}, headers=partial
    )
    assert appeal.status_code == 200
    assert 'name="interim_measures"' not in appeal.text
    assert "不是" in appeal.text


def test_a_request_is_made_once_and_told_on_the_task(sign_in: SignIn, task: str, session: Session) -> None:
    zhou = sign_in("zhou")
    assert zhou.post(f"/tasks/{task}/extension-requests", data=ASKED).status_code == 303
    page = zhou.get(f"/tasks/{task}").text
    assert "已提交申请，答复前原期限不变" in page
    history = page.split('class="db-tl"')[1]
    assert "提出申请　落实整改" in history
    assert "申请延期：" in history  # what was asked for: it might have been an appeal
    assert 'id="extend"' in page  # an appeal may still be made
    again = zhou.post(f"/tasks/{task}/extension-requests", data=ASKED | {"reason": "又写一遍"})
    assert again.status_code == 409
    assert "又写一遍" in again.text.split('id="kept"')[1]
    program = zhou.post(f"/api/v1/tasks/{task}/extension-requests", json={"answers": ASKED})
    assert program.status_code == 409


def test_what_is_missing_is_said_in_the_form_with_what_was_typed(sign_in: SignIn, task: str) -> None:
    page = sign_in("zhou").post(f"/tasks/{task}/extension-requests", data=ASKED | {"interim_measures": ""})
    assert page.status_code == 422
    assert "锁具到货推迟" in page.text
    early = sign_in("zhou").post(f"/tasks/{task}/extension-requests", data=ASKED | {"new_due_on": "2026-04-20"})
    assert early.status_code == 422
    assert "应晚于现在的期限" in early.text


def test_nobody_else_asks(sign_in: SignIn, task: str) -> None:
    for key, status in {"chen": 404, "he": 404, "zhao": 403, "sun": 403}.items():
        assert sign_in(key).post(f"/tasks/{task}/extension-requests", data=ASKED).status_code == status, key
        sent = {"answers": ASKED}
        assert sign_in(key).post(f"/api/v1/tasks/{task}/extension-requests", json=sent).status_code == status, key
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    assert sign_in("zhao").get(f"/tasks/{task}/extension-requests", headers=partial).status_code == 403
    assert sign_in("chen").get(f"/tasks/{task}/extension-requests").status_code == 404


def test_a_program_asks_too(sign_in: SignIn, task: str, session: Session) -> None:
    answer = sign_in("zhou").post(f"/api/v1/tasks/{task}/extension-requests", json={"answers": ASKED})
    assert answer.status_code == 201
    assert len(answer.json["tasks"]) == 1
    detail = sign_in("zhao").get(f"/api/v1/hazards/{hazard_of(session, task).id}").json
    assert [(one["kind"], one["status"]) for one in detail["requests"]] == [("extension", "open")]


def test_an_officer_stops_the_clock_and_lets_it_go_on(
    sign_in: SignIn, task: str, session: Session, clock: FixedClock, city: Walk
) -> None:
    zhao = sign_in("zhao")
    assert zhao.post(f"/tasks/{task}/pause", data={"reason": ""}).status_code == 422
    assert zhao.post(f"/tasks/{task}/pause", data={"reason": "等待鉴定"}).status_code == 303
    page = zhao.get(f"/tasks/{task}").text
    assert "中止计时 第 1 日" in page
    assert "等待鉴定" in page
    told = zhao.get(f"/api/v1/tasks/{task}").json
    assert (told["light"], told["due"]["pause_reason"]) == ("paused", "等待鉴定")
    assert hazard_of(session, task).paused_at is not None
    assert "中止计时 第 1 日" in zhao.get(f"/hazards/{hazard_of(session, task).id}").text
    assert zhao.post(f"/tasks/{task}/pause", data={"reason": "再停"}).status_code == 409
    city.until("2026-04-13 10:00")
    assert zhao.post(f"/tasks/{task}/pause", data={"_method": "DELETE", "reason": "鉴定完成"}).status_code == 303
    page = zhao.get(f"/tasks/{task}").text
    assert "恢复计时" in page
    assert "鉴定完成" in page
    assert "<s>4月24日</s>" in page
    assert hazard_of(session, task).paused_at is None
    assert zhao.delete(f"/api/v1/tasks/{task}/pause", json={}).status_code == 409


def test_whoever_does_the_work_does_not_stop_its_clock(sign_in: SignIn, task: str) -> None:
    for key, status in {"zhou": 403, "sun": 403, "chen": 404}.items():
        assert sign_in(key).post(f"/tasks/{task}/pause", data={"reason": "x"}).status_code == status, key
        assert sign_in(key).post(f"/api/v1/tasks/{task}/pause", json={"reason": "x"}).status_code == status, key
    assert 'id="pause"' not in sign_in("zhou").get(f"/tasks/{task}").text
