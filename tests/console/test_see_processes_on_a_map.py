"""A process on its diagram: how many stand where, how long steps take, how often they are late; never more than one
may see."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.audit import SYSTEM, Actor
from app.engine import Engine, HumanTask
from tests.console.conftest import Begin
from tests.engine.diagrams import detached, end
from tests.engine.diagrams import package as diagram
from tests.engine.diagrams import user as step

SignIn = Callable[..., FlaskClient]


def data(page: str, name: str) -> dict[str, object]:
    found = re.search(rf'id="map-picture"[^>]*data-{name}="([^"]*)"', page)
    return dict(json.loads(found[1].replace("&#34;", '"').replace("&quot;", '"'))) if found else {}


@pytest.fixture(scope="module")
def three(begin: Begin) -> list[str]:
    return [begin(f"第 {n} 次") for n in range(3)]


def test_the_map_counts_what_goes_on_by_step(sign_in: SignIn, three: list[str]) -> None:
    page = sign_in("wang").get("/processes/seal_request").text
    (tokens,) = set(data(page, "counts").values())
    assert tokens == 3
    assert set(data(page, "heat").values()) == {5}
    assert "在办 3 件" in page


def test_times_and_lateness_come_from_what_was_done(
    app: Flask, sign_in: SignIn, three: list[str], engine: Engine, actor: Callable[[str], Actor]
) -> None:
    with engine.sessions() as session:
        task = session.query(HumanTask).filter_by(instance_id=three[0], status="open").one()
    clock = app.extensions["duban.clock"]
    clock.set(clock.now() + dt.timedelta(days=3))
    engine.complete(task.id, {"result": "pass", "opinion": "同意"}, by=actor("zhao"))
    page = sign_in("wang").get("/processes/seal_request?show=time").text
    assert list(data(page, "counts").values()) == ["3 天"]


def test_another_department_sees_none_of_it(sign_in: SignIn, three: list[str]) -> None:
    page = sign_in("deng").get("/processes/seal_request")
    assert data(page.text, "counts") == {}
    assert "在办 0 件" in page.text


def test_who_works_on_single_matters_only_has_no_map(sign_in: SignIn, three: list[str]) -> None:
    assert sign_in("sun").get("/processes/seal_request").status_code == 403


def test_a_process_that_does_not_exist_is_not_found(sign_in: SignIn) -> None:
    assert sign_in("wang").get("/processes/nothing").status_code == 404


def test_a_parent_that_one_may_not_see_is_not_found(sign_in: SignIn, three: list[str]) -> None:
    assert sign_in("wang").get("/processes/seal_request?parent=unknown").status_code == 404


def test_the_children_of_one_instance_are_counted_by_themselves(
    sign_in: SignIn, engine: Engine, actor: Callable[[str], Actor]
) -> None:
    engine.deploy(diagram("visit", step("look"), end(), manifest='inputs = ["n"]\n'), by=SYSTEM)
    calls = detached("visits", "visit", for_each="[1, 2]", inputs='{"n": item}')
    engine.deploy(diagram("round", calls, end()), by=SYSTEM)
    first, _second = (engine.start("round", {}, by=SYSTEM).instance_id for _n in range(2))
    engine.deliver_all()
    client = sign_in("root")
    assert data(client.get("/processes/visit").text, "counts") == {"look": 4}
    assert data(client.get(f"/processes/visit?parent={first}").text, "counts") == {"look": 2}
    page = client.get(f"/console/instances/{first}").text
    assert f"/processes/visit?parent={first}" in page
    assert "已结束 0 / 2" in page


def test_a_fragment_is_only_what_changes(sign_in: SignIn, three: list[str]) -> None:
    page = (
        sign_in("wang")
        .get("/processes/seal_request", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
        .text
    )
    assert 'id="map"' in page
    assert "<html" not in page


def test_the_list_names_processes_with_something_going_on(sign_in: SignIn, three: list[str]) -> None:
    page = sign_in("wang").get("/processes").text
    assert "/processes/seal_request" in page
