"""发起: the processes one may start, the start form, and where it leads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import web
from app.engine import Engine
from tests.inbox.processes import KEY

SignIn = Callable[[str], FlaskClient]


def test_a_starter_fills_the_form_and_lands_on_the_instance(sign_in: SignIn, engine: Engine) -> None:
    sun = sign_in("sun")
    assert "用印申请" in sun.get("/start").text
    form = sun.get(f"/start/{KEY}").text
    assert "事由" in form
    assert "提交后进入 <b>审核</b>，应急局办理" in form
    answer = sun.post(f"/start/{KEY}", data={"summary": "办理采购合同", "pages": "3"})
    assert answer.status_code == 303
    page = sun.get(answer.headers["Location"]).text
    assert "已发起：用印申请" in page
    assert "办理采购合同" in page


def test_a_wrong_form_keeps_what_was_written(sign_in: SignIn, engine: Engine) -> None:
    page = sign_in("sun").post(f"/start/{KEY}", data={"summary": "", "pages": "12"})
    assert page.status_code == 422
    assert 'value="12"' in page.text


def test_who_may_not_start_it_does_not_find_it(sign_in: SignIn, engine: Engine) -> None:
    assert "用印申请" not in sign_in("zhao").get("/start").text
    assert sign_in("zhao").get(f"/start/{KEY}").status_code == 404
    assert sign_in("zhao").post(f"/start/{KEY}", data={"summary": "x"}).status_code == 404
    assert sign_in("sun").get("/start/nothing").status_code == 404


def test_a_slice_may_bring_its_own_starting_page(
    sign_in: SignIn, engine: Engine, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(web.starters, KEY, "subjects.index")
    assert 'href="/subjects"' in sign_in("sun").get("/start").text
    assert sign_in("sun").get(f"/start/{KEY}").headers["Location"] == "/subjects"
